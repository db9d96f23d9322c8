"""What is remembered besides tasks: live workers, what GitHub shows, the story and its figures."""

import asyncio
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

from core.clock import ShiftedClock
from core.events import EVENTS
from core.store import Capacity, CheckSeen, Store, Surface, WorkerInfo
from core.tasks import State, Task, move


async def test_a_worker_that_stops_announcing_itself_is_gone(
    store: Store, a_worker: Callable[..., Awaitable[WorkerInfo]], redis: "Redis"
) -> None:
    first = await a_worker(slots=2)
    second = await a_worker(id="host:2:b", started_ms=5, memory_mb=71.5)
    assert await store.workers() == [first, second]
    assert await store.capacity() == Capacity(slots=5, taken=0)
    await redis.delete("pdev:worker:host:1:a")  # its announcement ran out
    assert await store.workers() == [second]
    assert await redis.smembers("pdev:workers") == {b"host:2:b"}
    await a_worker()
    assert len(await store.workers()) == 2


async def test_a_surface_is_what_was_saved_last(store: Store, redis: "Redis") -> None:
    assert await store.surface("1-7") == Surface()
    surface = Surface(comment_id=5, checks={"pdev@abc": CheckSeen(1, "d", "completed")}, reported_version=3)
    await store.save_surface("1-7", surface)
    assert await store.surface("1-7") == surface
    await redis.set("pdev:surface:1-7", b"?")
    assert await store.surface("1-7") == Surface()


async def test_what_github_does_not_show_yet_is_found(
    store: Store, new_task: Callable[..., Task], clock: ShiftedClock
) -> None:
    first, second = new_task(), new_task()
    for task in (first, second):
        await store.create(task)
    clock.advance(seconds=60)
    await store.save_surface(first.id, Surface(reported_version=1))
    assert await store.unreported() == [second.id]
    await store.change(first.id, lambda t: move(t, State.PAUSED, 1))
    await store.save_surface(first.id, Surface(reported_version=1))  # a report that began before
    assert await store.unreported() == [second.id, first.id]
    assert await store.unreported(older_than_ms=30_000) == [second.id]
    await store.save_surface(first.id, Surface(reported_version=2))
    assert await store.unreported() == [second.id]


async def test_the_story_is_read_on_from_any_place(
    store: Store, new_task: Callable[..., Task], clock: ShiftedClock
) -> None:
    clock.advance(days=1)
    await store.note("lease.lost", new_task(), epoch=3, owner="host:1:a")
    await store.note("agent.progress")
    first, second = await store.events()
    assert (first.name, first.task, first.facts) == ("lease.lost", "1-1", {"epoch": "3", "owner": "host:1:a"})
    assert abs(first.at_ms - clock.now_ms()) < 60_000
    assert await store.events(since=first.id) == [second]
    assert await store.events(count=1) == [first]
    assert await store.events(since=second.id) == []


async def test_the_story_is_capped(store: Store, redis: "Redis") -> None:
    for _ in range(6):
        await asyncio.gather(*(store.note("agent.progress") for _ in range(2000)))
    assert 10_000 <= await redis.xlen("pdev:events") < 10_400


async def test_what_the_scripts_tell_is_in_the_table_of_events() -> None:
    assert {name for name, kind in EVENTS.items() if kind.producer == "core/store"} == {
        "session.started", "session.all_tasks_complete", "task.created", "task.status_changed", "task.restored",
        "config.changed",
    }  # fmt: skip


async def test_figures_come_back_in_order_and_are_capped(store: Store) -> None:
    for value in (1.5, 2, 0.25):
        await store.measure("ack_ms", value)
    assert await store.measures("ack_ms") == [1.5, 2.0, 0.25]
    assert await store.measures("dispatch_ms") == []
    await asyncio.gather(*(store.measure("ack_ms", 9) for _ in range(2000)))
    assert await store.measures("ack_ms") == [9.0] * 2000


async def test_says_when_memory_runs_out(redis: "Redis", clock: ShiftedClock) -> None:
    assert not await Store(redis, clock).memory_pressure()
    used = (await redis.info("memory"))["used_memory"]
    try:
        await redis.config_set("maxmemory", used * 2)
        assert not await Store(redis, clock).memory_pressure()
        await redis.config_set("maxmemory", int(used * 1.1))
        assert await Store(redis, clock).memory_pressure()
    finally:
        await redis.config_set("maxmemory", 0)


async def test_every_key_has_an_age_or_a_cap(
    store: Store, new_task: Callable[..., Task], a_worker: Callable[..., Awaitable[WorkerInfo]], redis: "Redis"
) -> None:
    """What is left when everything has settled: a key without an age is one that cannot grow with use."""
    await a_worker()
    task = new_task()
    await store.create(task)
    queued = await store.task(task.id)
    assert queued is not None
    granted = await store.grant(queued, lease_ms=1000, repo_cap=5)
    assert granted is not None
    await store.acquire(task.id, granted.epoch, "a", 1000)
    await store.change(task.id, lambda t: move(t, State.COMPLETED, 1), epoch=granted.epoch)
    closed = await store.settle_session(1)
    assert closed is not None
    await store.session_reported(closed.id)
    await store.save_surface(task.id, Surface())
    await store.measure("ack_ms", 1)
    assert await store.end_plan("a", await store.take_plan("a") or 0)
    ageless = {key.decode() for key in await redis.keys() if await redis.ttl(key) == -1}
    assert ageless == {
        "pdev:attempts", "pdev:control", "pdev:events", "pdev:plan:done", "pdev:plan:poke",
        "pdev:tasks:unreported", "pdev:workers",
    }  # fmt: skip
