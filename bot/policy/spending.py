"""Grants of money and tokens: which purse one goes to, and whether the task goes on with it.

A person with push rights decides over what the repository's own configuration bounds: the task, the session, and what
the repository may spend today, for all of which `.github/pdev.yml` is in his hands anyway. A grant to a day ends with
that day. What whoever runs pdev allows an owner or the server in a day is not the repository's money: no comment
raises it, and the task waits for midnight.
"""

from dataclasses import dataclass

from msgspec.structs import replace

from bot.policy.decisions import Decision, Grant
from core.budget import SHARED, Account, Caps, Spending, accounts, granted, is_bounded, used_up
from core.tasks import Cost, Exhausted, PausedBy, Reason, Scope, State, Task

_GRANTABLE = frozenset({Scope.TASK, Scope.SESSION, Scope.REPOSITORY_DAY})


@dataclass(frozen=True, slots=True)
class Purses:
    """The bounds of a repository as last seen, and what was spent of them."""

    caps: Caps
    spending: Spending

    def behind(self, task: Task) -> tuple[Account, ...]:
        """Every purse above the stage. A stage's own limit is no budget: going on lets it use as much once more."""
        above: Spending = {scope: spent for scope, spent in self.spending.items() if scope is not Scope.STAGE}
        # A task with options of its own may have another bound than its repository's tasks have.
        caps = replace(self.caps, task=task.cap) if task.options.given else self.caps
        return accounts(task, caps, above, priced=task.reason != Reason.NO_PRICE)


def is_stopped_by_budget(task: Task) -> bool:
    return task.state is State.PAUSED and task.paused_by is PausedBy.BUDGET


def purse_for(task: Task, broke: Scope | None) -> Scope:
    """Which purse a grant goes to: the one that stops the task, where a comment may fill it, else the task's own.

    `broke`: whose budget keeps a queued task from starting.
    """
    stops = broke if task.state is State.QUEUED else None
    if is_stopped_by_budget(task) and task.exhausted and task.reason == Reason.BUDGET:
        stops = task.exhausted.scope
    return stops if stops in _GRANTABLE else Scope.TASK


def bounds(task: Task, scope: Scope, purses: Purses, amount: Cost) -> bool:
    """Whether the purse has a bound that the grant would raise. One in tokens is made for a model without a price."""
    if task.reason == Reason.NO_PRICE and amount.tokens:
        return True
    cap = next(one.cap for one in purses.behind(task) if one.scope is scope)
    return bool((amount.usd and cap.usd is not None) or (amount.tokens and cap.tokens is not None))


def on_grant(task: Task, *, amount: Cost, cause: str, scope: Scope, purses: Purses) -> Decision:
    """`/pdev budget +5usd`. `purses`: as they are with a grant to what several tasks spend from."""
    own = amount if scope not in SHARED else Cost()
    after = granted(task, own, cause)
    still = still_broke(after, purses)
    return Grant(own, cause, resume=is_stopped_by_budget(task) and still is None, still=still.scope if still else None)


def still_broke(task: Task, purses: Purses) -> Exhausted | None:
    """What would stop the task again at once."""
    behind = purses.behind(task)
    if gone := used_up(behind):
        return gone
    if task.reason == Reason.NO_PRICE and not is_bounded(behind, priced=False):
        return Exhausted(scope=Scope.TASK, kind="tokens", spent=task.cost.tokens, cap=0)
    return None
