"""What an agent may still spend, and which bound stops it. Pure.

Many purses stand behind one run: its stage's, its task's, its session's, and what the repository, its owner and the
whole server may spend in one UTC day. The tightest one counts. Worker, scheduler, sweep and web process ask the same
functions here, so they can never disagree about whether a task may go on.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec.structs import replace

from core.tasks import Cap, Cost, Exhausted, Scope, Stage, Task

if TYPE_CHECKING:
    from core.repoconfig.model import Config

NEAR = 0.8
"""From this share of what a run may use on, its agent is told to come to an end."""
DAY_MS = 86_400_000
DAYS = frozenset({Scope.REPOSITORY_DAY, Scope.OWNER_DAY, Scope.SERVER_DAY})
SHARED = frozenset({Scope.SESSION, *DAYS})
"""What several tasks spend from."""
MOST_GRANTS = 50
"""Grants whose origin a record remembers."""
Kind = Literal["usd", "tokens", "turns"]
KINDS: tuple[Kind, ...] = ("usd", "tokens", "turns")


class Caps(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds above a stage: the first three are the repository's, the others the operator's."""

    task: Cap = Cap()
    session: Cap = Cap()
    repository_day: Cap = Cap()
    owner_day: Cap = Cap()
    server_day: Cap = Cap()

    def of(self, scope: Scope) -> Cap:
        """No bound for a stage: its caps are no budget but limits of the stage."""
        return getattr(self, scope.value, Cap())


@dataclass(frozen=True, slots=True)
class Spent:
    """What one purse has paid so far, and what people granted it besides."""

    usd: float = 0.0
    tokens: int = 0
    turns: int = 0
    granted: Cost = field(default_factory=Cost)


Spending = Mapping[Scope, Spent]


@dataclass(frozen=True, slots=True)
class Account:
    """One purse: its bound, grants included, and what it has paid."""

    scope: Scope
    cap: Cap
    spent: Spent

    def left(self, kind: Kind) -> float | None:
        """Below 0 when it is overdrawn; None without a bound."""
        cap = getattr(self.cap, kind)
        return None if cap is None else round(cap - getattr(self.spent, kind), 6)

    def exhausted(self, kind: Kind) -> Exhausted:
        return Exhausted(scope=self.scope, kind=kind, spent=getattr(self.spent, kind), cap=getattr(self.cap, kind) or 0)


def of_repository(config: "Config") -> Caps:
    """The budgets that a repository's configuration sets."""
    found = {
        name: Cap(usd=money.usd, tokens=money.tokens)
        for name, money in (
            ("task", config.budget.task),
            ("session", config.budget.session),
            ("repository_day", config.budget.repository_day),
        )
    }
    return Caps(**found)


def together(repository: Caps, operator: Caps) -> Caps:
    """The repository's bounds below the operator's."""
    return replace(repository, owner_day=operator.owner_day, server_day=operator.server_day)


def is_operated(caps: Caps) -> bool:
    """Whether they hold any bound of the operator's."""
    return (caps.owner_day, caps.server_day) != (Cap(), Cap())


def of_stage(config: "Config", stage: Stage, allowed: int) -> Cap:
    """A stage's own caps, as many times as it may spend them."""
    limits = getattr(config.limits, stage.value)
    once = (limits.usd, limits.tokens, limits.turns)
    usd, tokens, turns = (None if cap is None else cap * allowed for cap in once)
    return Cap(usd=usd, tokens=tokens, turns=turns)


def accounts(
    task: Task, caps: Caps, spending: Spending, *, stage: Cap | None = None, priced: bool = True
) -> tuple[Account, ...]:
    """Every purse behind a run of the task, the narrowest first.

    `stage`: the caps of the stage that runs; `priced`: whether its model's price is known. Where it is not, a grant of
    tokens is itself the bound if the task has none: money would bound nothing.
    """
    found = []
    for scope in Scope:
        spent = spending.get(scope, Spent())
        cap = stage or Cap() if scope is Scope.STAGE else caps.of(scope)
        granted = task.granted if scope is Scope.TASK else spent.granted
        cap = raised(cap, granted)
        if scope is Scope.TASK and not priced and cap.tokens is None and granted.tokens:
            cap = replace(cap, tokens=granted.tokens)
        found.append(Account(scope, cap, spent))
    return tuple(found)


def raised(cap: Cap, by: Cost) -> Cap:
    """The cap with a grant on top; what has no bound needs none."""
    return replace(
        cap,
        usd=None if cap.usd is None else round(cap.usd + by.usd, 6),
        tokens=None if cap.tokens is None else cap.tokens + by.tokens,
    )


def left(all_of_them: Iterable[Account]) -> Cap:
    """What a run may use: the tightest bound of each kind, never below 0."""
    purses = tuple(all_of_them)
    usd, tokens, turns = (
        min((max(rest, 0) for one in purses if (rest := one.left(kind)) is not None), default=None) for kind in KINDS
    )
    return Cap(usd=usd, tokens=None if tokens is None else int(tokens), turns=None if turns is None else int(turns))


def used_up(all_of_them: Iterable[Account]) -> Exhausted | None:
    """The narrowest purse that nothing is left in: no run may start. It is the one that people can do most about."""
    return _first(all_of_them, lambda rest: rest <= 0)


def overdrawn(all_of_them: Iterable[Account]) -> Exhausted | None:
    """The narrowest purse that has paid more than its bound: whoever spends from it is stopped."""
    return _first(all_of_them, lambda rest: rest < 0)


def tightest(all_of_them: Iterable[Account], kind: Kind) -> Exhausted | None:
    """The purse with the least left of this kind; None when nothing bounds it."""
    bound = [(rest, one) for one in all_of_them if (rest := one.left(kind)) is not None]
    return min(bound, key=lambda found: found[0])[1].exhausted(kind) if bound else None


def is_bounded(all_of_them: Iterable[Account], *, priced: bool) -> bool:
    """Whether anything could ever stop the run for what it costs: without a price, only tokens can.

    A repository that has taken every bound away wants none; one whose only bounds are in money wants some.
    """
    purses = tuple(all_of_them)
    in_money = any(one.cap.usd is not None for one in purses)
    return priced or not in_money or any(one.cap.tokens is not None for one in purses)


def granted(task: Task, amount: Cost, cause: str) -> Task:
    """The task with more to spend, once for each cause."""
    if cause in task.grants:
        return task
    more = Cost(usd=round(task.granted.usd + amount.usd, 6), tokens=task.granted.tokens + amount.tokens)
    return replace(task, granted=more, grants=(*task.grants, cause)[-MOST_GRANTS:])


def day_of(now_ms: int) -> int:
    """The UTC day, counted from 1 January 1970."""
    return now_ms // DAY_MS


def _first(all_of_them: Iterable[Account], is_gone: Callable[[float], bool]) -> Exhausted | None:
    for one in all_of_them:
        for kind in KINDS:
            rest = one.left(kind)
            if rest is not None and is_gone(rest):
                return one.exhausted(kind)
    return None
