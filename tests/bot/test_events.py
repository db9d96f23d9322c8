"""The event types against GitHub's own description: what may be missing or null there must be so here."""

import types
import typing
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest

from bot.handlers import ROUTES
from bot.payloads import Label
from tests.yardstick.description import Description, description
from tests.yardstick.schemas import Tree

JSON_TYPES: dict[Any, set[str]] = {
    int: {"integer"}, str: {"string"}, bool: {"boolean"}, datetime: {"string"}, types.NoneType: {"null"},
}  # fmt: skip
LOOSE = {"installation": "every delivery to an App names it", "sender": "likewise"}
"""Fields that GitHub's description leaves out or makes optional although Apps always get them."""


def name_of(event: str, action: str) -> str:
    return f"{event}-{action}".replace("_", "-").strip("-")


def plain(book: Description, schema: Tree) -> Tree:
    """The schema with its references followed and its `allOf` laid into one."""
    while "$ref" in schema:
        schema = book.resolve(schema["$ref"])
    own = {"properties": dict(schema.get("properties", {})), "required": list(schema.get("required", []))}
    merged: Tree = schema | own
    for part in schema.get("allOf", []):
        inner = plain(book, part)
        merged["properties"] = inner["properties"] | merged["properties"]
        merged["required"] += inner["required"]
        merged.setdefault("nullable", inner.get("nullable", False))
    return merged


def variants(book: Description, schema: Tree) -> list[Tree]:
    schema = plain(book, schema)
    choices = schema.get("anyOf") or schema.get("oneOf")
    if not choices:
        return [schema]
    found = [inner for choice in choices for inner in variants(book, choice)]
    own = {"properties": schema["properties"], "required": schema["required"]}
    return [
        one | {"nullable": one.get("nullable") or schema.get("nullable"),
               "properties": own["properties"] | one["properties"], "required": own["required"] + one["required"]}
        for one in found
    ]  # fmt: skip


def complaints(book: Description, struct: type, schema: Tree, path: str) -> Iterator[str]:
    """Where the type demands more than GitHub promises."""
    hints = typing.get_type_hints(struct)
    for field in msgspec.structs.fields(struct):
        here = f"{path}.{field.encode_name}"
        hint = hints[field.name]
        choices = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        needed = field.required and field.encode_name not in LOOSE
        for whole in variants(book, schema):
            described = whole["properties"].get(field.encode_name)
            if described is None:
                if needed:
                    yield f"{here}: required here, unknown to GitHub"
                continue
            if needed and field.encode_name not in whole["required"]:
                yield f"{here}: required here, optional at GitHub"
            for variant in variants(book, described):
                if variant.get("nullable") and types.NoneType not in choices:
                    yield f"{here}: null at GitHub"
                yield from deeper(book, choices, variant, here)


def deeper(book: Description, choices: tuple[Any, ...], schema: Tree, here: str) -> Iterator[str]:
    kind = schema.get("type")
    for choice in choices:
        if isinstance(choice, type) and issubclass(choice, msgspec.Struct):
            yield from complaints(book, choice, schema, here)
        elif typing.get_origin(choice) is tuple and kind == "array":
            yield from deeper(book, typing.get_args(choice)[:1], plain(book, schema["items"]), here + "[]")
    plain_types = {name for choice in choices for name in JSON_TYPES.get(choice, set())}
    if kind in {"integer", "string", "boolean"} and kind not in plain_types:
        yield f"{here}: {kind} at GitHub, {choices} here"


@pytest.mark.parametrize(("event", "action"), ROUTES, ids=lambda part: part or "-")
def test_no_type_demands_more_than_github_promises(event: str, action: str) -> None:
    book = description()
    body = book.json_of(book.webhooks[name_of(event, action)])
    assert body is not None, "GitHub describes no such delivery"
    assert list(complaints(book, ROUTES[event, action].type, body["schema"], event)) == []


def test_the_check_sees_a_demand_too_many() -> None:
    class Demanding(msgspec.Struct):
        class Issue(msgspec.Struct):
            body: str
            number: str
            surprise: int

        issue: Issue
        label: Label

    book = description()
    body = book.json_of(book.webhooks["issues-labeled"])
    assert body is not None
    found = {complaint.split(" at GitHub")[0] for complaint in complaints(book, Demanding, body["schema"], "issues")}
    assert {"issues.issue.body: null", "issues.issue.number: integer", "issues.label: required here, optional"} <= found
    assert "issues.issue.surprise: required here, unknown to GitHub" in found
