"""What agents say, without secrets: the one door for their words on the way into the record.

An agent reads its environment and other people's files, and repeats what it finds: in what it is doing, in its plan, in
a finding. From the record it would go into comments, reviews, commits and the prompts of other agents.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel

from core.redaction import Redactor
from jobs.agents import RunResult
from jobs.agents.results import ReviewFinding

Answer = TypeVar("Answer", bound=BaseModel)
_CUT = "…"
_DEEPEST = 8


def line(redactor: Redactor, text: str, limit: int) -> str:
    """The beginning of what an agent says: cut only afterwards, as half a secret has no shape."""
    return _text(redactor, text[: 20 * limit])[:limit]


def facts(redactor: Redactor, data: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of an event; what lies too deep for anybody to read is left out."""
    return {key: _value(redactor, value, _DEEPEST) for key, value in data.items()}


def result(redactor: Redactor, ended: RunResult[Answer]) -> RunResult[Answer]:
    """How a run ended, with all its words."""
    return replace(
        ended,
        answer=None if ended.answer is None else _model(redactor, ended.answer),
        question=None if ended.question is None else _text(redactor, ended.question),
        text=_text(redactor, ended.text),
        error=_text(redactor, ended.error),
    )


def _model(redactor: Redactor, said: Answer) -> Answer:
    """The same answer; it has been checked, and words that are hidden make no part of it longer than they were."""
    clean = {name: _value(redactor, getattr(said, name), _DEEPEST) for name in type(said).model_fields}
    if isinstance(said, ReviewFinding) and clean["replacement"] != said.replacement:
        clean["replacement"] = None  # code with a word taken out is wrong code
    return said.model_copy(update=clean)


def _value(redactor: Redactor, value: Any, deep: int) -> Any:
    match value:
        case str():
            return _text(redactor, value)
        case BaseModel():
            return _model(redactor, value)
        case tuple() | list() | dict() if deep == 0:
            return None
        case tuple() | list():
            return type(value)(_value(redactor, one, deep - 1) for one in value)
        case dict():
            return {key: _value(redactor, one, deep - 1) for key, one in value.items()}
        case _:
            return value


def _text(redactor: Redactor, text: str) -> str:
    if text.endswith(_CUT):  # whoever cut it may have cut a secret
        text = text[: redactor.unfinished(text[: -len(_CUT)])] + _CUT
    return redactor(text)
