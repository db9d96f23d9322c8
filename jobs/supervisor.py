"""The parent of a worker process: starts it, starts it again, and lets nothing wait for it once it is dead.

A worker is allowed to die. Without a parent its tasks would stand still until their leases end; the parent sees the
death at once and hands them on, so that a take-over on one machine is a matter of milliseconds. Signals go to the
child alone (it has its own session), and on Linux a killed parent takes its child with it.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass

from core.cancellation import pause
from core.clock import Clock
from core.lifeline import lifeline
from core.signals import told_to_end
from core.store import Store
from core.valkey import connect
from jobs.deps import STORE_AWAY
from jobs.sweep import release_worker

log = logging.getLogger(__name__)

_AGAIN_S = 0.2
"""Between two tries to hand tasks on while the store is away."""
_LAST_WORDS_S = 2
"""For handing on what a child left that had to be killed, before the supervisor ends too."""


MISTAKE = 2
"""Exit code of a command that found a mistake (settings, a taken port, no sandbox): to start it again mends nothing."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the supervisor waits, in seconds."""

    first_s: float = 0.2
    """Before the child is started again; doubled with each death in a row."""
    longest_s: float = 10
    healthy_s: float = 60
    """A child that lived this long starts the row anew."""
    stop_s: float = 5
    """Between passing on a signal and killing a child that does not end."""

    def deaths(self, before: int, lived_s: float) -> int:
        """How many deaths in a row it is now, after one more child lived for so long."""
        return 1 if lived_s > self.healthy_s else before + 1

    def wait_s(self, deaths: int) -> float:
        """Before the next start, after so many deaths in a row."""
        return min(self.longest_s, self.first_s * 2.0 ** min(deaths - 1, 30))


async def supervise(
    command: Sequence[str],
    *,
    redis_url: str,
    clock: Clock,
    worker_id: str,
    patience: Patience | None = None,
) -> int:
    """Keep one worker running until SIGTERM or SIGINT; 0 when it then ended by itself, else 1.

    A worker that ends with `MISTAKE` is not started again, and that is the answer then.

    `command` starts the worker under `worker_id`, which owns all of its leases. Call it in the main thread: Linux
    sends the death signal when the *thread* that started the child ends.
    """
    with told_to_end() as stop:
        return await _Supervisor(command, redis_url, clock, worker_id, patience or Patience(), stop).run()


class _Supervisor:
    def __init__(
        self,
        command: Sequence[str],
        redis_url: str,
        clock: Clock,
        worker_id: str,
        patience: Patience,
        stop: asyncio.Event,
    ) -> None:
        self._command = tuple(command)
        self._redis_url = redis_url
        self._clock = clock
        self._worker_id = worker_id
        self._patience = patience
        self._stop = stop

    async def run(self) -> int:
        deaths, code = 0, 0
        while not self._stop.is_set():
            began = time.monotonic()
            code = await self._one_life()
            if self._stop.is_set():
                break
            if code == MISTAKE:
                log.error("worker %s cannot run as it is set up; it has said why", self._worker_id)
                break
            deaths = self._patience.deaths(deaths, time.monotonic() - began)
            wait_s = self._patience.wait_s(deaths)
            log.warning("worker %s ended with %d, started again in %.1f s", self._worker_id, code, wait_s)
            await self._unless_stopped(self._hand_on(crashed=code != 0))
            await self._unless_stopped(asyncio.sleep(wait_s))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await self._hand_on(crashed=False)
        return code if code in (0, MISTAKE) else 1

    async def _one_life(self) -> int:
        """Start the child and wait until it is dead; its exit code, negative for a signal."""
        child = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.DEVNULL, start_new_session=True, preexec_fn=lifeline()
        )
        log.info("worker %s started as process %d", self._worker_id, child.pid)
        ended = asyncio.create_task(child.wait())
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not ended.done():
            await self._end(child, ended)
        return await ended

    async def _end(self, child: asyncio.subprocess.Process, ended: "asyncio.Task[int]") -> None:
        """Ask the child to end, and kill it when it does not."""
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        await asyncio.wait({ended}, timeout=self._patience.stop_s)
        if not ended.done():
            log.error("worker %s did not end, killed", self._worker_id)
            with contextlib.suppress(ProcessLookupError):
                child.kill()

    async def _hand_on(self, *, crashed: bool) -> None:
        """Give the dead child's tasks and jobs to whoever is free; waits for the store when it is away.

        The next child waits for this, because it will own its tasks under the same name.
        """
        redis = connect(self._redis_url, retries=0)
        store = Store(redis, self._clock)
        try:
            while True:
                try:
                    await release_worker(redis, store, self._worker_id, crashed=crashed)
                    return
                except STORE_AWAY as error:
                    log.warning("store away (%s), the tasks of %s wait", type(error).__name__, self._worker_id)
                    await pause(_AGAIN_S)
        finally:
            await redis.aclose()

    async def _unless_stopped(self, doing: Coroutine[None, None, None]) -> None:
        """Do it, but leave it as soon as somebody wants the supervisor to end."""
        task, stopped = asyncio.create_task(doing), asyncio.create_task(self._stop.wait())
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for one in (task, stopped):
            if not one.done():
                one.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
