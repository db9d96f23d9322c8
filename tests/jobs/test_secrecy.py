"""No word of an agent gets into the record with a secret in it."""

import pytest

from core.redaction import Redactor
from jobs.agents import RunResult, RunStatus
from jobs.agents.results import CorrectorResult, DeveloperResult, FinalizerResult, ReviewerResult
from jobs.bench import secrecy

TOKEN = "ghp_canary0123456789abcdef0123456789"
OURS = "our-own-canary-secret"
HIDES = Redactor((OURS,))
FINDING = {
    "text": f"{TOKEN} is in it",
    "file": "a.py",
    "line": 3,
    "suggested_fix": OURS,
    "replacement": f"x = '{TOKEN}'",
}
ANSWERS = [
    DeveloperResult.model_validate(
        {"summary": TOKEN, "tested": OURS, "notes": TOKEN}
    ),
    ReviewerResult.model_validate(
        {"verdict": "approved", "findings": [FINDING], "remarks": [OURS], "summary": TOKEN,
         "requirements": [{"requirement": TOKEN, "status": "met", "where": OURS}]}
    ),
    CorrectorResult.model_validate(
        {"fixed": [{"id": "F1", "how": TOKEN}], "unfixable": [{"id": "F2", "why": OURS}], "tested": TOKEN}
    ),
    FinalizerResult.model_validate(
        {"title": f"fix: use {OURS}", "body": TOKEN, "changelog": OURS, "tested": TOKEN, "checklist": [{"text": TOKEN}]}
    ),
]  # fmt: skip


@pytest.mark.parametrize("said", ANSWERS, ids=lambda said: type(said).__name__)
def test_answers(said: DeveloperResult | ReviewerResult | CorrectorResult | FinalizerResult) -> None:
    ended = secrecy.result(HIDES, RunResult(RunStatus.OK, answer=said, text=TOKEN, error=OURS, question=TOKEN))
    assert "canary" not in repr(ended)
    assert "[hidden]" in repr(ended.answer)
    assert type(said).model_validate(ended.answer.model_dump() if ended.answer else None) == ended.answer


def test_what_holds_no_secret_stays_and_code_with_a_hole_goes() -> None:
    said = ReviewerResult.model_validate({
        "verdict": "approved", "findings": [FINDING, FINDING | {"text": "Plain.", "replacement": "x = 1"}],
    })  # fmt: skip
    ended = secrecy.result(HIDES, RunResult(RunStatus.OK, answer=said))
    assert ended.answer
    assert [(f.text, f.replacement) for f in ended.answer.findings] == [
        ("[hidden] is in it", None),
        ("Plain.", "x = 1"),
    ]
    assert ended.answer.findings[1].lines == (3, 3)


def test_a_secret_that_was_cut_goes_as_well() -> None:
    said = DeveloperResult(summary="x" * 3_990 + f" {TOKEN}")
    ended = secrecy.result(HIDES, RunResult(RunStatus.OK, answer=said))
    assert ended.answer
    assert "ghp" not in ended.answer.summary
    assert ended.answer.summary.endswith("x …")
    assert secrecy.line(HIDES, "x" * 195 + f" {TOKEN}", 200) == "x" * 195 + " [hid"


def test_facts_of_events() -> None:
    deep: list[object] = []
    for _ in range(50):
        deep = [deep]
    items = [{"title": f"say {TOKEN}", "done": True}, OURS, 7, None]
    assert secrecy.facts(HIDES, {"items": items, "deep": [deep]})["items"] == [
        {"title": "say [hidden]", "done": True}, "[hidden]", 7, None,
    ]  # fmt: skip
