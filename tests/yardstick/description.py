"""GitHub's description of its REST API and webhooks, as vendored: find the operation of a path, the schema of a body.

A request line has to be matched by rules that generic routers lack: some parameters span slashes
(`/git/ref/heads/feature/x`), and of several templates that match, the most literal one is meant.
"""

import gzip
import json
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs

from tests.yardstick.schemas import Tree, closed, opened

REST = Path(__file__).parent / "rest.json.gz"
ROOT = "urn:github"
# Commits of bots carry addresses like `7+pdev[bot]@users.noreply.github.com`, which the format's standard refuses.
_FORMATS = {"email": lambda text: "@" in text}
# Webhooks list the events an App may subscribe to, and the list is older than these two of the same description.
NEWER_EVENTS = ["issue_dependencies", "sub_issues"]

# Departures that GitHub's own prose or long practice states and its schemas do not; each with its source.
_LABELS = {"type": "array", "items": {"type": "string"}}
_ALSO_ACCEPTED: dict[str, Tree] = {
    "issues/add-labels": _LABELS,  # "You can also pass an array of labels directly" (description of `labels`)
    "issues/set-labels": _LABELS,  # the same sentence
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One documented call: `name` is GitHub's operationId, `template` its path, `node` its description."""

    name: str
    method: str
    template: str
    pattern: re.Pattern[str]
    node: Tree

    @property
    def for_app_tokens(self) -> bool:
        """Whether an App's installation token may call it."""
        return bool(self.node["x-github"]["enabledForGitHubApps"])

    @property
    def literal_segments(self) -> int:
        return sum("{" not in part for part in self.template.split("/"))


class Description:
    """The vendored description, read once; validators are compiled when first asked for."""

    def __init__(self, source: Path = REST) -> None:
        self._whole: Tree = json.loads(gzip.decompress(source.read_bytes()))
        self._validators: dict[tuple[str, str], jsonschema_rs.Validator] = {}

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Every operation, the most literal templates first."""
        found = [
            Operation(node["operationId"], method.upper(), template, self._pattern(template, node), node)
            for template, item in self._whole["paths"].items()
            for method, node in item.items()
        ]
        return tuple(sorted(found, key=lambda one: (-one.literal_segments, -len(one.template))))

    @cached_property
    def webhooks(self) -> dict[str, Tree]:
        """By GitHub's name (`check-run-requested-action`): the description of the delivered body."""
        return {name: item["post"]["requestBody"] for name, item in self._whole["x-webhooks"].items()}

    def find(self, method: str, path: str) -> Operation | None:
        """The operation behind a request line (path without query), or None when GitHub documents none."""
        short = re.sub(r"^/repositories/\d+", "/repos/o/r", re.sub(r"^/api/v3(?=/)", "", path))
        for operation in self.operations:
            if operation.method == method.upper() and operation.pattern.fullmatch(short):
                return operation
        return None

    def parameters(self, operation: Operation) -> list[Tree]:
        return [self.resolve(item["$ref"]) if "$ref" in item else item for item in operation.node["parameters"]]

    def resolve(self, reference: str) -> Tree:
        node: Any = self._whole
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        return dict(node)

    def json_of(self, body: Tree) -> Tree | None:
        """The `application/json` entry (schema and examples) of a request body or response, if it has one."""
        entry: Tree | None = body.get("content", {}).get("application/json")
        return entry

    def response(self, operation: Operation, status: int) -> Tree | None:
        node = operation.node["responses"].get(str(status))
        return self.resolve(node["$ref"]) if node and "$ref" in node else node

    def examples(self, entry: Tree) -> list[Any]:
        """The published examples of a body."""
        named = [self.resolve(one["$ref"]) if "$ref" in one else one for one in entry.get("examples", {}).values()]
        return [one["value"] for one in named if "value" in one]

    def for_request(self, operation: Operation, schema: Tree) -> jsonschema_rs.Validator:
        def build() -> Tree:
            strict = closed(schema, self.resolve)
            also = _ALSO_ACCEPTED.get(operation.name)
            return {"anyOf": [strict, also]} if also else strict

        return self._validator((operation.name, "request"), build)

    def for_response(self, operation: Operation, status: int, schema: Tree) -> jsonschema_rs.Validator:
        # Errors are described as one of two shapes of which the looser admits whatever the stricter does.
        either = {"anyOf": schema["oneOf"]} if status >= 400 and "oneOf" in schema else schema
        return self._validator((operation.name, str(status)), lambda: opened(either))

    def for_webhook(self, name: str, schema: Tree) -> jsonschema_rs.Validator:
        return self._validator((name, "webhook"), lambda: opened(schema))

    def _validator(self, key: tuple[str, str], build: Any) -> jsonschema_rs.Validator:
        if key not in self._validators:
            schema = {"$id": f"{ROOT}/{key[0]}/{key[1]}", **_absolute(build())}
            self._validators[key] = jsonschema_rs.Draft202012Validator(
                schema, validate_formats=True, formats=_FORMATS, registry=self._registry
            )
        return self._validators[key]

    @cached_property
    def _registry(self) -> jsonschema_rs.Registry:
        schemas = {name: _absolute(opened(node)) for name, node in self._whole["components"]["schemas"].items()}
        return jsonschema_rs.Registry([(ROOT, {"components": {"schemas": schemas}})])

    def _pattern(self, template: str, node: Tree) -> re.Pattern[str]:
        spans = {
            item["name"]
            for item in (self.resolve(one["$ref"]) if "$ref" in one else one for one in node["parameters"])
            if item.get("x-multi-segment")
        }
        parts = re.split(r"\{([^}]+)\}", template)
        text = "".join(
            (".*" if part == "path" else ".+" if part in spans else "[^/]+") if at % 2 else re.escape(part)
            for at, part in enumerate(parts)
        )
        return re.compile(text.replace("/contents/.*", "/contents(?:/.*)?"))


def _absolute(node: Any) -> Any:
    """References point at the shared registry, so that a small schema can be compiled alone; events are all known."""
    if isinstance(node, list):
        return [_absolute(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "check_run" in node.get("enum", ()):
        node = node | {"enum": [*node["enum"], *NEWER_EVENTS]}
    return {
        key: ROOT + value if key == "$ref" and isinstance(value, str) else _absolute(value)
        for key, value in node.items()
    }


@cache
def description() -> Description:
    return Description()
