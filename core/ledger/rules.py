"""What the ledger means for the loop: what must be mended, what the issue still lacks, and when to ask a person."""

from collections.abc import Mapping, Sequence

from core.ledger.moves import Named
from core.ledger.same import likeness, words_of
from core.messages import notes
from core.repoconfig.model import Mode
from core.tasks import Finding, Reason, Stage, Task

REQUIRED: Mapping[Mode, frozenset[str]] = {
    "strict": frozenset({"critical", "high", "medium", "low"}),
    "balanced": frozenset({"critical", "high", "medium"}),
    "lenient": frozenset({"critical", "high"}),
}
"""Severities of findings that must be mended, by review mode; the others stay visible and stop nothing."""
_MET: Mapping[Mode, Mapping[str, float]] = {
    "strict": {"met": 1, "partly": 0.5},
    "balanced": {"met": 1, "partly": 0.5},
    "lenient": {"met": 1, "partly": 1},
}
_ENOUGH: Mapping[Mode, float] = {"strict": 1.0, "balanced": 0.95, "lenient": 0.6}
"""Share of the issue's requirements that a change must meet (the seed's 100 % and 95 %; for lenient its "core")."""
MISSING = "missing_requirement"
_TOLD_ALREADY = 0.3
_MOST = 20


def requirements_unmet(
    statuses: Sequence[tuple[str, str]], mode: Mode, named: Sequence[Named] = ()
) -> tuple[Named, ...]:
    """Findings for what the issue asks for and the change lacks, if that is more than the mode allows.

    `statuses`: each requirement with `met`, `partly` or `missing`; what `named` tells already is not told twice.
    """
    share = sum(_MET[mode].get(status, 0) for _, status in statuses) / len(statuses) if statuses else 1.0
    if share >= _ENOUGH[mode]:
        return ()
    told = [words_of(n.text) for n in named]
    lacking = [(text, status) for text, status in statuses if status != "met" and not _is_told(text, told)]
    return tuple(
        Named(type=MISSING, severity="high", text=notes.requirement_unmet(text, status))
        for text, status in lacking[:_MOST]
    )


def _is_told(requirement: str, told: Sequence[frozenset[str]]) -> bool:
    words = words_of(requirement)
    return any(words <= said or likeness(words, said) >= _TOLD_ALREADY for said in told)


def disputed(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Those that the corrector called unfixable and that were then named again."""
    return tuple(
        f for f in findings if f.is_open and [mark.state for mark in f.history[-2:]] == ["unfixable", "reopened"]
    )


def stop_reason(task: Task, findings: Sequence[Finding]) -> Reason | None:
    """Why a person is asked instead of the corrector after a review that left findings open; None: go on."""
    still_open = tuple(f.id for f in findings if f.is_open)
    if not still_open:
        return None
    if disputed(findings):
        return Reason.UNFIXABLE
    if task.round >= task.last_round:
        return Reason.ROUNDS
    before = task.last_review
    if before and before.round == task.round - 1 and set(before.open) == set(still_open):
        return Reason.NO_PROGRESS
    return None


def unchanged(task: Task, tree: str) -> bool:
    """Whether a review would only judge again what it has judged: the corrector changed nothing and said nothing.

    What it called unfixable is for the reviewer to judge, and a round that a person allowed is held in any case.
    """
    before = task.last_review
    if before is None or before.outcome == "gates_failed":  # no reviewer has seen it
        return False
    if before.tree != tree or before.round != task.round - 1 or task.allowed_round >= task.round:
        return False
    was_corrected = any(run.stage is Stage.CORRECT and run.round == before.round for run in task.stages)
    return was_corrected and not any(f.state == "unfixable" for f in task.findings)
