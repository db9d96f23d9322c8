"""Task records: nothing that several processes write at once is lost, and nothing that is damaged stays so."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from core.clock import ShiftedClock
from core.queue import CONTROL, Report
from core.store import Damaged, NoSuchTask, Store, TooNew, Unwritable
from core.tasks import Cost, IllegalMove, PausedBy, Reason, State, Task, Wish, interrupted, move, resumed

NewTask = Callable[..., Task]


async def reports(redis: "Redis") -> set[bytes]:
    return {name for name in await redis.zrange(CONTROL, 0, -1) if name.startswith(b"report:")}


async def pokes(redis: "Redis") -> int:
    return int(await redis.get("pdev:plan:poke") or 0)


async def test_what_was_created_is_read(store: Store, new_task: NewTask) -> None:
    task = new_task()
    assert await store.create(task)
    assert not await store.create(replace(task, priority=3))
    found = await store.task(task.id)
    assert found is not None
    assert (found.state, found.version, found.priority, found.trigger) == (State.QUEUED, 1, 1, task.trigger)
    assert [e.name for e in await store.events()] == ["session.started", "task.created"]


async def test_lists_live_tasks_of_all_or_of_one_repository(
    store: Store, new_task: NewTask, clock: ShiftedClock
) -> None:
    ready, other, ended = new_task(state=State.READY), new_task(repo_id=11), new_task(state=State.MERGED)
    for task in (ready, other, ended):
        await store.create(task)
    assert [t.id for t in await store.tasks()] == [ready.id, other.id]
    assert [t.id for t in await store.tasks(repo_id=1)] == [ready.id]
    assert [t.id for t in await store.tasks(live=False)] == [ended.id]
    assert await store.tasks(repo_id=11, live=False) == []


async def test_racing_changes_lose_nothing(store: Store, new_task: NewTask) -> None:
    task = new_task()
    await store.create(task)
    await asyncio.gather(*(store.change(task.id, lambda t: replace(t, crashes=t.crashes + 1)) for _ in range(30)))
    found = await store.task(task.id)
    assert found is not None
    assert (found.crashes, found.version) == (30, 31)


async def test_racing_creations_leave_one_task(store: Store, new_task: NewTask) -> None:
    task = new_task()
    assert sorted(await asyncio.gather(*(store.create(task) for _ in range(10)))) == [False] * 9 + [True]


async def test_a_change_rings_report_always_and_schedule_when_the_plan_may_differ(
    store: Store, new_task: NewTask, redis: "Redis"
) -> None:
    task = new_task()
    await store.create(task)
    assert (await reports(redis), await pokes(redis)) == ({b"report:1-1:1"}, 1)
    await store.change(task.id, lambda t: replace(t, progress=40))
    assert (await reports(redis), await pokes(redis)) == ({b"report:1-1:1", b"report:1-1:2"}, 1)
    await store.change(task.id, lambda t: replace(t, priority=3))
    await store.change(task.id, lambda t: replace(t, blockers=(9,)))
    await store.change(task.id, lambda t: move(t, State.BLOCKED, 1))
    assert await pokes(redis) == 4
    assert Report(task.id, 5).job_id.encode() in await reports(redis)


async def test_a_new_state_writes_an_event_with_the_facts_given(store: Store, new_task: NewTask) -> None:
    task = new_task()
    await store.create(task)
    last = (await store.events())[-1].id
    await store.change(task.id, lambda t: replace(t, progress=40), by="nobody")
    await store.change(task.id, lambda t: move(t, State.CANCELLED, 1, reason="by:bob"), by="bob")
    (event,) = await store.events(since=last)
    assert (event.name, event.task) == ("task.status_changed", task.id)
    assert event.facts == {"from": "queued", "to": "cancelled", "reason": "by:bob", "by": "bob"}


async def test_a_step_that_changes_nothing_writes_nothing(store: Store, new_task: NewTask) -> None:
    task = new_task()
    await store.create(task)
    for step in (lambda t: None, lambda t: replace(t)):
        assert (await store.change(task.id, step)).version == 1
    found = await store.task(task.id)
    assert found is not None
    assert found.version == 1


async def test_a_step_may_refuse(store: Store, new_task: NewTask) -> None:
    task = new_task(state=State.MERGED)
    await store.create(task)
    with pytest.raises(IllegalMove):
        await store.change(task.id, lambda t: move(t, State.PAUSED, 1))
    with pytest.raises(IllegalMove):  # without asking `move`
        await store.change(task.id, lambda t: replace(t, state=State.PAUSED))
    with pytest.raises(IllegalMove):  # only a grant leads into running
        await store.change(task.id, lambda t: replace(t, state=State.RUNNING))
    with pytest.raises(NoSuchTask):
        await store.change("1-99", lambda t: None)


async def test_a_damaged_record_is_restored_from_its_history(store: Store, new_task: NewTask, redis: "Redis") -> None:
    task = new_task()
    await store.create(task)
    await store.change(task.id, lambda t: replace(t, priority=3))
    for field, value in (("record", b'{"id": "1-'), ("record", b"{}"), ("state", b"?"), ("version", b"x")):
        await redis.hset(f"pdev:task:{task.id}", field, value)
        found = await store.task(task.id)
        assert found is not None
        assert found.priority == 3
        assert [t.priority for t in await store.tasks()] == [3]
    await redis.hdel(f"pdev:task:{task.id}", "record", "epoch")
    assert (await store.change(task.id, lambda t: replace(t, priority=0))).priority == 0
    assert "task.restored" in [e.name for e in await store.events()]


async def test_a_hopeless_record_does_not_hide_the_others(store: Store, new_task: NewTask, redis: "Redis") -> None:
    lost, fine = new_task(), new_task()
    for task in (lost, fine):
        await store.create(task)
    await redis.hset(f"pdev:task:{lost.id}", "record", b"?")
    await redis.delete(f"pdev:task:{lost.id}:history")
    assert [t.id for t in await store.tasks()] == [fine.id]
    with pytest.raises(Damaged):
        await store.task(lost.id)


async def test_what_a_newer_pdev_wrote_is_kept(store: Store, new_task: NewTask, redis: "Redis") -> None:
    task, key = new_task(), "pdev:task:1-1"
    await store.create(task)
    record = msgspec.json.decode(await redis.hget(key, "record")) | {"mood": "curious"}
    await redis.hset(key, "record", msgspec.json.encode(record))
    await store.change(task.id, lambda t: replace(t, progress=7))
    record = msgspec.json.decode(await redis.hget(key, "record"))
    assert (record["mood"], record["progress"]) == ("curious", 7)
    await redis.hset(key, mapping={"format": "2", "record": b'{"unlike": "anything"}'})
    with pytest.raises(TooNew):
        await store.task(task.id)
    assert await redis.hget(key, "record") == b'{"unlike": "anything"}'


async def test_history_keeps_ten_versions(store: Store, new_task: NewTask, redis: "Redis") -> None:
    task = new_task()
    await store.create(task)
    for progress in range(1, 13):
        await store.change(task.id, lambda t, p=progress: replace(t, progress=p))
    kept = [msgspec.json.decode(r)["version"] for r in await redis.lrange("pdev:task:1-1:history", 0, -1)]
    assert kept == list(range(13, 3, -1))


async def test_an_ended_task_is_kept_thirty_days_and_wakes_for_good(
    store: Store, new_task: NewTask, redis: "Redis"
) -> None:
    task = new_task()
    await store.create(task)
    assert await redis.ttl(f"pdev:task:{task.id}") == -1
    await store.change(task.id, lambda t: move(t, State.CANCELLED, 1))
    month = 30 * 86_400
    for key in ("", ":history"):
        assert month - 60 < await redis.ttl(f"pdev:task:{task.id}{key}") <= month
    await store.change(task.id, lambda t: resumed(t, 2))
    assert [await redis.ttl(f"pdev:task:{task.id}{key}") for key in ("", ":history")] == [-1, -1]
    assert [t.id for t in await store.tasks()] == [task.id]
    assert await store.tasks(live=False) == []


@pytest.mark.parametrize(
    ("wish", "to", "becomes"),
    [
        (Wish.CANCEL, State.READY, State.CANCELLED),
        (Wish.CANCEL, State.WAITING_CHECKS, State.CANCELLED),
        (Wish.CANCEL, State.FAILED, State.CANCELLED),
        (Wish.CANCEL, State.MERGED, State.MERGED),
        (Wish.PAUSE, State.WAITING_CHECKS, State.PAUSED),
        (Wish.PAUSE, State.QUEUED, State.PAUSED),
        (Wish.PAUSE, State.READY, State.READY),
        (Wish.PAUSE, State.WAITING_INPUT, State.WAITING_INPUT),
        (Wish.NONE, State.READY, State.READY),
    ],
)
async def test_a_wish_that_came_at_the_last_moment_is_heeded(
    store: Store, new_task: NewTask, a_worker: Callable[..., object], wish: Wish, to: State, becomes: State
) -> None:
    task = new_task()
    await store.create(task)
    await a_worker()  # type: ignore[misc]
    queued = await store.task(task.id)
    assert queued is not None
    granted = await store.grant(queued, lease_ms=60_000, repo_cap=5)
    assert granted is not None
    await store.wish(task.id, wish, "by:bob")
    after = await store.change(task.id, lambda t: move(t, to, 9), epoch=granted.epoch)
    assert after.state == becomes
    assert after.wish is Wish.NONE
    if becomes is not to:
        assert after.reason == "by:bob"
        assert after.paused_by == (PausedBy.PERSON if wish is Wish.PAUSE else None)


async def test_an_interruption_heeds_a_wish_too(new_task: NewTask) -> None:
    task = new_task(state=State.RUNNING, wish=Wish.CANCEL, reason="by:bob")
    assert interrupted(task, 1, crashed=True).state is State.CANCELLED


@pytest.mark.parametrize("cost", [Cost(usd=float("inf")), Cost(usd=float("nan"))])
async def test_what_could_not_be_read_back_is_not_written(store: Store, new_task: NewTask, cost: Cost) -> None:
    """It would be taken for damage, and restoring it would undo what the task had cost before."""
    task = new_task(cost=Cost(usd=1.5, tokens=7))
    await store.create(task)
    with pytest.raises(Unwritable):
        await store.change(task.id, lambda t: replace(t, cost=cost))
    found = await store.task(task.id)
    assert found is not None
    assert (found.cost, found.version) == (Cost(usd=1.5, tokens=7), 1)
    assert "task.restored" not in [e.name for e in await store.events()]


async def test_a_pause_that_came_while_a_budget_stopped_the_task_is_the_person_s(
    store: Store, new_task: NewTask, a_worker: Callable[..., object]
) -> None:
    """Else the task would go on by itself on the next day."""
    await store.create(new_task(issue=7))
    await a_worker()  # type: ignore[misc]
    (queued,) = await store.tasks()
    task = await store.grant(queued, lease_ms=60_000, repo_cap=5)
    assert task is not None
    await store.wish(task.id, Wish.PAUSE, "by:bob")
    paused = await store.change(
        task.id, lambda t: move(t, State.PAUSED, 5, paused_by=PausedBy.BUDGET, reason=Reason.BUDGET), epoch=task.epoch
    )
    assert (paused.state, paused.paused_by, paused.reason) == (State.PAUSED, PausedBy.PERSON, "by:bob")
