"""What the tests of the worker are made of: a server that can be restarted, work that is led through lists in it."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from core import valkey
from core.cancellation import is_cancelled
from core.clock import Clock
from core.errors import GitHubAway
from core.settings import Settings
from core.store import Store
from core.tasks import State, Task, move
from jobs.lease import Lease, StopReason

LEASE_S, BEAT_S, SWEEP_S = 3.0, 0.2, 0.2
PATIENCE_S = 60
"""How long a test waits for something that must happen; never how long something may take."""


class Valkey:
    """An embedded server whose files outlive it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = ""

    def start(self) -> None:
        self._server = valkey.start(self._folder)
        self.url = self._server.url

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        os.kill(self._server.pid, signal.SIGKILL)
        assert self._server.process is not None
        self._server.process.wait()


def settings_for(redis_url: str, folder: Path, **environ: str) -> Settings:
    return Settings.from_environ(
        {
            "REDIS_URL": redis_url, "PDEV_DATA_DIR": str(folder), "GITHUB_API_URL": "http://127.0.0.1:9",
            "PDEV_LEASE_S": str(LEASE_S), "PDEV_BEAT_S": str(BEAT_S), "PDEV_SWEEP_S": str(SWEEP_S), "PDEV_SLOTS": "2",
        } | environ
    )  # fmt: skip


@dataclass
class Play:
    """A pipeline that tells the list `told:<task>` what happens to it and does what `play:<task>` says.

    `finish`: a fenced effect, then ready. `crash`: raise. `away`: GitHub is. `die`: kill this process. `block`: keep
    the event loop busy for two leases. `return`: end without moving the task.
    """

    redis: "Redis"
    store: Store
    clock: Clock

    async def tell(self, task: Task, what: str) -> None:
        await self.redis.rpush(f"told:{task.id}", what)

    async def work(self, task: Task, lease: Lease) -> None:
        await self.tell(task, f"began {task.crashes}")
        stopped = asyncio.create_task(lease.stopped.wait())
        try:
            while not stopped.done():
                asked = asyncio.create_task(self._asked(task))
                await asyncio.wait({asked, stopped}, return_when=asyncio.FIRST_COMPLETED)
                if asked.done() and await self._play(asked.result(), task, lease):
                    return
                asked.cancel()
            await self._stop(task, lease)
        finally:
            stopped.cancel()

    async def report(self, task_id: str) -> None:
        await self.redis.rpush(f"reported:{task_id}", "1")

    async def _asked(self, task: Task) -> str:
        while not is_cancelled():
            found = await self.redis.blpop([f"play:{task.id}"], timeout=1)
            if found:
                return str(found[1].decode())
        raise asyncio.CancelledError

    async def _play(self, what: str, task: Task, lease: Lease) -> bool:
        if what == "finish":
            await lease.fence()
            await self.redis.rpush(f"effects:{task.id}", str(task.epoch))
            await self.store.change(
                task.id, lambda t: move(t, State.READY, self.clock.now_ms()), epoch=lease.grant.epoch
            )
            return True
        if what == "crash":
            raise RuntimeError("the script says so")
        if what == "away":
            raise GitHubAway("GitHub answered 502.", retry_after=0.01)
        if what == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "block":
            time.sleep(2 * LEASE_S)  # noqa: ASYNC251 — that is the point
            await self.tell(task, "was busy")
        return what == "return"

    async def _stop(self, task: Task, lease: Lease) -> None:
        assert lease.why is not None
        if lease.why is StopReason.LOST:
            return
        await self.tell(task, f"stopped by {lease.why.name}")
        if lease.why is StopReason.CANCEL:
            await self.store.change(
                task.id,
                lambda t: move(t, State.CANCELLED, self.clock.now_ms(), reason=t.reason),
                epoch=lease.grant.epoch,
            )


async def told(redis: "Redis", task: Task, what: str) -> None:
    """Wait until the work on a task tells this next."""
    found = await redis.blpop([f"told:{task.id}"], timeout=PATIENCE_S)
    assert found is not None, f"{task.id} never told {what}"
    assert found[1].decode() == what


async def play(redis: "Redis", task: Task, what: str) -> None:
    await redis.rpush(f"play:{task.id}", what)


async def until_state(store: Store, task: Task, *states: State) -> Task:
    """Wait until a task is in one of these states."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            now = await store.task(task.id)
            if now and now.state in states:
                return now
            await asyncio.sleep(0.01)
