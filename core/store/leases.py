"""Leases: who works on a task, until when, and under which epoch.

A worker that is dead, frozen or cut off must lose its task, and must not write when it comes back. Time is the
server's, so clocks that differ do no harm; the epoch grows even when the store was wiped, so an old worker stays old.
"""

from enum import StrEnum
from uuid import uuid4

import msgspec
import redis as blocking
from msgspec.structs import replace

from core.clock import Clock
from core.store.records import Fenced, NotRunning, encode_task, facts_of
from core.store.scripts import text
from core.store.tasks import Guard, Moved, Tasks, flat
from core.tasks import State, Task, Wish, interrupted, move


class Beat(StrEnum):
    """What a heartbeat is told."""

    OK = "ok"
    CANCEL = "cancel"
    PAUSE = "pause"
    LOST = "lost"
    """Somebody else has the task or it has moved on: kill the agent, write nothing more."""


class Leases(Tasks):
    """The part of the store that grants tasks to workers and takes them back."""

    async def grant(self, task: Task, *, lease_ms: int, repo_cap: int) -> Task | None:
        """Give a queued task one of the live workers' free slots and enqueue its attempt; None if it may not start.

        None means: no free slot, the repository already runs `repo_cap` tasks, or the task has moved on since `task`
        was read. The lease counts from now; it runs out if no worker picks the attempt up.
        """
        if task.state is not State.QUEUED:
            return None
        now = self._clock.now_ms()
        granted = move(task, State.RUNNING, now, started_ms=task.started_ms or now, version=task.version + 1)
        facts = facts_of(granted) | {
            "nonce": self._nonce(), "version": str(task.version), "poke": False, "event": "task.status_changed",
            "facts": flat({"from": task.state, "to": granted.state, "stage": task.stage, "round": task.round}),
        }  # fmt: skip
        before = await self._redis.hget(f"pdev:task:{task.id}", "record")  # type: ignore[misc]
        record = encode_task(granted, before or b"")
        outcome, epoch, lease_exp = await self._scripts("grant", msgspec.json.encode(facts), record, lease_ms, repo_cap)
        if outcome != b"granted":
            return None
        return replace(granted, epoch=int(epoch), lease_exp=int(lease_exp), owner="")

    async def acquire(self, task_id: str, epoch: int, owner: str, lease_ms: int) -> Task:
        """Take up a granted attempt. Raises `Fenced` when the epoch has moved on or somebody has taken it up."""
        if not await self._scripts("acquire", task_id, str(epoch), owner, lease_ms, uuid4().hex):
            raise Fenced(task_id, epoch)
        task = await self.task(task_id)
        if task is None or task.epoch != epoch or task.state is not State.RUNNING:
            raise Fenced(task_id, epoch)
        return task

    async def renew(self, task_id: str, epoch: int, owner: str, lease_ms: int) -> Beat:
        """Hold the lease for `lease_ms` from now, and hear what people wish."""
        return Beat((await self._scripts("renew", task_id, str(epoch), owner, lease_ms)).decode())

    async def running(self) -> list[Task]:
        """Every task that takes a slot."""
        return await self._leased(await self._redis.zrange("pdev:leases", 0, -1))

    async def owned_by(self, owner_prefix: str) -> list[Task]:
        """Running tasks whose owner's name begins so."""
        return [task for task in await self.running() if task.owner.startswith(owner_prefix)]

    async def expired(self) -> list[Task]:
        """Running tasks whose lease has run out; those never taken up have no owner."""
        return await self._leased(await self._scripts("expired"))

    async def interrupt(self, task_id: str, epoch: int, *, crashed: bool, overdue: bool = False) -> Task | None:
        """Take a running task from its worker and fence that worker off; None if the task has moved on already.

        `crashed`: count it (three crashes and a person is asked). `overdue`: only if the lease has run out, for a
        sweep that must not hit a worker that renewed just now.
        """
        guard = Guard(epoch=epoch, bump=True, overdue=overdue)
        try:
            return await self._change(
                task_id,
                lambda task: interrupted(task, self._clock.now_ms(), crashed=crashed),
                guard,
                {"crashed": int(crashed)},
            )
        except Moved:
            return None

    async def wish(self, task_id: str, wish: Wish, reason: str) -> Task:
        """Ask the worker of a running task to stop; it hears at once, or at its next heartbeat.

        `reason` becomes the task's reason when it stops. A cancel is not weakened to a pause. Raises `NoSuchTask`,
        and `NotRunning` for any other task: move that one directly.
        """

        def wished(task: Task) -> Task | None:
            if task.state is not State.RUNNING:
                raise NotRunning(task)
            if task.wish == wish or (task.wish is Wish.CANCEL and wish is Wish.PAUSE):
                return None
            return replace(task, wish=wish, reason=reason)

        return await self._change(task_id, wished, Guard(), {})

    async def _leased(self, ids: list[bytes]) -> list[Task]:
        tasks = await self._load_all(name.decode() for name in ids)
        return [task for task in tasks if task.state is State.RUNNING]


class Renewer:
    """`Leases.renew` for the heartbeat thread: its own connection, no event loop that an agent's work could block."""

    def __init__(self, redis: "blocking.Redis", clock: Clock) -> None:
        self._script = redis.register_script(text("renew"))
        self._clock = clock

    def renew(self, task_id: str, epoch: int, owner: str, lease_ms: int) -> Beat:
        """As `Leases.renew`. Raises redis-py's errors when the server does not answer."""
        answer = self._script(args=[self._clock.shift_ms, task_id, str(epoch), owner, lease_ms])
        return Beat(bytes(answer).decode())
