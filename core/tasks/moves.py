"""The legal ways from one state to the next. Pure.

`docs/design.md` draws `MOVES`, and a test holds the drawing equal to it.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from core.tasks.reasons import Reason
from core.tasks.records import SETTLED, Needs, PausedBy, Scope, Stage, StageRun, State, Task, Wish

_OUTSIDE = {State.MERGED, State.COMPLETED, State.CANCELLED, State.PAUSED}
"""What people can bring about from outside at any time: merge the PR, close the issue, cancel, pause."""

MOVES: Mapping[State, frozenset[State]] = {
    State.BLOCKED: frozenset({State.QUEUED, State.FAILED, *_OUTSIDE}),
    State.QUEUED: frozenset({State.RUNNING, State.BLOCKED, State.FAILED, *_OUTSIDE}),
    State.RUNNING: frozenset(
        {State.QUEUED, State.WAITING_INPUT, State.WAITING_CHECKS, State.READY, State.FAILED, *_OUTSIDE}
    ),
    State.WAITING_INPUT: frozenset({State.QUEUED, State.BLOCKED, State.FAILED, *_OUTSIDE}),
    State.WAITING_CHECKS: frozenset({State.QUEUED, State.READY, State.FAILED, *_OUTSIDE}),
    State.PAUSED: frozenset({State.QUEUED, State.BLOCKED, *_OUTSIDE} - {State.PAUSED}),
    State.READY: frozenset({State.QUEUED, *_OUTSIDE}),
    State.MERGED: frozenset({State.QUEUED}),
    State.COMPLETED: frozenset({State.QUEUED, State.BLOCKED, State.MERGED}),
    State.FAILED: frozenset({State.QUEUED, State.BLOCKED, State.CANCELLED, State.MERGED, State.COMPLETED}),
    State.CANCELLED: frozenset({State.QUEUED, State.BLOCKED, State.MERGED, State.COMPLETED}),
}
"""Every legal move. Every end can be resumed, so every end leads back to queued; and whatever became of a task,
a person may still merge its pull request."""

_DONE = frozenset({"passed", "approved", "corrections_needed"})
"""Outcomes of a stage that did what it was there for."""

_ENDS_A_RUN: Mapping[State, str] = {
    State.WAITING_INPUT: "stopped",
    State.WAITING_CHECKS: "passed",
    State.READY: "passed",
    State.PAUSED: "paused",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
    State.MERGED: "cancelled",
    State.COMPLETED: "cancelled",
}
"""How a stage ended that was under way when its task came into this state. In all other states it may yet go on."""


class IllegalMove(Exception):
    """A move that `MOVES` does not allow; the caller read a task that has moved on."""

    def __init__(self, task: Task, to: State) -> None:
        super().__init__(f"{task.slug} cannot go from {task.state} to {to}")
        self.task, self.to = task, to


def move(task: Task, to: State, now_ms: int, **fields: object) -> Task:
    """The task in its next state.

    Fields that only made sense in the old state (what it needed, who paused it, the wish, the lease's owner) are
    cleared unless given; a stage that was under way and does not go on by itself has ended.
    """
    if to not in MOVES[task.state]:
        raise IllegalMove(task, to)
    if to in _ENDS_A_RUN and is_under_way(task):
        task = leave_stage(task, _ENDS_A_RUN[to], now_ms)
    cleared: dict[str, object] = {
        "needs": None, "paused_by": None, "reason": "", "question": "", "wish": Wish.NONE,
        "settled_ms": now_ms if to in SETTLED else None,
    }  # fmt: skip
    if to is not State.RUNNING:
        cleared |= {"owner": "", "lease_exp": 0, "activity": ""}
    if to is State.QUEUED:
        cleared |= {"queued_ms": now_ms}
    return replace(task, **{**cleared, **fields, "state": to, "updated_ms": now_ms})


def is_under_way(task: Task) -> bool:
    """Whether the last stage has begun and not ended: an agent works on it, or was interrupted."""
    return task.last_run is not None and task.last_run.outcome is None


def enter_stage(task: Task, now_ms: int) -> Task:
    """Note that an attempt at the current stage and round begins.

    One that was interrupted or paused goes on: its attempts are counted, and what it took while it was paused is not.
    After any other end the stage starts anew.
    """
    last = task.last_run
    is_same = last is not None and (last.stage, last.round) == (task.stage, task.round)
    if last and is_same and last.outcome in {None, "paused"}:
        rest = 0 if last.ended_ms is None else now_ms - last.ended_ms
        again = replace(
            last, attempts=last.attempts + 1, outcome=None, ended_ms=None, summary="", started_ms=last.started_ms + rest
        )
        runs = (*task.stages[:-1], again)
    else:
        begun = StageRun(stage=task.stage, round=task.round, started_ms=now_ms, epoch=task.epoch)
        runs = (*task.stages, begun)
    if is_same and last and last.outcome not in _DONE:  # what was done is kept, so how far it is stays as well
        return replace(task, stages=runs, activity="", updated_ms=now_ms)
    return replace(task, stages=runs, progress=0, milestones=(), activity="", updated_ms=now_ms)


def leave_stage(task: Task, outcome: str, now_ms: int, summary: str = "") -> Task:
    """Note how the stage ended; one that failed before it began (nothing could be set up) is noted as well.

    A stage that ended well forgives the crashes before it: a long task is not stopped by three bad days.
    """
    if not is_under_way(task):
        task = enter_stage(task, now_ms)
    last = replace(task.stages[-1], ended_ms=now_ms, outcome=outcome, summary=summary)
    passed = outcome in {"passed", "approved", "corrections_needed", "gates_failed"}
    done, crashes = (100, 0) if passed else (task.progress, task.crashes)
    return replace(
        task, stages=(*task.stages[:-1], last), progress=done, crashes=crashes, activity="", updated_ms=now_ms
    )


MAX_CRASHES = 3
"""After three crashes in a row a person is asked (Sidekiq Pro's poison-pill number)."""


def interrupted(task: Task, now_ms: int, *, crashed: bool) -> Task:
    """What becomes of a running task whose worker is gone: it goes on elsewhere, or a person looks at it."""
    if task.wish is Wish.CANCEL:
        return move(task, State.CANCELLED, now_ms, reason=task.reason)
    if task.wish is Wish.PAUSE:
        return move(task, State.PAUSED, now_ms, reason=task.reason, paused_by=PausedBy.PERSON)
    crashes = task.crashes + crashed
    if crashes < MAX_CRASHES:
        return move(task, State.QUEUED, now_ms, crashes=crashes, queued_ms=task.queued_ms)  # it has waited already
    task = leave_stage(task, "crashed", now_ms)
    return move(task, State.WAITING_INPUT, now_ms, needs=Needs.CRASH, reason=Reason.CRASHED, crashes=crashes)


def resumed(task: Task, now_ms: int) -> Task:
    """Back in the queue at its stage and round, with its crashes forgiven; blocked again if it still waits.

    A task that is finalized has nothing left to do there: it is reviewed once more, because people who ask to go on
    want the agents to look at what has changed since. A stage that stopped at its own cap may spend it once more.
    """
    to = State.BLOCKED if task.blockers else State.QUEUED
    last = task.last_run
    if last and task.reason == Reason.BUDGET and task.exhausted and task.exhausted.scope is Scope.STAGE:
        task = replace(task, stages=(*task.stages[:-1], replace(last, allowed=last.allowed + 1)))
    if last and (task.stage, last.stage, last.outcome) == (Stage.FINALIZE, Stage.FINALIZE, "passed"):
        task = replace(task, stage=Stage.REVIEW, round=task.round + 1, progress=0)
    return move(task, to, now_ms, crashes=0)
