"""Task records: nothing that two processes write at once is lost."""

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from core.store import Store
from core.tasks import State, Task


async def test_what_was_created_is_read(store: Store, new_task: Callable[..., Task]) -> None:
    task = new_task()
    assert await store.create(task)
    assert not await store.create(task)
    found = await store.task(task.id)
    assert found is not None
    assert (found.state, found.version, found.trigger) == (State.QUEUED, 1, task.trigger)
    assert [t.id for t in await store.tasks()] == [task.id]


async def test_racing_changes_lose_nothing(store: Store, new_task: Callable[..., Task]) -> None:
    task = new_task()
    await store.create(task)
    await asyncio.gather(*(store.change(task.id, lambda t: replace(t, crashes=t.crashes + 1)) for _ in range(30)))
    found = await store.task(task.id)
    assert found is not None
    assert found.crashes == 30
    assert found.version == 31
