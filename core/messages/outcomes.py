"""How a stage ended: one table for the comment, the check runs and whoever else tells it."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.tasks import Stage, StageRun


@dataclass(frozen=True, slots=True)
class _Ended:
    """`conclusion` is the check run's; `is_done`: the stage did what it is for."""

    conclusion: str
    word: str
    is_done: bool = False


_TABLE: Mapping[str, _Ended] = {
    "passed": _Ended("success", "done", is_done=True),
    "approved": _Ended("success", "approved", is_done=True),
    "corrections_needed": _Ended("neutral", "asked for changes", is_done=True),
    "failed": _Ended("failure", "failed"),
    "crashed": _Ended("failure", "crashed"),
    "limit": _Ended("timed_out", "reached a limit"),
    "cancelled": _Ended("cancelled", "cancelled"),
    "paused": _Ended("cancelled", "paused"),
    "asked": _Ended("action_required", "asked a question"),
    "stopped": _Ended("action_required", "handed to a person"),
    "gates_failed": _Ended("neutral", "not begun, gates failed"),
}
REVIEWED = frozenset({"approved", "corrections_needed"})
"""Outcomes that a reviewer has given."""


def conclusion(run: StageRun) -> str:
    """Of the stage's check run; what an outcome of a newer version means nobody here knows."""
    ended = _TABLE.get(run.outcome or "")
    return ended.conclusion if ended else "neutral"


def word(run: StageRun) -> str:
    """A few words; "" while it has not ended."""
    outcome = run.outcome or ""
    if outcome == "asked" and run.stage is Stage.FINALIZE:
        return "asked for approval"
    return _TABLE[outcome].word if outcome in _TABLE else outcome


def is_done(run: StageRun) -> bool:
    ended = _TABLE.get(run.outcome or "")
    return ended is not None and ended.is_done
