"""The worker process: both queues, everything it hears, its sign of life and the sweep, in one event loop.

Two arq workers run side by side so that agents, which take hours and all of their slots, never delay what takes
milliseconds: with every slot taken a label, a cancel, a report and a take-over still happen at once.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

import psutil
from arq.connections import ArqRedis
from arq.worker import Function, func
from msgspec.structs import replace

from core.cancellation import is_cancelled
from core.queue import ATTEMPTS, CONTROL, Attempt, Report, Schedule, wake_channel
from core.settings import Settings
from core.signals import told_to_end
from jobs.deps import STORE_AWAY, Deps
from jobs.sweep import Sweep
from jobs.worker.attempts import Attempts, Graces
from jobs.worker.control import MAX_TRIES, Control
from jobs.worker.doorbell import Doorbell
from jobs.worker.ears import Ears

__all__ = ["Graces", "Worker", "run_worker"]

log = logging.getLogger(__name__)

Build = Callable[[Settings], AbstractAsyncContextManager[Deps]]

WISH_CHANNEL = "pdev:wish:"
_CONTROL_SLOTS = 20
_CONTROL_TIMEOUT_S = 60
_LEAVE_S = 1.5
"""From the signal to the end of the last job: an exit takes less than two seconds."""


async def run_worker(settings: Settings, build: Build, graces: Graces | None = None) -> int:
    """Work until SIGTERM or SIGINT (0) or until a part of the worker fails (1).

    `build` opens everything that jobs use and closes it afterwards.
    """
    with told_to_end() as stop:
        async with build(settings) as deps:
            return await Worker(deps, graces or Graces()).run(stop)


class Worker:
    """One worker; `run_worker` is this with signals."""

    def __init__(self, deps: Deps, graces: Graces) -> None:
        self._deps = deps
        self._attempts = Attempts(deps, graces)
        self._pool = ArqRedis(deps.redis.connection_pool)
        self._sweep = Sweep(deps)
        control = Control(deps)

        async def schedule(ctx: dict[str, Any], **facts: Any) -> None:
            await control.schedule(Schedule(**facts), ctx["job_try"])

        async def report(ctx: dict[str, Any], **facts: Any) -> None:
            await control.report(Report(**facts), ctx["job_try"])

        async def attempt(ctx: dict[str, Any], **facts: Any) -> None:
            await self._attempts.attempt(Attempt(**facts))

        # An attempt has its own limit; arq's only ends one that ignores it. Retries are counted in the record.
        self._bells = [
            self._bell(
                CONTROL,
                [func(schedule, name=Schedule.name), func(report, name=Report.name)],
                _CONTROL_SLOTS,
                _CONTROL_TIMEOUT_S,
                MAX_TRIES,
            ),
            self._bell(ATTEMPTS, [func(attempt, name=Attempt.name)], deps.worker.slots, graces.limit_s + 60, 1),
        ]
        self._present = asyncio.Event()
        """Set to announce ourselves now."""

    def _bell(self, queue: str, functions: list[Function], slots: int, timeout_s: float, tries: int) -> Doorbell:
        return Doorbell(
            functions, queue=queue, pool=self._pool, owner=self._deps.worker.id, slots=slots, job_timeout_s=timeout_s,
            max_tries=tries,
        )  # fmt: skip

    async def run(self, stop: asyncio.Event) -> int:
        """Work until `stop` is set (0) or a part of the worker ends by itself (1)."""
        parts = [asyncio.create_task(part) for part in self._parts()]
        stopping = asyncio.create_task(stop.wait())
        try:
            ended, _ = await asyncio.wait({*parts, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for part in ended - {stopping}:
                log.error("a part of the worker ended", exc_info=None if part.cancelled() else part.exception())
            return 0 if stopping in ended else 1
        finally:
            await self._leave()
            for task in (*parts, stopping):
                task.cancel()
            await asyncio.gather(*parts, stopping, return_exceptions=True)

    def _parts(self) -> list[Coroutine[Any, Any, None]]:
        heard = {wake_channel(bell.queue_name): bell.wake for bell in self._bells}
        ears = Ears(self._deps.redis, {**heard, f"{WISH_CHANNEL}*": self._hear_wish})
        return [self._announce(), ears.listen(), self._sweep.run(), *(bell.async_run() for bell in self._bells)]

    def _hear_wish(self, channel: str) -> None:
        self._attempts.hear_wish(channel)
        if not channel:
            self._present.set()

    async def _announce(self) -> None:
        """Say at every beat that we live and how many agents we can run; ask for a plan when that is news."""
        settings, worker = self._deps.settings, self._deps.worker
        is_news = True
        while True:
            self._present.clear()
            try:
                now = replace(worker, memory_mb=_memory_mb())
                is_news |= await self._deps.store.announce(now, round(settings.lease_s * 1000))
                if is_news:
                    await self._deps.store.remember_operator_caps(settings.operator_caps)
                    await self._deps.store.poke()
                is_news = False
            except STORE_AWAY as error:
                log.warning("not announced, store away (%s)", type(error).__name__)
                is_news = True
            if is_cancelled():
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(settings.beat_s):
                    await self._present.wait()

    async def _leave(self) -> None:
        """Take nothing more, hand every task back, be gone before the signal's sender loses patience."""
        self._attempts.close()
        with contextlib.suppress(*STORE_AWAY, TimeoutError):
            async with asyncio.timeout(_LEAVE_S / 4):
                await self._deps.store.retire(self._deps.worker.id)
        await asyncio.gather(*(bell.stop(_LEAVE_S) for bell in self._bells))


def _memory_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6
