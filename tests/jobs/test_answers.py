"""What fits as an answer, and what its writer is told when it does not."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import BaseModel

from jobs.agents.answers import MAX_PROBLEMS, BadAnswer, answer_schema, parse_answer
from jobs.agents.results import (
    MAX_FINDINGS,
    MAX_REPLACEMENT,
    CorrectorResult,
    DeveloperResult,
    FinalizerResult,
    Question,
    ReviewerResult,
)
from jobs.agents.titles import TYPES

ROLES: tuple[type[BaseModel], ...] = (DeveloperResult, ReviewerResult, CorrectorResult, FinalizerResult)
FOUND = {"text": "It is slow."}


def verdict(**more: Any) -> dict[str, Any]:
    return {"verdict": "corrections_needed", **more}


@pytest.mark.parametrize(
    ("kind", "data", "told"),
    [
        (DeveloperResult, None, "answer: nothing was handed in, expected one JSON object of the schema"),
        (DeveloperResult, [1], "answer: is a list, expected one JSON object of the schema"),
        (DeveloperResult, {}, "summary: is missing, expected required"),
        (DeveloperResult, {"summary": " "}, "summary: is empty, expected a text that is not empty"),
        (DeveloperResult, {"summary": 5}, "summary: is a number, expected a text"),
        (ReviewerResult, verdict(remarks={"a": 1}), "remarks: is an object, expected a list"),
        (DeveloperResult, {"question": ""}, "question: is empty, expected a text that is not empty"),
        (ReviewerResult, {"verdict": "maybe"}, "verdict: has a value that does not fit, expected 'approved' or"),
        (ReviewerResult, verdict(findings=[FOUND, "x"]), "findings[1]: is a text, expected an object"),
        (ReviewerResult, verdict(findings=[FOUND] * 501), "findings: has 501 entries, expected at most 500 entries"),
        (ReviewerResult, verdict(findings=[FOUND | {"line": "ten"}]), "findings[0].line: is a text, expected a whole"),
        (ReviewerResult, verdict(findings=[FOUND | {"line": -1}]), "findings[0].line: has a value that does not fit"),
        (ReviewerResult, verdict(findings=[FOUND | {"file": "/etc/passwd"}]), "expected a path inside the repository"),
        (ReviewerResult, verdict(findings=[FOUND | {"file": "a/../../b"}]), "expected a path inside the repository"),
        (ReviewerResult, verdict(findings=[FOUND | {"file": "a\nb"}]), "expected a path inside the repository"),
        (ReviewerResult, verdict(findings=[FOUND | {"id": "F" * 65}]), "findings[0].id: is too long, expected at most"),
        (ReviewerResult, verdict(findings=[FOUND | {"severity": "huge"}]), "expected 'critical', 'high', 'medium' or"),
        (CorrectorResult, {"unfixable": [{"id": "F1", "why": ""}]}, "unfixable[0].why: is empty"),
        (CorrectorResult, {"fixed": [{"how": "so"}]}, "fixed[0].id: is missing"),
        (FinalizerResult, {"title": "Add it", "body": "b"}, "title: has a value that does not fit, expected `type"),
        (FinalizerResult, {"title": "feat:add", "body": "b"}, "title: has a value"),
        (FinalizerResult, {"title": "feat(): add", "body": "b"}, "title: has a value"),
        (FinalizerResult, {"title": "feat: a\nb", "body": "b"}, "title: has a value"),
        (FinalizerResult, {"title": "feat: " + "a" * 200, "body": "b"}, "title: is too long, expected at most 200"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(kind: type[BaseModel], data: Any, told: str) -> None:
    with pytest.raises(BadAnswer) as bad:
        parse_answer(kind, data)
    assert told in str(bad.value)


def test_many_problems_are_not_all_told() -> None:
    with pytest.raises(BadAnswer) as bad:
        parse_answer(ReviewerResult, verdict(findings=[{}] * 400))
    assert len(bad.value.problems) == MAX_PROBLEMS + 1
    assert str(bad.value.problems[-1]) == "answer: has 380 more problems, expected none"


@pytest.mark.parametrize("secret", ["hunter2 " * 1000])
def test_problems_quote_nothing(secret: str) -> None:
    with pytest.raises(BadAnswer) as bad:
        parse_answer(ReviewerResult, {"verdict": secret, "findings": [{"text": [secret], "severity": secret}]})
    assert "hunter2" not in str(bad.value)


def test_what_is_too_long_is_cut() -> None:
    long = "x" * 99_000
    found = {"text": long, "type": long, "suggested_fix": long, "replacement": long, "file": "./a.py", "line": 2}
    judged = parse_answer(
        ReviewerResult,
        verdict(findings=[found] * MAX_FINDINGS, summary=long, remarks=[long] * 99,
                requirements=[{"requirement": long, "status": "Met", "where": long}] * 999),
    )  # fmt: skip
    assert isinstance(judged, ReviewerResult)
    first = judged.findings[0]
    sizes = [len(first.text), len(first.type), len(first.suggested_fix or ""), len(judged.summary)]
    assert sizes == [4_000, 64, 20_000, 20_000]
    assert (len(judged.findings), len(judged.remarks), len(judged.requirements)) == (MAX_FINDINGS, 50, 200)
    assert first.replacement is None, "half of a replacement is wrong code"
    assert first.file == "a.py"
    assert judged.requirements[0].status == "met"


@pytest.mark.parametrize(
    ("line", "end", "lines"), [(0, 0, (0, 0)), (3, 0, (3, 3)), (3, 2, (3, 3)), (3, 7, (3, 7)), (0, 7, (0, 0))]
)
def test_lines_of_a_finding(line: int, end: int, lines: tuple[int, int]) -> None:
    judged = parse_answer(ReviewerResult, verdict(findings=[FOUND | {"line": line, "end_line": end}]))
    assert isinstance(judged, ReviewerResult)
    assert judged.findings[0].lines == lines


@pytest.mark.parametrize("text", ["", "a = 1\n", "x" * MAX_REPLACEMENT])
def test_a_replacement_is_taken_as_it_is(text: str) -> None:
    judged = parse_answer(ReviewerResult, verdict(findings=[FOUND | {"replacement": text}]))
    assert isinstance(judged, ReviewerResult)
    assert judged.findings[0].replacement == text


@pytest.mark.parametrize(
    "title", [*(f"{kind}: it" for kind in TYPES), "feat(api): it", "fix(a/b-c)!: it", " fix!: it "]
)
def test_titles(title: str) -> None:
    done = parse_answer(FinalizerResult, {"title": title, "body": ""})
    assert isinstance(done, FinalizerResult)
    assert done.title == title.strip()


def test_nothing_but_a_question_is_a_question() -> None:
    asked = parse_answer(DeveloperResult, {"question": " Which? "})
    assert asked == Question(question="Which?")
    answered = parse_answer(DeveloperResult, {"question": "Which?", "summary": "s"})
    assert isinstance(answered, DeveloperResult)


def test_null_is_none() -> None:
    found = FOUND | dict.fromkeys(("id", "file", "line", "end_line", "suggested_fix", "replacement"))
    judged = parse_answer(ReviewerResult, verdict(findings=[found], requirements=None, remarks=None, summary=None))
    assert isinstance(judged, ReviewerResult)
    assert judged.findings[0].file == ""
    nothing = parse_answer(CorrectorResult, {"fixed": None, "unfixable": None})
    assert nothing == CorrectorResult()


@pytest.mark.parametrize("kind", ROLES)
@given(data=some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(
        some.sampled_from(["verdict", "findings", "text", "summary", "fixed", "id", "title", "question"]), inner,
        max_size=4,
    ),
    max_leaves=8,
))  # fmt: skip
def test_no_answer_is_an_accident(kind: type[BaseModel], data: Any) -> None:
    with contextlib.suppress(BadAnswer):
        assert isinstance(parse_answer(kind, data), kind | Question)


@pytest.mark.parametrize("kind", ROLES)
def test_the_schema_names_every_field_and_its_bounds(kind: type[BaseModel]) -> None:
    schema = answer_schema(kind)
    shape = schema["anyOf"][0]
    assert set(shape["properties"]) == set(kind.model_fields)
    for field in shape["properties"].values():
        assert {"maxLength", "maxItems", "enum"} & set(field), field
