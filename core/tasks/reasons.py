"""Why a task stands where it stands: the codes, in one table that everybody who moves a task uses.

A record keeps a code and not a sentence, so that what people read can be worded anew at any time; `core/messages` holds
the words, and a test holds that every code has some.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A code; those that name a person are kept as `code:login`."""

    BY = "by"
    """A person asked for it by a command or a button."""
    LABEL_REMOVED = "label_removed"
    PR_CLOSED = "pr_closed"
    ISSUE_DELETED = "issue_deleted"
    ISSUE_TRANSFERRED = "issue_transferred"
    NO_ACCESS = "no_access"
    """The App was uninstalled or suspended."""

    FOREIGN_PULL = "foreign_pull"
    """Somebody else's open pull request would close the issue."""
    CONFIG = "config"
    """The repository's configuration is broken, and nothing is guessed."""
    QUESTION = "question"
    ROUNDS = "rounds"
    """The last allowed round still found something."""
    NO_PROGRESS = "no_progress"
    """The same findings are open as a round before, or the corrections changed nothing."""
    UNFIXABLE = "unfixable"
    """The corrector calls a finding unfixable, and the reviewer insists on it."""
    APPROVAL = "approval"
    BRANCH_MOVED = "branch_moved"
    """Our own commits are no longer on the branch."""
    DIVERGED = "diverged"
    """Somebody pushed to the branch while an agent worked from what was there before."""
    CRASHED = "crashed"

    NO_CHANGE = "no_change"
    BAD_OUTPUT = "bad_output"
    AGENT_FAILED = "agent_failed"
    TIMEOUT = "timeout"
    IDLE = "idle"
    LIMIT = "limit"
    BUDGET = "budget"
    """A bound on money, tokens or turns; the record's `exhausted` says which."""
    NO_PRICE = "no_price"
    """Nobody knows what the model costs, and nothing bounds its tokens."""
    REFUSED = "refused"
    """GitHub did not take a push."""
    SETUP = "setup"

    def by(self, login: str) -> str:
        """The code with who is behind it, as a record keeps it."""
        return f"{self}:{login}"


LIMITS = frozenset({Reason.TIMEOUT, Reason.IDLE, Reason.LIMIT})
"""Ends that a limit brought about: a check run calls them `timed_out`."""


UNSETTLED = frozenset({Reason.ROUNDS, Reason.NO_PROGRESS, Reason.UNFIXABLE})
"""The agents could not agree: a person judges the open findings, and may allow one more round."""

RETRIED = frozenset({Reason.TIMEOUT, Reason.IDLE, Reason.AGENT_FAILED, Reason.BAD_OUTPUT})
"""Ends of an attempt that another attempt may not meet: an agent that hung, broke off or handed in nonsense. The
others would meet the same again (GitHub refuses, nothing can be set up) or are answers (nothing is to be done)."""


def parsed(reason: str) -> tuple[Reason | None, str]:
    """The code and who is behind it; no code for one that this version does not know."""
    code, _, who = reason.partition(":")
    try:
        return Reason(code), who
    except ValueError:
        return None, who
