"""How a stage says that it ended well."""

from dataclasses import dataclass, field
from typing import Any

from core.tasks import Reason


@dataclass(frozen=True, slots=True)
class Step:
    """The stage's outcome (a word of `StageRun.outcome`), a sentence about it, and the record's fields it changed.

    `stop`: why a person is asked instead of going on.
    """

    outcome: str
    summary: str
    fields: dict[str, Any] = field(default_factory=dict)
    stop: Reason | None = None
