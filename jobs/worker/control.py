"""The short jobs: look what may start, and make GitHub show what a record says.

Both are level-triggered: they read the truth and may run twice. So trouble that passes by itself is simply tried
again, later each time, and what is lost in the end is found by the sweep.
"""

import logging
from collections.abc import Awaitable

from arq import Retry

from core.errors import Transient
from core.queue import Report, Schedule
from jobs.deps import STORE_AWAY, Deps
from jobs.scheduler import plan_and_grant

log = logging.getLogger(__name__)

MAX_TRIES = 10
"""Some three minutes of trying; what is lost then is found by the sweep."""
_FIRST_S, _LONGEST_S = 0.5, 60.0


class Control:
    """The functions of the control queue."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def schedule(self, job: Schedule, tries: int) -> None:
        token = f"{self._deps.worker.id}:{job.job_id}"
        await _patiently(plan_and_grant(self._deps, token, job.poke), tries)

    async def report(self, job: Report, tries: int) -> None:
        await _patiently(self._deps.report(job.task), tries)


async def _patiently(doing: Awaitable[object], tries: int) -> None:
    """Do it; where only time helps, ask arq to ring again. `tries`: which try this is, from 1."""
    try:
        await doing
    except (Transient, *STORE_AWAY) as error:
        wait = getattr(error, "retry_after", None) or min(_LONGEST_S, _FIRST_S * 2 ** (tries - 1))
        log.info("tried again in %.1f s: %s", wait, error)
        raise Retry(defer=wait) from error
