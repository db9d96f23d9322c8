"""The scheduler grants what the plan says, and no ring is lost."""

import asyncio
from collections.abc import Callable

from msgspec.structs import replace
from redis.asyncio import Redis

from core.queue import ATTEMPTS
from core.store import Store
from core.tasks import State, Task
from jobs.deps import Deps
from jobs.scheduler import plan_and_grant


async def test_free_slots_are_granted_in_the_plans_order(
    deps: Deps, store: Store, redis: "Redis", new_task: Callable[..., Task]
) -> None:
    first, second, urgent = new_task(), new_task(), new_task(priority=3)
    for task in (first, second, urgent):
        await store.create(task)
    await store.announce(replace(deps.worker, slots=2), 60_000)

    assert await plan_and_grant(deps, "me") == 2

    tasks = {task.id: task for task in await store.tasks()}
    assert [tasks[t.id].state for t in (first, second, urgent)] == [State.RUNNING, State.QUEUED, State.RUNNING]
    queued = [job.decode() for job in await redis.zrange(ATTEMPTS, 0, -1)]
    assert sorted(queued) == sorted(f"attempt:{t.id}:{tasks[t.id].epoch}" for t in (first, urgent))
    launches = [e.task for e in await store.events() if e.name == "agent.launching"]
    assert launches == [urgent.id, first.id]


async def test_without_a_worker_nothing_is_granted(deps: Deps, store: Store, new_task: Callable[..., Task]) -> None:
    await store.create(new_task())
    assert await plan_and_grant(deps, "me") == 0


async def test_a_ring_while_somebody_plans_is_his_business(
    deps: Deps, store: Store, new_task: Callable[..., Task]
) -> None:
    await store.announce(deps.worker, 60_000)
    seen = await store.take_plan("somebody")
    assert seen is not None
    task = new_task()
    await store.create(task)  # rings

    assert await plan_and_grant(deps, "me") == 0
    assert not await store.end_plan("somebody", seen), "the planner is told to plan again"


async def test_many_planners_grant_no_slot_twice(deps: Deps, store: Store, new_task: Callable[..., Task]) -> None:
    for _ in range(6):
        await store.create(new_task())
    await store.announce(replace(deps.worker, slots=3), 60_000)

    granted = await asyncio.gather(*(plan_and_grant(deps, f"planner {i}") for i in range(5)))

    running = [task for task in await store.tasks() if task.state is State.RUNNING]
    assert (sum(granted), len(running)) == (3, 3)


async def test_a_full_store_starts_nothing_new(deps: Deps, store: Store, new_task: Callable[..., Task]) -> None:
    await store.announce(deps.worker, 60_000)
    await store.create(new_task())
    used = (await deps.redis.info("memory"))["used_memory"]
    await deps.redis.config_set("maxmemory", str(used * 10 // 9))
    try:
        assert await plan_and_grant(deps, "me") == 0
    finally:
        await deps.redis.config_set("maxmemory", "0")
