"""Transcripts by task and run: kept in pieces, found by any process, dropped when they are old or too many."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple, Self

import msgspec
from redis.asyncio import Redis

from core.artifacts.pieces import Piece, unfold
from core.artifacts.records import DAY_MS, Caps, Entry, Header, Page, Run, Stopped, is_name
from core.artifacts.shelves import InFolder, InRedis, Shelf
from core.clock import Clock
from core.settings import Settings
from core.store import Fenced, Store
from core.tasks import Task

_log = logging.getLogger(__name__)
_PAGE = 192 << 10
"""Bytes that one page shows, before they become HTML."""
_AT_ONCE = 64
_TRIES = 5
_ROOM = 0.8
"""The share of the server's cap down to which the sweep makes room."""

Append = Literal["kept", "full", "memory"]


class _Piece(NamedTuple):
    number: int
    entries: int
    raw: int
    payload: bytes


class Artifacts:
    """What every process that writes or shows transcripts has one of."""

    def __init__(
        self, redis: "Redis", clock: Clock, store: Store, *, shelf: Shelf | None = None, caps: Caps | None = None
    ) -> None:
        self.caps = caps or Caps()
        self._redis, self._clock, self._store = redis, clock, store
        self._shelf: Shelf = shelf or InRedis()
        self._scripts = {name: redis.register_script(_source(name)) for name in ("append", "forget")}

    @classmethod
    def from_settings(cls, settings: Settings, redis: "Redis", clock: Clock, store: Store) -> Self:
        shelf = InFolder(settings.artifacts_dir) if settings.artifacts_dir else None
        caps = Caps(server=settings.transcripts_mb << 20, age_ms=settings.transcript_days * DAY_MS)
        return cls(redis, clock, store, shelf=shelf, caps=caps)

    async def append(
        self,
        task: str,
        header: Header,
        batch: int,
        found: Sequence[Piece],
        *,
        ended: bool = False,
        stopped: Stopped = "",
        fenced: bool = True,
    ) -> Append:
        """Add pieces behind what is there. `batch` grows with every call for a transcript; one that is repeated adds
        nothing. Raises `Fenced` when the task is no longer run under the header's epoch; nothing is added then.

        Says `full` when all transcripts together are at their cap, and `memory` when the store's memory runs low:
        recording should stop, and the transcript says why it did.
        """  # fmt: skip
        assert all(is_name(name) for name in (task, header.run)), (task, header)
        if found and self._shelf.in_redis and await self._store.memory_pressure():
            found, stopped = (), "memory"
        payloads = [
            await self._shelf.put(task, header.run, f"{batch}-{n}", piece.blob) for n, piece in enumerate(found)
        ]
        outcome, dropped, runs = await self._run_append(task, header, batch, found, payloads, ended, stopped, fenced)
        await self._shelf.drop(payloads if outcome == b"fenced" else dropped)
        await self._shelf.drop_runs(task, [run.decode() for run in runs])
        if outcome == b"fenced":
            raise Fenced(task, header.epoch)
        return "full" if outcome == b"full" else "memory" if stopped == "memory" else "kept"

    async def _run_append(
        self, task: str, header: Header, batch: int, found: Sequence[Piece], payloads: Sequence[bytes], ended: bool,
        stopped: Stopped, fenced: bool,
    ) -> tuple[bytes, list[bytes], list[bytes]]:  # fmt: skip
        caps = self.caps
        listed = [part for piece, payload in zip(found, payloads, strict=True)
                  for part in (piece.entries, piece.raw, len(piece.blob), payload)]  # fmt: skip
        outcome, dropped, runs = await self._scripts["append"](
            args=[
                task, header.run, header.epoch if fenced else "", batch, msgspec.json.encode(header),
                self._clock.now_ms(), caps.longest_ms, caps.transcript // 2, caps.task, caps.server, caps.runs,
                "1" if ended else "", stopped, *listed,
            ]
        )  # fmt: skip
        return outcome, dropped, runs

    async def runs(self, task: str) -> list[Run]:
        """The transcripts of a task, oldest first."""
        names = [name.decode() for name in await self._redis.zrange(f"pdev:logs:{task}", 0, -1)]
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hgetall(f"pdev:log:{task}:{name}")
            found = await pipe.execute()
        runs = [_run(name, fields) for name, fields in zip(names, found, strict=True) if fields]
        return sorted(runs, key=lambda run: (run.header.started_ms, run.id))

    async def gone(self, task: str) -> int:
        """How many transcripts of the task had to make room for newer ones."""
        return int(await self._redis.get(f"pdev:logs:{task}:gone") or 0)

    async def run(self, task: str, run: str) -> Run | None:
        if not is_name(run):
            return None
        fields = await self._redis.hgetall(f"pdev:log:{task}:{run}")  # type: ignore[misc]
        return _run(run, fields) if fields else None

    async def page(self, task: str, run: Run, start: int = 0, *, size: int = _PAGE) -> Page:
        """The entries from piece `start` on, about `size` bytes of them; of pieces that are gone, those behind."""
        start = max(0, start)
        entries: list[Entry] = []
        gap_at, damaged, read, at = None, 0, 0, start
        while read < size and (found := await self._pieces(task, run, at)):
            blobs = await self._shelf.get([piece.payload for piece in found])
            for piece, blob in zip(found, blobs, strict=True):
                if read >= size:
                    break
                if piece.number > at or (piece.number == run.first > run.heads):
                    gap_at = len(entries)
                unfolded = unfold(blob)
                damaged += unfolded is None
                entries += unfolded or ()
                read, at = read + piece.raw, piece.number + 1
        more = at if at < run.pieces and read >= size else None
        return Page(entries=tuple(entries), start=start, next=more, gap_at=gap_at, damaged=damaged)

    async def _pieces(self, task: str, run: Run, start: int) -> list[_Piece]:
        """Some pieces from number `start` on, as they are listed."""
        key = f"pdev:log:{task}:{run.id}"
        if start < run.heads:
            found = await self._redis.lrange(f"{key}:head", start, min(run.heads, start + _AT_ONCE) - 1)  # type: ignore[misc]
            return [_listed(start + n, element) for n, element in enumerate(found)]
        first = run.first
        for _ in range(_TRIES):  # the end moves on while it is written
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hget(key, "first")
                pipe.lrange(f"{key}:tail", skip := max(0, start - first), skip + _AT_ONCE - 1)
                now_first, found = await pipe.execute()
            if int(now_first or 0) == first:
                break
            first = int(now_first or 0)
        return [_listed(first + skip + n, element) for n, element in enumerate(found)]

    async def tail(self, task: str, run: Run, size: int) -> list[Entry]:
        """About the last `size` bytes of a transcript, in whole pieces."""
        newest: list[_Piece] = []
        read = 0
        for part in ("tail", "head"):
            stop = -1
            while read < size:
                key = f"pdev:log:{task}:{run.id}:{part}"
                found = await self._redis.lrange(key, stop - _AT_ONCE + 1, stop)  # type: ignore[misc]
                if not found:
                    break
                for element in reversed(found):
                    if read < size:
                        newest.append(_listed(0, element))
                        read += newest[-1].raw
                stop -= _AT_ONCE
        blobs = await self._shelf.get([piece.payload for piece in reversed(newest)])
        return [entry for blob in blobs for entry in unfold(blob) or ()]

    async def forget(self, task: str) -> int:
        """Drop every transcript of a task; how many there were."""
        count = int(await self._scripts["forget"](args=[task]))
        await self._shelf.drop_task(task)
        return count

    async def tidy(self, record: Callable[[str], Awaitable[Task | None]]) -> int:
        """Drop what is too old, or has to make room; how many tasks lost their transcripts. For the sweep.

        `record` reads a task's record; what it raises leaves that task's transcripts as they are.
        """
        now, dropped = self._clock.now_ms(), 0
        kept: list[tuple[bool, float, str]] = []
        known: set[str] = set()
        for name, written in await self._redis.zrange("pdev:logs", 0, -1, withscores=True):
            task_id = name.decode()
            try:
                task = await record(task_id)
            except Exception:
                _log.warning("the record of task %s cannot be read, so its transcripts stay", task_id)
                known.add(task_id)
                continue
            if task is None or self._is_old(task, now):
                dropped += await self.forget(task_id) > 0
            else:
                kept.append((not task.settled, written, task_id))
                known.add(task_id)
        dropped += await self._make_room(sorted(kept))
        await self._shelf.tidy(known, now / 1000)
        return dropped

    def _is_old(self, task: Task, now: int) -> bool:
        return task.settled and now - (task.settled_ms or task.updated_ms) > self.caps.age_ms

    async def _make_room(self, kept: Sequence[tuple[bool, float, str]]) -> int:
        """Count anew what there is, and drop the oldest of settled tasks, then of others, when that is too much."""
        sizes = await self._redis.hgetall("pdev:logs:sizes")  # type: ignore[misc]
        total, dropped = sum(int(size) for size in sizes.values()), 0
        await self._redis.set("pdev:logs:total", total, px=self.caps.longest_ms)
        if total < 0.95 * self.caps.server:
            return 0
        for is_live, _, task_id in kept:
            if total <= _ROOM * self.caps.server or is_live:
                break
            total -= int(sizes.get(task_id.encode(), 0))
            dropped += await self.forget(task_id) > 0
        return dropped


@cache
def _source(name: str) -> str:
    return (resources.files(__package__) / f"{name}.lua").read_text(encoding="utf-8")


def _run(name: str, fields: dict[bytes, bytes]) -> Run:
    def number(of: str) -> int:
        return int(fields.get(of.encode(), b"0"))

    numbers = {of: number(of) for of in ("entries", "raw", "size", "dropped_entries", "dropped_raw", "heads", "first",
                                         "pieces")}  # fmt: skip
    return Run(
        id=name,
        header=msgspec.json.decode(fields[b"header"], type=Header),
        ended=b"ended" in fields,
        stopped=msgspec.convert(fields.get(b"stopped", b"").decode(), Stopped),
        written_ms=number("written"),
        **numbers,
    )


def _listed(number: int, element: bytes) -> _Piece:
    entries, raw, _, payload = element.split(b",", 3)
    return _Piece(number, int(entries), int(raw), payload)
