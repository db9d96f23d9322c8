"""The purse of one run: what its agent may use, what it has used, and who is told when it is too much.

An agent is not trusted with its own ledger. Each report of what it used is charged to every purse behind the run while
it works, at most once a second: so a worker that dies loses the count of a second at most, and agents that spend from
one purse at the same time stop each other.
"""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from msgspec.structs import replace

from core import budget
from core.budget import Account, Kind
from core.store import Run
from core.tasks import Cost, Exhausted, Scope
from jobs.agents import AgentEvent, Bounds, RunResult, RunStatus, amounts
from jobs.deps import STORE_AWAY
from jobs.stops import OutOfBudget, Refilled

if TYPE_CHECKING:
    from jobs.bench import Bench

log = logging.getLogger(__name__)

_CHARGE_EVERY_S = 1.0
_LIMITS: dict[RunStatus, Kind] = {
    RunStatus.LIMIT_USD: "usd",
    RunStatus.LIMIT_TOKENS: "tokens",
    RunStatus.LIMIT_TURNS: "turns",
}


class Purse:
    """`await Purse.opened(bench)`, then `async with purse:` around the run."""

    def __init__(self, bench: Bench, accounts: tuple[Account, ...], caps: budget.Caps) -> None:
        self._bench = bench
        self._caps = caps
        self._accounts = accounts
        self._used = Run(f"{bench.task.id}.{bench.task.epoch}.{bench.runs}")
        self._charged = self._used
        self._charged_at = float("-inf")
        self._late: asyncio.Task[None] | None = None
        self._exhausted: Exhausted | None = None
        self.bounds = _bounds(bench, accounts)

    @classmethod
    async def opened(cls, bench: Bench) -> Self:
        """Look what is left. Raises `OutOfBudget` when that is nothing, or when nothing would ever stop the run."""
        bench.runs += 1
        store = bench.tools.store
        # What all tasks share is the repository's to bound: no task's own profile raises it.
        shared = await store.budget_caps(bench.task.repo_id)
        if not budget.is_operated(shared):  # nobody has said yet what the operator allows; the sweep asks there, too
            shared = budget.together(shared, bench.tools.operator)
        caps = replace(shared, task=budget.of_repository(bench.config).task)
        accounts = _accounts(bench, caps, await store.spending(bench.task))
        purse = cls(bench, accounts, caps)
        await bench.note(cap=caps.task, **purse.facts())
        if gone := budget.used_up(accounts):
            raise OutOfBudget(gone)
        if not budget.is_bounded(accounts, priced=_is_priced(bench)):
            raise OutOfBudget(None)
        return purse

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        """However the run ended, what it used was used: that is no effect of a worker that lost its lease."""
        if self._late:
            self._late.cancel()
            await asyncio.gather(self._late, return_exceptions=True)
        try:
            if self._used != self._charged:
                await self._charge()
            if isinstance(error, OutOfBudget):
                await self._bench.note(activity="", **self.facts())
        except STORE_AWAY as away:
            log.warning("%s: its last spending is not charged, store away (%s)", self._used.id, type(away).__name__)

    async def hear(self, event: AgentEvent) -> None:
        """Count what an event used. Raises `OutOfBudget` when a purse behind the run is overdrawn."""
        usd, tokens, turns = amounts.dollars(event.usd), amounts.used(event.usage).total, amounts.many(event.turns)
        if not (usd or tokens or turns):
            return
        used = self._used
        self._used = Run(used.id, used.usd + usd, used.tokens + tokens, used.turns + turns)
        if event.t - self._charged_at >= _CHARGE_EVERY_S:
            self._charged_at = event.t
            await self._charge()
        elif self._late is None or self._late.done():
            self._late = asyncio.create_task(self._charge_late(self._charged_at + _CHARGE_EVERY_S - event.t))
        if self._exhausted:
            raise OutOfBudget(self._exhausted)

    async def settle(self, result: RunResult[Any]) -> None:
        """Charge what the run used in the end; some agents know their price only then."""
        used = self._used
        self._used = Run(
            used.id,
            max(used.usd, amounts.dollars(result.cost_usd)),
            max(used.tokens, amounts.used(result.usage).total),
            max(used.turns, amounts.many(result.turns)),
        )
        await self._charge()

    async def judge(self, result: RunResult[Any]) -> None:
        """Raises `OutOfBudget` for a run that was stopped at one of its bounds, `Refilled` if that was raised since."""
        if kind := _LIMITS.get(result.status):
            await self._charge()
            if budget.used_up(self._accounts):
                raise OutOfBudget(budget.overdrawn(self._accounts) or budget.tightest(self._accounts, kind))
            raise Refilled

    def facts(self) -> dict[str, Any]:
        """The record's fields that say what was spent, by the task and by its stage."""
        cost = {account.scope: Cost(usd=account.spent.usd, tokens=account.spent.tokens) for account in self._accounts}
        *before, last = self._bench.task.stages
        return {"cost": cost[Scope.TASK], "stages": (*before, replace(last, cost=cost[Scope.STAGE]))}

    async def _charge_late(self, wait_s: float) -> None:
        """An agent that falls silent after a report has used it all the same."""
        await asyncio.sleep(wait_s)
        try:
            await self._charge()
        except STORE_AWAY as away:  # the next charge holds it as well
            log.warning("%s: charged later, store away (%s)", self._used.id, type(away).__name__)

    async def _charge(self) -> None:
        used = self._used
        spending = await self._bench.tools.store.charge(self._bench.task, used)
        self._charged = used
        self._accounts = _accounts(self._bench, self._caps, spending)
        if budget.overdrawn(self._accounts) and await self._is_granted_more():
            self._accounts = _accounts(self._bench, self._caps, spending)
        self._exhausted = budget.overdrawn(self._accounts)

    async def _is_granted_more(self) -> bool:
        """Whether somebody has, since the record was last read."""
        bench = self._bench
        newest = await bench.tools.store.task(bench.task.id)
        if newest is None or newest.granted == bench.task.granted:
            return False
        bench.task = replace(bench.task, granted=newest.granted, grants=newest.grants)
        return True


def _is_priced(bench: Bench) -> bool:
    return "price" in bench.tools.backend.caps


def _accounts(bench: Bench, caps: budget.Caps, spending: budget.Spending) -> tuple[Account, ...]:
    task = bench.task
    stage = budget.of_stage(bench.config, task.stage, task.stages[-1].allowed)
    return budget.accounts(task, caps, spending, stage=stage, priced=_is_priced(bench))


def _bounds(bench: Bench, accounts: tuple[Account, ...]) -> Bounds:
    """Clocks from the stage's limits, the rest from what is left."""
    left, limits = budget.left(accounts), bench.config.limits
    return Bounds(
        wall_s=getattr(limits, bench.task.stage.value).minutes * 60,
        idle_s=limits.idle_minutes * 60,
        usd=left.usd,
        tokens=left.tokens,
        turns=left.turns,
        near=budget.NEAR,
    )
