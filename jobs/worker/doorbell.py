"""arq's worker, made to ring at once, to outlive its Redis and to keep its slots.

arq polls (p50 230 ms from job to start), leaves at the first broken connection, and loses a slot for each of them.
Here a publication ends the wait (3 ms; the poll is the safety net), a store that is away is waited for, and every slot
comes back. arq's in-progress keys say who runs a job, so that those of a dead worker can be removed at once instead of
hiding its jobs until they expire. Its retries and results are not used: the record is the truth, a job is a doorbell.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix
from arq.worker import Function, Worker

from core.cancellation import is_cancelled
from core.queue import deserialize, serialize
from jobs.deps import STORE_AWAY

log = logging.getLogger(__name__)

_AWAY_S = 0.2
"""Seconds between two tries while the store is away."""
_UNMARKED_S = 5.0
"""How long a job hides that was taken but not yet marked as ours: what a lost answer costs."""
_READ_LIMIT = 1000
"""Jobs looked at per poll. Running ones stay in arq's queue, so it must exceed what the whole fleet runs."""
_HEALTH_S = 15


class Doorbell(Worker):
    """Runs the jobs of one queue until it is stopped."""

    def __init__(
        self,
        functions: Sequence[Function],
        *,
        queue: str,
        pool: ArqRedis,
        owner: str,
        slots: int,
        job_timeout_s: float,
        max_tries: int,
        poll_s: float = 0.5,
    ) -> None:
        """`owner`: the worker's id, written into the in-progress keys; `job_timeout_s`: hard cap of one job."""
        super().__init__(
            functions,
            queue_name=queue,
            redis_pool=pool,
            handle_signals=False,
            max_jobs=slots,
            job_timeout=job_timeout_s,
            keep_result=0,
            max_tries=max_tries,
            queue_read_limit=_READ_LIMIT,
            poll_delay=0,
            health_check_interval=_HEALTH_S,
            health_check_key=f"{queue}:health:{owner}",
            job_serializer=serialize,
            job_deserializer=deserialize,
            log_results=False,
        )
        self.owner = owner
        self._mark_ms = round((job_timeout_s + 10) * 1000)
        self.in_progress_timeout_s = _UNMARKED_S
        self._poll_s = poll_s
        self._woken = asyncio.Event()
        self._stopping = False
        self._abandoned: set[str] = set()
        self._completed = 0

    def wake(self, _channel: str = "") -> None:
        """Look for jobs now."""
        self._woken.set()

    async def stop(self, patience_s: float) -> None:
        """Take no more jobs, let the running ones end, cancel what is left after `patience_s` seconds."""
        self.allow_pick_jobs, self._stopping = False, True
        self._woken.set()
        main = self.main_task
        if main and not (await asyncio.wait([main], timeout=patience_s / 4))[0]:
            main.cancel()
            await asyncio.wait([main])
        if running := {task for task in self.tasks.values() if not task.done()}:
            _, late = await asyncio.wait(running, timeout=patience_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=patience_s / 4)
        with contextlib.suppress(*STORE_AWAY, TimeoutError):
            async with asyncio.timeout(patience_s / 4):
                await self.pool.delete(self.health_check_key)

    async def _poll_iteration(self) -> None:
        self._woken.clear()
        if self._stopping or is_cancelled():
            raise asyncio.CancelledError  # how arq's loop ends
        try:
            await self._give_back_abandoned()
            await super()._poll_iteration()
        except STORE_AWAY as error:
            log.warning("%s: store away (%s), trying again", self.queue_name, type(error).__name__)
            await asyncio.sleep(_AWAY_S)
            return
        # Not wait_for: Python 3.11's forgets a cancellation that arrives together with the event.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._poll_s):
                await self._woken.wait()

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        for job_id in job_ids:
            if self.job_counter >= self.max_jobs:
                return
            await self._start(job_id)

    async def _start(self, job_id: bytes) -> None:
        """Start one job if nobody runs it; a slot that arq had counted when the connection broke is given back."""
        known, counted, completed = self.tasks.get(job_id.decode()), self.job_counter, self._completed
        try:
            await super().start_jobs([job_id])
        except STORE_AWAY:
            began = self.tasks.get(job_id.decode()) is not known
            if self.job_counter > counted + began - (self._completed - completed):
                self.job_counter -= 1
                self.sem.release()
            raise

    async def run_job(self, job_id: str, score: int) -> None:
        try:
            await self.pool.set(in_progress_key_prefix + job_id, self.owner, px=self._mark_ms)
            await super().run_job(job_id, score)
        except STORE_AWAY as error:
            log.warning("%s: not begun, store away (%s)", job_id, type(error).__name__)
            self._abandoned.add(job_id)

    async def finish_job(self, job_id: str, *rest: object) -> None:
        # Unfinished in arq's books, a job would be run once more although it is done.
        while True:
            try:
                await super().finish_job(job_id, *rest)  # type: ignore[arg-type]
                return
            except STORE_AWAY as error:
                log.warning("%s: end not yet noted, store away (%s)", job_id, type(error).__name__)
                if self._stopping or is_cancelled():
                    return
                await asyncio.sleep(_AWAY_S)

    async def _give_back_abandoned(self) -> None:
        if self._abandoned:
            given_back = list(self._abandoned)
            await self.pool.delete(*(in_progress_key_prefix + job_id for job_id in given_back))
            self._abandoned.difference_update(given_back)

    def _release_sem_dec_counter_on_complete(self) -> None:
        super()._release_sem_dec_counter_on_complete()
        self._completed += 1
        self._woken.set()
