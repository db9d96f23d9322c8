"""Which role's agent a stage asks: said once, for what it is told, where it lives and what it may do."""

from collections.abc import Mapping
from typing import Literal

from core.tasks.records import Stage

Role = Literal["developer", "reviewer", "corrector", "finalizer"]
ROLES: Mapping[Stage, Role] = {
    Stage.DEVELOP: "developer",
    Stage.REVIEW: "reviewer",
    Stage.CORRECT: "corrector",
    Stage.FINALIZE: "finalizer",
}
