"""A worker process for the tests: `worker_process.py REDIS_URL WORKER_ID SLOTS FOLDER [NAME=VALUE…]`."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from core.clock import SystemClock
from core.github import GitHub
from core.metrics import Metrics
from core.settings import Settings
from core.store import Inbox, Store, WorkerInfo
from core.valkey import connect
from jobs.deps import Deps
from jobs.worker import run_worker
from tests.jobs.worker.worker_parts import Play, settings_for


def main() -> int:
    redis_url, worker_id, slots, folder, *more = sys.argv[1:]
    environ = dict(pair.split("=", 1) for pair in more)
    logging.basicConfig(level=logging.INFO, format=f"{worker_id} %(asctime)s %(name)s %(message)s")
    logging.getLogger("arq").setLevel(logging.WARNING)

    @asynccontextmanager
    async def build(settings: Settings) -> AsyncIterator[Deps]:
        clock, redis = SystemClock(), connect(settings.redis_url)
        store = Store(redis, clock)
        worker = WorkerInfo(
            id=worker_id, host="h", pid=1, slots=settings.slots, started_ms=clock.now_ms(), sandbox="none"
        )
        play = Play(redis, store, clock)
        async with aiohttp.ClientSession() as session:
            github = GitHub.from_settings(settings, session=session, redis=redis, clock=clock, patience_s=0)
            yield Deps(
                settings=settings, clock=clock, redis=redis, store=store, inbox=Inbox(redis, clock), github=github,
                metrics=Metrics(), worker=worker, work=play.work, report=play.report,
            )  # fmt: skip
        await redis.aclose()

    return asyncio.run(run_worker(settings_for(redis_url, Path(folder), PDEV_SLOTS=slots, **environ), build))


if __name__ == "__main__":
    sys.exit(main())
