"""What each role must hand in at its end: typed, bounded, and checked before anything acts on it.

An agent's words are untrusted input. Only these fields are read and their sizes are capped: words that are too long are
cut, because nothing is lost that anybody would read; where a cut would change the meaning (ids, paths, the number of
findings) the answer does not fit. One that does not fit is told to its agent, with what was expected, and never guessed
at.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from jobs.agents.titles import conventional

MAX_FINDINGS = 500
"""Findings of one round; a reviewer who has more tells the same thing more than once."""
MAX_REPLACEMENT = 10_000
"""Characters of a replacement: a longer one is dropped, because half of it would be wrong code."""


def _cut(limit: int) -> Callable[[Any], Any]:
    """Cut a text that is too long; null, which agents write where they mean "none", is the empty text."""

    def cut(value: Any) -> Any:
        if value is None:
            return ""
        return value if not isinstance(value, str) or len(value) <= limit else value[: limit - 1] + "…"

    return cut


def _first(limit: int) -> Callable[[Any], Any]:
    """The first entries of a list that is too long; null is the empty list."""

    def first(value: Any) -> Any:
        if value is None:
            return ()
        return value[:limit] if isinstance(value, list | tuple) else value

    return first


def _said(value: Any) -> Any:
    return "" if value is None else value


def _number(value: Any) -> Any:
    return 0 if value is None else value


def _listed(value: Any) -> Any:
    return () if value is None else value


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _inside(path: str) -> str:
    """A path as git writes it. Raises ValueError for one that can be no file of the repository."""
    path = path.strip().removeprefix("./")
    if path.startswith("/") or ".." in path.split("/") or not path.isprintable():
        raise ValueError("must be a path inside the repository, from its root and without `..`")
    return path


Text = Annotated[str, StringConstraints(max_length=20_000), BeforeValidator(_cut(20_000))]
Body = Annotated[str, StringConstraints(max_length=60_000), BeforeValidator(_cut(60_000))]  # GitHub allows 65,536
Note = Annotated[str, StringConstraints(max_length=4_000), BeforeValidator(_cut(4_000))]
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000), BeforeValidator(_cut(4_000))
]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), BeforeValidator(_cut(300))
]
OptionalLine = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300), BeforeValidator(_cut(300))]
Kind = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), BeforeValidator(_cut(64))]
Key = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
OptionalKey = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=64),
    BeforeValidator(_said),
]
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(conventional)
]
OptionalPath = Annotated[
    str,
    StringConstraints(max_length=1024),
    AfterValidator(_inside),
    BeforeValidator(_said),
]
LineNumber = Annotated[int, Field(ge=0, le=10**7), BeforeValidator(_number)]
Replacement = Annotated[
    str | None,
    Field(max_length=MAX_REPLACEMENT),
    BeforeValidator(lambda value: None if isinstance(value, str) and len(value) > MAX_REPLACEMENT else value),
]
Severity = Annotated[Literal["critical", "high", "medium", "low"], BeforeValidator(_lower)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class DeveloperResult(_Answer):
    """What was built, in words for the pull request, what was tested, and what whoever comes after should know."""

    summary: Words
    tested: Text = ""
    notes: Text = ""


class ReviewFinding(_Answer):
    """One thing the reviewer wants changed. `id` is set when it repeats a finding of an earlier round.

    `line` to `end_line` (both included, 0 for none) are lines of the file as it is now. `replacement` is the code that
    should stand there instead: null for none, empty to delete them.
    """

    id: OptionalKey = ""
    type: Kind = "general"
    severity: Severity = "medium"
    file: OptionalPath = ""
    line: LineNumber = 0
    end_line: LineNumber = 0
    text: Words
    suggested_fix: Text | None = None
    replacement: Replacement = None

    @property
    def lines(self) -> tuple[int, int]:
        """First and last line; both 0 when it is about no line."""
        return self.line, max(self.line, self.end_line) if self.line else 0


class Requirement(_Answer):
    """Something that the issue asks for, and whether the change does it."""

    requirement: Line
    status: Annotated[Literal["met", "partly", "missing"], BeforeValidator(_lower)]
    where: OptionalLine = ""


class ReviewerResult(_Answer):
    """The verdict of one round."""

    verdict: Annotated[Literal["approved", "corrections_needed"], BeforeValidator(_lower)]
    findings: Annotated[tuple[ReviewFinding, ...], Field(max_length=MAX_FINDINGS), BeforeValidator(_listed)] = ()
    requirements: Annotated[tuple[Requirement, ...], Field(max_length=200), BeforeValidator(_first(200))] = ()
    remarks: Annotated[tuple[Words, ...], Field(max_length=50), BeforeValidator(_first(50))] = ()
    summary: Text = ""


class Fixed(_Answer):
    """A finding that was mended."""

    id: Key
    how: Note = ""


class Unfixable(_Answer):
    """A finding that cannot or should not be mended, with the reason."""

    id: Key
    why: Words


class CorrectorResult(_Answer):
    """Which findings were dealt with; those in neither list stay open."""

    fixed: Annotated[tuple[Fixed, ...], Field(max_length=MAX_FINDINGS), BeforeValidator(_listed)] = ()
    unfixable: Annotated[tuple[Unfixable, ...], Field(max_length=MAX_FINDINGS), BeforeValidator(_listed)] = ()
    tested: Text = ""
    notes: Text = ""


class Checked(_Answer):
    """A line of the pull request's checklist."""

    text: Line
    done: bool = True


class FinalizerResult(_Answer):
    """The pull request's text (title `type(scope): …`), its line for a changelog, and how the work was tested."""

    title: Title
    body: Body
    changelog: OptionalLine = ""
    tested: Text = ""
    checklist: Annotated[tuple[Checked, ...], Field(max_length=30), BeforeValidator(_first(30))] = ()


class Question(_Answer):
    """Instead of its answer, any role may end with a question to the people."""

    question: Words


Answer = TypeVar("Answer", bound=BaseModel)
