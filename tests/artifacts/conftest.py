"""A running task, and transcripts of it kept in either of the two places."""

from collections.abc import Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from core.artifacts import Artifacts, Caps, Header, InFolder, InRedis, Shelf
from core.clock import ShiftedClock
from core.store import Store, WorkerInfo
from core.tasks import Task, Trigger

Make = Callable[..., Artifacts]


@pytest.fixture
def store(redis: "Redis", clock: ShiftedClock) -> Store:
    return Store(redis, clock)


@pytest.fixture(params=["redis", "folder"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    """Every contract is held by both."""
    return InRedis() if request.param == "redis" else InFolder(tmp_path / "transcripts")


@pytest.fixture
def make(redis: "Redis", clock: ShiftedClock, store: Store, shelf: Shelf) -> Make:
    """Artifacts with these caps."""

    def made(**caps: int) -> Artifacts:
        return Artifacts(redis, clock, store, shelf=shelf, caps=Caps(**caps))

    return made


@pytest.fixture
def artifacts(make: Make) -> Artifacts:
    return make()


@pytest.fixture
async def task(store: Store) -> Task:
    """Held by a worker."""
    await store.announce(WorkerInfo(id="w", host="h", pid=1, slots=50, started_ms=1, sandbox="none"), 3_600_000)
    return await begun(store, 7)


async def begun(store: Store, issue: int) -> Task:
    task = Task(
        id=f"1-{issue}", installation_id=5, repo_id=1, owner_login="acme", repo="widgets", issue=issue, session="",
        trigger=Trigger(actor="maintainer", at_ms=1_000, delivery="d-1", title="Add a parser", body="It is missing."),
        created_ms=1_000, queued_ms=1_000, private=True,
    )  # fmt: skip
    await store.create(task)
    queued = await store.task(task.id)
    assert queued is not None
    granted = await store.grant(queued, lease_ms=600_000, repo_cap=50)
    assert granted is not None
    return await store.acquire(task.id, granted.epoch, "w", 600_000)


def header(task: Task, started_ms: int = 1, **fields: object) -> Header:
    return Header(**{"stage": "develop", "epoch": task.epoch, "started_ms": started_ms} | fields)  # type: ignore[arg-type]
