"""What a task's record keeps of its reviews: the findings over all rounds, and the newest verdict. Plain data."""

import msgspec

OPEN_STATES = frozenset({"open", "reopened"})
"""States of a finding that is still to be dealt with."""
CLAIMED = "claimed"
"""In the history of a gate's finding: the corrector called it fixed, which only the gate can tell."""


class Mark(msgspec.Struct, frozen=True):
    """What became of a finding in a round, and at which commit where that is known."""

    round: int
    state: str
    commit: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a reviewer, or a gate (type `gate:…`), wants changed. `core.ledger` alone moves its state."""

    id: str
    type: str
    severity: str
    text: str
    file: str = ""
    line: int = 0
    end_line: int = 0
    """The last of its lines; 0 when there is only one."""
    replacement: str | None = None
    """Code for exactly these lines; None: none was given."""
    round: int = 1
    """The round in which it was named last."""
    state: str = "open"
    """`open`, `fixed`, `reopened` (named again after it was settled), `unfixable` (the corrector says so) or `waived`
    (it may stay as it is)."""
    note: str = ""
    waived_by: str = ""
    """Login of the person who waived it; empty where it was waived without one."""
    history: tuple[Mark, ...] = ()
    """What became of it, oldest first; the last few."""

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def is_claimed(self) -> bool:
        """Open, but its corrector says that it is fixed: the gate that made it has not looked yet."""
        return self.is_open and bool(self.history) and self.history[-1].state == CLAIMED


SEVERITIES = ("critical", "high", "medium", "low")


def gravity(f: Finding) -> int:
    """For sorting, the gravest first; a severity that nobody knows comes last."""
    return SEVERITIES.index(f.severity) if f.severity in SEVERITIES else len(SEVERITIES)


class Requirement(msgspec.Struct, frozen=True):
    """Something that the issue asks for, in a reviewer's words: whether (`met`, `partly`, `missing`) and where."""

    text: str
    status: str
    where: str = ""


class LastReview(msgspec.Struct, frozen=True, kw_only=True):
    """The newest verdict: saved before it is shown, so that a worker that dies in between pays for no second one."""

    round: int
    tree: str
    """The tree that was judged."""
    outcome: str
    summary: str = ""
    open: tuple[str, ...] = ()
    """The ids of what was open after it."""
    requirements: tuple[Requirement, ...] = ()
    stop: str = ""
    """The `Reason` for which a person is asked instead of the corrector."""
