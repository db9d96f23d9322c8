"""Ledgers: who has spent what, charged while agents work and exactly once.

A worker may die between two lines, and ten tasks may spend from one purse. So a run reports sums, never steps: whatever
is reported twice, late or out of order charges once. Each charge answers with all purses behind the run, so that
parallel tasks see each other; what they may overdraw together is what their agents report between two charges.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from redis.asyncio import Redis

from core.budget import SHARED, Account, Caps, Spending, Spent, day_of, raised, together, used_up
from core.store.scripts import Room
from core.tasks import Cost, Scope, StageRun, Task

_MICRO = 1_000_000
"""Money is kept in whole micro-dollars: sums of floats drift."""
_MOST = 1 << 50
"""What one run can be charged with, in any unit: an agent's own count is no reason to break a sum."""
_KEPT_MS = 90 * 86_400_000
_OPERATOR = "pdev:budget:operator"


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of an agent has used in all so far. `id` must not name another run, ever."""

    id: str
    usd: float = 0.0
    tokens: int = 0
    turns: int = 0


class Ledgers(Room):
    """The part of the store that counts money and tokens."""

    async def charge(self, task: Task, run: Run) -> Spending:
        """Charge what the run has used since it was last charged; every purse behind it as it stands now."""
        used = (round(run.usd * _MICRO), run.tokens, run.turns)
        return await self._spend(task, run.id, [min(max(int(amount), 0), _MOST) for amount in used])

    async def spending(self, task: Task) -> Spending:
        """Every purse behind the task, that of its last stage included; days are today's (UTC)."""
        return await self._spend(task, "", [0, 0, 0])

    async def grant_more(self, task: Task, scope: Scope, amount: Cost, cause: str) -> bool:
        """Raise the bound of the task's session, or of its repository for today; False if this cause has done it."""
        name = task.session if scope is Scope.SESSION else str(task.repo_id)
        micro = round(amount.usd * _MICRO)
        return bool(await self._scripts("grant_more", scope.value, name, cause, micro, amount.tokens))

    async def remember_operator_caps(self, caps: Caps) -> None:
        """Keep the operator's bounds: the workers know them, others only from here."""
        own = Caps(owner_day=caps.owner_day, server_day=caps.server_day)
        await self._redis.set(_OPERATOR, msgspec.json.encode(own))

    async def budget_caps(self, repo_id: int) -> Caps:
        """The bounds as last seen; none for a repository whose configuration nobody has read yet."""
        return (await self._all_caps([repo_id]))[repo_id]

    async def broke(self, tasks: Iterable[Task]) -> dict[str, Scope]:
        """Of these tasks, those that could not spend a cent now for what their session or somebody's day has spent."""
        waiting = list(tasks)
        if not waiting:
            return {}
        caps = await self._all_caps({task.repo_id for task in waiting})
        purses = {task.id: self._shared(task) for task in waiting}
        keys = list(dict.fromkeys(key for of_task in purses.values() for key in of_task.values()))
        async with self._redis.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.hmget(key, ["usd", "tokens", "turns", "granted_usd", "granted_tokens"])
            spent = dict(zip(keys, map(_spent, await pipe.execute()), strict=True))
        found = {}
        for task in waiting:
            behind = [
                Account(scope, raised(caps[task.repo_id].of(scope), spent[key].granted), spent[key])
                for scope, key in purses[task.id].items()
            ]
            if gone := used_up(behind):
                found[task.id] = gone.scope
        return found

    def _shared(self, task: Task) -> dict[Scope, str]:
        """The keys of what several tasks spend from, as the scripts name them."""
        day = f"pdev:spend:day:{day_of(self._clock.now_ms())}"
        keys = {
            Scope.SESSION: f"pdev:spend:session:{task.session}",
            Scope.REPOSITORY_DAY: f"{day}:repo:{task.repo_id}",
            Scope.OWNER_DAY: f"{day}:owner:{task.owner_login.lower()}",
            Scope.SERVER_DAY: f"{day}:server",
        }
        assert set(keys) == SHARED
        return keys

    async def _all_caps(self, repo_ids: Iterable[int]) -> dict[int, Caps]:
        ids = list(repo_ids)
        operator, *own = await self._redis.mget([_OPERATOR, *(f"pdev:budget:{repo_id}" for repo_id in ids)])
        above = _caps(operator)
        return {repo_id: together(_caps(found), above) for repo_id, found in zip(ids, own, strict=True)}

    async def _spend(self, task: Task, run: str, used: Sequence[int]) -> Spending:
        found = await self._scripts(
            "spend", task.id, stage_key(task.last_run), task.session, str(task.repo_id), task.owner_login.lower(), run,
            *used,
        )  # fmt: skip
        return {scope: _spent(found[5 * n : 5 * n + 5]) for n, scope in enumerate(Scope)}


async def keep_budgets(redis: "Redis", repo_id: int, caps: Caps) -> None:
    """Keep a repository's bounds for those who have no configuration at hand: scheduler, sweep, web process."""
    own = Caps(task=caps.task, session=caps.session, repository_day=caps.repository_day)
    await redis.set(f"pdev:budget:{repo_id}", msgspec.json.encode(own), px=_KEPT_MS)


def stage_key(run: StageRun | None) -> str:
    """What a stage's spending is kept under: no two runs of a stage share it, although a task may go round again."""
    return f"{run.stage}.{run.round}.{run.epoch}" if run else "none"


def _spent(found: Sequence[bytes | None]) -> Spent:
    usd, tokens, turns, granted_usd, granted_tokens = (int(amount or 0) for amount in found)
    return Spent(usd / _MICRO, tokens, turns, Cost(usd=granted_usd / _MICRO, tokens=granted_tokens))


def _caps(found: bytes | None) -> Caps:
    return msgspec.json.decode(found, type=Caps) if found else Caps()
