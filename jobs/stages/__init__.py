"""The four stages: what each asks of its agent, and what pdev does with the answer."""

from collections.abc import Awaitable, Callable, Mapping

from core.tasks import Stage
from jobs.bench import Bench
from jobs.stages.correct import correct
from jobs.stages.develop import develop
from jobs.stages.finalize import finalize
from jobs.stages.gates import gates_failed
from jobs.stages.review import review
from jobs.stages.step import Step

STAGES: Mapping[Stage, Callable[[Bench], Awaitable[Step]]] = {
    Stage.DEVELOP: develop,
    Stage.REVIEW: review,
    Stage.CORRECT: correct,
    Stage.FINALIZE: finalize,
}

__all__ = ["STAGES", "Step", "gates_failed"]
