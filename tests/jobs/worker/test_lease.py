"""A lease ends for its holder before anybody else can have the task, and is asked right before each effect."""

import asyncio
import time
from collections.abc import Callable

import pytest
from redis.asyncio import Redis

from core.clock import Clock
from core.store import Store, WorkerInfo
from core.tasks import State, Task, Wish, move
from jobs.lease import Grant, Lease, LeaseLost, StopReason, Terms, beat_connection
from tests.jobs.worker.worker_parts import PATIENCE_S, Valkey

TERMS = Terms(lease_s=1, beat_s=0.2)
UNHURRIED = Terms(lease_s=600, beat_s=300)
"""Nothing that a test waits for can come from the next beat."""


@pytest.fixture
async def task(store: Store, new_task: Callable[..., Task]) -> Task:
    """A task that was granted and taken up by `me`."""
    await store.announce(WorkerInfo(id="me", host="h", pid=1, slots=9, started_ms=1, sandbox="none"), 60_000)
    task = new_task()
    await store.create(task)
    queued = await store.task(task.id)
    assert queued is not None
    granted = await store.grant(queued, lease_ms=TERMS.lease_ms, repo_cap=9)
    assert granted is not None
    return await store.acquire(task.id, granted.epoch, "me", TERMS.lease_ms)


@pytest.fixture
def take(valkey: Valkey, clock: Clock) -> Callable[..., Lease]:
    def make(task: Task, terms: Terms = TERMS) -> Lease:
        grant = Grant(task.id, task.epoch, "me", time.monotonic())
        return Lease(grant, terms, lambda: beat_connection(valkey.url, terms), clock)

    return make


async def soon(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), PATIENCE_S)


async def test_a_held_lease_is_never_expired(store: Store, task: Task, take: Callable[..., Lease]) -> None:
    first = task.lease_exp
    async with take(task) as lease:
        while True:  # until it has been renewed beyond its first end
            now = await store.task(task.id)
            assert now is not None
            assert await store.expired() == []
            if now.lease_exp > first + TERMS.lease_ms:
                break
            await asyncio.sleep(0.05)
        assert not lease.stopped.is_set()
        assert lease.why is None


async def test_a_busy_event_loop_keeps_its_lease(store: Store, task: Task, take: Callable[..., Lease]) -> None:
    async with take(task) as lease:
        time.sleep(2 * TERMS.lease_s)  # noqa: ASYNC251 — that is the point
        assert await store.expired() == []
        await lease.fence()
        assert lease.why is None


@pytest.mark.parametrize("wish", [Wish.CANCEL, Wish.PAUSE])
async def test_a_wish_is_heard_without_waiting_for_the_beat(
    store: Store, task: Task, take: Callable[..., Lease], wish: Wish
) -> None:
    async with take(task, UNHURRIED) as lease:
        await lease.fence()  # the first beat is over, the next one is minutes away
        await store.wish(task.id, wish, "by:alice")
        lease.nudge()
        await soon(lease.stopped)
        assert lease.why is StopReason[wish.name]
        await lease.fence()  # what is left to save may still be saved


async def test_a_wish_that_nobody_published_comes_with_the_beat(
    store: Store, task: Task, take: Callable[..., Lease]
) -> None:
    async with take(task) as lease:
        await store.wish(task.id, Wish.CANCEL, "by:alice")
        await soon(lease.stopped)
        assert lease.why is StopReason.CANCEL


async def test_the_fence_refuses_who_was_replaced(store: Store, task: Task, take: Callable[..., Lease]) -> None:
    async with take(task, UNHURRIED) as lease:
        await lease.fence()
        await store.interrupt(task.id, task.epoch, crashed=True)
        with pytest.raises(LeaseLost):
            await lease.fence()
        assert lease.why is StopReason.LOST
        assert lease.lost.is_set()
        assert not lease.store_away
        with pytest.raises(LeaseLost):
            await lease.fence()


async def test_the_fence_outlives_a_short_outage(
    valkey: Valkey, store: Store, task: Task, take: Callable[..., Lease]
) -> None:
    async with take(task, Terms(lease_s=20, beat_s=10)) as lease:
        await lease.fence()
        valkey.kill()
        asked = asyncio.create_task(lease.fence())
        await asyncio.sleep(0)
        valkey.start()
        await asyncio.wait_for(asked, PATIENCE_S)
        assert lease.why is None


async def test_a_store_that_stays_away_ends_the_lease_in_time(
    valkey: Valkey, redis: "Redis", task: Task, take: Callable[..., Lease]
) -> None:
    async with take(task) as lease:
        await lease.fence()
        valkey.kill()
        asked = asyncio.create_task(lease.fence())
        await soon(lease.stopped)
        valkey.start()
        assert lease.why is StopReason.LOST
        assert lease.store_away
        with pytest.raises(LeaseLost):
            await asked


async def test_the_strongest_reason_stands(task: Task, take: Callable[..., Lease], store: Store) -> None:
    async with take(task, UNHURRIED) as lease:
        lease.stop(StopReason.SHUTDOWN)
        assert lease.why is StopReason.SHUTDOWN
        lease.stop(StopReason.CANCEL)
        lease.stop(StopReason.PAUSE)
        assert lease.why is StopReason.CANCEL


async def test_who_has_moved_the_task_loses_nothing(store: Store, task: Task, take: Callable[..., Lease]) -> None:
    async with take(task, Terms(lease_s=1, beat_s=0.01)) as lease:
        await store.change(task.id, lambda t: move(t, State.READY, t.updated_ms), epoch=task.epoch)
        lease.let_go()
        assert lease.why is None
        with pytest.raises(LeaseLost):
            await lease.fence()
    assert lease.why is None


async def test_who_lost_the_task_hears_it_without_asking(store: Store, task: Task, take: Callable[..., Lease]) -> None:
    async with take(task) as lease:
        await store.interrupt(task.id, task.epoch, crashed=True)
        await soon(lease.lost)
        assert (lease.why, lease.store_away) == (StopReason.LOST, False)
