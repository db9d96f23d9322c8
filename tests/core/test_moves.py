"""Every legal and illegal move of a task, and what stays true whatever is done to it."""

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace

from core.tasks import (
    ENDED,
    MAX_CRASHES,
    MOVES,
    SETTLED,
    IllegalMove,
    Needs,
    PausedBy,
    Reason,
    Stage,
    State,
    Task,
    Trigger,
    Wish,
    enter_stage,
    interrupted,
    is_under_way,
    leave_stage,
    move,
    resumed,
)

NOW = 1_000_000
TASK = Task(
    id="1-7", installation_id=5, repo_id=1, owner_login="acme", repo="widgets", issue=7, session="s",
    trigger=Trigger(actor="alice", at_ms=1, delivery="d", title="A title", body="A body"), created_ms=1, queued_ms=1,
)  # fmt: skip
BUSY = replace(
    TASK, state=State.RUNNING, owner="w", lease_exp=9, activity="reading", wish=Wish.PAUSE, reason=Reason.BY.by("bob"),
    needs=Needs.ANSWER, paused_by=PausedBy.PERSON, question="?", crashes=2,
)  # fmt: skip


@pytest.mark.parametrize(("before", "to"), list(product(State, State)))
def test_every_move(before: State, to: State) -> None:
    task = replace(BUSY, state=before)
    if to not in MOVES[before]:
        with pytest.raises(IllegalMove, match="acme/widgets#7 cannot go from"):
            move(task, to, NOW)
        return
    after = move(task, to, NOW)
    assert (after.state, after.updated_ms) == (to, NOW)
    assert (after.needs, after.paused_by, after.reason, after.question, after.wish) == (None, None, "", "", Wish.NONE)
    assert after.settled_ms == (NOW if to in SETTLED else None)
    assert (after.owner, after.lease_exp, after.activity) == (
        ("w", 9, "reading") if to is State.RUNNING else ("", 0, "")
    )
    assert after.queued_ms == (NOW if to is State.QUEUED else 1)
    assert after.crashes == 2


def test_no_state_is_a_dead_end_and_none_leads_to_itself() -> None:
    assert set(MOVES) == set(State)
    for state, ways in MOVES.items():
        assert state not in ways
        assert ways & {State.QUEUED, State.RUNNING}
    assert {s for s in State if State.RUNNING in MOVES[s]} == {State.QUEUED}  # only a grant leads there


def test_fields_of_the_new_state_are_given_with_the_move() -> None:
    after = move(BUSY, State.PAUSED, NOW, paused_by=PausedBy.BUDGET, reason=Reason.LIMIT)
    assert (after.paused_by, after.reason) == (PausedBy.BUDGET, Reason.LIMIT)


@pytest.mark.parametrize(
    ("to", "outcome"),
    [
        (State.QUEUED, None), (State.WAITING_INPUT, "stopped"), (State.WAITING_CHECKS, "passed"),
        (State.READY, "passed"), (State.PAUSED, "paused"), (State.FAILED, "failed"), (State.CANCELLED, "cancelled"),
        (State.MERGED, "cancelled"), (State.COMPLETED, "cancelled"),
    ],
)  # fmt: skip
def test_a_stage_ends_with_what_its_task_becomes(to: State, outcome: str | None) -> None:
    """Only a stage whose task is handed to another worker goes on; nobody takes up the others by themselves."""
    after = move(enter_stage(BUSY, 5), to, NOW)
    (run,) = after.stages
    assert (run.outcome, run.ended_ms) == (outcome, None if outcome is None else NOW)


def test_a_stage_that_has_ended_keeps_its_end() -> None:
    ended = leave_stage(enter_stage(BUSY, 5), "asked", 7, "Which?")
    (run,) = move(ended, State.WAITING_INPUT, NOW).stages
    assert (run.outcome, run.ended_ms, run.summary) == ("asked", 7, "Which?")


def test_an_interrupted_stage_counts_its_attempts() -> None:
    once = enter_stage(BUSY, 5)
    twice = enter_stage(replace(move(once, State.QUEUED, 6), state=State.RUNNING, progress=60), 7)
    (run,) = twice.stages
    assert (run.attempts, run.started_ms, twice.progress) == (2, 5, 60)  # its work is kept, so it goes on from there


def test_a_paused_stage_goes_on_and_the_pause_is_not_counted() -> None:
    paused = move(enter_stage(BUSY, 5_000), State.PAUSED, 9_000)
    (run,) = enter_stage(replace(paused, state=State.RUNNING), 80_000).stages
    assert (run.attempts, run.outcome, run.ended_ms, run.started_ms) == (2, None, None, 76_000)


@pytest.mark.parametrize("outcome", ["stopped", "asked", "failed", "limit", "crashed", "cancelled", "passed"])
def test_a_stage_that_has_ended_begins_anew(outcome: str) -> None:
    again = enter_stage(leave_stage(enter_stage(BUSY, 5), outcome, 6), 7)
    assert [(run.attempts, run.started_ms, run.outcome) for run in again.stages] == [(1, 5, outcome), (1, 7, None)]


def test_another_round_is_another_run() -> None:
    again = enter_stage(replace(enter_stage(BUSY, 5), round=2), 7)
    assert [run.round for run in again.stages] == [1, 2]


@pytest.mark.parametrize(("outcome", "progress"), [("passed", 100), ("approved", 100), ("failed", 30), ("asked", 30)])
def test_progress_is_whole_only_when_the_stage_is_done(outcome: str, progress: int) -> None:
    assert leave_stage(replace(enter_stage(BUSY, 5), progress=30), outcome, 6).progress == progress


def test_a_stage_that_failed_before_it_began_is_noted() -> None:
    (run,) = leave_stage(TASK, "failed", 6, "No base.").stages
    assert (run.stage, run.outcome, run.started_ms, run.ended_ms, run.summary) == (
        Stage.DEVELOP, "failed", 6, 6, "No base.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wish", "crashes", "crashed", "state", "reason", "outcome"),
    [
        (Wish.NONE, 0, False, State.QUEUED, "", None),
        (Wish.NONE, 0, True, State.QUEUED, "", None),
        (Wish.NONE, MAX_CRASHES - 1, False, State.QUEUED, "", None),
        (Wish.NONE, MAX_CRASHES - 1, True, State.WAITING_INPUT, Reason.CRASHED, "crashed"),
        (Wish.CANCEL, 0, False, State.CANCELLED, "by:bob", "cancelled"),
        (Wish.CANCEL, MAX_CRASHES - 1, True, State.CANCELLED, "by:bob", "cancelled"),
        (Wish.PAUSE, 0, True, State.PAUSED, "by:bob", "paused"),
    ],
)  # fmt: skip
def test_interrupted(wish: Wish, crashes: int, crashed: bool, state: State, reason: str, outcome: str | None) -> None:
    after = interrupted(replace(enter_stage(BUSY, 5), wish=wish, crashes=crashes), NOW, crashed=crashed)
    assert (after.state, after.reason, after.owner, after.stages[-1].outcome) == (state, reason, "", outcome)
    if state in {State.QUEUED, State.WAITING_INPUT}:
        assert after.crashes == crashes + crashed
    assert after.queued_ms == BUSY.queued_ms, "it does not go behind those that came later"
    assert after.needs == (Needs.CRASH if state is State.WAITING_INPUT else None)
    assert after.paused_by == (PausedBy.PERSON if state is State.PAUSED else None)


@pytest.mark.parametrize(
    ("outcome", "crashes"),
    [("passed", 0), ("approved", 0), ("corrections_needed", 0), ("asked", 2), ("failed", 2), ("paused", 2)],
)
def test_a_stage_that_ended_well_forgives_the_crashes_before_it(outcome: str, crashes: int) -> None:
    assert leave_stage(enter_stage(BUSY, 5), outcome, 6).crashes == crashes


RESUMABLE = [s for s in State if State.QUEUED in MOVES[s] and s is not State.RUNNING]


@pytest.mark.parametrize("state", RESUMABLE)
def test_resumed(state: State) -> None:
    task = resumed(replace(TASK, state=state, stage=Stage.CORRECT, round=2, crashes=3, settled_ms=5), NOW)
    assert (task.state, task.stage, task.round, task.crashes, task.settled_ms) == (
        State.QUEUED, Stage.CORRECT, 2, 0, None,
    )  # fmt: skip


@pytest.mark.parametrize("state", [s for s in State if State.BLOCKED in MOVES[s]])
def test_resumed_but_still_blocked(state: State) -> None:
    assert resumed(replace(TASK, state=state, blockers=(3,)), NOW).state is State.BLOCKED


def test_what_waits_to_start_cannot_be_resumed() -> None:
    with pytest.raises(IllegalMove):
        resumed(replace(TASK, state=State.QUEUED), NOW)


@pytest.mark.parametrize("state", [State.READY, State.COMPLETED, State.CANCELLED, State.PAUSED])
def test_what_is_finalized_is_reviewed_once_more(state: State) -> None:
    done = leave_stage(enter_stage(replace(TASK, stage=Stage.FINALIZE, round=2), 5), "passed", 6)
    after = resumed(replace(done, state=state), NOW)
    assert (after.stage, after.round, after.progress) == (Stage.REVIEW, 3, 0)


@pytest.mark.parametrize("outcome", ["asked", "failed", "paused"])
def test_what_was_not_finalized_goes_on_there(outcome: str) -> None:
    stopped = leave_stage(enter_stage(replace(TASK, stage=Stage.FINALIZE, round=2), 5), outcome, 6)
    after = resumed(replace(stopped, state=State.PAUSED), NOW)
    assert (after.stage, after.round) == (Stage.FINALIZE, 2)


Doing = Callable[[Task, int], Task]
DOINGS: list[Doing] = [
    *((lambda t, now, to=to: move(t, to, now)) for to in State),
    enter_stage,
    lambda t, now: leave_stage(t, "passed", now),
    lambda t, now: interrupted(t, now, crashed=True),
    lambda t, now: interrupted(t, now, crashed=False),
    resumed,
    lambda t, now: replace(t, wish=Wish.CANCEL, reason=Reason.BY.by("bob")) if t.state is State.RUNNING else t,
    lambda t, now: replace(t, owner="w", lease_exp=now) if t.state is State.RUNNING else t,
]


@given(some.lists(some.sampled_from(DOINGS), max_size=30))
def test_whatever_is_done(doings: list[Doing]) -> None:
    task = TASK
    for now, do in enumerate(doings, start=10):
        is_stage = do in DOINGS[len(State) : len(State) + 2]
        if is_stage and task.state is not State.RUNNING:
            continue  # only a worker enters and leaves stages
        try:
            task = do(task, now)
        except IllegalMove:
            continue
        assert (task.settled_ms is not None) == (task.state in SETTLED)
        assert task.owner == "" or task.state is State.RUNNING
        assert task.wish is Wish.NONE or task.state is State.RUNNING
        assert 0 <= task.crashes <= MAX_CRASHES * len(doings)
        assert not is_under_way(task) or task.state in {State.RUNNING, State.QUEUED, State.BLOCKED}
        assert all(run.outcome is not None for run in task.stages[:-1])
        assert all((run.ended_ms is None) == (run.outcome is None) for run in task.stages)
        assert not (task.state in ENDED and task.lease_exp)
