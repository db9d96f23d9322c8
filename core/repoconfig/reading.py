"""`.github/pdev.yml` as text → what it says, or everything that is wrong with it, each with its line.

YAML forgives much and surprises often: `on` is a boolean, `010` is 8, a key given twice counts once, ten lines of
aliases are a billion values. A configuration that is read otherwise than its owner meant it makes agents spend money
and push code. So nothing is guessed here: the text is composed to nodes, which know their lines, and each node is
looked at before it becomes a value.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from core.repoconfig.nodes import Said, Walk
from core.repoconfig.problems import Layer, Mistake, Place, Problem
from core.repoconfig.validity import mistakes_of

MAX_CHARACTERS = 65_536
"""The largest file that is read; a full one has about 3,000."""
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML allows nowhere."""
_TAB = re.compile(r"^[ ]*\t[ \t]*[^\s#]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no file: the other layers decide."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """There is something, and it cannot be read as a text."""

    why: str

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (Problem(Mistake.UNREADABLE, detail=self.why),)


@dataclass(frozen=True, slots=True)
class Invalid:
    """It says something that makes no sense; all of it is listed, in the order of the lines."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Ok:
    """What it says: dotted name → value; `places` tells where each stands."""

    said: Mapping[str, Any]
    places: Mapping[str, Place]


Reading = Absent | Unreadable | Invalid | Ok


def read(text: str, layer: Layer = Layer.REPOSITORY) -> Invalid | Ok:
    """Read the text of a `pdev.yml`. Never raises, and takes little time whatever the text is."""
    if found := _unfit(text):
        return Invalid((_of(layer)(found),))
    try:
        node = yaml.SafeLoader(text.removeprefix("\ufeff")).get_single_node()
    except yaml.YAMLError as error:
        return Invalid((_of(layer)(_explained(error, text)),))
    except (ValueError, OverflowError):  # an escape or a version with more digits than a number may have
        return Invalid((_of(layer)(Problem(Mistake.NOT_YAML, detail="a number in it is too large")),))
    except RecursionError:
        return Invalid((_of(layer)(Problem(Mistake.TOO_DEEP)),))
    walk = Walk()
    said = walk.file(node)
    problems = [*walk.problems, *_unexpected(said, walk.problems)]
    if problems:
        return Invalid(tuple(map(_of(layer), sorted(problems, key=_order))))
    return Ok({key: one.value for key, one in said.items()}, {key: one.at for key, one in said.items()})


def _of(layer: Layer) -> Callable[[Problem], Problem]:
    return lambda problem: replace(problem, layer=layer)


def _order(problem: Problem) -> tuple[int, int]:
    return (problem.at.line, problem.at.column) if problem.at else (0, 0)


def _unfit(text: str) -> Problem | None:
    """Why nothing at all can be read."""
    if len(text) > MAX_CHARACTERS:
        return Problem(Mistake.TOO_LARGE, got=str(len(text)), detail=str(MAX_CHARACTERS))
    if found := _CONTROL.search(text.removeprefix("\ufeff")):
        return Problem(Mistake.CHARACTER, at=_place(text, found.start()), got=f"U+{ord(found[0]):04X}")
    return None


def _place(text: str, at: int) -> Place:
    return Place(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))


def _explained(error: yaml.YAMLError, text: str) -> Problem:
    """A mistake of the YAML itself; the reader stops at the first."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    at = Place(mark.line + 1, mark.column + 1) if mark else None
    said = str(getattr(error, "problem", "") or "")
    if "\\t" in said or (at and _TAB.match(next(iter(text.splitlines()[at.line - 1 :]), ""))):
        return Problem(Mistake.TAB, at=at)
    if "single document" in str(getattr(error, "context", "")):
        return Problem(Mistake.DOCUMENTS, at=at)
    return Problem(Mistake.NOT_YAML, at=at, detail=said)


def _unexpected(said: Mapping[str, Said], before: list[Problem]) -> Iterator[Problem]:
    """What the model does not accept, where nothing else was wrong with it already."""
    known = {problem.key for problem in before if problem.mistake is not Mistake.DUPLICATE}
    for key, index in mistakes_of({key: one.value for key, one in said.items()}):
        one = said[key]
        entry = one.entries[index] if index is not None and index < len(one.entries) else None
        name = key if index is None else f"{key}[{index + 1}]"
        if name not in known and key not in known:
            yield (entry or one).problem(name)
