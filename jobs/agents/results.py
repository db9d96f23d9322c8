"""What each role must hand in at its end: typed, bounded, and checked before anything acts on it.

An agent's words are untrusted input. Only these fields are read, their sizes are capped, and an answer that does not
fit is a failed attempt (`bad_output`), never a guess.
"""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

Text = Annotated[str, StringConstraints(max_length=20_000)]
Body = Annotated[str, StringConstraints(max_length=60_000)]  # GitHub allows 65,536
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256)]
Key = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)]
# Agents write null where they mean "none".
OptionalKey = Annotated[Key, BeforeValidator(lambda value: "" if value is None else value)]
OptionalPath = Annotated[
    str, StringConstraints(max_length=1024), BeforeValidator(lambda value: "" if value is None else value)
]
OptionalLine = Annotated[int, Field(ge=0), BeforeValidator(lambda value: 0 if value is None else value)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class DeveloperResult(_Answer):
    """What was built, in words for the pull request."""

    summary: Words
    notes: Text = ""


class ReviewFinding(_Answer):
    """One thing the reviewer wants changed. `id` is set when it repeats a finding of an earlier round."""

    id: OptionalKey = ""
    type: Key = "general"
    severity: Literal["critical", "high", "medium", "low"] = "medium"
    file: OptionalPath = ""
    line: OptionalLine = 0
    text: Words
    suggested_fix: Text | None = None


class ReviewerResult(_Answer):
    """The verdict of one round."""

    verdict: Literal["approved", "corrections_needed"]
    findings: Annotated[tuple[ReviewFinding, ...], Field(max_length=200)] = ()
    summary: Text = ""


class Fixed(_Answer):
    """A finding that was mended."""

    id: Key
    how: Text = ""


class Unfixable(_Answer):
    """A finding that cannot or should not be mended."""

    id: Key
    why: Text = ""


class CorrectorResult(_Answer):
    """Which findings were dealt with; those in neither list stay open."""

    fixed: Annotated[tuple[Fixed, ...], Field(max_length=200)] = ()
    unfixable: Annotated[tuple[Unfixable, ...], Field(max_length=200)] = ()


class FinalizerResult(_Answer):
    """The pull request's text, and how the work was tested."""

    title: Title
    body: Body
    tested: Text = ""


class Question(_Answer):
    """Instead of its answer, any role may end with a question to the people."""

    question: Words


Answer = TypeVar("Answer", bound=BaseModel)


class BadAnswer(Exception):
    """What the agent handed in does not fit; the text names the fields, not their contents."""


def parse_answer(kind: type[Answer], data: Any) -> Answer | Question:
    """`data` as the wanted answer, or as a question. Raises BadAnswer."""
    if isinstance(data, dict) and set(data) == {"question"}:
        kind_of_answer: type[Answer] | type[Question] = Question
    else:
        kind_of_answer = kind
    try:
        return kind_of_answer.model_validate(data)
    except ValidationError as error:
        places = (f"{'.'.join(map(str, one['loc'])) or 'answer'}: {one['msg']}" for one in error.errors()[:5])
        raise BadAnswer("; ".join(places)) from error


def answer_schema(kind: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema that is shown to an agent: the answer, or a question."""
    shapes = [kind.model_json_schema(), Question.model_json_schema()]
    named = {name: shape for one in shapes for name, shape in one.pop("$defs", {}).items()}
    # References count from the whole schema's root.
    return {"anyOf": shapes} | ({"$defs": named} if named else {})
