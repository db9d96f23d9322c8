"""The loop that takes a task from where it stands to where it stops.

Progress is saved after every step, so a worker may die at any line and the next one goes on from the record. A stop is
an exception with a reason; only this module turns one into a state.
"""

import logging

from msgspec.structs import replace

from core.tasks import LIMITS, Needs, PausedBy, Reason, Stage, State, Task, enter_stage, leave_stage, move
from jobs.bench import Bench, Tools
from jobs.lease import Lease, StopReason
from jobs.stages import STAGES, Step, gates_failed
from jobs.stops import Asked, GaveUp, NeedsPerson, Stop, Stopped

log = logging.getLogger(__name__)

_WISHES = frozenset({StopReason.CANCEL, StopReason.PAUSE})


async def work(task: Task, lease: Lease, tools: Tools) -> None:
    """Work on the task until it stops; the record then says where and why.

    Raises whatever was not foreseen: the caller counts it as a crash.
    """
    async with Bench(task, lease, tools) as bench:
        try:
            await bench.set_up()
            while bench.task.state is State.RUNNING:
                await bench.step(enter_stage)
                await tools.store.note("agent.started", bench.task, stage=bench.task.stage, round=bench.task.round)
                done = await gates_failed(bench) or await STAGES[bench.task.stage](bench)
                await bench.step(advance, done)
                await tools.store.note("agent.completed", bench.task, outcome=done.outcome)
        except Stop as why:
            await _settle(bench, why)


def advance(task: Task, step: Step, now_ms: int) -> Task:
    """The task after a stage that ended well: at its next stage, or where it waits for people."""
    task = replace(leave_stage(task, step.outcome, now_ms, step.summary), **step.fields)
    match task.stage, step.outcome:
        case Stage.DEVELOP, _:
            return replace(task, stage=Stage.REVIEW)
        case Stage.REVIEW, "approved":
            return replace(task, stage=Stage.FINALIZE)
        case (Stage.REVIEW, _) | (Stage.FINALIZE, "gates_failed") if step.stop or task.round >= task.last_round:
            return move(task, State.WAITING_INPUT, now_ms, needs=Needs.ANSWER, reason=step.stop or Reason.ROUNDS)
        case (Stage.REVIEW, _) | (Stage.FINALIZE, "gates_failed"):
            return replace(task, stage=Stage.CORRECT)
        case Stage.CORRECT, _:
            return replace(task, stage=Stage.REVIEW, round=task.round + 1)
        case Stage.FINALIZE, "asked":
            return move(task, State.WAITING_INPUT, now_ms, needs=Needs.APPROVAL, reason=Reason.APPROVAL)
        case _:
            return move(task, State.READY, now_ms)


def ask(task: Task, question: str, now_ms: int) -> Task:
    """The agent asked something: the task waits for the answer and holds no slot meanwhile."""
    task = leave_stage(task, "asked", now_ms, question)
    return move(task, State.WAITING_INPUT, now_ms, needs=Needs.ANSWER, question=question, reason=Reason.QUESTION)


def hand_over(task: Task, needs: Needs, reason: Reason, now_ms: int) -> Task:
    """A person must decide: the stage goes on from here once they have."""
    return move(task, State.WAITING_INPUT, now_ms, needs=needs, reason=reason)


def give_up(task: Task, reason: Reason, why: str, now_ms: int) -> Task:
    """A stage that cannot be finished; a limit is told apart from a failure."""
    task = leave_stage(task, "limit" if reason in LIMITS else "failed", now_ms, why)
    return move(task, State.FAILED, now_ms, reason=reason)


def stop(task: Task, why: StopReason, now_ms: int) -> Task:
    """People asked the task to stop, and it has: the reason they gave stays with it."""
    if why is StopReason.CANCEL:
        return move(task, State.CANCELLED, now_ms, reason=task.reason)
    return move(task, State.PAUSED, now_ms, reason=task.reason, paused_by=PausedBy.PERSON)


async def _settle(bench: Bench, why: Stop) -> None:
    """Keep what there is, then say why we stopped; a worker that lost its lease writes nothing more.

    Work that cannot be kept stops nobody from asking for that stop: only instead of a question it is what people must
    hear first, because whoever answers would find the work gone.
    """
    if isinstance(why, Stopped) and bench.lease.why not in _WISHES:
        return
    try:
        await _put_away(bench, why)
    except (GaveUp, NeedsPerson) as trouble:
        log.warning("%s: its last work could not be kept: %s", bench.task.slug, trouble)
        why = trouble if isinstance(why, Asked) else why
    match why:
        case Asked():
            await bench.step(ask, why.question)
        case NeedsPerson():
            await bench.step(hand_over, why.needs, why.reason)
        case GaveUp():
            await bench.step(give_up, why.reason, why.why)
            await bench.tools.store.note("agent.failed", bench.task, reason=why.reason)
        case _:
            await bench.step(stop, bench.lease.why)


async def _put_away(bench: Bench, why: Stop) -> None:
    """Keep what was done; of a task that ends without a change nothing is left standing."""
    if isinstance(why, NeedsPerson):
        return
    await bench.keep_unfinished()
    if isinstance(why, GaveUp) or (isinstance(why, Stopped) and bench.lease.why is StopReason.CANCEL):
        await bench.withdraw_if_empty()
