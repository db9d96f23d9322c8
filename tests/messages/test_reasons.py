"""No reason without words: whoever gives one names a `Reason`, and every `Reason` is worded."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.messages.standing import WHY
from core.tasks import Reason, parsed

ROOT = Path(__file__).resolve().parents[2]
GIVES_A_REASON = {"Move": 1, "Ask": 1, "_stop": 2, "_on_gone": 1, "GaveUp": 0, "NeedsPerson": 1}
"""Calls whose argument at this place is a reason."""
SOURCES = [p for room in ("bot", "core/tasks", "core/store", "jobs") for p in sorted((ROOT / room).rglob("*.py"))]


def written_out(tree: ast.AST) -> Iterator[int]:
    """Lines on which a reason is a text instead of a `Reason`."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        given = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
        if name in GIVES_A_REASON:
            given += call.args[GIVES_A_REASON[name] :][:1]
        for value in given:
            branches = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
            if any(isinstance(b, ast.JoinedStr) or (isinstance(b, ast.Constant) and b.value) for b in branches):
                yield call.lineno


def test_nobody_writes_a_reason_out() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in SOURCES
        for line in written_out(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == [], "use a Reason, so that it has words"


@pytest.mark.parametrize(
    "code", ['move(t, s, n, reason="odd")', 'Move(s, f"by:{x}")', 'GaveUp("odd")', 'f(reason="odd" if x else "")']
)
def test_the_search_finds_what_it_looks_for(code: str) -> None:
    assert list(written_out(ast.parse(code))) == [1]


def test_every_reason_has_words() -> None:
    assert set(WHY) == set(Reason)
    for reason, words in WHY.items():
        shown = words.format(who="alice", branch="b", commit="c", wip="w")
        assert not shown or shown.endswith((".", ":")), reason


def test_a_reason_is_read_back() -> None:
    assert parsed(Reason.BY.by("alice")) == (Reason.BY, "alice")
    assert parsed("crashed") == (Reason.CRASHED, "")
    assert parsed("") == (None, "")
    assert parsed("from_a_newer_version:x") == (None, "x")
