"""One attempt: take the lease, let the pipeline work, and leave no task behind.

However the work ends (done, refused, crashed, cancelled, shut down, lease lost), afterwards the record is no longer
running under this attempt's epoch: either the pipeline moved it, or it is handed back here, with a crash counted only
when the fault was the work's own.
"""

import asyncio
import contextlib
import errno
import logging
import time
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from core.cancellation import is_cancelled
from core.errors import GitHubAway, Transient
from core.messages.notes import put_off
from core.queue import Attempt
from core.store import Fenced, NoSuchTask
from core.tasks import Task
from jobs.deps import STORE_AWAY, Deps
from jobs.git import GitError, GitKind
from jobs.lease import Grant, Lease, LeaseLost, StopReason, Terms, beat_connection
from jobs.sweep.queues import forget_jobs

log = logging.getLogger(__name__)

_PAUSE_S, _LONGEST_PAUSE_S = 30.0, 600.0
"""For trouble that passes by itself and did not say when."""
_SOON_S = 2.0
"""For an answer of GitHub that did not come: the door has waited for those that may be asked again, and the next
attempt looks whether the others had their effect."""
_GIT_WAITS = {GitKind.MOVED: _SOON_S, GitKind.DISK_FULL: _PAUSE_S}
"""Besides git's trouble that passes by itself: a new name is read anew, and on a full disk an operator makes room."""
_MOST_DOUBLINGS = 10
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
    trouble: str = ""
    """What it is put off for: a sentence, or a kind of git's trouble."""


_CANCEL_AGAIN_S = 1.0
"""Between two cancellations of work that goes on as if nobody had said anything."""


class Attempts:
    """The attempts that run in this process."""

    def __init__(self, deps: Deps, graces: Graces | None = None) -> None:
        self._deps = deps
        self._graces = graces or Graces()
        self._terms = Terms(lease_s=deps.settings.lease_s, beat_s=deps.settings.beat_s)
        self._connect = partial(beat_connection, deps.settings.redis_url, self._terms)
        self._leases: dict[str, Lease] = {}
        self._closing = asyncio.Event()
        self._put_off: dict[str, int] = {}
        """How many times in a row each task was put off here: each pause is twice as long as the one before."""

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
                self._count(task, end, time.monotonic() - since)
                await self._sit_out(task, lease, end)
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
            while not work.done():  # one cancellation may get lost on its way through redis-py
                work.cancel()
                await asyncio.wait({work}, timeout=_CANCEL_AGAIN_S)
        if work.cancelled():
            is_late = lease.why is None and not self._closing.is_set()
            return judge(task, lease, TimeoutError("it took longer than its limit") if is_late else None)
        return judge(task, lease, work.exception(), self._put_off.get(task.id, 0))

    def _count(self, task: Task, end: End, took_s: float) -> None:
        before = 0 if took_s > _LONGEST_PAUSE_S else self._put_off.get(task.id, 0)
        if end.trouble:
            self._put_off[task.id] = before + 1
        else:
            self._put_off.pop(task.id, None)

    async def _sit_out(self, task: Task, lease: Lease, end: End) -> None:
        """Keep the slot until trying again makes sense, unless the lease is stopped meanwhile; say so if it is long."""
        if end.pause_s >= _PAUSE_S and end.trouble:
            why = put_off(end.trouble, end.pause_s)
            with contextlib.suppress(NoSuchTask, Fenced, *STORE_AWAY):
                await self._deps.store.change(task.id, lambda t: replace(t, activity=why), epoch=task.epoch)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(end.pause_s):
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


def judge(task: Task, lease: Lease, error: BaseException | None, put_off_before: int = 0) -> End:
    """Whose fault the end of the work was. Returning with a record that still runs is a mistake of the pipeline."""
    if lease.why is StopReason.LOST or _is_of_the_store(error, lease):
        log.warning("%s: stopped, %s", task.slug, "the store was away" if lease.store_away else "it is no longer ours")
        return End(crashed=False)
    if (pause_s := _passes_in(error, put_off_before)) is not None:
        log.warning("%s: put off: %s", task.slug, error)
        trouble = error.sentence if isinstance(error, Transient) else str(getattr(error, "kind", GitKind.DISK_FULL))
        return End(crashed=False, pause_s=min(pause_s, _LONGEST_PAUSE_S), trouble=trouble)
    if error is not None:
        log.error("%s: the pipeline crashed", task.slug, exc_info=error)
    return End(crashed=error is not None or lease.why is None)


def _is_of_the_store(error: BaseException | None, lease: Lease) -> bool:
    """Whether the record was out of reach or no longer ours. A missing file is an `OSError` too, and is a crash."""
    if isinstance(error, OSError) and not isinstance(error, (ConnectionError, TimeoutError)):
        return lease.store_away
    return isinstance(error, (LeaseLost, Fenced, *STORE_AWAY))


def _passes_in(error: BaseException | None, put_off_before: int) -> float | None:
    """Seconds after which it makes sense to try again; None for what time alone does not mend."""
    if isinstance(error, Transient):
        if error.retry_after is not None:
            return error.retry_after
        usual = _SOON_S if isinstance(error, GitHubAway) else _PAUSE_S
    elif isinstance(error, GitError) and (error.passes or error.kind in _GIT_WAITS):
        usual = _GIT_WAITS.get(error.kind, _SOON_S)
    elif isinstance(error, OSError) and error.errno == errno.ENOSPC:
        usual = _GIT_WAITS[GitKind.DISK_FULL]
    else:
        return None
    return usual * (1 << min(put_off_before, _MOST_DOUBLINGS))
