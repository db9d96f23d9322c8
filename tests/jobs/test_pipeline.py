"""What becomes of a task after each stage and each stop, and of the findings after each verdict. Pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace

from core.tasks import (
    UNSETTLED,
    Finding,
    Needs,
    Options,
    PausedBy,
    Reason,
    Stage,
    State,
    Task,
    Trigger,
    Wish,
    enter_stage,
    move,
)
from jobs.bench.talk import spoken
from jobs.lease import StopReason
from jobs.pipeline import advance, ask, give_up, hand_over, stop
from jobs.stages import Step
from jobs.stages.develop import first_line

NOW = 1_000_000
OPEN = Finding(id="F1", type="bug", severity="high", text="It is wrong.", file="a.py", line=3)


def at(stage: Stage, round_: int = 1, **fields: object) -> Task:
    task = Task(
        id="1-7", installation_id=5, repo_id=1, owner_login="acme", repo="widgets", issue=7, session="s",
        trigger=Trigger(actor="alice", at_ms=1, delivery="d", title="A title", body="A body"), created_ms=1,
        queued_ms=1, state=State.RUNNING, stage=stage, round=round_, owner="w", options=Options(max_rounds=3),
    )  # fmt: skip
    return enter_stage(replace(task, **fields), 5)


@pytest.mark.parametrize(
    ("stage", "round_", "outcome", "next_stage", "next_round", "state", "needs", "reason"),
    [
        (Stage.DEVELOP, 1, "passed", Stage.REVIEW, 1, State.RUNNING, None, ""),
        (Stage.REVIEW, 1, "approved", Stage.FINALIZE, 1, State.RUNNING, None, ""),
        (Stage.REVIEW, 1, "corrections_needed", Stage.CORRECT, 1, State.RUNNING, None, ""),
        (Stage.REVIEW, 2, "corrections_needed", Stage.CORRECT, 2, State.RUNNING, None, ""),
        (Stage.REVIEW, 3, "corrections_needed", Stage.REVIEW, 3, State.WAITING_INPUT, Needs.ANSWER, Reason.ROUNDS),
        (Stage.REVIEW, 4, "corrections_needed", Stage.REVIEW, 4, State.WAITING_INPUT, Needs.ANSWER, Reason.ROUNDS),
        (Stage.REVIEW, 3, "approved", Stage.FINALIZE, 3, State.RUNNING, None, ""),
        (Stage.REVIEW, 1, "gates_failed", Stage.CORRECT, 1, State.RUNNING, None, ""),
        (Stage.REVIEW, 3, "gates_failed", Stage.REVIEW, 3, State.WAITING_INPUT, Needs.ANSWER, Reason.ROUNDS),
        (Stage.FINALIZE, 2, "gates_failed", Stage.CORRECT, 2, State.RUNNING, None, ""),
        (Stage.FINALIZE, 3, "gates_failed", Stage.FINALIZE, 3, State.WAITING_INPUT, Needs.ANSWER, Reason.ROUNDS),
        (Stage.CORRECT, 1, "passed", Stage.REVIEW, 2, State.RUNNING, None, ""),
        (Stage.FINALIZE, 2, "passed", Stage.FINALIZE, 2, State.READY, None, ""),
        (Stage.FINALIZE, 2, "asked", Stage.FINALIZE, 2, State.WAITING_INPUT, Needs.APPROVAL, Reason.APPROVAL),
    ],
)
def test_advance(
    stage: Stage, round_: int, outcome: str, next_stage: Stage, next_round: int, state: State, needs: Needs | None,
    reason: str,
) -> None:  # fmt: skip
    task = advance(at(stage, round_), Step(outcome, "It says so.", {"findings": (OPEN,)}), NOW)
    assert (task.stage, task.round, task.state, task.needs, task.reason) == (
        next_stage, next_round, state, needs, reason,
    )  # fmt: skip
    (run,) = task.stages
    assert (run.stage, run.outcome, run.summary, run.ended_ms) == (stage, outcome, "It says so.", NOW)
    assert task.findings == (OPEN,)
    assert bool(task.owner) == (state is State.RUNNING)


@pytest.mark.parametrize("why", sorted(UNSETTLED))
def test_where_the_agents_get_no_further_a_person_is_asked_at_once(why: Reason) -> None:
    task = advance(at(Stage.REVIEW, 2), Step("corrections_needed", "", {"findings": (OPEN,)}, why), NOW)
    assert (task.state, task.needs, task.reason) == (State.WAITING_INPUT, Needs.ANSWER, why)


def test_a_round_that_a_person_allowed_is_held_beyond_the_cap() -> None:
    step = Step("corrections_needed", "", {"findings": (OPEN,)})
    allowed = at(Stage.CORRECT, 3, allowed_round=4)
    assert advance(allowed, Step("passed", ""), NOW).round == 4
    assert advance(at(Stage.REVIEW, 3, allowed_round=4), step, NOW).stage is Stage.CORRECT
    assert advance(at(Stage.REVIEW, 4, allowed_round=4), step, NOW).reason == Reason.ROUNDS


@given(some.lists(some.sampled_from(["approved", "corrections_needed"]), max_size=9), some.integers(1, 5))
def test_every_way_ends(verdicts: list[str], max_rounds: int) -> None:
    """Whatever reviewers say, the loop ends after the allowed rounds at the latest."""
    task, said, steps = at(Stage.DEVELOP, options=Options(max_rounds=max_rounds)), iter(verdicts), 0
    while task.state is State.RUNNING:
        outcome = next(said, "corrections_needed") if task.stage is Stage.REVIEW else "passed"
        task = advance(task, Step(outcome, ""), NOW)
        task = enter_stage(task, NOW) if task.state is State.RUNNING else task
        steps += 1
    assert steps <= 2 + 2 * max_rounds
    assert task.state in {State.READY, State.WAITING_INPUT}
    assert sum(run.stage is Stage.REVIEW for run in task.stages) <= max_rounds


def test_ask() -> None:
    task = ask(at(Stage.CORRECT, 2), "JSON or YAML?", NOW)
    assert (task.state, task.needs, task.reason, task.question) == (
        State.WAITING_INPUT, Needs.ANSWER, Reason.QUESTION, "JSON or YAML?",
    )  # fmt: skip
    assert (task.stages[-1].outcome, task.stages[-1].summary) == ("asked", "JSON or YAML?")
    assert (task.stage, task.round, task.owner) == (Stage.CORRECT, 2, "")


def test_hand_over() -> None:
    task = hand_over(at(Stage.DEVELOP), Needs.CONFLICT, Reason.BRANCH_MOVED, "", NOW)
    assert (task.state, task.needs, task.reason) == (State.WAITING_INPUT, Needs.CONFLICT, Reason.BRANCH_MOVED)
    assert task.stages[-1].outcome == "stopped"


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [(r, "limit" if r in {Reason.TIMEOUT, Reason.IDLE, Reason.LIMIT} else "failed")
     for r in (Reason.TIMEOUT, Reason.IDLE, Reason.LIMIT, Reason.NO_CHANGE, Reason.BAD_OUTPUT, Reason.AGENT_FAILED,
               Reason.REFUSED, Reason.SETUP)],
)  # fmt: skip
def test_give_up(reason: Reason, outcome: str) -> None:
    task = give_up(at(Stage.REVIEW), reason, "It says why.", NOW)
    assert (task.state, task.reason, task.settled_ms) == (State.FAILED, reason, NOW)
    assert (task.stages[-1].outcome, task.stages[-1].summary) == (outcome, "It says why.")


def test_giving_up_before_the_stage_began_keeps_the_reason() -> None:
    begun = at(Stage.DEVELOP)
    never = give_up(replace(begun, stages=()), Reason.SETUP, "No base.", NOW)
    later = give_up(replace(advance(begun, Step("passed", ""), 7)), Reason.SETUP, "No clone.", NOW)
    assert [run.summary for run in never.stages] == ["No base."]
    assert [(run.stage, run.outcome) for run in later.stages] == [(Stage.DEVELOP, "passed"), (Stage.REVIEW, "failed")]
    assert later.stages[-1].summary == "No clone."


@pytest.mark.parametrize(
    ("why", "state", "paused_by", "outcome"),
    [
        (StopReason.CANCEL, State.CANCELLED, None, "cancelled"),
        (StopReason.PAUSE, State.PAUSED, PausedBy.PERSON, "paused"),
    ],
)
def test_stop(why: StopReason, state: State, paused_by: PausedBy | None, outcome: str) -> None:
    task = stop(at(Stage.DEVELOP, wish=Wish.CANCEL, reason=Reason.BY.by("bob")), why, NOW)
    assert (task.state, task.paused_by, task.reason, task.wish) == (state, paused_by, "by:bob", Wish.NONE)
    assert task.stages[-1].outcome == outcome


def test_after_a_pause_the_stage_goes_on() -> None:
    paused = stop(at(Stage.DEVELOP), StopReason.PAUSE, NOW)
    again = enter_stage(replace(move(paused, State.QUEUED, NOW), state=State.RUNNING), NOW + 9)
    assert [(run.outcome, run.attempts) for run in again.stages] == [(None, 2)]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("Use JSON.", "Use JSON."),
        ("/pdev resume", ""),
        ("/pdev resume\nPlease use JSON.", "Please use JSON."),
        ("Please use JSON.\r\n/pdev resume\r\nThanks!", "Please use JSON.\n\nThanks!"),
        ("/pdev answer JSON", "JSON"),
        ("/pdev answer: JSON\nand not YAML\n/pdev status", "JSON\nand not YAML"),
        ("  /PDEV Answer\nJSON", "JSON"),
        ("see /pdev help", "see /pdev help"),
        ("/pdevelop is no command", "/pdevelop is no command"),
        ("", ""),
    ],
)
def test_what_a_comment_says_to_agents(body: str, words: str) -> None:
    assert spoken(body) == words


@pytest.mark.parametrize(
    ("summary", "subject"),
    [
        ("Keep the numbers.\n\nThey were lost.", "Keep the numbers."),
        ("\n  Keep   them\t", "Keep them"),
        ("", "Work on the issue"),
        ("x" * 100, "x" * 71 + "…"),
        ("Fixes #99, thanks @bob", "Fixes #\u200b99, thanks @\u200bbob"),
    ],
)
def test_a_commit_subject_closes_no_other_issue(summary: str, subject: str) -> None:
    assert first_line(summary) == subject
