"""Values that are right each by itself and make no sense together, or mean what nobody can want."""

import re
from collections.abc import Iterator, Mapping

from core.refs import is_branch_name
from core.repoconfig.model import Config, Money, StageLimits
from core.repoconfig.problems import Layer, Mistake, Place, Problem
from core.tasks import TRIGGER_LABEL

_WORD = re.compile(r"\{[^{}]*\}")
_SAMPLES = ((1, "task"), (2_147_483_647, "x" * 40))
"""The shortest and the longest issue number and title part that a branch may get."""


def conflicts(config: Config, sources: Mapping[str, Layer], places: Mapping[str, Place]) -> Iterator[Problem]:
    """Every conflict, at the key that should change."""
    for mistake, key, facts in (*_budgets(config), *_branch(config.branch), *_labels(config)):
        # Where nobody wrote the one, whoever wrote the other made the conflict.
        at = key if key in places or facts.get("detail") not in places else facts["detail"]
        yield Problem(mistake, key, places.get(at), layer=sources[at], **facts)


Found = tuple[Mistake, str, dict[str, str]]


def _budgets(config: Config) -> Iterator[Found]:
    """A stage that may spend more than its task, a task more than its session."""
    limits, budget = config.limits, config.budget
    stages = {
        "develop": limits.develop,
        "review": limits.review,
        "correct": limits.correct,
        "finalize": limits.finalize,
    }
    for name, stage in stages.items():
        yield from _more(f"limits.{name}", stage, "budget.task", budget.task)
    yield from _more("budget.task", budget.task, "budget.session", budget.session)


def _more(narrow: str, small: StageLimits | Money, wide: str, large: Money) -> Iterator[Found]:
    for unit in ("usd", "tokens"):
        inner, outer = getattr(small, unit), getattr(large, unit)
        if inner is not None and outer is not None and inner > outer:
            facts = {"got": f"{inner:,g}", "detail": f"{wide}.{unit}", "made": f"{outer:,g}"}
            yield Mistake.MORE_THAN, f"{narrow}.{unit}", facts


def _branch(pattern: str) -> Iterator[Found]:
    """A pattern must give a branch name of git's for every issue, and another one for each."""
    if unknown := [word for word in _WORD.findall(pattern) if word not in {"{id}", "{slug}"}]:
        yield Mistake.BRANCH_WORD, "branch", {"got": pattern, "detail": unknown[0]}
        return
    if "{id}{slug}" in pattern or "{slug}{id}" in pattern:
        yield Mistake.BRANCH_SHARED, "branch", {"got": pattern}
        return
    names = [pattern.replace("{id}", str(number)).replace("{slug}", slug) for number, slug in _SAMPLES]
    if bad := next((name for name in names if not is_branch_name(name)), ""):
        yield Mistake.BRANCH, "branch", {"got": pattern, "detail": bad}


def _labels(config: Config) -> Iterator[Found]:
    if any(label.lower() == TRIGGER_LABEL for label in config.pull_request.labels):
        yield Mistake.TRIGGER_LABEL, "pull_request.labels", {"got": TRIGGER_LABEL}
