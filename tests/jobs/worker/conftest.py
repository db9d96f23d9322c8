"""A real Valkey, real worker processes, and work that does what the test says."""

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path

import aiohttp
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from core.clock import ShiftedClock
from core.github import GitHub
from core.metrics import Metrics
from core.settings import Settings
from core.store import Inbox, Store, WorkerInfo
from core.tasks import Task, Trigger, task_id
from core.valkey import connect
from jobs.deps import Deps
from tests.jobs.worker.worker_parts import PATIENCE_S, Play, Valkey, settings_for


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def redis(valkey: Valkey) -> AsyncIterator["Redis"]:
    client = connect(valkey.url, timeout_s=2 * PATIENCE_S)
    await client.flushall()
    await client.set("pdev:sweep:github", "looked at by nobody: these tests have no GitHub")
    yield client
    await client.aclose()


@pytest.fixture
def store(redis: "Redis", clock: ShiftedClock) -> Store:
    return Store(redis, clock)


@pytest.fixture
def new_task(clock: ShiftedClock) -> Callable[..., Task]:
    """Makes tasks that differ in their issue; keywords are fields."""
    numbers = count(1)

    def make(**fields: object) -> Task:
        issue, now = next(numbers), clock.now_ms()
        task = Task(
            id=task_id(1, issue), installation_id=5, repo_id=1, owner_login="acme", repo="widgets", issue=issue,
            session="", trigger=Trigger(actor="alice", at_ms=now, delivery="d", title="A title", body="A body"),
            created_ms=now, queued_ms=now,
        )  # fmt: skip
        return replace(task, **fields)

    return make


@pytest.fixture
def settings(valkey: Valkey, tmp_path: Path) -> Settings:
    return settings_for(valkey.url, tmp_path)


@pytest.fixture
async def deps(settings: Settings, redis: "Redis", clock: ShiftedClock, store: Store) -> AsyncIterator[Deps]:
    """A worker's parts, with work that obeys the lists `play:<task>`."""
    async with aiohttp.ClientSession() as session:
        github = GitHub.from_settings(settings, session=session, redis=redis, clock=clock, patience_s=0)
        worker = WorkerInfo(id="here", host="h", pid=1, slots=2, started_ms=clock.now_ms(), sandbox="none")
        play = Play(redis, store, clock)
        yield Deps(
            settings=settings, clock=clock, redis=redis, store=store, inbox=Inbox(redis, clock), github=github,
            metrics=Metrics(), worker=worker, work=play.work, report=play.report,
        )  # fmt: skip
