"""The sweep: re-reads the truth now and then, and mends what a lost hint or a dead process left behind.

Webhooks, publications and jobs may be lost at any line; nothing may depend on one of them arriving. Each part here
looks at the records, the queue or GitHub, does what should have been done, and counts it. All parts may run in
several workers at once and any number of times.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

from core.cancellation import is_cancelled, pause
from core.errors import PdevError
from core.queue import Report
from core.schedule import is_ready, plan
from core.store import Store
from jobs.deps import STORE_AWAY, Deps
from jobs.sweep.budgets import wake_solvent
from jobs.sweep.deliveries import redeliver_lost
from jobs.sweep.disk import tidy_disk
from jobs.sweep.labels import append_missed_labels
from jobs.sweep.leases import StoreWatch, take_back_expired
from jobs.sweep.queues import forget_stale_attempts, give_back_jobs, is_schedule_queued

__all__ = ["FOUND", "GITHUB_S", "Sweep", "release_worker"]

log = logging.getLogger(__name__)

FOUND = {
    "lease_ran_out": "running tasks whose worker stopped renewing; counted as a crash",
    "store_was_away": "running tasks whose lease ended while the store was away",
    "never_taken_up": "granted tasks that no worker took up",
    "budget_back": "tasks that a budget had stopped which has something left again",
    "plan_missing": "tasks that could start although nobody was about to look",
    "job_given_back": "jobs that a dead worker had begun",
    "attempt_forgotten": "attempts in the queue whose epoch had passed",
    "session_settled": "sessions that nobody had closed",
    "report_missing": "tasks whose last change had not reached GitHub",
    "label_missed": "labels whose webhook never came",
    "disk_tidied": "ended tasks of which something was still on this worker's disk",
    "delivery_lost": "webhooks that were sent and not taken, asked for again",
    "transcripts_aged": "tasks whose transcripts were too old, or had to make room",
    "worktree_left": "worktrees on this machine that nobody works in",
}
"""Every counter of the sweep: the label `what` of `pdev_sweep_found_total`."""

_SLOW_S = 60
_DISK_S = 3600
GITHUB_S = 600
"""Between two looks at GitHub by whomever: a fleet asks no more often than one worker. Each tries every `_SLOW_S`
whether it is time, so that the look of a worker that died is made up for."""
_REPORT_LATE_MS = 60_000
"""A report later than this may have been lost; ringing for one that only waits for GitHub's limits does no harm."""
_REPORT_TOO_LATE_MS = 86_400_000
"""After a day of trying, nobody is helped by more of it."""


class Sweep:
    """All sweeps of one worker."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._watch = StoreWatch(round(deps.settings.lease_s * 1000))
        self._metric = deps.metrics.counter("pdev_sweep_found_total", "What the sweep found and mended.", ["what"])

    async def run(self) -> None:
        """Sweep until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._every(self._deps.settings.sweep_s, self.look_at_leases))
            group.create_task(self._every(_SLOW_S, self.look_at_records))
            group.create_task(self._every(_SLOW_S, self.look_at_github_in_turn))
            group.create_task(self._every(_DISK_S, self.look_at_disk))

    async def look_at_leases(self) -> Counter[str]:
        """What must not wait: dead workers' tasks and jobs, and tasks that could start."""
        deps = self._deps
        now_ms = await self._watch.look(deps.redis, deps.clock)
        taken = await take_back_expired(deps.store, self._watch, now_ms)
        found = Counter(what for _, what in taken)
        alive = {worker.id for worker in await deps.store.workers()}
        found["job_given_back"] = await give_back_jobs(deps.redis, lambda worker: worker not in alive)
        found["attempt_forgotten"] = await forget_stale_attempts(deps.redis, deps.store)
        found["budget_back"] = await wake_solvent(deps.store, deps.clock)
        found["plan_missing"] = await self._ring_for_plan()
        return self._count(found)

    async def look_at_records(self) -> Counter[str]:
        """What may wait a minute: sessions nobody closed, changes that never reached GitHub, old worktrees."""
        store, now_ms = self._deps.store, self._deps.clock.now_ms()
        found: Counter[str] = Counter()
        for session in await store.open_sessions():
            found["session_settled"] += await store.settle_session(session.repo_id) is not None
        for task_id in await store.unreported(_REPORT_LATE_MS):
            task = await store.task(task_id)
            if task and now_ms - task.updated_ms < _REPORT_TOO_LATE_MS:
                found["report_missing"] += await store.enqueue(Report(task.id, task.version))
        if self._deps.clear_disk is not None:
            found["worktree_left"] = await self._deps.clear_disk()
        if self._deps.artifacts is not None:
            found["transcripts_aged"] = await self._deps.artifacts.tidy(store.task)
        return self._count(found)

    async def look_at_github(self) -> Counter[str]:
        """Webhooks that were lost on the way."""
        found: Counter[str] = Counter()
        found["delivery_lost"] = await redeliver_lost(self._deps)
        found["label_missed"] = await append_missed_labels(self._deps)
        return self._count(found)

    async def look_at_disk(self) -> Counter[str]:
        """What a killed worker, or an agent that nobody calls back, left on this machine."""
        deps = self._deps
        return self._count(Counter({"disk_tidied": await tidy_disk(deps.settings.data_dir, deps.store, deps.clock)}))

    async def look_at_github_in_turn(self) -> None:
        """Look, unless somebody has looked within `GITHUB_S`."""
        if await self._deps.redis.set("pdev:sweep:github", self._deps.worker.id, nx=True, ex=GITHUB_S):
            await self.look_at_github()

    async def _ring_for_plan(self) -> bool:
        store = self._deps.store
        if await is_schedule_queued(self._deps.redis):
            return False
        tasks = await store.tasks()
        caps = await store.caps(task.repo_id for task in tasks)
        broke = await store.broke(filter(is_ready, tasks))
        planned = plan(tasks, await store.capacity(), caps, self._deps.clock.now_ms(), broke)
        if planned.start:
            await store.poke()
        return bool(planned.start)

    def _count(self, found: Counter[str]) -> Counter[str]:
        for what, times in found.items():
            assert what in FOUND
            self._metric.labels(what).inc(times)
        return +found

    async def _every(self, seconds: float, look: Callable[[], Awaitable[object]]) -> None:
        while not is_cancelled():
            try:
                await look()
            except STORE_AWAY as error:
                self._watch.missed()
                log.warning("not swept, store away (%s)", type(error).__name__)
            except PdevError as error:
                log.warning("not swept: %s", error)
            except Exception:  # one sweep's mistake must not end the others, nor the agents beside them
                log.exception("a sweep failed")
            await pause(seconds)


async def release_worker(redis: "Redis", store: Store, worker_id: str, *, crashed: bool) -> int:
    """Give everything of a worker that is surely dead to others, now; how many tasks. `crashed`: count it for them."""
    await store.retire(worker_id)
    released = 0
    for task in await store.owned_by(worker_id):
        if task.owner == worker_id and await store.interrupt(task.id, task.epoch, crashed=crashed):
            released += 1
    await store.release_reports(worker_id)
    await give_back_jobs(redis, lambda owner: owner == worker_id)
    return released
