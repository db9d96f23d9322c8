"""One attempt: take the lease, let the pipeline work, and leave no task behind.

However the work ends (done, refused, crashed, cancelled, shut down, lease lost), afterwards the record is no longer
running under this attempt's epoch: either the pipeline moved it, or it is handed back here, with a crash counted only
when the fault was the work's own.
"""

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from functools import partial

from core.cancellation import is_cancelled
from core.errors import GitHubAway, Transient
from core.queue import Attempt
from core.store import Fenced, NoSuchTask
from core.tasks import Task
from jobs.deps import STORE_AWAY, Deps
from jobs.git import GitError
from jobs.lease import Grant, Lease, LeaseLost, StopReason, Terms, beat_connection
from jobs.sweep.queues import forget_jobs

log = logging.getLogger(__name__)

_PAUSE_S, _LONGEST_PAUSE_S = 30.0, 600.0
"""For trouble that passes by itself and did not say when."""
_SOON_S = 2.0
"""For an answer of GitHub that did not come: the door has waited for those that may be asked again, and the next
attempt looks whether the others had their effect."""
_AGAIN_S = 0.2
"""Between two tries to hand a task back while the store is away."""


@dataclass(frozen=True, slots=True)
class Graces:
    """Seconds that work has to wind up by itself before its coroutine is cancelled. A lost lease leaves none."""

    shutdown_s: float = 1
    wish_s: float = 60
    """After cancel or pause: time for a last checkpoint."""
    limit_s: float = 24 * 3600
    """Hard cap of one attempt, which may go through all rounds; each agent has its own, far shorter limit."""


@dataclass(frozen=True, slots=True)
class End:
    """How the work of an attempt ended."""

    crashed: bool
    pause_s: float = 0
    """Before it is handed back: trying again at once would meet the same trouble."""


class Attempts:
    """The attempts that run in this process."""

    def __init__(self, deps: Deps, graces: Graces | None = None) -> None:
        self._deps = deps
        self._graces = graces or Graces()
        self._terms = Terms(lease_s=deps.settings.lease_s, beat_s=deps.settings.beat_s)
        self._connect = partial(beat_connection, deps.settings.redis_url, self._terms)
        self._leases: dict[str, Lease] = {}
        self._closing = asyncio.Event()

    def close(self) -> None:
        """The process ends: let every attempt wind up and hand its task back."""
        self._closing.set()
        for lease in self._leases.values():
            lease.stop(StopReason.SHUTDOWN)

    def hear_wish(self, channel: str) -> None:
        """Somebody published a wish; without a name, wishes may have been missed."""
        task = channel.rpartition(":")[2]
        for lease in self._leases.values() if not task else [self._leases[task]] if task in self._leases else []:
            lease.nudge()

    async def attempt(self, job: Attempt) -> None:
        """Work on the task unless the epoch has passed on; never raises for what the work did."""
        store, owner = self._deps.store, self._deps.worker.id
        since = time.monotonic()
        try:
            task = await store.acquire(job.task, job.epoch, owner, self._terms.lease_ms)
        except (NoSuchTask, Fenced):
            return
        grant = Grant(task.id, job.epoch, owner, since)
        async with Lease(grant, self._terms, self._connect, self._deps.clock) as lease:
            self._leases[task.id] = lease
            if self._closing.is_set():
                lease.stop(StopReason.SHUTDOWN)
            end = End(crashed=False)
            try:
                await self._begin(task, job)
                end = await self._work(task, lease)
                await self._sit_out(lease, end.pause_s)
            finally:
                await self._hand_back(task, crashed=end.crashed)
                del self._leases[task.id]

    async def _begin(self, task: Task, job: Attempt) -> None:
        with contextlib.suppress(*STORE_AWAY):  # neither is worth an attempt
            await forget_jobs(self._deps.redis, job.queue, [job.job_id])
            # The lease's end was written with the server's time, as the grant was.
            dispatch_ms = task.lease_exp - self._terms.lease_ms - job.granted_ms
            await self._deps.store.measure("dispatch_ms", dispatch_ms)

    async def _work(self, task: Task, lease: Lease) -> "End":
        """Run the pipeline until it ends or has to leave."""
        work = asyncio.create_task(self._deps.work(task, lease), name=f"work on {task.slug}")
        leave = asyncio.create_task(self._must_leave(lease))
        try:
            await asyncio.wait({work, leave}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leave.cancel()
            if not work.done():
                work.cancel()
                await asyncio.wait({work})
        if work.cancelled():
            is_late = lease.why is None and not self._closing.is_set()
            return judge(task, lease, TimeoutError("it took longer than its limit") if is_late else None)
        return judge(task, lease, work.exception())

    async def _sit_out(self, lease: Lease, pause_s: float) -> None:
        """Keep the slot until trying again makes sense, unless the lease is stopped meanwhile."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await lease.stopped.wait()

    async def _must_leave(self, lease: Lease) -> None:
        """Return when the work has had its time, whichever of the reasons comes first."""

        async def after(event: asyncio.Event, grace_s: float) -> None:
            await event.wait()
            await asyncio.sleep(grace_s)

        reasons = [
            asyncio.create_task(after(lease.lost, 0)),
            asyncio.create_task(after(self._closing, self._graces.shutdown_s)),
            asyncio.create_task(after(lease.stopped, self._graces.wish_s)),
            asyncio.create_task(asyncio.sleep(self._graces.limit_s)),
        ]
        try:
            await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for reason in reasons:
                reason.cancel()

    async def _hand_back(self, task: Task, *, crashed: bool) -> None:
        """Unless the pipeline moved the task, put it where the next worker or a person finds it."""
        while True:
            try:
                with contextlib.suppress(NoSuchTask, Fenced):
                    await self._deps.store.interrupt(task.id, task.epoch, crashed=crashed)
                return
            except STORE_AWAY as error:
                log.warning("%s: not handed back, store away (%s)", task.slug, type(error).__name__)
                if self._closing.is_set() or is_cancelled():
                    return
                await asyncio.sleep(_AGAIN_S)


def judge(task: Task, lease: Lease, error: BaseException | None) -> End:
    """Whose fault the end of the work was. Returning with a record that still runs is a mistake of the pipeline."""
    if lease.why is StopReason.LOST or isinstance(error, (LeaseLost, Fenced, *STORE_AWAY)):
        log.warning("%s: stopped, %s", task.slug, "the store was away" if lease.store_away else "it is no longer ours")
        return End(crashed=False)
    if (pause_s := _passes_in(error)) is not None:
        log.warning("%s: put off: %s", task.slug, error)
        return End(crashed=False, pause_s=min(pause_s, _LONGEST_PAUSE_S))
    if error is not None:
        log.error("%s: the pipeline crashed", task.slug, exc_info=error)
    return End(crashed=error is not None or lease.why is None)


def _passes_in(error: BaseException | None) -> float | None:
    """Seconds after which it makes sense to try again; None for what time alone does not mend."""
    if isinstance(error, Transient):
        usual = _SOON_S if isinstance(error, GitHubAway) else _PAUSE_S
        return usual if error.retry_after is None else error.retry_after
    if isinstance(error, GitError) and error.passes:
        return _SOON_S
    return None
