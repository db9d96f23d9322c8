"""How far a task is, in percent: the seed's five phases, told from what its agents do. Pure.

Nobody knows how many rounds a task will take or how long an agent will think, so this promises only what a person needs
in order to see that something moves: it never goes back within a round, more is done when it says more, and 100 means
that nothing is left to do.

| phase | percent | begins with |
|---|---|---|
| planning | 10 | the first words |
| development | 50 | a plan, or the first changed file |
| testing | 20 | the first run of tests |
| review | 15 | the first review; rounds share it, each half of what is left |
| finalization | 5 | the finalizer |
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from core.tasks import Milestone, Stage, Task

PLANNING, DEVELOPMENT, TESTING, REVIEW, FINALIZATION = 10, 50, 20, 15, 5
"""The seed's weights of the phases, in percent of the whole."""
_MADE = PLANNING + DEVELOPMENT + TESTING
MOST_MILESTONES = 20
_TITLE = 120

_TEST_RUN = re.compile(
    r"\b(?:pytest|unittest|tox|nox|jest|vitest|mocha|ava|rspec|phpunit|ctest|nosetests)\b"
    r"|\b(?:npm|pnpm|yarn|bun|deno|go|cargo|dotnet|swift|mix|gradlew?|mvnw?|bazel|make|just|rake|sbt|composer)\s"
    r"(?:\S+\s)*?(?:test|tests|check|verify)\b",
    re.IGNORECASE,
)
"""Commands that run tests, as people type them."""


class Signs(msgspec.Struct, frozen=True):
    """What has been seen of the running stage's agent."""

    words: int = 0
    """Things said and tools called."""
    edits: int = 0
    tests: int = 0
    milestones: tuple[Milestone, ...] = ()
    told: int | None = None
    """What the agent itself says, in percent of its stage."""


def seen(signs: Signs, kind: str, title: str, data: Mapping[str, Any], verify: Collection[str] = ()) -> Signs:
    """The signs after one more event of the agent. `verify`: commands that are known to be the tests."""
    match kind:
        case "text":
            return replace(signs, words=signs.words + 1)
        case "tool_call":
            is_test = title.strip() in verify or bool(_TEST_RUN.search(title))
            return replace(signs, words=signs.words + 1, tests=signs.tests + is_test)
        case "file_change":
            return replace(signs, edits=signs.edits + 1)
        case "plan":
            return replace(signs, milestones=milestones(data.get("items")) or signs.milestones)
        case "progress":
            told = _percent(data.get("percent"))
            return signs if told is None else replace(signs, told=told)
        case _:
            return signs


def milestones(items: object) -> tuple[Milestone, ...]:
    """A plan as agents tell it: titles, or objects with `title` (or `content`) and `done` (or `status`)."""
    if not isinstance(items, Sequence) or isinstance(items, str):
        return ()
    return tuple(one for item in items[:MOST_MILESTONES] if (one := _milestone(item)))


def stage_percent(stage: Stage, signs: Signs) -> int:
    """How far the running stage is, from 0 to 99."""
    if signs.told is not None:
        return signs.told
    match stage:
        case Stage.DEVELOP:
            share = _developing(signs)
        case Stage.CORRECT:
            share = 0.7 * _towards_one(signs.edits, 3) + 0.3 * _towards_one(signs.tests, 1)
        case Stage.REVIEW:
            share = 0.7 * _towards_one(signs.words, 10) + 0.3 * _towards_one(signs.tests, 1)
        case Stage.FINALIZE:
            share = _towards_one(signs.words, 3)
    return min(99, int(100 * share))


def overall(task: Task) -> int:
    """Percent of the whole way; 100 only when the task is settled."""
    if task.settled:
        return 100
    begin, end = _span(task)
    last = task.last_run
    has_begun = last is not None and (last.stage, last.round) == (task.stage, task.round)
    return min(99, int(begin + (end - begin) * (task.progress if has_begun else 0) / 100))


def _span(task: Task) -> tuple[float, float]:
    match task.stage:
        case Stage.DEVELOP:
            return 0, _MADE
        case Stage.FINALIZE:
            return _MADE + REVIEW, 100
        case _:
            # Correct follows review, so the steps of the loop are review 1, correct 1, review 2, …
            step = 2 * (task.round - 1) + (task.stage is Stage.CORRECT)
            done = _MADE + REVIEW
            return done - REVIEW / 2**step, done - REVIEW / 2 ** (step + 1)


def _developing(signs: Signs) -> float:
    """Within `develop`: planning, development and testing at their weights."""
    done = sum(one.done for one in signs.milestones)
    planned = len(signs.milestones)
    is_planned = 1.0 if planned or signs.edits else _towards_one(signs.words, 6)
    # Until a plan says otherwise, each change brings the end a little nearer.
    made = done / planned if planned else _towards_one(signs.edits, 6)
    tested = made * _towards_one(signs.tests, 1)
    return (PLANNING * is_planned + DEVELOPMENT * made + TESTING * tested) / _MADE


def _towards_one(times: int, half: int) -> float:
    """0 at first, a half after `half` times, never 1: nobody knows how many there will be."""
    return times / (times + half)


def _milestone(item: object) -> Milestone | None:
    if isinstance(item, str):
        return Milestone(_titled(item)) if item.strip() else None
    if not isinstance(item, Mapping):
        return None
    title = item.get("title") or item.get("content")
    is_done = item.get("done") is True or item.get("status") in {"completed", "done"}
    return Milestone(_titled(title), is_done) if isinstance(title, str) and title.strip() else None


def _titled(title: str) -> str:
    return " ".join(title.split())[:_TITLE]


def _percent(said: object) -> int | None:
    """From 0 to 99; None for what is no number."""
    if isinstance(said, bool) or not isinstance(said, int | float):
        return None
    return int(min(99.0, max(0.0, said))) if said == said else None
