"""Leases: one worker at a time, and the one that was given up cannot write any more."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest
import redis as blocking
from msgspec.structs import replace
from redis.asyncio import Redis

from core.clock import ShiftedClock
from core.queue import ATTEMPTS, Attempt, wake_channel
from core.store import Beat, Capacity, Fenced, NotRunning, Renewer, Store, WorkerInfo
from core.tasks import Needs, State, Task, Wish, move

NewTask = Callable[..., Task]
AWorker = Callable[..., Awaitable[WorkerInfo]]
LEASE = 20_000


@pytest.fixture
def queued(store: Store, new_task: NewTask) -> Callable[..., Awaitable[Task]]:
    async def create(**fields: object) -> Task:
        task = new_task(**fields)
        await store.create(task)
        found = await store.task(task.id)
        assert found is not None
        return found

    return create


@pytest.fixture
def granted(store: Store, queued: Callable[..., Awaitable[Task]], a_worker: AWorker) -> Callable[..., Awaitable[Task]]:
    async def grant(**fields: object) -> Task:
        await a_worker(slots=20)
        task = await store.grant(await queued(**fields), lease_ms=LEASE, repo_cap=20)
        assert task is not None
        return task

    return grant


Make = Callable[..., Awaitable[Task]]


async def test_a_grant_needs_a_free_slot_of_a_live_worker(store: Store, queued: Make, a_worker: AWorker) -> None:
    first, second = await queued(), await queued()
    assert await store.grant(first, lease_ms=LEASE, repo_cap=5) is None
    await a_worker(slots=1)
    assert await store.grant(first, lease_ms=LEASE, repo_cap=5) is not None
    assert await store.capacity() == Capacity(slots=1, taken=1)
    assert await store.grant(second, lease_ms=LEASE, repo_cap=5) is None
    await a_worker(id="host:2:b", slots=1)
    assert await store.grant(second, lease_ms=LEASE, repo_cap=5) is not None
    await store.retire("host:2:b")
    assert (await store.capacity()).free == 0


async def test_a_grant_minds_the_cap_of_the_repository(store: Store, queued: Make, a_worker: AWorker) -> None:
    await a_worker(slots=9)
    here, also_here, there = await queued(), await queued(), await queued(repo_id=12)
    assert await store.grant(here, lease_ms=LEASE, repo_cap=1) is not None
    assert await store.grant(also_here, lease_ms=LEASE, repo_cap=1) is None
    assert await store.grant(there, lease_ms=LEASE, repo_cap=1) is not None


async def test_a_grant_needs_the_task_as_it_was_read(store: Store, queued: Make, a_worker: AWorker) -> None:
    await a_worker(slots=9)
    task = await queued()
    await store.change(task.id, lambda t: replace(t, priority=3))
    assert await store.grant(task, lease_ms=LEASE, repo_cap=5) is None
    paused = await store.change(task.id, lambda t: move(t, State.PAUSED, 1))
    assert await store.grant(paused, lease_ms=LEASE, repo_cap=5) is None


async def test_racing_grants_take_each_slot_once(store: Store, queued: Make, a_worker: AWorker) -> None:
    await a_worker(slots=3)
    tasks = [await queued() for _ in range(8)]
    grants = await asyncio.gather(*(store.grant(t, lease_ms=LEASE, repo_cap=9) for t in tasks for _ in range(3)))
    assert len([g for g in grants if g]) == 3
    assert len({g.id for g in grants if g}) == 3


async def test_a_grant_enqueues_the_attempt_and_wakes_a_worker(
    store: Store, queued: Make, a_worker: AWorker, redis: "Redis"
) -> None:
    await a_worker()
    async with redis.pubsub() as bell:
        await bell.subscribe(wake_channel(ATTEMPTS))
        await bell.get_message(timeout=60)
        task = await store.grant(await queued(), lease_ms=LEASE, repo_cap=5)
        assert task is not None
        attempt = Attempt(task.id, task.epoch, task.lease_exp - LEASE)
        assert (await bell.get_message(timeout=60))["data"] == attempt.job_id.encode()
    assert await redis.zrange(ATTEMPTS, 0, -1) == [attempt.job_id.encode()]
    job = msgspec.json.decode(await redis.get(f"arq:job:{attempt.job_id}"))
    assert job["k"] == {"task": task.id, "epoch": task.epoch, "granted_ms": attempt.granted_ms}


async def test_an_attempt_is_taken_up_once(store: Store, granted: Make) -> None:
    task = await granted()
    mine = await store.acquire(task.id, task.epoch, "host:1:a", LEASE)
    assert (mine.owner, mine.state) == ("host:1:a", State.RUNNING)
    for owner, epoch in (("host:1:b", task.epoch), ("host:1:a", task.epoch), ("host:1:b", task.epoch + 1)):
        with pytest.raises(Fenced):
            await store.acquire(task.id, epoch, owner, LEASE)
    assert [t.id for t in await store.owned_by("host:1:")] == [task.id]
    assert await store.owned_by("host:2:") == []


async def test_only_the_holder_of_the_epoch_may_write(store: Store, granted: Make) -> None:
    task = await granted()
    await store.acquire(task.id, task.epoch, "a", LEASE)
    assert (await store.change(task.id, lambda t: replace(t, progress=5), epoch=task.epoch)).progress == 5
    with pytest.raises(Fenced):
        await store.change(task.id, lambda t: replace(t, progress=6), epoch=task.epoch - 1)
    await store.change(task.id, lambda t: move(t, State.READY, 1), epoch=task.epoch)
    with pytest.raises(Fenced):
        await store.change(task.id, lambda t: replace(t, progress=7), epoch=task.epoch)
    assert await store.running() == []


async def test_a_zombie_is_refused_after_the_take_over(
    store: Store, granted: Make, clock: ShiftedClock, redis: "Redis"
) -> None:
    task = await granted()
    await store.acquire(task.id, task.epoch, "zombie", LEASE)
    assert await store.expired() == []
    clock.advance(milliseconds=LEASE + 1)
    assert [t.id for t in await store.expired()] == [task.id]
    back = await store.interrupt(task.id, task.epoch, crashed=True, overdue=True)
    assert back is not None
    assert (back.state, back.crashes, back.owner) == (State.QUEUED, 1, "")
    assert await redis.zrange(ATTEMPTS, 0, -1) == []
    again = await store.grant(back, lease_ms=LEASE, repo_cap=5)
    assert again is not None
    assert again.epoch > task.epoch
    await store.acquire(task.id, again.epoch, "next", LEASE)
    assert await store.renew(task.id, task.epoch, "zombie", LEASE) is Beat.LOST
    with pytest.raises(Fenced):
        await store.change(task.id, lambda t: move(t, State.READY, 1), epoch=task.epoch)
    assert await store.interrupt(task.id, task.epoch, crashed=True) is None
    assert await store.renew(task.id, again.epoch, "next", LEASE) is Beat.OK


async def test_a_lease_that_was_renewed_is_not_taken(store: Store, granted: Make, clock: ShiftedClock) -> None:
    task = await granted()
    await store.acquire(task.id, task.epoch, "a", LEASE)
    clock.advance(milliseconds=LEASE + 1)
    assert len(await store.expired()) == 1
    assert await store.renew(task.id, task.epoch, "a", LEASE) is Beat.OK
    assert await store.interrupt(task.id, task.epoch, crashed=True, overdue=True) is None
    assert await store.expired() == []
    assert await store.interrupt(task.id, task.epoch, crashed=False) is not None


async def test_three_crashes_ask_a_person(store: Store, granted: Make) -> None:
    task: Task | None = await granted()
    for _ in range(3):
        assert task is not None
        task = await store.interrupt(task.id, task.epoch, crashed=True)
        assert task is not None
        if task.state is State.QUEUED:
            task = await store.grant(task, lease_ms=LEASE, repo_cap=5)
    assert task is not None
    assert (task.state, task.needs) == (State.WAITING_INPUT, Needs.CRASH)


async def test_a_lease_without_a_record_frees_its_slot(store: Store, granted: Make, redis: "Redis") -> None:
    task = await granted()
    await redis.delete(f"pdev:task:{task.id}")
    assert (await store.capacity()).taken == 1
    await redis.zadd("pdev:leases", {task.id: 1})
    assert await store.expired() == []
    assert (await store.capacity()).taken == 0


async def test_the_epoch_grows_across_a_wiped_store(
    store: Store, granted: Make, a_worker: AWorker, redis: "Redis"
) -> None:
    old = await granted()
    await store.acquire(old.id, old.epoch, "old", LEASE)
    await redis.flushall()
    with pytest.raises(Fenced):
        await store.change(old.id, lambda t: replace(t, progress=1), epoch=old.epoch)
    assert await store.renew(old.id, old.epoch, "old", LEASE) is Beat.LOST
    await store.create(replace(old, state=State.QUEUED, epoch=0, session=""))
    await a_worker()
    found = await store.task(old.id)
    assert found is not None
    new = await store.grant(found, lease_ms=LEASE, repo_cap=5)
    assert new is not None
    assert new.epoch > old.epoch
    with pytest.raises(Fenced):
        await store.change(old.id, lambda t: replace(t, progress=1), epoch=old.epoch)


async def test_a_wish_reaches_the_worker_at_once_and_at_its_next_beat(
    store: Store, granted: Make, redis: "Redis"
) -> None:
    task = await granted()
    await store.acquire(task.id, task.epoch, "a", LEASE)
    async with redis.pubsub() as bell:
        await bell.subscribe(f"pdev:wish:{task.id}")
        await bell.get_message(timeout=60)
        wished = await store.wish(task.id, Wish.PAUSE, "by:bob")
        assert (await bell.get_message(timeout=60))["data"] == b"pause"
    assert (wished.wish, wished.reason) == (Wish.PAUSE, "by:bob")
    assert await store.renew(task.id, task.epoch, "a", LEASE) is Beat.PAUSE
    await store.wish(task.id, Wish.CANCEL, "by:eve")
    assert (await store.wish(task.id, Wish.PAUSE, "by:bob")).wish is Wish.CANCEL
    await store.change(task.id, lambda t: replace(t, progress=9), epoch=task.epoch)
    assert await store.renew(task.id, task.epoch, "a", LEASE) is Beat.CANCEL
    ended = await store.interrupt(task.id, task.epoch, crashed=False)
    assert ended is not None
    assert (ended.state, ended.reason) == (State.CANCELLED, "by:eve")


async def test_a_wish_is_for_running_tasks_only(store: Store, queued: Make) -> None:
    task = await queued()
    with pytest.raises(NotRunning):
        await store.wish(task.id, Wish.CANCEL, "by:bob")


async def test_a_heartbeat_thread_renews_over_its_own_connection(
    store: Store, granted: Make, clock: ShiftedClock, valkey_url: str
) -> None:
    task = await granted()
    await store.acquire(task.id, task.epoch, "a", LEASE)
    clock.advance(seconds=10)
    with blocking.Redis.from_url(valkey_url) as connection:
        renewer = Renewer(connection, clock)
        beats = [
            await asyncio.to_thread(renewer.renew, task.id, task.epoch + late, owner, LEASE)
            for late, owner in ((0, "a"), (1, "a"), (0, "b"))
        ]
    assert beats == [Beat.OK, Beat.LOST, Beat.LOST]
    renewed = await store.task(task.id)
    assert renewed is not None
    assert renewed.lease_exp >= task.lease_exp + 10_000
    assert renewed.version == task.version
