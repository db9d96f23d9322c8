"""The plan, as tables: what starts, in which order, and why the others wait."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.schedule import Capacity, Caps, Plan, Wait, effective_priority, plan
from core.tasks import Scope, State, Task, Trigger, task_id

HOUR = 3_600_000
NOW = 1_000 * HOUR


def row(text: str) -> dict[str, Any]:
    """`repo-issue state priority hours`: a task that was queued that many hours ago."""
    name, state, priority, hours = text.split()
    repo_id, issue = name.split("-")
    return {
        "repo_id": int(repo_id), "issue": int(issue), "state": State(state), "priority": int(priority),
        "queued_ms": NOW - round(float(hours) * HOUR),
    }  # fmt: skip


def a_task(**fields: Any) -> Task:
    trigger = Trigger(actor="alice", at_ms=NOW, delivery="d", title="A title", body="A body")
    return Task(
        id=task_id(fields["repo_id"], fields["issue"]), installation_id=5, owner_login="acme", repo="widgets",
        session="s", trigger=trigger, created_ms=NOW, **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "order"),
    [
        pytest.param(["1-1 queued 1 1", "1-2 queued 1 2"], "1-2 1-1", id="oldest first"),
        pytest.param(["1-9 queued 1 1", "1-2 queued 1 1"], "1-2 1-9", id="then the lower number"),
        pytest.param(["1-1 queued 1 2", "1-2 queued 2 1", "1-3 queued 0 3"], "1-2 1-1 1-3", id="priority before age"),
        pytest.param(["1-1 queued 0 7", "1-2 queued 1 1"], "1-1 1-2", id="six hours are worth one level"),
        pytest.param(["1-1 queued 0 5.9", "1-2 queued 1 1"], "1-2 1-1", id="less are not"),
        pytest.param(["1-1 queued 0 40", "1-2 queued 3 1"], "1-1 1-2", id="nothing starves behind urgent"),
        pytest.param(["1-1 queued 3 1", "1-2 queued 0 17"], "1-1 1-2", id="urgent is urgent"),
        pytest.param(
            ["1-1 queued 1 5", "1-2 queued 1 4", "1-3 queued 1 3", "2-1 queued 1 2", "2-2 queued 1 1"],
            "1-1 2-1 1-2 2-2 1-3",
            id="repositories take turns",
        ),
        pytest.param(
            ["1-1 running 1 9", "1-2 queued 1 5", "2-1 queued 1 1"], "2-1 1-2", id="who has less running is first"
        ),
        pytest.param(["1-1 running 1 9", "1-2 queued 2 1", "2-1 queued 1 5"], "1-2 2-1", id="but priority counts more"),
        pytest.param(["1-1 ready 1 9", "1-2 paused 1 9", "1-3 waiting_input 1 9"], "", id="only queued ones start"),
    ],
)
def test_the_order_in_which_tasks_start(new_task: Callable[..., Task], rows: list[str], order: str) -> None:
    tasks = [new_task(**row(text)) for text in rows]
    assert plan(tasks, Capacity(20, 0), Caps(), NOW) == Plan(tuple(order.split()))
    assert plan(reversed(tasks), Capacity(20, 0), Caps(), NOW).start == tuple(order.split())


@pytest.mark.parametrize(
    ("rows", "capacity", "caps", "start", "waits"),
    [
        pytest.param(["1-1 queued 1 1"], (0, 0), Caps(), "", {"1-1": ("no_workers", {"position": 1})}, id="no worker"),
        pytest.param(
            ["1-1 queued 1 3", "1-2 queued 1 2", "1-3 queued 1 1"],
            (3, 2),
            Caps(),
            "1-1",
            {"1-2": ("slots", {"slots": 3, "position": 1}), "1-3": ("slots", {"slots": 3, "position": 2})},
            id="slots",
        ),
        pytest.param(
            ["1-8 running 1 9", "1-1 queued 1 3", "1-2 queued 1 2", "2-1 queued 1 1"],
            (9, 1),
            Caps(of={1: 2}),
            "2-1 1-1",
            {"1-2": ("repo_cap", {"cap": 2, "position": 1})},
            id="the repository's cap does not hold up others",
        ),
        pytest.param(
            [f"1-{n} queued 1 {9 - n}" for n in range(1, 7)],
            (9, 0),
            Caps(),
            "1-1 1-2 1-3 1-4 1-5",
            {"1-6": ("repo_cap", {"cap": 5, "position": 1})},
            id="five by default",
        ),
        pytest.param(
            ["1-1 queued 1 1"],
            (2, 5),
            Caps(),
            "",
            {"1-1": ("slots", {"slots": 2, "position": 1})},
            id="a worker died and its tasks still count",
        ),
    ],
)
def test_who_starts_and_why_others_wait(
    new_task: Callable[..., Task],
    rows: list[str],
    capacity: tuple[int, int],
    caps: Caps,
    start: str,
    waits: dict[str, Any],
) -> None:
    planned = plan([new_task(**row(text)) for text in rows], Capacity(*capacity), caps, NOW)
    assert planned == Plan(tuple(start.split()), {task: Wait(*wait) for task, wait in waits.items()})


def test_a_blocked_task_waits_for_its_blockers_and_for_no_place(new_task: Callable[..., Task]) -> None:
    tasks = [
        new_task(issue=1, state=State.BLOCKED, blockers=(8, 9), priority=3),
        new_task(issue=2, blockers=(8,)),
        new_task(issue=3),
        new_task(issue=4),
    ]
    planned = plan(tasks, Capacity(1, 0), Caps(), NOW)
    assert planned.start == ("1-3",)
    assert planned.waits["1-1"] == Wait("blocked", {"by": (8, 9)})
    assert planned.waits["1-2"] == Wait("blocked", {"by": (8,)})
    assert [planned.position(f"1-{n}") for n in (1, 2, 3, 4, 5)] == [None, None, 0, 1, None]


@pytest.mark.parametrize(("asked", "given"), [(0, 1), (-3, 1), (1, 1), (20, 20), (99, 20)])
def test_caps_stay_between_one_and_twenty(asked: int, given: int) -> None:
    assert Caps(of={1: asked}).cap(1) == given
    assert Caps(default=asked).cap(1) == given


@pytest.mark.parametrize(
    ("priority", "hours", "effective"), [(0, 0, 0), (0, 6, 1), (1, 13, 3), (2, 90, 3), (3, 90, 3), (1, -1, 1)]
)
def test_waiting_raises_the_priority(new_task: Callable[..., Task], priority: int, hours: int, effective: int) -> None:
    assert effective_priority(new_task(priority=priority, queued_ms=NOW - hours * HOUR), NOW) == effective


STATES = st.sampled_from([State.QUEUED, State.QUEUED, State.RUNNING, State.READY])
WAITING = st.tuples(st.integers(1, 4), STATES, st.integers(0, 3), st.integers(0, 40))


@given(st.lists(WAITING, max_size=40), st.integers(0, 12), st.integers(1, 6))
def test_every_plan_is_full_fair_and_explained(
    waiting: list[tuple[int, State, int, int]], slots: int, cap: int
) -> None:
    rows = [f"{repo}-{n} {state} {priority} {hours}" for n, (repo, state, priority, hours) in enumerate(waiting, 1)]
    tasks = {t.id: t for t in (a_task(**row(text)) for text in rows)}
    running = Counter(t.repo_id for t in tasks.values() if t.state is State.RUNNING)
    capacity = Capacity(slots, running.total())
    planned = plan(tasks.values(), capacity, Caps(default=cap), NOW)
    queued = {name for name, t in tasks.items() if t.state is State.QUEUED}
    assert sorted([*planned.start, *planned.waits]) == sorted(queued)
    assert len(planned.start) <= capacity.free
    running.update(tasks[name].repo_id for name in planned.start)
    left = [tasks[name] for name in planned.waits if running[tasks[name].repo_id] < cap]
    assert not left or len(planned.start) == capacity.free, "a slot stays empty although somebody may start"
    for repo_id in set(running):
        mine = [tasks[name] for name in planned.start if tasks[name].repo_id == repo_id]
        assert not mine or running[repo_id] <= cap
        levels = [effective_priority(t, NOW) for t in mine]
        assert levels == sorted(levels, reverse=True)
    assert sorted(planned.position(name) or 0 for name in planned.waits) == list(range(1, len(planned.waits) + 1))


def test_who_has_nothing_to_spend_takes_no_slot_and_no_place_in_line(new_task: Callable[..., Task]) -> None:
    tasks = [
        new_task(**row(text)) for text in ("1-1 queued 1 3", "1-2 queued 1 2", "2-1 queued 1 1", "2-2 blocked 1 1")
    ]
    broke = {"1-1": Scope.SESSION, "2-2": Scope.SERVER_DAY, "9-9": Scope.TASK}
    planned = plan(tasks, Capacity(1, 0), Caps(), NOW, broke)
    assert planned.start == ("1-2",)
    assert planned.waits["1-1"] == Wait("budget", {"scope": "session"})
    assert planned.waits["2-1"].facts["position"] == 1
    assert planned.waits["2-2"].reason == "blocked"
    assert planned.position("1-1") is None
