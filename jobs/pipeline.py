"""The loop that takes a task from where it stands to where it stops.

Progress is saved after every step, so a worker may die at any line and the next one goes on from the record. A stop is
an exception with a reason; only this module turns one into a state.
"""

import logging

from msgspec.structs import replace

from core.tasks import (
    LIMITS,
    RETRIED,
    Exhausted,
    Needs,
    PausedBy,
    Reason,
    Stage,
    State,
    Task,
    enter_stage,
    leave_stage,
    move,
)
from jobs.bench import Bench, Tools
from jobs.bench.configured import go_on_if_mended
from jobs.lease import Lease, StopReason
from jobs.stages import STAGES, Step, gates_failed
from jobs.stops import Asked, GaveUp, NeedsPerson, OutOfBudget, Refilled, Stop, Stopped

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
                await _stage(bench)
        except Stop as why:
            await _settle(bench, why)


async def _stage(bench: Bench) -> None:
    """One attempt at the stage the task stands at; a failure that another attempt may not meet leaves it there."""
    store = bench.tools.store
    await bench.step(enter_stage)
    await store.note("agent.started", bench.task, stage=bench.task.stage, round=bench.task.round)
    try:
        done = await gates_failed(bench) or await STAGES[bench.task.stage](bench)
    except GaveUp as why:
        if not may_repeat(bench.task, why.reason, _retries(bench)):
            raise
        if not await _is_kept(bench):
            why.is_put_away = True
            raise
        log.info("%s: %s is tried again: %s", bench.task.slug, bench.task.stage, why)
        await bench.step(repeat, why.reason)
        await store.note("agent.failed", bench.task, reason=why.reason, again=len(bench.task.stages[-1].retried))
        return
    except Refilled:
        await bench.keep_unfinished()
        return
    await bench.step(advance, done)
    await store.note("agent.completed", bench.task, outcome=done.outcome)


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


def hand_over(task: Task, needs: Needs | None, reason: Reason, told: str, now_ms: int) -> Task:
    """A person must decide: the stage goes on from here once they have."""
    return move(task, State.WAITING_INPUT, now_ms, needs=needs, reason=reason, question=told)


def may_repeat(task: Task, reason: Reason, retries: int) -> bool:
    """Whether the stage is tried again by itself; what was tried counts even if its worker died since."""
    last = task.last_run
    return reason in RETRIED and last is not None and last.outcome is None and len(last.retried) < retries


def repeat(task: Task, reason: Reason, now_ms: int) -> Task:
    """An attempt failed and another follows: it goes on from what this one left."""
    last = task.stages[-1]
    again = replace(last, retried=(*last.retried, reason.value))
    return replace(task, stages=(*task.stages[:-1], again), activity="", updated_ms=now_ms)


def out_of_budget(task: Task, exhausted: Exhausted | None, now_ms: int) -> Task:
    """Nothing is left to spend: the stage goes on from here once somebody granted more, or a new day has begun."""
    reason = Reason.BUDGET if exhausted else Reason.NO_PRICE
    return move(task, State.PAUSED, now_ms, paused_by=PausedBy.BUDGET, reason=reason, exhausted=exhausted)


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
        case OutOfBudget():
            await bench.step(out_of_budget, why.exhausted)
        case NeedsPerson():
            await bench.step(hand_over, why.needs, why.reason, why.told)
            await go_on_if_mended(bench)
        case GaveUp():
            await bench.step(give_up, why.reason, why.why)
            await bench.tools.store.note("agent.failed", bench.task, reason=why.reason)
        case _:
            await bench.step(stop, bench.lease.why)


async def _put_away(bench: Bench, why: Stop) -> None:
    """Keep what was done; of a task that ends without a change nothing is left standing."""
    if isinstance(why, NeedsPerson) or (isinstance(why, GaveUp) and why.is_put_away):
        return
    await bench.keep_unfinished()
    if isinstance(why, GaveUp) or (isinstance(why, Stopped) and bench.lease.why is StopReason.CANCEL):
        await bench.withdraw_if_empty()


def _retries(bench: Bench) -> int:
    return int(getattr(bench.config.limits, bench.task.stage.value).retries)


async def _is_kept(bench: Bench) -> bool:
    """Keep what a failed attempt has done; where that is refused, another attempt would lose its work as well."""
    try:
        await bench.keep_unfinished()
    except (GaveUp, NeedsPerson) as trouble:
        log.warning("%s: not tried again, its work could not be kept: %s", bench.task.slug, trouble)
        return False
    return True
