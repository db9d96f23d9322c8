"""The ledger of findings: what reviewers, gates, correctors and people have said of each, round by round. Pure.

A review loop that lives in prompts does not converge: findings come back under new names, are called fixed and are not,
and nobody can tell whether the next round is worth its money. So findings are state: each keeps its id for good, every
change of it is marked with its round, and the rules below alone decide what is still open.
"""

from core.ledger.moves import GATE, Named, Waiver, corrected, gated, judged, waived, wish
from core.ledger.rules import REQUIRED, disputed, requirements_unmet, stop_reason, unchanged

__all__ = [
    "GATE",
    "REQUIRED",
    "Named",
    "Waiver",
    "corrected",
    "disputed",
    "gated",
    "judged",
    "requirements_unmet",
    "stop_reason",
    "unchanged",
    "waived",
    "wish",
]
