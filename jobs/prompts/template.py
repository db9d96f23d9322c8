"""Templates that a repository writes itself, made harmless: they can show facts and choose between words, no more.

Whoever can push to the default branch writes them, and this worker renders them beside other people's tasks. So only a
few constructs are taken, each of which ends by construction: text, `{{ name }}`, `{% if %}`, one level of `{% for %}`
over a list, comparisons and a few filters. No calls, no assignments, no includes, no arithmetic. pdev's own templates
keep to the same rules, so each of them can be copied and changed.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_SOURCE = 30_000
"""Characters of a template."""
MAX_OUTPUT = 100_000
"""Characters that one may render to."""
_FILTERS = frozenset({"capitalize", "count", "first", "join", "last", "length", "lower", "trim", "upper"})
_TAKEN = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.If, nodes.For,
    nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Filter, nodes.Test, nodes.CondExpr,
)  # fmt: skip
_TESTS = frozenset({"defined", "undefined", "none", "eq", "ne", "in"})
_BROKEN = (jinja2.TemplateError, SyntaxError, RecursionError, MemoryError, ValueError, TypeError, ArithmeticError)
"""What parsing, compiling and rendering raise for a text that is no template."""

_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=jinja2.StrictUndefined,
    autoescape=False,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)

Facts = Mapping[str, Any]
"""What a template may name: values, and lists of values or of mappings that all have the same keys."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at a line of a template."""

    line: int
    what: str


class BadTemplate(Exception):
    """A template that cannot be used; `path` is where its writer finds it."""

    def __init__(self, path: str, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("; ".join(f"{path}, line {one.line}: {one.what}" for one in mistakes))
        self.path, self.mistakes = path, mistakes


def render(path: str, source: str, facts: Facts, shapes: Mapping[str, frozenset[str]]) -> str:
    """The template as text. `shapes`: for each list of mappings in `facts`, their keys. Raises BadTemplate."""
    if len(source) > MAX_SOURCE:
        raise BadTemplate(path, (Mistake(1, f"it has more than {MAX_SOURCE:,} characters"),))
    try:
        tree = _ENVIRONMENT.parse(source)
        mistakes = tuple(_Reader(facts, shapes).mistakes(tree))
        if mistakes:
            raise BadTemplate(path, mistakes)
        return _written(path, _ENVIRONMENT.from_string(tree), facts)
    except _BROKEN as error:
        line = getattr(error, "lineno", None) or 1
        said = error.message if isinstance(error, jinja2.TemplateError) else None
        raise BadTemplate(path, (Mistake(line, said or "it is no template that can be read"),)) from error


def _written(path: str, template: jinja2.Template, facts: Facts) -> str:
    parts: list[str] = []
    size = 0
    for part in template.generate(facts):
        size += len(part)
        if size > MAX_OUTPUT:
            raise BadTemplate(path, (Mistake(1, f"it renders to more than {MAX_OUTPUT:,} characters"),))
        parts.append(part)
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads a template before anything runs it, and names what is not taken."""

    facts: Facts
    shapes: Mapping[str, frozenset[str]]

    def mistakes(self, tree: nodes.Template) -> Iterator[Mistake]:
        yield from self._below(tree, {})

    def _below(self, node: nodes.Node, items: Mapping[str, str]) -> Iterator[Mistake]:
        """`items`: the loop's variable and the list that it goes through."""
        if problem := self._problem(node, items):
            yield Mistake(node.lineno, problem)
            return
        if isinstance(node, nodes.For):
            assert isinstance(node.target, nodes.Name)
            assert isinstance(node.iter, nodes.Name)
            inside = {node.target.name: node.iter.name, "loop": ""}
            for child in (*node.body, *([node.test] if node.test else [])):
                yield from self._below(child, inside)
            for child in node.else_:
                yield from self._below(child, items)
            return
        for child in node.iter_child_nodes():
            yield from self._below(child, items)

    def _problem(self, node: nodes.Node, items: Mapping[str, str]) -> str:
        match node:
            case nodes.For():
                return self._loop(node, items)
            case nodes.Name(name=name):
                return "" if name in items or name in self.facts else self._unknown(name, (*self.facts, *items))
            case nodes.Getattr():
                return self._attribute(node, items)
            case nodes.Filter(name=name):
                return self._filter(node) if name in _FILTERS else self._unknown(name, _FILTERS, "filter")
            case nodes.Test(name=name):
                return "" if name in _TESTS else self._unknown(name, _TESTS, "test")
            case _ if isinstance(node, _TAKEN):
                return ""
            case _:
                return f"`{type(node).__name__.lower()}` is not taken here"

    def _loop(self, node: nodes.For, items: Mapping[str, str]) -> str:
        if items:
            return "a loop in a loop is not taken"
        if not isinstance(node.target, nodes.Name) or node.recursive:
            return "a loop is `{% for one in list %}`"
        if not isinstance(node.iter, nodes.Name) or not isinstance(self.facts.get(node.iter.name), list | tuple):
            lists = [name for name, fact in self.facts.items() if isinstance(fact, list | tuple)]
            return f"a loop goes through one of the lists {', '.join(sorted(lists))}"
        return ""

    def _attribute(self, node: nodes.Getattr, items: Mapping[str, str]) -> str:
        owner = node.node.name if isinstance(node.node, nodes.Name) else ""
        if owner == "loop" and "loop" in items:
            known = frozenset({"index", "first", "last", "length"})
        else:
            known = self.shapes.get(items.get(owner, ""), frozenset())
        return "" if node.attr in known else self._unknown(node.attr, known, "part")

    def _filter(self, node: nodes.Filter) -> str:
        arguments = [*node.args, *(pair.value for pair in node.kwargs)]
        if node.name == "join" and not isinstance(node.node, nodes.Name):
            return "`join` is taken for a list only"
        if any(not isinstance(one, nodes.Const) or len(str(one.value)) > 100 for one in arguments):
            return f"`{node.name}` takes a short text only"
        return ""

    def _unknown(self, name: str, known: "frozenset[str] | tuple[str, ...]", what: str = "variable") -> str:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(sorted(known)) or 'none here'}"
        return f"unknown {what} `{name[:60]}`; {hint}"
