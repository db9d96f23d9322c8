"""Whether an answer fits, and if not, what its writer has to change: said so that an agent can mend it in one turn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from jobs.agents.notices import Accepted, Invalid, Problem
from jobs.agents.results import Answer, Question

MAX_PROBLEMS = 20
"""Problems that are told at once; an answer with more of them usually has one of them many times."""
_EXPECTED = {
    "missing": "required",
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "string_too_short": "a text that is not empty",
}


NOTHING = Problem("answer", "nothing was handed in", "one JSON object of the schema")


class BadAnswer(Exception):
    """What the agent handed in does not fit."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def parse_answer(kind: type[Answer], data: Any) -> Answer | Question:
    """`data` as the wanted answer, or as a question. Raises BadAnswer."""
    if data is None:
        raise BadAnswer((NOTHING,))
    if not isinstance(data, dict):
        raise BadAnswer((Problem("answer", f"is {_named(data)}", "one JSON object of the schema"),))
    kind_of_answer: type[Answer] | type[Question] = Question if set(data) == {"question"} else kind
    try:
        return kind_of_answer.model_validate(data)
    except ValidationError as error:
        raise BadAnswer(_problems(error)) from error


@dataclass(slots=True)
class Exam(Generic[Answer]):
    """Judges what one run hands in. The last answer counts; `repairs` of those that do not fit are given back.

    `problems` are those of the last answer; `misfits` counts the answers that did not fit.
    """

    kind: type[Answer]
    repairs: int
    said: Answer | Question | None = None
    problems: tuple[Problem, ...] = (NOTHING,)
    misfits: int = 0

    def judge(self, data: Any) -> Accepted | Invalid:
        self.said, self.problems = None, ()
        try:
            self.said = parse_answer(self.kind, data)
        except BadAnswer as bad:
            self.problems = bad.problems
            self.misfits += 1
            return Invalid(bad.problems, max(0, self.repairs + 1 - self.misfits))
        return Accepted()

    @property
    def is_lost(self) -> bool:
        """Whether there were more misfits than may be mended."""
        return self.misfits > self.repairs

    @property
    def trouble(self) -> str:
        """What is wrong with the last answer, in words."""
        return "; ".join(map(str, self.problems))


def answer_schema(kind: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema that is shown to an agent: the answer, or a question."""
    shapes = [kind.model_json_schema(), Question.model_json_schema()]
    named = {name: shape for one in shapes for name, shape in one.pop("$defs", {}).items()}
    # References count from the whole schema's root.
    return {"anyOf": shapes} | ({"$defs": named} if named else {})


def _problems(error: ValidationError) -> tuple[Problem, ...]:
    found = error.errors(include_url=False)
    told = [Problem(_path(one["loc"]), _what(one), _expected(one)) for one in found[:MAX_PROBLEMS]]
    if more := len(found) - len(told):
        told.append(Problem("answer", f"has {more} more problems", "none"))
    return tuple(told)


def _path(place: tuple[int | str, ...]) -> str:
    path = ""
    for step in place:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path or "answer"


def _what(one: ErrorDetails) -> str:
    match one["type"]:
        case "missing":
            return "is missing"
        case "string_too_short":
            return "is empty"
        case "string_too_long":
            return "is too long"
        case "too_long":
            return f"has {one.get('ctx', {}).get('actual_length', 'too many')} entries"
        case "literal_error" | "value_error" | "greater_than_equal" | "less_than_equal":
            return "has a value that does not fit"
        case _:
            return f"is {_named(one['input'])}"


def _expected(one: ErrorDetails) -> str:
    limits: Mapping[str, Any] = one.get("ctx", {})
    match one["type"]:
        case "literal_error":
            return str(limits["expected"])
        case "string_too_long":
            return f"at most {limits['max_length']} characters"
        case "too_long":
            return f"at most {limits['max_length']} entries"
        case "greater_than_equal":
            return f"at least {limits['ge']}"
        case "less_than_equal":
            return f"at most {limits['le']}"
        case "value_error":
            return str(limits["error"]).removeprefix("must be ")
        case code:
            return _EXPECTED.get(code, one["msg"])


def _named(value: Any) -> str:
    """What kind of JSON value it is."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case list() | tuple():
            return "a list"
        case dict():
            return "an object"
        case _:
            return "of another kind"
