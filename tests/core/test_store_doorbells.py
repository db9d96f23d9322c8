"""Doorbells: real arq hears them, and none is lost however the others interleave."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from arq.connections import ArqRedis
from arq.worker import Worker, func
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from redis.asyncio import Redis

from core import valkey
from core.clock import ShiftedClock, SystemClock
from core.queue import CONTROL, JobRequest, Report, Schedule, deserialize, request, serialize, type_of
from core.store import Store
from core.tasks import Task

NewTask = Callable[..., Task]


@pytest.fixture
def work(valkey_url: str) -> Callable[[], Awaitable[list[JobRequest]]]:
    """Runs every job that waits in the control queue, by arq's own worker."""

    async def run() -> list[JobRequest]:
        heard: list[JobRequest] = []

        def hears(name: str) -> Any:
            async def job(ctx: object, **facts: str | int) -> None:
                heard.append(request(name, facts))

            return func(job, name=name)

        pool = ArqRedis.from_url(valkey_url)
        worker = Worker(
            [hears(name) for name in type_of], redis_pool=pool, queue_name=CONTROL, burst=True, poll_delay=0.01,
            job_serializer=serialize, job_deserializer=deserialize, keep_result=0, handle_signals=False,
        )  # fmt: skip
        await worker.async_run()
        await worker.close()
        return heard

    return run


async def test_arq_hears_what_was_enqueued(store: Store, work: Callable[[], Awaitable[list[JobRequest]]]) -> None:
    assert await store.enqueue(Report("1-7", 3))
    assert not await store.enqueue(Report("1-7", 3))
    assert await store.enqueue(Report("1-7", 4))
    assert await work() == [Report("1-7", 3), Report("1-7", 4)]
    assert await store.enqueue(Report("1-7", 3))  # done, so it may ring again


async def test_arq_hears_what_a_change_rings(
    store: Store, new_task: NewTask, work: Callable[[], Awaitable[list[JobRequest]]]
) -> None:
    task = new_task()
    await store.create(task)
    assert await work() == [Report(task.id, 1), Schedule(1)]


async def test_a_deferred_job_waits(store: Store, redis: "Redis") -> None:
    await store.enqueue(Report("1-7", 3))
    await store.enqueue(Report("1-7", 4), defer_ms=60_000)
    (_, now), (_, later) = await redis.zrange(CONTROL, 0, -1, withscores=True)
    assert 59_000 < later - now <= 61_000


async def test_arq_gets_real_time_whatever_the_clock_says(redis: "Redis") -> None:
    clock = ShiftedClock()
    clock.advance(days=1)
    await Store(redis, clock).poke()
    ((_, score),) = await redis.zrange(CONTROL, 0, -1, withscores=True)
    assert score <= SystemClock().now_ms() + 1000


async def test_one_plans_and_a_poke_meanwhile_means_again(store: Store) -> None:
    await store.poke()
    assert await store.take_plan("a") == 1
    assert await store.take_plan("b") is None
    await store.poke()
    assert not await store.end_plan("a", 1)
    assert await store.take_plan("b") is None
    assert await store.take_plan("a") == 2
    assert await store.end_plan("a", 2)
    assert await store.take_plan("b", poke=2) is None
    assert await store.take_plan("b") == 2


async def test_a_planner_that_lost_its_lock_leaves_the_rest_to_the_next(store: Store, redis: "Redis") -> None:
    await store.take_plan("a")
    await redis.delete("pdev:plan:lock")  # it ran out
    await store.poke()
    assert not await store.end_plan("a", 0)  # nobody else saw this poke
    await redis.delete("pdev:plan:lock")
    assert await store.take_plan("b") == 1
    assert await store.end_plan("a", 0)
    assert await store.end_plan("b", 1)


async def test_plans_after_a_wipe(store: Store, redis: "Redis") -> None:
    await redis.set("pdev:plan:done", 50)
    await store.poke()
    assert await store.take_plan("a", poke=1) == 1


async def test_one_reports_and_a_newer_version_means_again(store: Store, new_task: NewTask) -> None:
    task = new_task()
    await store.create(task)
    assert await store.take_report(task.id, "a")
    assert not await store.take_report(task.id, "b")
    await store.change(task.id, lambda t: replace(t, progress=1))
    assert not await store.end_report(task.id, "a", 1)
    assert not await store.take_report(task.id, "b")
    assert await store.end_report(task.id, "a", 2)
    assert await store.take_report(task.id, "b")
    assert await store.end_report(task.id, "b")
    assert await store.end_report("1-404", "b", 1)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["poke", "a", "b", "expire"]), max_size=25))
def test_no_poke_is_lost(valkey_url: str, acts: list[str]) -> None:
    """However pokes, two planners and a lock that runs out interleave: the last plan is made after the last poke."""
    asyncio.run(interleave(valkey_url, acts))


async def interleave(url: str, acts: list[str]) -> None:
    client = valkey.connect(url)
    await client.flushall()
    store = Store(client, SystemClock())
    jobs: list[int] = []
    planning: dict[str, int | None] = {"a": None, "b": None}
    planned = 0

    async def go_on(name: str) -> None:
        """One step of a planner: take up the oldest Schedule job, or end the plan at hand."""
        nonlocal planned
        seen = planning[name]
        if seen is None:
            planning[name] = await store.take_plan(name, poke=jobs.pop(0)) if jobs else None
            return
        planned = max(planned, seen)
        planning[name] = None if await store.end_plan(name, seen) else await store.take_plan(name)

    for act in acts:
        if act == "poke":
            jobs.append(await store.poke())
        elif act == "expire":
            await client.delete("pdev:plan:lock")
        else:
            await go_on(act)
    while jobs or any(seen is not None for seen in planning.values()):
        await go_on("a")
        await go_on("b")
    assert planned == int(await client.get("pdev:plan:poke") or 0)
    await client.aclose()
