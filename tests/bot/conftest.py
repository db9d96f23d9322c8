"""A real Valkey and tasks to try things on."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from core.clock import ShiftedClock
from core.store import Inbox, Store
from core.tasks import Task, Trigger


@pytest.fixture
def store(redis: "Redis", clock: ShiftedClock) -> Store:
    return Store(redis, clock)


@pytest.fixture
def inbox(redis: "Redis", clock: ShiftedClock) -> Inbox:
    return Inbox(redis, clock)


TASK = Task(
    id="1-7", installation_id=5, repo_id=1, owner_login="acme", repo="widgets", issue=7, session="",
    trigger=Trigger(actor="maintainer", at_ms=1_000, delivery="d-1", title="Add a parser", body="It is missing."),
    created_ms=1_000, queued_ms=1_000,
)  # fmt: skip


@pytest.fixture
def new_task() -> Callable[..., Task]:
    """Task #7 with these fields."""

    def make(**fields: object) -> Task:
        issue = fields.get("issue", TASK.issue)
        return replace(TASK, **{"id": f"1-{issue}"} | fields)

    return make
