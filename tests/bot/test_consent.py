"""What waits for a person's word: approvals and answers as tables."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from bot import policy
from bot.effects import acted
from bot.policy import Approve, Ignore, Person, Refuse, Resume, Why
from core.ledger import Waiver, waived
from core.tasks import MOVES, Finding, LastReview, Needs, Options, PausedBy, Stage, StageRun, State, Task, Wish

NewTask = Callable[..., Task]
SHA, OTHER = "a" * 40, "b" * 40
WAITS = {
    "state": State.WAITING_INPUT, "needs": Needs.APPROVAL, "checkpoint_sha": SHA, "stage": Stage.FINALIZE, "round": 2,
    "head_sha": OTHER, "reason": "approval", "stages": (StageRun(stage=Stage.FINALIZE, round=2, started_ms=1),),
}  # fmt: skip
ASKS = {"state": State.WAITING_INPUT, "needs": Needs.ANSWER, "question": "Which?", "reason": "question"}


def test_code_reaches_branches_by_itself_only_where_nobody_else_writes_issues() -> None:
    assert policy.default_ci(private=True) == "every_push"
    assert policy.default_ci(private=False) == "approved"
    assert {"every_push", "approved"} >= {Options().ci}


@pytest.mark.parametrize(
    ("fields", "shown", "decision"),
    [
        (WAITS, "", Approve("dev")),
        (WAITS, SHA[:12], Approve("dev")),
        (WAITS | {"approved_sha": OTHER, "approved_by": "eve"}, "", Approve("dev")),
        (WAITS, OTHER[:12], Refuse(Why.NEWER_WAITS)),
        (WAITS | {"needs": Needs.ANSWER}, "", Refuse(Why.NOTHING_WAITS)),
        (WAITS | {"needs": None}, "", Refuse(Why.NOTHING_WAITS)),
        (WAITS | {"checkpoint_sha": ""}, "", Refuse(Why.NOTHING_WAITS)),
        ({"state": State.QUEUED}, "", Refuse(Why.NOTHING_WAITS)),
        ({"state": State.RUNNING, "checkpoint_sha": SHA}, "", Refuse(Why.NOTHING_WAITS)),
        ({"state": State.READY, "checkpoint_sha": SHA, "approved_sha": OTHER}, "", Refuse(Why.NOTHING_WAITS)),
        ({"state": State.QUEUED, "checkpoint_sha": SHA, "approved_sha": SHA}, "", Ignore(Why.STAYS)),
        ({"state": State.READY, "checkpoint_sha": SHA, "approved_sha": SHA}, SHA[:12], Ignore(Why.STAYS)),
    ],
)
def test_approving(new_task: NewTask, fields: dict[str, Any], shown: str, decision: policy.Decision) -> None:
    assert policy.on_approve(new_task(**fields), "dev", closed=False, shown=shown) == decision
    assert policy.on_approve(new_task(**fields), "dev", closed=True, shown=shown) == Refuse(Why.CLOSED)


def test_an_approval_is_for_one_commit(new_task: NewTask) -> None:
    task = new_task(**WAITS, blockers=(3,), crashes=1)
    after = acted(Approve("dev"), task, 5_000)
    assert after is not None
    assert (after.state, after.stage, after.round) == (State.QUEUED, Stage.FINALIZE, 2)
    assert (after.approved_by, after.approved_sha, after.needs, after.reason) == ("dev", SHA, None, "")
    later = replace(after, **WAITS | {"checkpoint_sha": OTHER, "head_sha": SHA})
    again = acted(policy.on_approve(later, "eve", closed=False), later, 6_000)
    assert again is not None
    assert (again.approved_by, again.approved_sha) == ("eve", OTHER)


def test_a_merged_task_that_starts_afresh_has_no_approval(new_task: NewTask) -> None:
    merged = new_task(state=State.MERGED, checkpoint_sha=SHA, approved_sha=SHA, approved_by="dev")
    after = acted(Resume(afresh=True), merged, 5_000)
    assert after is not None
    assert (after.approved_by, after.approved_sha, after.checkpoint_sha) == ("", "", "")


def test_going_on_is_no_approval(new_task: NewTask) -> None:
    assert policy.on_resume(new_task(**WAITS), closed=False) == Refuse(Why.NEEDS_APPROVAL)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("needs", [None, *Needs])
def test_nothing_else_approves(new_task: NewTask, state: State, needs: Needs | None) -> None:
    """Whatever else is decided on a task, its approval stays as it was, and every move is legal."""
    paused_by = PausedBy.PERSON if state is State.PAUSED else None
    task = new_task(state=state, needs=needs, checkpoint_sha=SHA, paused_by=paused_by, question="Which?")
    person = Person(task.trigger.actor, role="admin")
    for decision in (
        policy.on_resume(task, closed=False),
        policy.on_answer(task, closed=False),
        policy.on_plain_comment(task, person),
        policy.on_pause(task, "dev"),
        policy.on_cancel(task, "dev"),
    ):
        after = acted(decision, task, 5_000)
        assert after is None or after.approved_sha == ""
        assert after is None or after.wish is not Wish.NONE or after.state in MOVES[state]


@pytest.mark.parametrize(
    ("fields", "decision"),
    [
        (ASKS, Resume()),
        (ASKS | {"question": "", "reason": "rounds"}, Resume()),
        (ASKS | {"needs": None, "reason": "foreign_pull"}, Refuse(Why.NO_QUESTION)),
        (ASKS | {"needs": Needs.CRASH}, Refuse(Why.NO_QUESTION)),
        (WAITS, Refuse(Why.NO_QUESTION)),
        ({"state": State.RUNNING}, Refuse(Why.NO_QUESTION)),
        ({"state": State.FAILED}, Refuse(Why.NO_QUESTION)),
    ],
)
def test_answering(new_task: NewTask, fields: dict[str, Any], decision: policy.Decision) -> None:
    assert policy.on_answer(new_task(**fields), closed=False) == decision
    assert policy.on_answer(new_task(**fields), closed=True) == Refuse(Why.CLOSED)


@pytest.mark.parametrize(
    ("by", "fields", "decision"),
    [
        (Person("maintainer", role="write"), ASKS, Resume()),
        (Person("maintainer", role="triage"), ASKS, Ignore(Why.NO_PUSH_RIGHT)),
        (Person("maintainer", is_bot=True), ASKS, Ignore(Why.BOT)),
        (Person("developer", role="admin"), ASKS, Ignore(Why.STAYS)),
        (Person("maintainer", role="write"), ASKS | {"question": "", "reason": "rounds"}, Ignore(Why.STAYS)),
        (Person("maintainer", role="write"), ASKS | {"needs": None, "reason": "foreign_pull"}, Ignore(Why.STAYS)),
        (Person("maintainer", role="write"), WAITS, Ignore(Why.STAYS)),
        (Person("maintainer", role="write"), {"state": State.RUNNING}, Ignore(Why.STAYS)),
    ],
)
def test_a_plain_comment(new_task: NewTask, by: Person, fields: dict[str, Any], decision: policy.Decision) -> None:
    """Only whoever was asked answers without a command, and only a question of an agent."""
    task = new_task(**fields)
    assert task.trigger.actor == "maintainer"
    assert policy.on_plain_comment(task, by) == decision


F1 = Finding(id="F1", type="bug", severity="high", text="It is wrong.")
REVIEWED = LastReview(round=5, tree="t", outcome="corrections_needed", open=("F1",))
UNSETTLED_TASK = ASKS | {"question": "", "stage": Stage.REVIEW, "round": 5, "findings": (F1,), "last_review": REVIEWED}


@pytest.mark.parametrize("reason", ["rounds", "no_progress", "unfixable"])
def test_a_word_where_the_agents_cannot_agree_buys_one_more_round(new_task: NewTask, reason: str) -> None:
    after = acted(Resume(), new_task(**(UNSETTLED_TASK | {"reason": reason})), 5_000)
    assert after is not None
    assert (after.stage, after.round, after.last_round) == (Stage.CORRECT, 5, 6)


@pytest.mark.parametrize(
    ("judged_by", "stage"), [("corrections_needed", Stage.FINALIZE), ("gates_failed", Stage.REVIEW)]
)
def test_of_what_a_person_lets_be_nothing_is_corrected(new_task: NewTask, judged_by: str, stage: Stage) -> None:
    last = replace(REVIEWED, outcome=judged_by)
    task = new_task(**(UNSETTLED_TASK | {"last_review": last, "reason": "unfixable"}))

    def prepare(task: Task) -> Task:
        return replace(task, findings=waived(task.findings, Waiver(), by="alice", round_=5))

    after = acted(policy.on_answer(task, closed=False, waiver=Waiver()), task, 5_000, prepare)
    assert after is not None
    assert (after.stage, [f.waived_by for f in after.findings]) == (stage, ["alice"])
    unknown = Waiver(frozenset({"F9"}))
    assert policy.on_answer(task, closed=False, waiver=unknown) == Refuse(Why.NO_FINDING)


@pytest.mark.parametrize("begun", [False, True])
def test_what_never_began_still_waits_for_other_issues(new_task: NewTask, begun: bool) -> None:
    """Somebody else's pull request made it ask first; the answer does not make its blockers go away."""
    runs = (StageRun(stage=Stage.DEVELOP, round=1, started_ms=1),) if begun else ()
    task = new_task(state=State.WAITING_INPUT, reason="foreign_pull", question="Go?", blockers=(3,), stages=runs)
    after = acted(Resume(), task, 5_000)
    assert after is not None
    assert after.state is (State.QUEUED if begun else State.BLOCKED)
