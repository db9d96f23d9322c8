"""Turn the schemas of OpenAPI 3.0 into JSON Schema 2020-12, open as published or closed against unknown fields.

OpenAPI 3.0 spells "may be null" its own way, and a published schema lets every unknown field pass, which would hide a
misspelt `conclusion` in the very call a bot makes most. Both are mended here and nowhere else.
"""

from collections.abc import Callable
from typing import Any

Tree = dict[str, Any]
Resolve = Callable[[str], Tree]

_COMPOSITIONS = ("allOf", "anyOf", "oneOf")
_MAPS = ("properties", "patternProperties")


def opened(node: Any) -> Any:
    """The schema as published: required fields are required, unknown ones tolerated."""
    return _converted(node, None, False)


def closed(node: Any, resolve: Resolve) -> Any:
    """The schema of a request, with every field that GitHub does not describe refused; references are written out."""
    return _converted(node, resolve, False)


def _converted(node: Any, resolve: Resolve | None, is_part: bool) -> Any:
    """`is_part`: this schema describes one part of an object, so the whole decides which fields are unknown."""
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return node if resolve is None else _converted(resolve(node["$ref"]), resolve, is_part)
    shaped = {key: _member(key, value, resolve, node) for key, value in node.items() if key != "nullable"}
    if resolve is not None:
        _close(shaped, is_part)
    return _nullable(shaped) if node.get("nullable") else shaped


def _member(key: str, value: Any, resolve: Resolve | None, parent: Tree) -> Any:
    if key in _MAPS:
        return {name: _converted(item, resolve, False) for name, item in value.items()}
    if key in _COMPOSITIONS:
        is_part = key == "allOf" or "properties" in parent
        return [_converted(item, resolve, is_part) for item in value]
    if key in ("items", "not", "additionalProperties"):
        return _converted(value, resolve, False)
    return value


def _close(schema: Tree, is_part: bool) -> None:
    """Refuse what is not described; objects described only as "any object" stay as they are.

    `checks/update` describes two parts with `additionalProperties: true`, which would declare every misspelling known.
    """
    if "properties" not in schema and "allOf" not in schema:
        return
    if schema.get("additionalProperties") is True:
        del schema["additionalProperties"]
    if not is_part and "additionalProperties" not in schema:
        schema["unevaluatedProperties"] = False


def _nullable(schema: Tree) -> Tree:
    if "type" not in schema or any(key in schema for key in (*_COMPOSITIONS, "enum")):
        return {"anyOf": [schema, {"type": "null"}]}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return schema | {"type": [*kinds, "null"]}
