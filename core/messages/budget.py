"""Money and tokens in words: what was spent, whose budget is used up, and who can grant more how.

What the operator's own bounds are and how much of them is used is nobody's business in an issue: other repositories,
perhaps of other owners, spend from them too. Those sentences hold no figures.
"""

from collections.abc import Callable

from core.budget import raised
from core.messages import words
from core.messages.words import code
from core.schedule import Wait
from core.tasks import Cost, Exhausted, Reason, Scope, StageRun, Task, parsed

_WHOSE = {
    Scope.STAGE: "this stage's limit",
    Scope.TASK: "this task's budget",
    Scope.SESSION: "the session's budget",
    Scope.REPOSITORY_DAY: "the repository's budget for today",
    Scope.OWNER_DAY: "the owner's budget for today",
    Scope.SERVER_DAY: "the server's budget for today",
}
_MORE = {"usd": "+5usd", "tokens": "+200ktokens", "turns": "+5usd"}
_END = "`/pdev cancel` ends it; work is kept."
_MIDNIGHT = "It goes on by itself after midnight UTC."
_OPERATOR = "Only whoever runs pdev can raise that budget, in its settings."


def money(usd: float) -> str:
    """`$1,234.50`; a fraction of a cent is not shown as nothing."""
    return f"${usd:,.2f}" if usd == 0 or usd >= 0.01 else f"${usd:.4f}"


def amount(kind: str, of: float) -> str:
    """`$2.50`, `200,000 tokens`, `100 turns`."""
    return money(of) if kind == "usd" else f"{int(of):,} {kind.removesuffix('s') if int(of) == 1 else kind}"


def spent(task: Task) -> str:
    """What the task has cost, and what it may; empty when nothing was used and nothing bounds it."""
    if not (task.cost.usd or task.cost.tokens):
        return ""
    cap = raised(task.cap, task.granted)
    usd = money(task.cost.usd) + (f" of {money(cap.usd)}" if cap.usd is not None else "")
    tokens = f"{task.cost.tokens:,}" + (f" of {cap.tokens:,}" if cap.tokens is not None else "") + " tokens"
    shown = [usd if task.cost.usd or cap.usd is not None else "", tokens if task.cost.tokens or cap.tokens else ""]
    return " · ".join(part for part in shown if part)


def of_run(run: StageRun) -> str:
    """What one stage has cost; see `sum_of`."""
    return sum_of(run.cost)


def sum_of(cost: Cost) -> str:
    """Shortly: `$0.42, 12,345 tokens`; empty when it was nothing."""
    shown = [money(cost.usd) if cost.usd else "", f"{cost.tokens:,} tokens" if cost.tokens else ""]
    return ", ".join(part for part in shown if part)


def headline(task: Task) -> str:
    """Behind "Paused": whose budget it is."""
    reason = parsed(task.reason)[0]
    if reason is Reason.NO_PRICE:
        return "Paused, nothing bounds what it costs"
    if reason is Reason.BUDGET and task.exhausted:
        whose = _WHOSE[task.exhausted.scope]
        return f"Paused, {whose} is {'reached' if task.exhausted.scope is Scope.STAGE else 'spent'}"
    return "Paused, the budget is spent"


def why(task: Task) -> str:
    """What was spent of what."""
    gone = task.exhausted
    return _WHY[gone.scope](task, gone) if gone else ""


def next_step(task: Task) -> str:
    """Who can do what about it."""
    gone = task.exhausted
    if gone is None:
        return _END
    more = f"`/pdev budget {_MORE[gone.kind]}`"
    return {
        Scope.STAGE: f"`/pdev resume` lets the stage use as much once more and goes on; {more} does the same and also "
        f"raises the task's budget. {_END}",
        Scope.TASK: f"{more} grants this task so much more, and it goes on from its checkpoint. {_END}",
        Scope.SESSION: f"{more} grants this session so much more; all its tasks that wait for that go on. {_END}",
        Scope.REPOSITORY_DAY: f"{_MIDNIGHT} {more} grants the repository so much more for today. {_END}",
    }.get(gone.scope, f"{_MIDNIGHT} {_OPERATOR} {_END}")


def waits(wait: Wait) -> str:
    """The next step of a queued task that would have nothing to spend."""
    scope = scope_of(wait)
    starts = {
        Scope.SESSION: "It starts by itself when there is more: `/pdev budget +5usd` grants this session so much more.",
        Scope.REPOSITORY_DAY: "It starts by itself after midnight UTC; `/pdev budget +5usd` grants the repository so "
        "much more for today.",
    }.get(scope, f"It starts by itself after midnight UTC. {_OPERATOR}")
    return f"{_WHOSE[scope].capitalize()} is spent. {starts} `/pdev cancel`, or removing the label, stops it."


def queued(wait: Wait) -> str:
    """The headline of such a task."""
    return f"Queued, {_WHOSE[scope_of(wait)]} is spent"


def scope_of(wait: Wait) -> Scope:
    return Scope(str(wait.facts["scope"]))


def _stage(task: Task, gone: Exhausted) -> str:
    used, may = ("taken", "take") if gone.kind == "turns" else ("used", "use")
    return f"The agent has {used} {amount(gone.kind, gone.spent)}; its stage may {may} {amount(gone.kind, gone.cap)}."


def _sum(who: str, may: str) -> Callable[[Task, Exhausted], str]:
    def told(task: Task, gone: Exhausted) -> str:
        return f"{who} spent {amount(gone.kind, gone.spent)}; {may.format(amount(gone.kind, gone.cap))}."

    return told


_WHY: dict[Scope, Callable[[Task, Exhausted], str]] = {
    Scope.STAGE: _stage,
    Scope.TASK: _sum("This task has", "it may spend {}"),
    Scope.SESSION: _sum("The tasks of this session have", "together they may spend {}"),
    Scope.REPOSITORY_DAY: _sum("Today (UTC) the tasks of this repository have", "together they may spend {} a day"),
    Scope.OWNER_DAY: lambda task, _: (
        f"All repositories of {words.line(task.owner_login)} together have spent what they may in a day (UTC)."
    ),
    Scope.SERVER_DAY: lambda _task, _: "All tasks on this server together have spent what they may in a day (UTC).",
}

NO_PRICE = (
    "The price of its model is not known, so a budget in dollars could never stop it, and nothing bounds its tokens."
)
NO_PRICE_NEXT = (
    "`/pdev budget +200ktokens` gives this task a bound in tokens, and it goes on. For all tasks, set "
    f"`budget.task.tokens` in {words.CONFIG}, then use `/pdev resume`. {_END}"
)


def granted(more: str, scope: Scope, *, goes_on: bool, still: Scope | None) -> str:
    """Behind the issue's number: what a grant has done. `still`: whose budget stops the task all the same."""
    to = {
        Scope.SESSION: "its session",
        Scope.REPOSITORY_DAY: "its repository for today (UTC)",
    }.get(scope, "it")
    text = f"{more} more {'is' if more.startswith('$') else 'are'} granted to {to}"
    if goes_on:
        return f"{text}; it goes on from its checkpoint."
    if still is None:
        return f"{text}."
    return f"{text}, but it cannot go on yet: {_WHOSE[still]} is spent. {_LIFTS[still]}"


_LIFTS = {
    Scope.STAGE: "`/pdev resume` lets it go on.",
    Scope.TASK: "`/pdev budget` with a larger amount goes on.",
    Scope.SESSION: "`/pdev budget` again, with what the session needs, goes on.",
    Scope.REPOSITORY_DAY: "`/pdev budget` again, or midnight UTC, goes on.",
    Scope.OWNER_DAY: f"{_MIDNIGHT} {_OPERATOR}",
    Scope.SERVER_DAY: f"{_MIDNIGHT} {_OPERATOR}",
}


def unbounded(more: str, kind: str) -> str:
    """A grant of something that nothing bounds."""
    other = {"usd": "dollars", "tokens": "tokens"}[kind]
    return f"{code(more)} changes nothing here: no budget in {other} stops it."


def still_spent(task: Task) -> str:
    """The answer to `/pdev resume` when nothing has changed."""
    return f"nothing has changed: {why(task)} {next_step(task)}" if task.exhausted else f"nothing has changed. {_END}"


def tried_again(run: StageRun, told: Callable[[Reason], str]) -> list[str]:
    """Why earlier attempts at a stage were repeated, one line each. `told`: the sentence for a reason."""
    return [f"- An attempt failed and was repeated: {told(Reason(one))}" for one in run.retried]
