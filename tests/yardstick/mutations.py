"""Ways to spoil a good body, so that a test can ask whether the yardstick would notice.

A judge that accepts everything looks exactly like a simulator without mistakes. Each mutation is one mistake that was
really made somewhere: a required field left out, a field misspelt, a value of another type.
"""

import copy
from collections.abc import Iterator
from typing import Any

from tests.yardstick.description import Description
from tests.yardstick.schemas import Tree

Path = tuple[str | int, ...]
_WRONG = {"a field": ["nobody", "described"]}


def required_fields(book: Description, schema: Tree, body: Any, at: Path = ()) -> Iterator[Path]:
    """Where `body` holds a field that its schema requires without alternatives."""
    schema = _plain(book, schema)
    for part in schema.get("allOf", []):
        yield from required_fields(book, part, body, at)
    if isinstance(body, dict):
        yield from ((*at, name) for name in schema.get("required", []) if name in body)
        for name, inner in schema.get("properties", {}).items():
            if name in body:
                yield from required_fields(book, inner, body[name], (*at, name))
    if isinstance(body, list) and body and "items" in schema:
        yield from required_fields(book, schema["items"], body[0], (*at, 0))


def fields(book: Description, schema: Tree, body: Any, at: Path = ()) -> Iterator[tuple[Path, Tree]]:
    """Where `body` holds a field that its schema describes, with that description."""
    schema = _plain(book, schema)
    if isinstance(body, dict):
        for name, inner in schema.get("properties", {}).items():
            if name in body:
                yield (*at, name), _plain(book, inner)
                yield from fields(book, inner, body[name], (*at, name))
    if isinstance(body, list) and body and "items" in schema:
        yield from fields(book, schema["items"], body[0], (*at, 0))


def without(body: Any, path: Path) -> Any:
    """A copy of `body` whose field at `path` is gone."""
    spoilt, parent = _copy(body, path)
    del parent[path[-1]]
    return spoilt


def misspelt(body: Any, path: Path) -> Any:
    """A copy of `body` whose field at `path` has one letter too many."""
    spoilt, parent = _copy(body, path)
    parent[f"{path[-1]}x"] = parent.pop(path[-1])
    return spoilt


def mistyped(body: Any, path: Path) -> Any:
    """A copy of `body` whose field at `path` is an object that nobody described."""
    spoilt, parent = _copy(body, path)
    parent[path[-1]] = _WRONG
    return spoilt


def _plain(book: Description, schema: Tree) -> Tree:
    while "$ref" in schema:
        schema = book.resolve(schema["$ref"])
    return schema


def _copy(body: Any, path: Path) -> tuple[Any, Any]:
    spoilt = copy.deepcopy(body)
    parent = spoilt
    for step in path[:-1]:
        parent = parent[step]
    return spoilt, parent
