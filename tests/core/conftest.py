"""A real Valkey for the tests of the store: one server per test process, emptied before each test."""

from collections.abc import Awaitable, Callable
from itertools import count

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from core.clock import ShiftedClock
from core.store import Inbox, Store, WorkerInfo
from core.tasks import Task, Trigger, task_id


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
def store(redis: "Redis", clock: ShiftedClock) -> Store:
    return Store(redis, clock)


@pytest.fixture
def inbox(redis: "Redis", clock: ShiftedClock) -> Inbox:
    return Inbox(redis, clock)


@pytest.fixture
def new_task(clock: ShiftedClock) -> Callable[..., Task]:
    """Makes tasks that differ in their issue; keywords are fields."""
    numbers = count(1)

    def make(**fields: object) -> Task:
        repo_id, issue = fields.get("repo_id", 1), fields.get("issue") or next(numbers)
        now = clock.now_ms()
        trigger = Trigger(actor="alice", at_ms=now, delivery="d", title="A title", body="A body")
        task = Task(
            id=task_id(int(str(repo_id)), int(str(issue))), installation_id=5, repo_id=1, owner_login="acme",
            repo="widgets", issue=int(str(issue)), session="", trigger=trigger, created_ms=now, queued_ms=now,
        )  # fmt: skip
        return replace(task, **fields)

    return make


@pytest.fixture
def a_worker(store: Store) -> Callable[..., Awaitable[WorkerInfo]]:
    """Announces a worker; keywords are fields."""

    async def announce(**fields: object) -> WorkerInfo:
        worker = WorkerInfo(id="host:1:a", host="host", pid=1, slots=3, started_ms=1, sandbox="bubblewrap")
        worker = replace(worker, **fields)
        await store.announce(worker, 60_000)
        return worker

    return announce
