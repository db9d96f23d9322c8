"""Who may do what, when: the policy as tables."""

from collections.abc import Callable
from typing import Any

import pytest

from bot import policy
from bot.effects import acted, with_blockers
from bot.policy import Ask, Ignore, LabelFacts, Move, Person, Refuse, Resume, Start, Unwish, Why
from core.tasks import ENDED, MOVES, PausedBy, Stage, StageRun, State, Task, Wish

NewTask = Callable[..., Task]
PUSHER = Person("maintainer", role="maintain")
TRIAGER = Person("triager", role="triage")
STRANGER = Person("stranger", role="none")
READER = Person("reader", role="read")
BOT = Person("renovate[bot]", is_bot=True)


@pytest.mark.parametrize(
    ("by", "facts", "decision"),
    [
        (PUSHER, {}, Start()),
        (Person("dev", role="write"), {}, Start()),
        (Person("boss", role="admin"), {}, Start()),
        (PUSHER, {"foreign_pull": True}, Start(ask=True)),
        (TRIAGER, {}, Refuse(Why.NO_PUSH_RIGHT)),
        (READER, {}, Refuse(Why.NO_PUSH_RIGHT)),
        (STRANGER, {}, Refuse(Why.NO_PUSH_RIGHT)),
        (BOT, {}, Ignore(Why.BOT)),
        (Person("renovate[bot]", is_bot=True, role="admin"), {}, Ignore(Why.BOT)),
        (PUSHER, {"labelled": False}, Ignore(Why.LABEL_GONE)),
        (STRANGER, {"labelled": False}, Ignore(Why.LABEL_GONE)),
        (PUSHER, {"closed": True}, Refuse(Why.CLOSED)),
        (PUSHER, {"is_pull": True}, Refuse(Why.IS_PULL)),
        (TRIAGER, {"is_pull": True}, Refuse(Why.NO_PUSH_RIGHT)),
        (PUSHER, {"seen": True}, Ignore(Why.SEEN)),
    ],
)
def test_the_label_on_an_issue_without_a_task(by: Person, facts: dict[str, Any], decision: policy.Decision) -> None:
    assert policy.on_label(LabelFacts(**{"by": by, "labelled": True} | facts)) == decision


@pytest.mark.parametrize(
    ("fields", "decision"),
    [
        ({"state": State.QUEUED}, Ignore(Why.AT_WORK)),
        ({"state": State.BLOCKED}, Ignore(Why.AT_WORK)),
        ({"state": State.RUNNING}, Ignore(Why.AT_WORK)),
        ({"state": State.RUNNING, "wish": Wish.PAUSE}, Unwish()),
        ({"state": State.RUNNING, "wish": Wish.CANCEL}, Unwish()),
        ({"state": State.WAITING_INPUT}, Ignore(Why.AT_WORK)),
        ({"state": State.WAITING_CHECKS}, Ignore(Why.AT_WORK)),
        ({"state": State.READY}, Ignore(Why.AT_WORK)),
        ({"state": State.PAUSED, "paused_by": PausedBy.PERSON}, Resume()),
        ({"state": State.PAUSED, "paused_by": PausedBy.INSTALLATION}, Refuse(Why.NO_ACCESS)),
        ({"state": State.FAILED}, Resume()),
        ({"state": State.CANCELLED}, Resume()),
        ({"state": State.COMPLETED}, Resume()),
        ({"state": State.MERGED}, Resume(afresh=True)),
    ],
)
def test_the_label_set_again(new_task: NewTask, fields: dict[str, Any], decision: policy.Decision) -> None:
    assert policy.on_label(LabelFacts(by=PUSHER, labelled=True, task=new_task(**fields))) == decision


def test_a_triager_cannot_go_on_with_what_somebody_paused(new_task: NewTask) -> None:
    facts = LabelFacts(by=TRIAGER, labelled=True, task=new_task(state=State.PAUSED, paused_by=PausedBy.PERSON))
    assert policy.on_label(facts) == Refuse(Why.NO_PUSH_RIGHT)


PAUSE = Move(State.PAUSED, "by:dev", PausedBy.PERSON)
CANCEL = Move(State.CANCELLED, "by:dev")


@pytest.mark.parametrize(
    ("state", "wish", "paused", "cancelled"),
    [
        (State.QUEUED, Wish.NONE, PAUSE, CANCEL),
        (State.BLOCKED, Wish.NONE, PAUSE, CANCEL),
        (State.WAITING_INPUT, Wish.NONE, PAUSE, CANCEL),
        (State.WAITING_CHECKS, Wish.NONE, PAUSE, CANCEL),
        (State.READY, Wish.NONE, PAUSE, CANCEL),
        (State.RUNNING, Wish.NONE, Ask(Wish.PAUSE, "by:dev"), Ask(Wish.CANCEL, "by:dev")),
        (State.RUNNING, Wish.PAUSE, Ignore(Why.STAYS), Ask(Wish.CANCEL, "by:dev")),
        (State.RUNNING, Wish.CANCEL, Ignore(Why.STAYS), Ignore(Why.STAYS)),
        (State.PAUSED, Wish.NONE, Ignore(Why.STAYS), CANCEL),
        (State.FAILED, Wish.NONE, Ignore(Why.STAYS), CANCEL),
        (State.MERGED, Wish.NONE, Ignore(Why.STAYS), Ignore(Why.STAYS)),
        (State.COMPLETED, Wish.NONE, Ignore(Why.STAYS), Ignore(Why.STAYS)),
        (State.CANCELLED, Wish.NONE, Ignore(Why.STAYS), Ignore(Why.STAYS)),
    ],
)
def test_pause_and_cancel(
    new_task: NewTask, state: State, wish: Wish, paused: policy.Decision, cancelled: policy.Decision
) -> None:
    task = new_task(state=state, wish=wish, paused_by=PausedBy.PERSON if state is State.PAUSED else None)
    assert policy.on_pause(task, "dev") == paused
    assert policy.on_cancel(task, "dev") == cancelled


@pytest.mark.parametrize("state", sorted(ENDED))
def test_every_end_can_be_resumed(new_task: NewTask, state: State) -> None:
    task = new_task(state=state, stage="correct", round=2)
    decision = policy.on_resume(task, closed=False)
    assert decision == Resume(afresh=state is State.MERGED)
    assert policy.on_resume(task, closed=True) == Refuse(Why.CLOSED)
    after = acted(decision, task, 5_000)
    assert after is not None
    assert after.state is State.QUEUED
    assert (after.stage, after.round) == (("develop", 1) if state is State.MERGED else ("correct", 2))


@pytest.mark.parametrize(
    ("fields", "decision"),
    [
        ({"state": State.QUEUED}, Ignore(Why.STAYS)),
        ({"state": State.BLOCKED}, Ignore(Why.STAYS)),
        ({"state": State.WAITING_CHECKS}, Ignore(Why.STAYS)),
        ({"state": State.RUNNING}, Ignore(Why.STAYS)),
        ({"state": State.RUNNING, "wish": Wish.PAUSE}, Unwish()),
        ({"state": State.WAITING_INPUT}, Resume()),
        ({"state": State.READY}, Resume()),
        ({"state": State.PAUSED, "paused_by": PausedBy.PERSON}, Resume()),
        ({"state": State.PAUSED, "paused_by": PausedBy.BUDGET}, Resume()),
        ({"state": State.PAUSED, "paused_by": PausedBy.INSTALLATION}, Refuse(Why.NO_ACCESS)),
    ],
)
def test_resume_of_what_has_not_ended(new_task: NewTask, fields: dict[str, Any], decision: policy.Decision) -> None:
    assert policy.on_resume(new_task(**fields), closed=False) == decision


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("blockers", [(), (3,)])
def test_no_decision_makes_an_illegal_move(new_task: NewTask, state: State, blockers: tuple[int, ...]) -> None:
    """Whatever happens to a task in whatever state, what follows is a move that `MOVES` allows."""
    task = new_task(state=state, blockers=blockers, paused_by=PausedBy.INSTALLATION if state is State.PAUSED else None)
    decisions = [
        policy.on_label(LabelFacts(by=PUSHER, labelled=True, task=task)),
        policy.on_unlabel(task, PUSHER, labelled=False),
        policy.on_pause(task, "dev"),
        policy.on_cancel(task, "dev"),
        policy.on_resume(task, closed=False),
        policy.on_closed(task, PUSHER, closed=True, merged=False),
        policy.on_closed(task, PUSHER, closed=True, merged=True),
        policy.on_pull_dropped(task, PUSHER, own=False),
        policy.on_reopened(task, PUSHER, labelled=True),
        policy.on_gone(task, "issue_deleted:dev"),
        policy.on_access_lost(task),
        policy.on_access_back(task),
    ]
    for decision in decisions:
        after = acted(decision, task, 5_000)
        assert after is None or after.state is state or after.state in MOVES[state]
    for waiting in ((), (3,), (3, 4)):
        moved = with_blockers(task, waiting, policy.on_blockers(task, waiting), 5_000)
        assert moved is None or moved.state is state or moved.state in MOVES[state]


@pytest.mark.parametrize(
    ("by", "fields", "labelled", "decision"),
    [
        (TRIAGER, {"state": State.QUEUED}, False, Move(State.PAUSED, "label_removed:triager", PausedBy.PERSON)),
        (PUSHER, {"state": State.RUNNING}, False, Ask(Wish.PAUSE, "label_removed:maintainer")),
        (PUSHER, {"state": State.RUNNING}, True, Ignore(Why.LABEL_BACK)),
        (PUSHER, {"state": State.READY}, False, Ignore(Why.STAYS)),
        (PUSHER, {"state": State.PAUSED, "paused_by": PausedBy.PERSON}, False, Ignore(Why.STAYS)),
        (PUSHER, {"state": State.FAILED}, False, Ignore(Why.STAYS)),
        (BOT, {"state": State.RUNNING}, False, Ignore(Why.BOT)),
    ],
)
def test_the_label_removed(
    new_task: NewTask, by: Person, fields: dict[str, Any], labelled: bool, decision: policy.Decision
) -> None:
    assert policy.on_unlabel(new_task(**fields), by, labelled=labelled) == decision


@pytest.mark.parametrize(
    ("state", "closed", "merged", "decision"),
    [
        (State.READY, True, True, Move(State.MERGED, "by:maintainer")),
        (State.READY, False, True, Move(State.MERGED, "by:maintainer")),
        (State.READY, True, False, Move(State.COMPLETED, "by:maintainer")),
        (State.RUNNING, True, False, Move(State.COMPLETED, "by:maintainer")),
        (State.CANCELLED, True, True, Move(State.MERGED, "by:maintainer")),
        (State.COMPLETED, True, True, Move(State.MERGED, "by:maintainer")),
        (State.COMPLETED, True, False, Ignore(Why.OVER)),
        (State.FAILED, True, True, Move(State.MERGED, "by:maintainer")),
        (State.PAUSED, True, True, Move(State.MERGED, "by:maintainer")),
        (State.QUEUED, False, False, Ignore(Why.OPEN_AGAIN)),
        (State.MERGED, True, True, Ignore(Why.OVER)),
        (State.MERGED, True, False, Ignore(Why.OVER)),
    ],
)
def test_the_issue_closed(
    new_task: NewTask, state: State, closed: bool, merged: bool, decision: policy.Decision
) -> None:
    assert policy.on_closed(new_task(state=state), PUSHER, closed=closed, merged=merged) == decision


@pytest.mark.parametrize("state", [State.COMPLETED, State.FAILED, State.CANCELLED, State.WAITING_INPUT])
def test_what_goes_on_waits_again_unless_it_had_begun(new_task: NewTask, state: State) -> None:
    begun = StageRun(stage=Stage.DEVELOP, round=1, started_ms=1)
    waiting, at_work = (acted(Resume(), new_task(state=state, blockers=(3,), stages=s), 5_000) for s in ((), (begun,)))
    assert waiting is not None
    assert (waiting.state, waiting.blockers) == (State.BLOCKED, (3,))
    assert at_work is not None
    assert (at_work.state, at_work.blockers) == (State.QUEUED, ())


def test_the_pull_request_dropped_and_opened_again(new_task: NewTask) -> None:
    ready = new_task(state=State.READY)
    assert policy.on_pull_dropped(ready, PUSHER, own=True) == Ignore(Why.OWN)
    dropped = acted(policy.on_pull_dropped(ready, PUSHER, own=False), ready, 5_000)
    assert dropped is not None
    assert (dropped.state, dropped.reason) == (State.CANCELLED, "pr_closed:maintainer")
    assert policy.on_reopened(dropped, PUSHER, labelled=True) == Resume()
    assert policy.on_reopened(dropped, TRIAGER, labelled=True) == Ignore(Why.STAYS)
    assert policy.on_reopened(dropped, BOT, labelled=True) == Ignore(Why.BOT)
    by_command = new_task(state=State.CANCELLED, reason="by:dev")
    assert policy.on_reopened(by_command, PUSHER, labelled=True) == Ignore(Why.STAYS)
    assert policy.on_reopened(new_task(state=State.COMPLETED), PUSHER, labelled=False) == Ignore(Why.LABEL_GONE)


def test_access_lost_and_back(new_task: NewTask) -> None:
    running = new_task(state=State.RUNNING)
    lost = acted(policy.on_access_lost(running), running, 5_000)
    assert lost is not None
    assert (lost.state, lost.paused_by) == (State.PAUSED, PausedBy.INSTALLATION)
    assert policy.on_access_back(lost) == Resume()
    by_person = new_task(state=State.PAUSED, paused_by=PausedBy.PERSON)
    assert policy.on_access_lost(by_person) == Ignore(Why.STAYS)
    assert policy.on_access_back(by_person) == Ignore(Why.STAYS)


@pytest.mark.parametrize(
    ("labels", "level"),
    [
        ((), 1),
        (("bug",), 1),
        (("P0",), 3),
        (("p1",), 2),
        (("P2",), 1),
        (("P3",), 0),
        (("priority: high",), 2),
        (("Priority/Urgent",), 3),
        (("priority-low",), 0),
        (("priority critical",), 3),
        (("priority: medium",), 1),
        (("urgent",), 3),
        (("high",), 1),
        (("low", "P1"), 2),
        (("P3", "priority: urgent"), 3),
        (("P9",), 1),
        (("priority:",), 1),
    ],
)
def test_priority_labels(labels: tuple[str, ...], level: int) -> None:
    assert policy.priority(labels) == level


@pytest.mark.parametrize("paused_by", [PausedBy.BUDGET, PausedBy.INSTALLATION])
def test_a_pause_that_would_end_by_itself_becomes_a_persons(new_task: NewTask, paused_by: PausedBy) -> None:
    """Else the task goes on the next day, or with the App's access, although a person has stopped it meanwhile."""
    task = new_task(state=State.PAUSED, paused_by=paused_by, reason="budget")
    label_removed = policy.on_unlabel(task, PUSHER, labelled=False)
    for decision in (policy.on_pause(task, "dev"), label_removed):
        after = acted(decision, task, 5_000)
        assert after is not None
        assert (after.state, after.paused_by) == (State.PAUSED, PausedBy.PERSON)
        assert policy.on_access_back(after) == Ignore(Why.STAYS)
        assert policy.on_pause(after, "dev") == Ignore(Why.STAYS)


def test_a_pause_that_was_asked_for_outlasts_the_access(new_task: NewTask) -> None:
    running = new_task(state=State.RUNNING, wish=Wish.PAUSE, reason="by:dev")
    after = acted(policy.on_access_lost(running), running, 5_000)
    assert after is not None
    assert (after.paused_by, after.reason) == (PausedBy.PERSON, "by:dev")
    assert policy.on_access_back(after) == Ignore(Why.STAYS)


def test_a_question_outlasts_the_access(new_task: NewTask) -> None:
    """It would be forgotten, and the task go on without an answer, once access is back."""
    assert policy.on_access_lost(new_task(state=State.WAITING_INPUT)) == Ignore(Why.STAYS)
