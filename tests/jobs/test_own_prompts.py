"""Role texts that a repository writes itself: what is taken, what is refused, and that none hangs us."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from jobs.prompts import FILES, SHAPES, BadTemplate, guidance, render
from jobs.prompts.guidance import MAX_ALL
from jobs.prompts.template import MAX_OUTPUT, MAX_SOURCE

FACTS: dict[str, Any] = {
    "role": "developer", "round": 2, "mode": "strict", "verify": ["make", "make test"],
    "findings": [{"id": f"F{n}", "severity": "high", "state": "open", "round": 1} for n in range(500)],
}  # fmt: skip


def rendered(source: str) -> str:
    return render("p.j2", source, FACTS, SHAPES)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("{{ mode }} {{ round }}", "strict 2"),
        ("{{ mode | upper }}", "STRICT"),
        ("{{ verify | join(', ') }}", "make, make test"),
        ("{% if round > 1 and mode == 'strict' %}a{% elif not role %}b{% else %}c{% endif %}", "a"),
        ("{{ 'x' if mode in verify else 'y' }}", "y"),
        ("{% for c in verify if c != 'make' %}{{ loop.last }}{{ c }}{% endfor %}", "Truemake test"),
        ("{% for f in findings if f.id == 'F3' %}{{ f.severity }}{% endfor %}", "high"),
        ("{# a remark #}{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
    ],
)
def test_what_is_taken(source: str, text: str) -> None:
    assert rendered(source) == text


@pytest.mark.parametrize(
    ("source", "line", "what"),
    [
        ("\n\n{{ title }}", 3, "unknown variable `title`; known: findings, mode, role, round, verify"),
        ("{{ mood }}", 1, "unknown variable `mood`; did you mean `mode`?"),
        ("a\n{% for f in findings %}\n{{ f.text }}\n{% endfor %}", 3, "unknown part `text`; known: id, round"),
        ("{{ f.id }}", 1, "unknown part `id`; known: none here"),
        ("a\n{% if %}", 2, "Expected an expression, got 'end of statement block'"),
        ("{% for f in findings %}\n{{ f.id }}", 2, "Unexpected end of template"),
        ("{{ mode.__class__ }}", 1, "unknown part `__class__`"),
        ("{{ mode['__class__'] }}", 1, "`getitem` is not taken here"),
        ("{{ mode | attr('__class__') }}", 1, "unknown filter `attr`"),
        ("{{ ''.join(verify) }}", 1, "`call` is not taken here"),
        ("{{ 'a' * 999999999 }}", 1, "`mul` is not taken here"),
        ("{{ 9 ** 9 ** 9 ** 9 }}", 1, "`pow` is not taken here"),
        ("{{ mode ~ mode }}", 1, "`concat` is not taken here"),
        ("{{ ['a'] }}", 1, "`list` is not taken here"),
        ("{% set x = 1 %}", 1, "`assign` is not taken here"),
        ("{% include '/etc/passwd' %}", 1, "`include` is not taken here"),
        ("{% import 'x' as y %}", 1, "`import` is not taken here"),
        ("{% extends 'x' %}", 1, "`extends` is not taken here"),
        ("{% macro x() %}{% endmacro %}", 1, "`macro` is not taken here"),
        ("{% filter upper %}{% endfilter %}", 1, "`filterblock` is not taken here"),
        ("{% for a in range(9999999) %}{% endfor %}", 1, "a loop goes through one of the lists findings, verify"),
        ("{% for a in mode %}{% endfor %}", 1, "a loop goes through one of the lists findings, verify"),
        ("{% for a, b in verify %}{% endfor %}", 1, "a loop is `{% for one in list %}`"),
        ("{% for a in verify %}{% for b in verify %}{% endfor %}{% endfor %}", 1, "a loop in a loop is not taken"),
        ("{% for a in verify recursive %}{% endfor %}", 1, "a loop is `{% for one in list %}`"),
        ("{{ verify | join | join('x') }}", 1, "`join` is taken for a list only"),
        ("{{ verify | join(mode) }}", 1, "`join` takes a short text only"),
        ("{{ verify | join('" + "x" * 101 + "') }}", 1, "`join` takes a short text only"),
        ("{{ mode | replace('s', 'ss') }}", 1, "unknown filter `replace`"),
        ("{{ mode is callable }}", 1, "unknown test `callable`"),
        ("{{ mode is nothing }}", 1, "unknown test `nothing`; known: defined"),
        ("{{ mode | nothing }}", 1, "unknown filter `nothing`; known: capitalize"),
        ("{{ round > mode }}", 1, "it is no template that can be read"),
        ("x" * (MAX_SOURCE + 1), 1, f"it has more than {MAX_SOURCE:,} characters"),
        ("{% for f in findings %}" + "x" * 1_000 + "{% endfor %}", 1, f"renders to more than {MAX_OUTPUT:,}"),
        ("{{ " + "(" * 9_000 + ")" * 9_000 + " }}", 1, "it is no template that can be read"),
        ("{% if 1 %}" * 300 + "{% endif %}" * 300, 1, "it is no template that can be read"),
        ("{{ " + "9" * 9_000 + " }}", 1, "it is no template that can be read"),
        ("{{ " + "not " * 7_000 + "1 }}", 1, "it is no template that can be read"),
    ],
)  # fmt: skip
def test_what_is_refused_with_its_line(source: str, line: int, what: str) -> None:
    with pytest.raises(BadTemplate) as bad:
        rendered(source)
    assert bad.value.mistakes[0].line == line
    assert what in bad.value.mistakes[0].what
    assert str(bad.value).startswith(f"p.j2, line {line}: ")


def test_every_mistake_is_told() -> None:
    with pytest.raises(BadTemplate) as bad:
        rendered("{{ one }}\n{{ mode }}\n{{ two }}\n{% set x = three %}")
    assert [one.line for one in bad.value.mistakes] == [1, 3, 4]


@given(some.text(alphabet="{}%#| fori.n'()[]~+*verify\n", max_size=120))
def test_no_text_is_an_accident(source: str) -> None:
    try:
        rendered(source)
    except BadTemplate as bad:
        assert all(one.line >= 1 and one.what for one in bad.mistakes)  # noqa: PT017 - either outcome is right


def test_guidance_is_capped_and_told_once() -> None:
    files = {path: f"{path} " + "x" * 30_000 for path, _ in FILES}
    kept = guidance(files)
    assert [one.path for one in kept] == ["AGENTS.md", "CLAUDE.md"]
    assert sum(len(one.text) for one in kept) <= MAX_ALL + 100
    assert [one.path for one in guidance({"AGENTS.md": "same\n", "CLAUDE.md": "same"})] == ["AGENTS.md"]
    assert guidance({"AGENTS.md": "<!-- only hidden -->", "README.md": "no"}) == ()
