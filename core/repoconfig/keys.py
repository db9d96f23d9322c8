"""The keys as a table: each with its description, default and bounds, made from the model.

Reader, merge, documentation and `/pdev config` all walk this one list, so none can know a key that the others do not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.repoconfig.model import Config

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """One value that a repository may set; `name` is dotted (`review.mode`)."""

    name: str
    description: str
    default: Any
    schema: Schema

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that it takes, where it takes words of a list."""
        return tuple(word for one in self.alternatives for word in _words(one))

    @property
    def alternatives(self) -> tuple[Schema, ...]:
        """Each shape that its value may have."""
        return tuple(self.schema.get("anyOf", (self.schema,)))

    @property
    def takes_text(self) -> bool:
        """Whether some text would be right, be it one of a list of words or an entry."""
        return any(one.get("type") in {"string", "array"} for one in self.alternatives)

    @property
    def may_be_empty(self) -> bool:
        return any(one.get("type") == "null" for one in self.alternatives)


def _words(schema: Schema) -> tuple[str, ...]:
    return tuple(schema.get("enum", ())) or ((schema["const"],) if "const" in schema else ())


def json_schema() -> dict[str, Any]:
    """The whole file as a JSON Schema, for editors."""
    made = Config.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "pdev.yml"}


def _keys(schema: Schema, defaults: Mapping[str, Any], parts: Schema, before: str = "") -> Iterator[Key]:
    for name, field in schema["properties"].items():
        refers = field.get("$ref", "")
        if refers:
            part = parts[refers.rpartition("/")[2]]
            yield from _keys(part, defaults[name], parts, f"{before}{name}.")
        else:
            yield Key(f"{before}{name}", field.get("description", ""), defaults[name], field)


def _table() -> dict[str, Key]:
    schema = Config.model_json_schema()
    return {key.name: key for key in _keys(schema, Config().model_dump(), schema.get("$defs", {}))}


KEYS: Mapping[str, Key] = _table()
"""By dotted name, in the model's order."""


def _sections() -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {"": {}}
    for name in KEYS:
        parts = name.split(".")
        for depth, part in enumerate(parts):
            found.setdefault(".".join(parts[:depth]), {})[part] = None
    return {section: tuple(names) for section, names in found.items()}


SECTIONS: Mapping[str, tuple[str, ...]] = _sections()
"""The names that may stand below each section; the file itself is the section ""."""


def flat(nested: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Dotted name → value, for every key that `nested` holds."""
    found: dict[str, Any] = {}
    for name, value in nested.items():
        dotted = f"{before}{name}"
        if dotted in SECTIONS:
            found |= flat(value or {}, f"{dotted}.")
        else:
            found[dotted] = value
    return found


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse of `flat`."""
    made: dict[str, Any] = {}
    for dotted, value in values.items():
        *sections, name = dotted.split(".")
        place = made
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = value
    return made
