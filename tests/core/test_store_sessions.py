"""Sessions: one open per repository, closed once, and no task ever works outside an open one."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from redis.asyncio import Redis

from core.clock import ShiftedClock
from core.store import SessionState, Store
from core.tasks import State, Task, move, resumed

NewTask = Callable[..., Task]


async def test_racing_labels_join_one_session(store: Store) -> None:
    joined = await asyncio.gather(*(store.join_session(1, "acme", "widgets") for _ in range(10)))
    assert len({session.id for session in joined}) == 1
    assert joined[0].state is SessionState.OPEN
    assert await store.open_session(1) == joined[0]
    assert await store.open_sessions() == [joined[0]]
    assert [event.name for event in await store.events()] == ["session.started"]


async def test_names_count_the_sessions_of_a_repository_and_day(store: Store, new_task: NewTask) -> None:
    day = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)
    names = []
    for repo_id in (1, 1, 2):
        session = await store.join_session(repo_id, "acme", "widgets", day)
        names.append((session.id, session.name))
        await store.create(new_task(repo_id=repo_id, state=State.READY, session=session.id))
        await store.settle_session(repo_id)
    assert names == [
        ("1-2026-11-22-001", "2026-11-22-001"),
        ("1-2026-11-22-002", "2026-11-22-002"),
        ("2-2026-11-22-001", "2026-11-22-001"),
    ]


async def test_closes_when_all_its_tasks_are_settled_and_only_once(store: Store, new_task: NewTask) -> None:
    first, second = new_task(), new_task()
    await store.create(first)
    await store.create(second)
    await store.change(first.id, lambda t: move(t, State.CANCELLED, 1))
    assert await store.settle_session(1) is None
    await store.change(second.id, lambda t: move(t, State.COMPLETED, 1))
    closed = [s for s in await asyncio.gather(*(store.settle_session(1) for _ in range(5))) if s]
    assert len(closed) == 1
    assert (closed[0].state, closed[0].ended_ms is not None) == (SessionState.SETTLED, True)
    assert sorted(await store.session_tasks(closed[0].id)) == [first.id, second.id]
    assert (await store.open_session(1), await store.open_sessions()) == (None, [])
    assert await store.session(closed[0].id) == closed[0]


async def test_a_closed_session_waits_for_its_report(store: Store, new_task: NewTask) -> None:
    await store.create(new_task(state=State.FAILED, session=(await store.join_session(1, "acme", "widgets")).id))
    closed = await store.settle_session(1)
    assert closed is not None
    assert closed.state is SessionState.FAILED
    assert await store.unreported_sessions() == [closed]
    await store.session_reported(closed.id)
    assert await store.unreported_sessions() == []


async def test_sessions_that_nobody_reports_are_forgotten_with_their_records(
    store: Store, redis: "Redis", clock: ShiftedClock, new_task: NewTask
) -> None:
    for days in (0, 20, 20):
        clock.advance(days=days)
        await store.create(new_task(state=State.FAILED, session=(await store.join_session(1, "acme", "widgets")).id))
        assert await store.settle_session(1) is not None
    assert await redis.zcard("pdev:sessions:unreported") == 2


async def test_an_empty_session_stays_open_for_the_task_that_is_coming(store: Store) -> None:
    await store.join_session(1, "acme", "widgets")
    assert await store.settle_session(1) is None
    assert await store.settle_session(2) is None


async def test_a_task_is_never_added_to_a_closed_session(store: Store, new_task: NewTask) -> None:
    session = await store.join_session(1, "acme", "widgets")
    await store.create(new_task(state=State.READY, session=session.id))
    late = new_task(session=session.id)
    await store.settle_session(1)
    await store.create(late)
    found = await store.task(late.id)
    assert found is not None
    assert found.session != session.id
    assert found.session == (await store.join_session(1, "acme", "widgets")).id


async def test_a_settled_task_that_wakes_joins_the_open_session(
    store: Store, new_task: NewTask, clock: ShiftedClock
) -> None:
    task = new_task()
    await store.create(task)
    before = await store.change(task.id, lambda t: move(t, State.CANCELLED, 1))
    await store.settle_session(1)
    clock.advance(days=2)
    after = await store.change(task.id, lambda t: resumed(t, clock.now_ms()))
    opened = await store.open_session(1)
    assert opened is not None
    assert after.session == opened.id != before.session
    assert await store.settle_session(1) is None


async def test_racing_additions_and_closings_leave_no_live_task_in_a_closed_session(
    store: Store, new_task: NewTask
) -> None:
    async def live_briefly(number: int) -> None:
        task = new_task(issue=number)
        await store.create(task)
        await store.change(task.id, lambda t: move(t, State.COMPLETED, 1))
        await store.settle_session(1)
        await store.change(task.id, lambda t: resumed(t, 1))

    await asyncio.gather(*(live_briefly(number) for number in range(1, 16)))
    opened = await store.open_session(1)
    assert opened is not None
    assert {task.session for task in await store.tasks()} == {opened.id}


async def test_a_task_whose_session_was_lost_goes_on_in_another(
    store: Store, new_task: NewTask, redis: "Redis"
) -> None:
    task = new_task()
    await store.create(task)
    lost = await store.open_session(1)
    assert lost is not None
    await redis.delete(f"pdev:session:{lost.id}")
    after = await store.change(task.id, lambda t: move(t, State.PAUSED, 1))
    opened = await store.open_session(1)
    assert opened is not None
    assert after.session == opened.id
