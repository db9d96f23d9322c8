"""How far a task is, from what its agents do: nothing goes back, and only what is over is at 100 percent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace

from core.progress import MOST_MILESTONES, Signs, milestones, overall, seen, stage_percent
from core.tasks import Milestone, Stage, State, Task, Trigger, enter_stage, leave_stage

TASK = Task(
    id="1-7", installation_id=5, repo_id=1, owner_login="acme", repo="widgets", issue=7, session="s",
    trigger=Trigger(actor="alice", at_ms=1, delivery="d", title="t", body=""), state=State.RUNNING, created_ms=1,
    queued_ms=1,
)  # fmt: skip
EVENTS = some.tuples(
    some.sampled_from(["text", "tool_call", "file_change", "usage", "started"]),
    some.sampled_from(["pytest -q", "ls", "make check", ""]),
)


def after(*events: tuple[str, str], **data: Any) -> Signs:
    signs = Signs()
    for kind, title in events:
        signs = seen(signs, kind, title, data)
    return signs


@given(stage=some.sampled_from(Stage), events=some.lists(EVENTS, max_size=40))
def test_what_an_agent_does_only_brings_it_further(stage: Stage, events: list[tuple[str, str]]) -> None:
    shown = [stage_percent(stage, after(*events[:n])) for n in range(len(events) + 1)]
    assert shown == sorted(shown)
    assert shown[0] == 0
    assert shown[-1] <= 99


def plan(done: int, of: int = 4) -> dict[str, Any]:
    return {"items": [{"title": f"step {n}", "done": n < done} for n in range(of)]}


@pytest.mark.parametrize(
    ("events", "percent"),
    [
        ((), 0),
        ((("text", "Looking"),) * 6, 6),
        ((("file_change", "a.py"),), 21),
        ((("file_change", "a.py"),) * 6, 43),
        ((("file_change", "a.py"),) * 6 + (("tool_call", "pytest"),), 50),
        ((("tool_call", "ls"),) * 6, 6),
    ],
)
def test_developing_without_a_plan(events: tuple[tuple[str, str], ...], percent: int) -> None:
    assert stage_percent(Stage.DEVELOP, after(*events)) == percent


@pytest.mark.parametrize(("done", "tests", "percent"), [(0, 0, 12), (1, 0, 28), (2, 1, 50), (4, 0, 75), (4, 1, 87)])
def test_a_plan_drives_progress(done: int, tests: int, percent: int) -> None:
    signs = replace(seen(Signs(), "plan", "", plan(done)), tests=tests)
    assert stage_percent(Stage.DEVELOP, signs) == percent


@pytest.mark.parametrize(
    ("said", "percent"),
    [(40, 40), (40.7, 40), (-3, 0), (100, 99), (1e300, 99), ("40", 0), (None, 0), (True, 0), (float("nan"), 0),
     (float("inf"), 99), (float("-inf"), 0)],
)  # fmt: skip
def test_what_an_agent_says_itself_counts(said: object, percent: int) -> None:
    assert stage_percent(Stage.DEVELOP, seen(Signs(), "progress", "", {"percent": said})) == percent


@pytest.mark.parametrize(
    ("command", "is_test"),
    [
        ("pytest -q tests", True), ("python -m unittest", True), ("npm test", True), ("npm run test:unit", True),
        ("go test ./...", True), ("cargo test --all", True), ("make check", True), ("make -j4 test", True),
        ("yarn workspace a test", True), ("./gradlew check", True), ("my own proof", True),
        ("ls tests", False), ("cat test.py", False), ("git status", False), ("make build", False), ("", False),
    ],
)  # fmt: skip
def test_which_commands_are_tests(command: str, is_test: bool) -> None:
    assert seen(Signs(), "tool_call", command, {}, ("my own proof",)).tests == is_test


@pytest.mark.parametrize(
    ("items", "found"),
    [
        (["one", " ", "two\nlines"], (Milestone("one"), Milestone("two lines"))),
        ([{"title": "a", "done": True}, {"title": "b"}], (Milestone("a", True), Milestone("b"))),
        ([{"content": "a", "status": "completed"}, {"content": "b", "status": "pending"}],
         (Milestone("a", True), Milestone("b"))),
        ([1, None, {}, {"title": 5}, {"title": ""}], ()),
        ("a text", ()), (None, ()), ({"a": 1}, ()),
    ],
)  # fmt: skip
def test_plans_as_agents_tell_them(items: object, found: tuple[Milestone, ...]) -> None:
    assert milestones(items) == found


def test_plans_are_short() -> None:
    found = milestones(["x" * 999] * 99)
    assert (len(found), len(found[0].title)) == (MOST_MILESTONES, 120)


WAY = [
    (Stage.DEVELOP, 1, "passed"), (Stage.REVIEW, 1, "corrections_needed"), (Stage.CORRECT, 1, "passed"),
    (Stage.REVIEW, 2, "corrections_needed"), (Stage.CORRECT, 2, "passed"), (Stage.REVIEW, 3, "approved"),
    (Stage.FINALIZE, 3, "passed"),
]  # fmt: skip


def test_the_whole_way_never_goes_back() -> None:
    """Not between stages, not at a question or an interruption, not after an attempt that failed."""
    task, shown = TASK, [overall(TASK)]
    for stage, round_, outcome in WAY:
        task = replace(task, stage=stage, round=round_)
        shown.append(overall(task))
        for ends in ("asked", "failed", None, outcome):
            task = enter_stage(task, 5)
            shown.append(overall(task))
            task = replace(task, progress=max(task.progress, 60))
            shown.append(overall(task))
            task = leave_stage(task, ends, 9) if ends else task
            shown.append(overall(task))
    assert shown == sorted(shown)
    assert (shown[0], shown[-1]) == (0, 99)
    assert overall(replace(task, state=State.READY)) == 100


@pytest.mark.parametrize(
    ("stage", "round_", "begin", "end"),
    [(Stage.DEVELOP, 1, 0, 79), (Stage.REVIEW, 1, 80, 87), (Stage.CORRECT, 1, 87, 91), (Stage.REVIEW, 2, 91, 93),
     (Stage.FINALIZE, 2, 95, 99)],
)  # fmt: skip
def test_the_seed_s_weights(stage: Stage, round_: int, begin: int, end: int) -> None:
    task = enter_stage(replace(TASK, stage=stage, round=round_), 1)
    assert (overall(task), overall(replace(task, progress=99))) == (begin, end)


def test_a_plan_belongs_to_its_stage() -> None:
    task = replace(enter_stage(TASK, 1), milestones=(Milestone("one"),))
    assert enter_stage(task, 2).milestones == (Milestone("one"),)
    assert enter_stage(replace(leave_stage(task, "passed", 2), stage=Stage.REVIEW), 3).milestones == ()
