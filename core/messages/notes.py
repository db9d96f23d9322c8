"""What pdev itself writes into a task's record, for people to read where an agent's words would stand."""

from collections.abc import Sequence

from core.messages.words import count
from core.tasks import Finding

REVIEWER_APPROVED = "The reviewer approved."
NO_REASON = "The reviewer wants changes and gave no reason."


def corrected(before: Sequence[Finding], after: Sequence[Finding]) -> str:
    """How many findings a correction settled: `before` are those that were open, `after` is the whole ledger."""
    now = {f.id: f.state for f in after}
    fixed = sum(now[f.id] == "fixed" for f in before)
    unfixable = sum(now[f.id] == "unfixable" for f in before)
    text = f"{fixed} of {count(len(before), 'finding')} fixed"
    text += f", {unfixable} said to be unfixable" if unfixable else ""
    ignored = len(before) - fixed - unfixable
    return text + (f", {ignored} not mentioned." if ignored else ".")


def no_base(branch: str) -> str:
    return f"The default branch {branch!r} has no commit to start from. Push one."


def no_free_branch(name: str, tried: int) -> str:
    return f"{tried} branches are named {name!r}, {name + '-2'!r} and so on. Delete those that nobody needs."
