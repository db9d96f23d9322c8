"""What becomes of a task after each stage and each stop, and of the findings after each verdict. Pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace

from core.messages.notes import NO_REASON, REVIEWER_APPROVED
from core.tasks import (
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
from jobs.agents.results import CorrectorResult, Fixed, ReviewerResult, ReviewFinding, Unfixable
from jobs.bench.talk import percent_of, spoken
from jobs.lease import StopReason
from jobs.pipeline import advance, ask, give_up, hand_over, stop
from jobs.stages import Step
from jobs.stages.correct import MAX_NOTE, settle
from jobs.stages.develop import first_line
from jobs.stages.review import MAX_TEXT, ledger

NOW = 1_000_000
OPEN = Finding(id="F1", type="bug", severity="high", text="It is wrong.", file="a.py", line=3)
FIXED = Finding(id="F2", type="style", severity="low", text="It is long.", state="fixed", note="Shortened.")
UNFIXABLE = Finding(id="F3", type="style", severity="low", text="It is odd.", state="unfixable", note="It must be.")


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


def verdict(word: str, *findings: ReviewFinding, summary: str = "") -> ReviewerResult:
    return ReviewerResult.model_validate({"verdict": word, "findings": findings, "summary": summary})


def said(text: str = "New.", **fields: object) -> ReviewFinding:
    return ReviewFinding.model_validate({"text": text} | fields)


def test_the_first_findings_get_ids() -> None:
    found = ledger(at(Stage.REVIEW), verdict("corrections_needed", said("One.", file="a.py", line=3), said("Two.")))
    assert [(f.id, f.text, f.file, f.line, f.round, f.state) for f in found] == [
        ("F1", "One.", "a.py", 3, 1, "open"), ("F2", "Two.", "", 0, 1, "open"),
    ]  # fmt: skip


def test_one_that_is_named_again_is_open_again_where_it_is_now() -> None:
    task = at(Stage.REVIEW, 2, findings=(OPEN, FIXED))
    again = said("Still long.", id="F2", severity="high", type="bug", file="b.py", line=9)
    one, two = ledger(task, verdict("corrections_needed", again))
    assert one == OPEN
    assert two == Finding(
        id="F2", type="bug", severity="high", text="Still long.", file="b.py", line=9, round=2, state="open"
    )


def test_one_that_is_named_again_without_a_place_keeps_its_own() -> None:
    (one,) = ledger(at(Stage.REVIEW, 2, findings=(OPEN,)), verdict("corrections_needed", said("Still.", id="F1")))
    assert (one.file, one.line, one.round) == ("a.py", 3, 2)


def test_an_approval_settles_what_nobody_named() -> None:
    found = ledger(at(Stage.REVIEW, 2, findings=(OPEN, FIXED, UNFIXABLE)), verdict("approved"))
    assert [(f.state, f.note) for f in found] == [
        ("fixed", REVIEWER_APPROVED), ("fixed", "Shortened."), ("unfixable", "It must be."),
    ]  # fmt: skip


def test_an_approval_with_findings_leaves_them_open() -> None:
    found = ledger(at(Stage.REVIEW, 2, findings=(OPEN,)), verdict("approved", said("Yet this.")))
    assert [(f.id, f.state) for f in found] == [("F1", "fixed"), ("F2", "open")]


@pytest.mark.parametrize(("summary", "text"), [("Do it otherwise.", "Do it otherwise."), (" ", NO_REASON)])
def test_corrections_without_findings(summary: str, text: str) -> None:
    *_, last = ledger(at(Stage.REVIEW, findings=(FIXED,)), verdict("corrections_needed", summary=summary))
    assert (last.id, last.type, last.severity, last.text, last.state) == ("F2", "summary", "high", text, "open")


def test_an_id_that_we_never_gave_is_a_new_finding() -> None:
    found = ledger(at(Stage.REVIEW, findings=(OPEN,)), verdict("corrections_needed", said("Odd.", id="F99")))
    assert [f.id for f in found] == ["F1", "F2"]


def test_an_id_given_twice_names_the_first() -> None:
    one, two = said("First.", id="F1"), said("Second.", id="F1")
    found = ledger(at(Stage.REVIEW, findings=(OPEN,)), verdict("corrections_needed", one, two))
    assert [(f.id, f.text) for f in found] == [("F1", "First."), ("F2", "Second.")]


def test_a_suggestion_is_part_of_the_finding_and_sizes_are_bounded() -> None:
    short, long = said("Bad.", suggested_fix=" Rename it. "), said("x" * 4_000, type="", suggested_fix="y" * 20_000)
    one, two = ledger(at(Stage.REVIEW), verdict("corrections_needed", short, long))
    assert one.text == "Bad.\n\nSuggested: Rename it."
    assert len(two.text) == MAX_TEXT
    assert two.type == "general"


@given(
    some.lists(
        some.tuples(
            some.sampled_from(["approved", "corrections_needed"]),
            some.lists(some.sampled_from(["", "F1", "F2", "F3", "F9"]), max_size=4),
            some.lists(some.sampled_from(["F1", "F2", "F3", "F9"]), max_size=4),
        ),
        max_size=6,
    )
)
def test_the_ledger_loses_nothing(rounds: list[tuple[str, list[str], list[str]]]) -> None:
    """Ids are unique and stay, nothing disappears, and who wants corrections leaves something open."""
    task = at(Stage.REVIEW)
    for word, named, mended in rounds:
        before = task.findings
        found = ledger(task, verdict(word, *(said(id=name) for name in named)))
        assert [f.id for f in found][: len(before)] == [f.id for f in before]
        assert [f.id for f in found] == [f"F{n}" for n in range(1, len(found) + 1)]
        assert (word == "approved" and not named) == all(f.state != "open" for f in found)
        task = replace(task, findings=found, round=task.round + 1)
        task = replace(task, findings=settle(task, CorrectorResult(fixed=tuple(Fixed(id=name) for name in mended))))
        assert all(f.state != "open" for f in task.findings if f.id in mended)


def test_settle() -> None:
    answer = CorrectorResult(
        fixed=(Fixed(id="F1", how="Compared."), Fixed(id="F2", how="again"), Fixed(id="F9")),
        unfixable=(Unfixable(id="F4", why="It must be."), Unfixable(id="F5", why="n" * 9_000)),
    )
    fourth, fifth, sixth = (replace(OPEN, id=name) for name in ("F4", "F5", "F6"))
    found = settle(at(Stage.CORRECT, findings=(OPEN, FIXED, UNFIXABLE, fourth, fifth, sixth)), answer)
    assert [(f.id, f.state) for f in found] == [
        ("F1", "fixed"), ("F2", "fixed"), ("F3", "unfixable"), ("F4", "unfixable"), ("F5", "unfixable"), ("F6", "open"),
    ]  # fmt: skip
    assert [f.note for f in found[:4]] == ["Compared.", "Shortened.", "It must be.", "It must be."]
    assert len(found[4].note) == MAX_NOTE


def test_what_is_called_both_is_not_fixed() -> None:
    both = CorrectorResult(fixed=(Fixed(id="F1"),), unfixable=(Unfixable(id="F1", why="No."),))
    assert settle(at(Stage.CORRECT, findings=(OPEN,)), both)[0].state == "unfixable"


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


@pytest.mark.parametrize(
    ("percent", "shown"),
    [(40, 40), (40.7, 40), (-3, 0), (100, 99), (1e300, 99), ("40", 7), (None, 7), (True, 7), (float("nan"), 7),
     (float("inf"), 7)],
)  # fmt: skip
def test_an_agents_percentage(percent: object, shown: int) -> None:
    assert percent_of(percent, 7) == shown
