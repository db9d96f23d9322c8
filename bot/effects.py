"""What a decision does to a record. Pure, and always applied to the newest record.

A decision that was made on a record somebody changed meanwhile is a wrong decision. So `judged` gives the store a step
that decides and acts on the same record, as often as the store has to repeat it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from bot.policy import Approve, Ask, Decision, Grant, Hold, Ignore, Move, Resume, Start, Unwish, Why
from core.budget import granted
from core.store import Store
from core.tasks import MOVES, UNSETTLED, PausedBy, Stage, State, Task, Wish, move, resumed

Judge = Callable[[Task], Decision]
Prepare = Callable[[Task], Task]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided, and the task after it."""

    decision: Decision
    task: Task


async def judged(store: Store, task_id: str, judge: Judge, now_ms: int, prepare: Prepare | None = None) -> Verdict:
    """Decide on the task as it is and act on it; `prepare` renews what a resumed task works from.

    Raises `NoSuchTask` and what the store raises.
    """
    made: list[Decision] = []

    def step(task: Task) -> Task | None:
        made.append(judge(task))
        return acted(made[-1], task, now_ms, prepare)

    task = await store.change(task_id, step)
    return Verdict(made[-1], task)


def acted(decision: Decision, task: Task, now_ms: int, prepare: Prepare | None = None) -> Task | None:
    """The task after the decision; None when it stays as it is."""
    match decision:
        case Move(to, reason, paused_by):
            return move(task, to, now_ms, reason=reason, paused_by=paused_by)
        case Ask(wish, reason):
            return replace(task, wish=wish, reason=reason)
        case Hold(reason):
            return replace(task, paused_by=PausedBy.PERSON, reason=reason)
        case Grant(amount, cause, resume):
            richer = granted(task, amount, cause)
            return resumed(richer, now_ms) if resume else richer
        case Unwish():
            return replace(task, wish=Wish.NONE, reason="")
        case Resume(afresh):
            ready = prepare(task) if prepare else task
            return resumed(_afresh(ready) if afresh else _again(ready), now_ms)
        case Approve(by):
            return resumed(_again(replace(task, approved_by=by, approved_sha=task.checkpoint_sha)), now_ms)
        case _:
            return None


def _again(task: Task) -> Task:
    """From where it stopped. What had begun does not go back to waiting for other issues."""
    begun = task.stages or State.BLOCKED not in MOVES[task.state]
    task = replace(task, blockers=()) if begun else task
    if task.state is not State.WAITING_INPUT or task.reason not in UNSETTLED:
        return task
    # Where the agents could not agree, a person's word buys one more round.
    return replace(task, stage=_after_their_word(task), allowed_round=task.round + 1)


def _after_their_word(task: Task) -> Stage:
    """The corrector reads it; of findings that the person has let be, nothing is left to correct.

    Where only gates have judged so far, a reviewer has yet to look.
    """
    if task.open_findings:
        return Stage.CORRECT
    reviewed = task.last_review is not None and task.last_review.outcome == "corrections_needed"
    return Stage.FINALIZE if reviewed else Stage.REVIEW


def _afresh(task: Task) -> Task:
    """From the beginning: the last result is merged, its branch and pull request are history."""
    return replace(
        task, blockers=(), stage=Stage.DEVELOP, round=1, branch="", base="", base_sha="", start_sha="", head_sha="",
        tip_sha="", checkpoint_sha="", approved_by="", approved_sha="", pr=None, pr_node="", stages=(), findings=(),
        last_review=None, allowed_round=0, gates=(), progress=0,
    )  # fmt: skip


def with_blockers(task: Task, blockers: tuple[int, ...], decision: Decision, now_ms: int) -> Task | None:
    """The task waiting for these issues from now on, moved if that changes whether it may start."""
    waiting = replace(task, blockers=blockers)
    after = acted(decision, waiting, now_ms)
    return after or (waiting if blockers != task.blockers else None)


def changed(decision: Decision) -> bool:
    """Whether a decision does something."""
    return isinstance(decision, Start | Resume | Approve | Unwish | Ask | Move | Hold | Grant)


STAYS = Ignore(Why.STAYS)
