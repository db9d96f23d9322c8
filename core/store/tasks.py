"""Task records: load, step, compare-and-set.

Web processes, workers, scheduler and sweep change the same task at the same moment. None of them locks: each takes a
step on the record that it read, and the write holds only if nobody else wrote in between; otherwise it reads and
steps again. A worker's writes also name its epoch, so that one that was given up cannot write any more.
"""

import itertools
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec
from msgspec.structs import replace

from core.store.records import (
    FORMAT,
    Contended,
    Damaged,
    Fenced,
    NoSuchTask,
    TooNew,
    decode_task,
    encode_task,
    facts_of,
    is_running,
    schedules_differently,
)
from core.store.sessions import Sessions
from core.tasks import MOVES, IllegalMove, PausedBy, State, Task, Wish, move

_log = logging.getLogger(__name__)
_TRIES = 200
"""A change that lost this many races is no race any more."""

Step = Callable[[Task], Task | None]


@dataclass(frozen=True, slots=True)
class Guard:
    """Under which conditions a write holds, besides that nobody wrote in between."""

    epoch: int | None = None
    bump: bool = False
    """Take the task from whoever holds the epoch."""
    overdue: bool = False
    """Only when the lease has run out."""


@dataclass(frozen=True, slots=True)
class Stored:
    task: Task
    record: bytes


class Moved(Exception):
    """The guard no longer holds; the caller decides what that means."""


class Tasks(Sessions):
    """The part of the store that holds task records."""

    _writes = itertools.count()
    _writer = uuid4().hex

    async def task(self, task_id: str) -> Task | None:
        """The task now; a damaged record is restored from its history. Raises `Damaged`, `TooNew`."""
        stored = await self._load(task_id)
        return stored.task if stored else None

    async def tasks(self, *, repo_id: int | None = None, live: bool = True) -> list[Task]:
        """All tasks that have not ended (ready ones included), or those that ended within 30 days; oldest first.

        A record that cannot be read is logged and left out, so that it does not stop the others.
        """
        key = ("pdev:tasks:live" if live else "pdev:tasks:ended") + (f":{repo_id}" if repo_id is not None else "")
        found = await (self._redis.smembers(key) if live else self._redis.zrange(key, 0, -1))  # type: ignore[misc]
        ids = [name.decode() for name in found]
        return sorted(await self._load_all(ids), key=lambda t: (t.created_ms, t.issue))

    async def create(self, task: Task) -> bool:
        """Add a task to its repository's open session, opening one where none is. False if it exists already."""
        nonce = self._nonce()
        for _ in range(_TRIES):
            facts = facts_of(task) | {
                "nonce": nonce, "poke": True, "epoch": task.epoch, "event": "task.created",
                "facts": flat({"state": task.state, "session": task.session, "issue": task.issue}),
            }  # fmt: skip
            record = encode_task(replace(task, version=1))
            outcome = (await self._scripts("create", msgspec.json.encode(facts), record)).decode()
            if outcome != "session":
                return bool(outcome == "created")
            task = await self._joined(task)
        raise Contended(f"{task.slug} could not be added.")

    async def change(self, task_id: str, step: Step, *, epoch: int | None = None, **note: str | int) -> Task:
        """Take a step and save it; step again on the newer record when somebody else was faster.

        `step` is pure and may be called several times; None changes nothing. `epoch`: the write of a worker, refused
        once the task is no longer running under it (or is gone). `note`: facts for the event that a new state writes.
        Raises `NoSuchTask`, `Fenced`, `IllegalMove`, and whatever `step` raises.
        """
        try:
            return await self._change(task_id, step, Guard(epoch=epoch), note)
        except Moved:
            assert epoch is not None
            raise Fenced(task_id, epoch) from None

    async def _change(self, task_id: str, step: Step, guard: Guard, note: dict[str, str | int]) -> Task:
        outcome = ""
        for _ in range(_TRIES):
            stored = await self._load(task_id)
            if stored is None and guard.epoch is not None:
                raise Moved  # the store was wiped: the worker's epoch means nothing any more
            if stored is None:
                raise NoSuchTask(f"There is no task {task_id}.")
            before = stored.task
            if guard.epoch is not None and not is_running(before, guard.epoch):
                raise Moved
            after = self._checked(before, step(before))
            if after is None:
                return before
            if not after.settled and (before.settled or outcome == "session"):
                after = await self._joined(after)
            after = replace(after, version=before.version + 1, updated_ms=self._clock.now_ms())
            outcome, new_epoch = await self._write(stored, after, guard, note)
            if outcome == "saved":
                return replace(after, epoch=new_epoch)
            if outcome in ("fenced", "alive"):
                raise Moved
        raise Contended(f"Task {task_id} changes too fast.")

    def _checked(self, before: Task, after: Task | None) -> Task | None:
        """The step's result if it is legal, with a pending wish heeded."""
        if after is None or after == before:
            return None
        if after.state is not before.state and (after.state is State.RUNNING or after.state not in MOVES[before.state]):
            raise IllegalMove(before, after.state)  # only a grant leads into running
        return heeded(before, after, self._clock.now_ms())

    async def _write(self, stored: Stored, after: Task, guard: Guard, note: dict[str, str | int]) -> tuple[str, int]:
        before = stored.task
        changed = after.state is not before.state
        facts = facts_of(after) | {
            "nonce": self._nonce(), "version": str(before.version),
            "fence": "" if guard.epoch is None else str(guard.epoch), "bump": guard.bump, "overdue": guard.overdue,
            "poke": schedules_differently(before, after), "event": "task.status_changed" if changed else "",
            "facts": flat({"from": before.state, "to": after.state, "reason": after.reason} | note),
        }  # fmt: skip
        record = encode_task(after, stored.record)
        outcome, epoch = await self._scripts("change", msgspec.json.encode(facts), record)
        return outcome.decode(), int(epoch)

    async def _joined(self, task: Task) -> Task:
        session = await self.join_session(task.repo_id, task.owner_login, task.repo)
        return replace(task, session=session.id)

    async def _load(self, task_id: str) -> Stored | None:
        for _ in range(_TRIES):
            fields = await self._redis.hgetall(f"pdev:task:{task_id}")  # type: ignore[misc]
            if not fields:
                return None
            try:
                return Stored(decode_task(fields), fields[b"record"])
            except ValueError:
                await self._restore(task_id, fields)
        raise Damaged(f"The record of task {task_id} is damaged again and again.")

    async def _load_all(self, ids: Iterable[str]) -> list[Task]:
        ids = list(ids)
        async with self._redis.pipeline(transaction=False) as pipe:
            for task_id in ids:
                pipe.hgetall(f"pdev:task:{task_id}")
            found = await pipe.execute()
        tasks = []
        for task_id, fields in zip(ids, found, strict=True):
            try:
                task = decode_task(fields) if fields else None
            except ValueError:
                task = await self._rescued(task_id)
            if task is not None:
                tasks.append(task)
        return tasks

    async def _rescued(self, task_id: str) -> Task | None:
        try:
            return await self.task(task_id)
        except (Damaged, TooNew) as error:
            _log.error("%s", error)
            return None

    async def _restore(self, task_id: str, fields: dict[bytes, bytes]) -> None:
        written = fields.get(b"format", b"1")
        if written.isdigit() and int(written) > FORMAT:
            raise TooNew(f"The record of task {task_id} was written by a newer pdev.")
        for record in await self._redis.lrange(f"pdev:task:{task_id}:history", 0, -1):  # type: ignore[misc]
            try:
                task = msgspec.json.decode(record, type=Task)
            except ValueError:
                continue
            facts: dict[str, Any] = facts_of(task) | {
                "nonce": self._nonce(), "version": task.version, "epoch": task.epoch, "poke": True,
                "event": "task.restored", "facts": flat({"version": task.version}),
            }  # fmt: skip
            await self._scripts("restore", msgspec.json.encode(facts), record, fields.get(b"record", b""))
            _log.warning("the damaged record of task %s was restored from version %s", task_id, task.version)
            return
        raise Damaged(f"The record of task {task_id} and its history are damaged.")

    def _nonce(self) -> str:
        return f"{self._writer}:{next(self._writes)}"


def flat(facts: dict[str, Any]) -> list[str]:
    return [str(part) for name, value in facts.items() for part in (name, value)]


def heeded(before: Task, after: Task, now_ms: int) -> Task:
    """`after`, unless a person's wish came in while the worker was finishing: what was asked for wins over going on.

    A pause does not touch a task that has already stopped by itself (ready, or waiting for an answer), but one that a
    budget stopped does not go on by itself any more.
    """
    if not before.wish or after.state is State.RUNNING or before.state is not State.RUNNING:
        return after
    if before.wish is Wish.CANCEL and State.CANCELLED in MOVES[after.state]:
        return move(after, State.CANCELLED, now_ms, reason=before.reason)
    if before.wish is Wish.PAUSE and after.state in {State.QUEUED, State.WAITING_CHECKS}:
        return move(after, State.PAUSED, now_ms, reason=before.reason, paused_by=PausedBy.PERSON)
    if before.wish is Wish.PAUSE and after.paused_by is PausedBy.BUDGET:
        return replace(after, reason=before.reason, paused_by=PausedBy.PERSON)
    return after
