"""Just enough GraphQL to read the documents that clients send: operations, variables, arguments, inline fragments.

The real library is a test dependency that judges these documents by GitHub's schema; the hub itself only has to find
out which fields were asked for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"""(?P<skip>[\s,\ufeff]+|\#[^\n]*)|(?P<spread>\.\.\.)|(?P<name>[_A-Za-z]\w*)|(?P<float>-?\d+\.\d+(?:[eE][+-]?\d+)?)"""
    r"""|(?P<int>-?\d+)|(?P<block>\"\"\"(?:.|\n)*?\"\"\")|(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<sign>[{}()\[\]:$!=@|&])"""
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "/": "/"}


class SyntaxProblem(Exception):
    """The document is no GraphQL, or uses a part of it that the hub does not know."""


@dataclass(frozen=True, slots=True)
class Field:
    """One asked field; `on` is the type of the inline fragment around it, None outside of one."""

    name: str
    alias: str
    arguments: Mapping[str, Any]
    fields: tuple["Field", ...]
    on: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """`kind` is query or mutation; variables are already in their places."""

    kind: str
    fields: tuple[Field, ...]


def read(document: str, variables: Mapping[str, Any]) -> Operation:
    """The document's one operation. Raises SyntaxProblem."""
    return _Reader(document, variables).operation()


class _Reader:
    def __init__(self, document: str, variables: Mapping[str, Any]) -> None:
        self._given, self._variables, self._position = document, dict(variables), 0
        self._tokens = self._split()

    def _split(self) -> list[tuple[str, str]]:
        tokens, at = [], 0
        while at < len(self._given):
            match = _TOKEN.match(self._given, at)
            if match is None:
                raise SyntaxProblem(f"Unexpected character {self._given[at]!r} at {at}")
            if match.lastgroup != "skip":
                tokens.append((str(match.lastgroup), match[0]))
            at = match.end()
        return [*tokens, ("end", "")]

    def _peek(self) -> str:
        return self._tokens[self._position][1]

    def _take(self, expected: str | None = None) -> str:
        text = self._tokens[self._position][1]
        if expected is not None and text != expected:
            raise SyntaxProblem(f"Expected {expected!r}, found {text!r}")
        self._position += 1
        return text

    def _accept(self, text: str) -> bool:
        if self._peek() != text:
            return False
        self._position += 1
        return True

    def operation(self) -> Operation:
        kind = "query"
        if self._peek() != "{":
            kind = self._take()
            if kind not in ("query", "mutation"):
                raise SyntaxProblem(f"Expected a query or a mutation, found {kind!r}")
            if self._peek() not in ("{", "("):
                self._take()
            if self._accept("("):
                self._declarations()
        fields = self._selection(None)
        if self._peek():
            raise SyntaxProblem(f"One operation per document, found {self._peek()!r} behind it")
        return Operation(kind, fields)

    def _declarations(self) -> None:
        """`$name: Type = default`: defaults count, types are GitHub's business (the suite checks them)."""
        while not self._accept(")"):
            self._take("$")
            name = self._take()
            self._take(":")
            while self._peek() in ("[", "]", "!") or self._tokens[self._position][0] == "name":
                self._take()
            if self._accept("="):
                self._variables.setdefault(name, self._value())

    def _selection(self, on: str | None) -> tuple[Field, ...]:
        self._take("{")
        fields: list[Field] = []
        while not self._accept("}"):
            if self._accept("..."):
                if not self._accept("on"):
                    raise SyntaxProblem("Named fragments are not known here; use inline ones")
                fields += self._selection(self._take())
            else:
                fields.append(self._field(on))
        return tuple(fields)

    def _field(self, on: str | None) -> Field:
        if self._tokens[self._position][0] != "name":
            raise SyntaxProblem(f"Expected a field, found {self._peek()!r}")
        alias = name = self._take()
        if self._accept(":"):
            name = self._take()
        arguments = self._arguments() if self._accept("(") else {}
        if self._peek() == "@":
            raise SyntaxProblem("Directives are not known here")
        fields = self._selection(None) if self._peek() == "{" else ()
        return Field(name, alias, arguments, fields, on)

    def _arguments(self) -> dict[str, Any]:
        arguments = {}
        while not self._accept(")"):
            name = self._take()
            self._take(":")
            arguments[name] = self._value()
        return arguments

    def _value(self) -> Any:
        kind, text = self._tokens[self._position]
        self._position += 1
        if text == "$":
            return self._variables.get(self._take())
        if text == "[":
            return self._list()
        if text == "{":
            return self._object()
        return _scalar(kind, text)

    def _list(self) -> list[Any]:
        items = []
        while not self._accept("]"):
            items.append(self._value())
        return items

    def _object(self) -> dict[str, Any]:
        found = {}
        while not self._accept("}"):
            name = self._take()
            self._take(":")
            found[name] = self._value()
        return found


def _scalar(kind: str, text: str) -> Any:
    if kind == "int":
        return int(text)
    if kind == "float":
        return float(text)
    if kind == "block":
        return text[3:-3].strip()
    if kind == "string":
        return re.sub(r'\\(["\\/nrt])', lambda match: _ESCAPES[match[1]], text[1:-1])
    if kind != "name":
        raise SyntaxProblem(f"Expected a value, found {text!r}")
    return {"true": True, "false": False, "null": None}.get(text, text)
