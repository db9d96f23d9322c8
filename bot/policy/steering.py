"""Starting, stopping, going on and ending: what becomes of a task when people, or GitHub, do something."""

from dataclasses import dataclass

from bot.policy.decisions import Ask, Decision, Hold, Ignore, Move, Person, Refuse, Resume, Start, Unwish, Why
from bot.policy.spending import Purses, is_stopped_by_budget, still_broke
from core.tasks import ENDED, MOVES, Needs, PausedBy, Reason, State, Task, Wish, parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFacts:
    """The trigger label was set. All but `seen` as it is now, not as the delivery said."""

    by: Person
    labelled: bool
    closed: bool = False
    is_pull: bool = False
    task: Task | None = None
    foreign_pull: bool = False
    seen: bool = False
    """The task was started by this very label, found by the sweep before its delivery came."""


def on_label(facts: LabelFacts) -> Decision:
    """The label starts a task, or goes on with one that stopped."""
    if facts.by.is_bot:
        return Ignore(Why.BOT)
    if not facts.labelled:
        return Ignore(Why.LABEL_GONE)
    if facts.seen:
        return Ignore(Why.SEEN)
    if facts.task is not None and _on_its_way(facts.task):
        return Ignore(Why.AT_WORK)
    if not facts.by.may_push:
        return Refuse(Why.NO_PUSH_RIGHT)
    if facts.is_pull:
        return Refuse(Why.IS_PULL)
    if facts.closed:
        return Refuse(Why.CLOSED)
    if facts.task is None:
        return Start(ask=facts.foreign_pull)
    return _go_on(facts.task)


def _on_its_way(task: Task) -> bool:
    """Whether setting the label changes nothing: nobody stopped it and it has not failed."""
    return task.wish is Wish.NONE and task.state not in (ENDED | {State.PAUSED})


def _go_on(task: Task) -> Decision:
    if task.state is State.RUNNING and task.wish is not Wish.NONE:
        return Unwish()
    if task.paused_by is PausedBy.INSTALLATION:
        return Refuse(Why.NO_ACCESS)
    return Resume(afresh=task.state is State.MERGED)


def on_unlabel(task: Task | None, by: Person, *, labelled: bool) -> Decision:
    """Removing the label pauses; whoever may remove it may pause."""
    if by.is_bot:
        return Ignore(Why.BOT)
    if labelled:
        return Ignore(Why.LABEL_BACK)
    if task is None:
        return Ignore(Why.NO_TASK)
    if task.state is State.PAUSED and task.paused_by is not PausedBy.PERSON:
        return Hold(Reason.LABEL_REMOVED.by(by.login))
    if task.settled or task.state is State.PAUSED:
        return Ignore(Why.STAYS)
    return _stop(task, State.PAUSED, Reason.LABEL_REMOVED.by(by.login))


def on_pause(task: Task, by: str) -> Decision:
    """`/pdev pause`."""
    if task.ended or (task.state is State.PAUSED and task.paused_by is PausedBy.PERSON):
        return Ignore(Why.STAYS)
    if task.state is State.PAUSED:
        return Hold(Reason.BY.by(by))  # else it would go on by itself: on the next day, or when access is back
    return _stop(task, State.PAUSED, Reason.BY.by(by))


def on_cancel(task: Task, by: str) -> Decision:
    """`/pdev cancel`."""
    if task.ended and task.state is not State.FAILED:
        return Ignore(Why.STAYS)
    return _stop(task, State.CANCELLED, Reason.BY.by(by))


def on_resume(task: Task, *, closed: bool, purses: Purses | None = None) -> Decision:
    """`/pdev resume` and the buttons: from every end, every pause, and every question.

    `purses`: what was spent of what, for a task that a budget has stopped. While that is all the same it would only
    stop again.
    """
    if closed:
        return Refuse(Why.CLOSED)
    if task.state in {State.BLOCKED, State.QUEUED, State.WAITING_CHECKS}:
        return Ignore(Why.STAYS)
    if task.state is State.RUNNING and task.wish is Wish.NONE:
        return Ignore(Why.STAYS)
    if task.needs is Needs.APPROVAL:
        return Refuse(Why.NEEDS_APPROVAL)
    if purses and is_stopped_by_budget(task) and still_broke(task, purses):
        return Refuse(Why.BUDGET)
    return _go_on(task)


def _stop(task: Task, to: State, reason: str) -> Decision:
    """A worker stops its own task, at a place where work is kept; nobody else holds the others back."""
    if task.state is State.RUNNING:
        wish = Wish.CANCEL if to is State.CANCELLED else Wish.PAUSE
        return Ignore(Why.STAYS) if task.wish in {wish, Wish.CANCEL} else Ask(wish, reason)
    if to not in MOVES[task.state]:
        return Ignore(Why.STAYS)
    return Move(to, reason, PausedBy.PERSON if to is State.PAUSED else None)


def on_closed(task: Task | None, by: Person, *, closed: bool, merged: bool) -> Decision:
    """The issue or its pull request was closed. Either delivery may come first; a merge closes the issue too."""
    if task is None:
        return Ignore(Why.NO_TASK)
    if merged:
        return Move(State.MERGED, Reason.BY.by(by.login)) if State.MERGED in MOVES[task.state] else Ignore(Why.OVER)
    if not closed:
        return Ignore(Why.OPEN_AGAIN)
    return Move(State.COMPLETED, Reason.BY.by(by.login)) if State.COMPLETED in MOVES[task.state] else Ignore(Why.OVER)


def on_pull_dropped(task: Task | None, by: Person, *, own: bool) -> Decision:
    """The task's pull request was closed without a merge: nobody wants this work as it is."""
    if task is None:
        return Ignore(Why.NO_TASK)
    if own:
        return Ignore(Why.OWN)
    if task.ended:
        return Ignore(Why.OVER)
    return _stop(task, State.CANCELLED, Reason.PR_CLOSED.by(by.login))


def on_reopened(task: Task | None, by: Person, *, labelled: bool) -> Decision:
    """An issue, or a task's pull request, is open again: go on where its closing ended the task."""
    if by.is_bot:
        return Ignore(Why.BOT)
    if task is None:
        return Ignore(Why.NO_TASK)
    if not labelled:
        return Ignore(Why.LABEL_GONE)
    if task.state not in {State.COMPLETED, State.CANCELLED} or not by.may_push:
        return Ignore(Why.STAYS)
    if task.state is State.CANCELLED and parsed(task.reason)[0] is not Reason.PR_CLOSED:
        return Ignore(Why.STAYS)
    return _go_on(task)


def on_gone(task: Task | None, reason: str) -> Decision:
    """The issue was deleted or moved to another repository."""
    if task is None:
        return Ignore(Why.NO_TASK)
    if task.ended and task.state is not State.FAILED:
        return Ignore(Why.OVER)
    return _stop(task, State.CANCELLED, reason)


def on_access_lost(task: Task) -> Decision:
    """The App was removed or suspended: its tokens are void, so a running agent could save nothing more.

    What waits for a person's word waits on, else it would go on without that word once access is back; and a person
    who has just asked the agent to stop is not overruled by that either.
    """
    if task.settled or task.state in {State.PAUSED, State.WAITING_INPUT}:
        return Ignore(Why.STAYS)
    if task.wish is Wish.PAUSE:
        return Move(State.PAUSED, task.reason, PausedBy.PERSON)
    return Move(State.PAUSED, Reason.NO_ACCESS, PausedBy.INSTALLATION)


def on_access_back(task: Task) -> Decision:
    if task.state is State.PAUSED and task.paused_by is PausedBy.INSTALLATION:
        return Resume()
    return Ignore(Why.STAYS)


def on_config_mended(task: Task) -> Decision:
    """The repository's configuration can be read again: whoever waited for that goes on."""
    waits = task.state is State.WAITING_INPUT and parsed(task.reason)[0] is Reason.CONFIG
    return Resume() if waits else Ignore(Why.STAYS)


def on_blockers(task: Task, open_blockers: tuple[int, ...]) -> Decision:
    """What a task waits for has changed. A task at work is not called back."""
    if task.state is State.BLOCKED and not open_blockers:
        return Move(State.QUEUED)
    if task.state is State.QUEUED and open_blockers:
        return Move(State.BLOCKED)
    return Ignore(Why.STAYS)
