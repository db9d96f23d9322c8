"""The inbox: deliveries that were answered 202 and are not handled yet.

Two web processes share it. What one issue receives must be handled in arrival order and one at a time, while other
issues go on: so each (repository, issue) has a line, and only the head of a line stands in the stream that the
processes read. Finishing the head brings up the next; an entry that is put back keeps its place and its line waits.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, ResponseError

from core import deliveries
from core.clock import Clock
from core.deliveries import Delivery
from core.store.scripts import Room, text

_log = logging.getLogger(__name__)
_STREAM, _GROUP = "pdev:inbox", "pdev"
_UNREADABLE = "pdev:inbox:unreadable"
_GUID_AGE_MS = 7 * 86_400_000
"""GitHub lets people redeliver for three days."""
_CONSUMER_AGE_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A delivery at the head of its line, in the hands of one consumer."""

    id: str
    delivery: Delivery
    tries: int = 0
    """How often it was put back or taken from a dead process."""


class Inbox(Room):
    """The stream of deliveries and its leased locks."""

    def __init__(self, redis: "Redis", clock: Clock, *, on_unreadable: Callable[[], object] = lambda: None) -> None:
        """`on_unreadable` is called for each stored delivery that is damaged and was therefore set aside."""
        super().__init__(redis, clock)
        self._on_unreadable = on_unreadable
        self._waiting: list[tuple[list[Any], asyncio.Future[bool]]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._digest: str | None = None

    async def append(self, delivery: Delivery) -> bool:
        """Store a delivery before it is acknowledged; False if this GUID came within the last seven days.

        All that wait in one turn of the loop share a round trip. Raises redis-py's errors when it is not stored, and
        ValueError when the body is not JSON.
        """
        arguments = [self._clock.shift_ms, delivery.guid, delivery.line, deliveries.encode(delivery), _GUID_AGE_MS]
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((arguments, stored))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        return await stored

    async def read(self, consumer: str, count: int = 10, block_ms: int = 5000) -> list[Entry]:
        """New heads of lines, waiting up to `block_ms` for the first.

        0 does not wait; it must be less than the client's socket timeout.
        """
        found = await self._grouped(
            self._redis.xreadgroup, _GROUP, consumer, {_STREAM: ">"}, count=count, block=block_ms or None
        )
        return await self._entries([entry for _, entries in found or [] for entry in entries])

    async def claim(self, consumer: str, idle_ms: int, count: int = 100) -> list[Entry]:
        """Entries that their consumer has had for more than `idle_ms` without finishing: it is dead, take over."""
        answer = await self._grouped(
            self._redis.xautoclaim, _STREAM, _GROUP, consumer, min_idle_time=idle_ms, count=count
        )
        await self._forget_consumers()
        return await self._entries(answer[1], claimed=True)

    async def done(self, entry: Entry) -> bool:
        """Delete a handled entry and bring up the next of its line; False if somebody else finished it."""
        return bool(await self._scripts("done", entry.id, entry.delivery.line))

    async def put_back(self, entry: Entry, not_before_ms: int) -> bool:
        """Try again at `not_before_ms` (the clock's time); until then its line waits. False as in `done`."""
        return bool(await self._scripts("put_back", entry.id, entry.delivery.line, not_before_ms))

    async def due(self) -> int:
        """Bring entries back whose time has come; how many."""
        return int(await self._scripts("due"))

    async def size(self) -> int:
        """How many lines have something to handle, put back ones included."""
        return int(await self._redis.xlen(_STREAM)) + int(await self._redis.zcard("pdev:inbox:later"))

    async def lock(self, key: str, owner: str, ttl_ms: int) -> bool:
        """Take or prolong a lock; False while somebody else has it. It ends by itself after `ttl_ms`."""
        return bool(await self._scripts("lock", f"pdev:lock:{key}", owner, ttl_ms))

    async def unlock(self, key: str, owner: str) -> bool:
        return bool(await self._scripts("unlock", f"pdev:lock:{key}", owner))

    async def _flush(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                try:
                    answers = await self._append_all([arguments for arguments, _ in batch])
                except Exception as error:  # whoever waits gets it
                    answers = [error] * len(batch)
                for (_, stored), answer in zip(batch, answers, strict=True):
                    _resolve(stored, answer)
        finally:
            self._flushing = None

    async def _append_all(self, batch: Sequence[list[Any]]) -> list[Any]:
        if self._digest is None:
            self._digest = await self._redis.script_load(text("append"))
        answers = await self._send(self._digest, batch)
        forgotten = [i for i, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if forgotten:
            self._digest = await self._redis.script_load(text("append"))
            for i, answer in zip(forgotten, await self._send(self._digest, [batch[i] for i in forgotten]), strict=True):
                answers[i] = answer
        return answers

    async def _send(self, digest: str, batch: Sequence[list[Any]]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for arguments in batch:
                pipe.evalsha(digest, 0, *arguments)
            return await pipe.execute(raise_on_error=False)

    async def _grouped(self, call: Any, *args: Any, **options: Any) -> Any:
        """Call, and make the consumer group first where it does not exist (a new or wiped server)."""
        try:
            return await call(*args, **options)
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
        try:
            await self._redis.xgroup_create(_STREAM, _GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
        return await call(*args, **options)

    async def _entries(
        self, found: Sequence[tuple[bytes, dict[bytes, bytes]]], *, claimed: bool = False
    ) -> list[Entry]:
        entries = []
        for name, fields in found:
            try:
                delivery = deliveries.decode(fields[b"delivery"])
                tries = int(fields.get(b"tries", b"0"))
            except (ValueError, KeyError) as error:
                await self._set_aside(name, fields, error)
                continue
            if claimed:
                seen = await self._redis.xpending_range(_STREAM, _GROUP, min=name, max=name, count=1)
                tries += seen[0]["times_delivered"] - 1 if seen else 0
            entries.append(Entry(name.decode(), delivery, tries))
        return entries

    async def _set_aside(self, name: bytes, fields: dict[bytes, bytes], error: Exception) -> None:
        """Let the others go on past a delivery that cannot be read, and keep it for the operator."""
        _log.error("an unreadable delivery was set aside in %s: %r", _UNREADABLE, error)
        await self._redis.lpush(_UNREADABLE, fields.get(b"delivery") or repr(fields))  # type: ignore[misc]
        await self._redis.ltrim(_UNREADABLE, 0, 99)  # type: ignore[misc]
        await self._scripts("done", name, fields.get(b"line", b""))
        self._on_unreadable()

    async def _forget_consumers(self) -> None:
        for consumer in await self._redis.xinfo_consumers(_STREAM, _GROUP):
            if consumer["pending"] == 0 and consumer["idle"] > _CONSUMER_AGE_MS:
                await self._redis.xgroup_delconsumer(_STREAM, _GROUP, consumer["name"])


def _resolve(stored: asyncio.Future[bool], answer: object) -> None:
    if stored.done():  # whoever waited was cancelled
        return
    if isinstance(answer, Exception):
        stored.set_exception(answer)
    else:
        stored.set_result(bool(answer))
