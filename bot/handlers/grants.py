"""`/pdev budget`: more money or tokens for what stops a task, said by somebody with push rights.

A grant to a session or to a repository's day is written to a ledger and not to the task, so it is remembered there
which comment it came from: a delivery that is handled twice grants once.
"""

from functools import partial

from bot import policy
from bot.commands import Command
from bot.effects import judged
from bot.handlers.case import Case
from bot.policy import Grant, Purses
from core.budget import SHARED
from core.messages import Outcome
from core.messages.budget import amount as words
from core.messages.budget import granted, unbounded
from core.tasks import Cost, Task


async def purses_of(issue: int, case: Case) -> Purses | None:
    """What was spent of what, for a task that a budget has stopped; None for any other."""
    task = await case.store.task(case.task_id(issue))
    return await _purses(task, case) if task and policy.is_stopped_by_budget(task) else None


async def grant(command: Command, issue: int, cause: str, case: Case) -> Outcome:
    """Let the task, or what it shares with others, spend so much more; `cause` names the comment and its line."""
    task = await case.store.task(case.task_id(issue))
    if task is None:
        return Outcome("no_task", issue)
    given = Cost(usd=float(command.options.get("usd", 0)), tokens=int(command.options.get("tokens", 0)))
    purses = await _purses(task, case)
    broke = (await case.store.broke([task])).get(task.id)
    scope = policy.purse_for(task, broke)
    if task.stages and not policy.bounds(task, scope, purses, given):
        return Outcome("unbounded", issue, unbounded(command.word, "usd" if given.usd else "tokens"))
    if scope in SHARED:
        await case.store.grant_more(task, scope, given, cause)
        await case.store.poke()
        purses = await _purses(task, case)
    judge = partial(policy.on_grant, amount=given, cause=cause, scope=scope, purses=purses)
    verdict = await judged(case.store, task.id, judge, case.now_ms)
    assert isinstance(verdict.decision, Grant)
    more = " and ".join(words(kind, of) for kind, of in (("usd", given.usd), ("tokens", given.tokens)) if of)
    told = granted(more, scope, goes_on=verdict.decision.resume, still=verdict.decision.still)
    return Outcome("granted", issue, told)


async def _purses(task: Task, case: Case) -> Purses:
    return Purses(await case.store.budget_caps(task.repo_id), await case.store.spending(task))
