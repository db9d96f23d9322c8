"""Cut GitHub's published descriptions down to what this project speaks; run by hand when they are renewed.

The description of the whole REST API is 13 MB; a suite that needs a package manager and a network to know what GitHub
says would not be run. This script takes the unpacked `@octokit/openapi` and `@octokit/graphql-schema` packages and
writes the two small files beside it, byte for byte the same on every run:

    python -m tests.yardstick.cut path/to/openapi/package path/to/graphql-schema/package

Nothing is changed, but much left out: prose, other operations, form-encoded twins, what nothing refers to.
"""

import gzip
import json
import re
import sys
from pathlib import Path
from typing import Any

from graphql import strip_ignored_characters

HERE = Path(__file__).parent
REST, SDL = HERE / "rest.json.gz", HERE / "graphql.sdl.gz"

# Whole families a person's client or the bot walks through, so that a new call of the bot is a matter of the hub alone.
FAMILIES = (
    r"(GET|PATCH) /app(/.*)?",
    r"\w+ /app/installations/.*",
    r"POST /app/hook/.*",
    r"POST /app-manifests/.*",
    r"GET /apps/\{app_slug\}",
    r"\w+ /installation/.*",
    r"GET /(orgs/\{org\}|users/\{username\}|repos/\{owner\}/\{repo\})/installation",
    r"GET /(rate_limit|meta|user|users/\{username\}|user/repos|users/\{username\}/repos|orgs/\{org\}/repos)",
    r"POST /user/repos",
    r"GET /search/issues",
    r"(GET|PATCH) /repos/\{owner\}/\{repo\}",
    r"\w+ /repos/\{owner\}/\{repo\}/contents/.*",
    r"\w+ /repos/\{owner\}/\{repo\}/issues(?!.*(suggestion|field|/pin)).*",
    r"\w+ /repos/\{owner\}/\{repo\}/(labels|milestones|check-runs|check-suites|git|statuses)(/.*)?",
    r"\w+ /repos/\{owner\}/\{repo\}/pulls(?!.*(async|codespaces)).*",
    r"GET /repos/\{owner\}/\{repo\}/commits(/\{ref\}.*|/\{commit_sha\}/(pulls|branches-where-head))?",
    r"GET /repos/\{owner\}/\{repo\}/compare/\{basehead\}",
    r"GET /repos/\{owner\}/\{repo\}/(assignees|collaborators|branches|readme|tags|topics|languages)",
    r"GET /repos/\{owner\}/\{repo\}/collaborators/\{username\}(/permission)?",
    r"GET /repos/\{owner\}/\{repo\}/branches/\{branch\}(/protection)?",
    r"GET /repos/\{owner\}/\{repo\}/rules/branches/\{branch\}",
    r"POST /repos/\{owner\}/\{repo\}/(merges|branches/\{branch\}/rename)",
    r"GET /repos/\{owner\}/\{repo\}/actions/(runs(/\{run_id\}(/jobs)?)?|jobs/\{job_id\}(/logs)?)",
    r"POST /repos/\{owner\}/\{repo\}/actions/runs/\{run_id\}/(rerun|rerun-failed-jobs)",
)
EVENTS = (
    "check-run",
    "check-suite",
    "create",
    "delete",
    "github-app-authorization",
    "installation(?!-target)",
    "issue-comment",
    "issue-dependencies",
    "issues(?!-field)",
    "label",
    "member-",
    "merge-group",
    "meta",
    "ping",
    "pull-request(?!-stacked)",
    "push",
    r"repository-(archived|created|deleted|edited|privatized|publicized|renamed|transferred|unarchived)",
    "status",
    "sub-issues",
    "workflow-run",
)
NAMED = {"properties", "patternProperties", "schemas", "responses", "parameters", "headers", "examples"}
VALUES = {"value", "enum", "default"}
CALLED = ("operationId", "parameters", "requestBody", "responses")
PROSE = {"description", "summary", "externalDocs", "tags", "x-github", "x-octokit", "example", "title", "deprecated"}
Tree = dict[str, Any]


def without_prose(node: Any, names: bool = False) -> Any:
    """A copy of a part of the description with its prose left out; `names` says that the keys are names of things."""
    if isinstance(node, list):
        return [without_prose(item) for item in node]
    if not isinstance(node, dict):
        return node
    if names:
        return {key: without_prose(value) for key, value in node.items()}
    return {
        key: value if key in VALUES else without_prose(value, names=key in NAMED)
        for key, value in node.items()
        if key not in PROSE and not (key == "examples" and isinstance(value, list))
    }


def operation(node: Tree) -> Tree:
    """One operation: its name, whether an App's installation token may call it, and what goes in and out as JSON."""
    kept: Tree = without_prose({key: node[key] for key in CALLED if key in node})
    kept["parameters"] = [without_prose(item) for item in node.get("parameters", [])]
    if "requestBody" in kept:
        kept["requestBody"]["content"] = only_json(kept["requestBody"].get("content", {}))
    for response in kept["responses"].values():
        response.pop("headers", None)
        response.pop("links", None)
        if "content" in response:
            response["content"] = only_json(response["content"])
    kept["x-github"] = {"enabledForGitHubApps": bool(node.get("x-github", {}).get("enabledForGitHubApps"))}
    return kept


def only_json(content: Tree) -> Tree:
    return {kind: content[kind] for kind in content if kind == "application/json"}


def references(node: Any) -> set[str]:
    return set(re.findall(r'"\$ref": ?"#/components/(\w+/[^"]+)"', json.dumps(node)))


def cut(whole: Tree) -> Tree:
    """The operations of FAMILIES and the webhooks of EVENTS with everything they refer to."""
    paths: Tree = {}
    for path, item in whole["paths"].items():
        for method, node in item.items():
            if any(re.fullmatch(family, f"{method.upper()} {path}") for family in FAMILIES):
                paths.setdefault(path, {})[method] = operation(node)
    webhooks = {}
    for name, item in whole["x-webhooks"].items():
        if any(re.match(event, name) for event in EVENTS):
            body = without_prose(item["post"]["requestBody"])
            webhooks[name] = {"post": {"requestBody": body | {"content": only_json(body["content"])}}}
    parts = {"paths": paths, "x-webhooks": webhooks}
    head = {"openapi": whole["openapi"], "info": whole["info"]}
    return head | parts | {"components": closure(parts, whole["components"])}


def closure(parts: Tree, components: Tree) -> Tree:
    found: dict[str, Tree] = {}
    todo = references(parts) | {"schemas/basic-error"}
    while todo:
        family, name = todo.pop().split("/", 1)
        if name not in found.setdefault(family, {}):
            node = components[family][name]
            if family == "responses":
                node = operation({"responses": {"x": node}})["responses"]["x"]
            found[family][name] = node if family == "examples" else without_prose(node)
            todo |= references(found[family][name])
    return {family: dict(sorted(found[family].items())) for family in sorted(found)}


def without_descriptions(sdl: str) -> str:
    """The schema definition without its block strings, which GitHub uses for descriptions only."""
    return strip_ignored_characters(re.sub(r'"""(?:\\"""|[^"]|"(?!""))*"""', "", sdl))


def write(target: Path, text: str) -> None:
    target.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{target.name}: {target.stat().st_size:,} bytes")


def main(openapi: Path, graphql: Path) -> None:
    whole = json.loads((openapi / "generated" / "api.github.com.json").read_text())
    write(REST, json.dumps(cut(whole), separators=(",", ":"), ensure_ascii=False))
    write(SDL, without_descriptions((graphql / "schema.graphql").read_text()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
