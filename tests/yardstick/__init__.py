"""Hold every request, answer and delivery against what GitHub itself publishes.

A simulated GitHub that its own authors test proves only that they agree with themselves. Here the judge is a file we
did not write: a cut of GitHub's description of its REST API and webhooks, and of its GraphQL schema (`cut.py` says how
they were made; licences beside them). Requests are judged strictly: a field that GitHub does not describe is a problem.
Answers and deliveries must have every required field in the described type and format; further fields are tolerated,
because GitHub adds some every month. Each function returns the problems as sentences, none when all is well.
"""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema_rs

from tests.yardstick.description import Operation, description
from tests.yardstick.documents import check_graphql, check_graphql_answer

__all__ = [
    "Operation",
    "check_graphql",
    "check_graphql_answer",
    "check_request",
    "check_response",
    "check_webhook",
    "operation",
]

_REDIRECTS = {301, 302, 307, 308}


def operation(method: str, path: str) -> Operation | None:
    """The documented call behind a request line (a query is ignored), or None when GitHub documents none."""
    return description().find(method, urlsplit(path).path)


def check_request(method: str, path: str, body: Any = None) -> list[str]:
    """The problems of a request. `path` as sent, query included; `body` parsed from JSON, None when there was none."""
    split = urlsplit(path)
    if method == "POST" and split.path in ("/graphql", "/api/graphql"):
        return _graphql_request(body)
    found = operation(method, path)
    if found is None:
        return [f"{method} {split.path}: GitHub documents no such call"]
    where = f"request {found.method} {found.template}"
    return [*_query_problems(found, split.query, where), *_body_problems(found, body, where)]


def check_response(method: str, path: str, status: int, body: Any = None) -> list[str]:
    """The problems of an answer to `method path`. `body` parsed from JSON, None when there was none."""
    if method == "POST" and urlsplit(path).path in ("/graphql", "/api/graphql"):
        return check_graphql_answer(body) if status == 200 else _error_problems(body, f"response /graphql {status}")
    found = operation(method, path)
    if found is None:
        unknown = f"{method} {urlsplit(path).path}: GitHub documents no such call"
        return _error_problems(body, unknown) if status in (401, 403, 404, 405, 429) else [unknown]
    where = f"response {found.method} {found.template} {status}"
    declared = description().response(found, status)
    if declared is None:
        return _undeclared(status, body, where)
    entry = description().json_of(declared)
    problems = _error_problems(body, where) if status >= 400 else []
    if entry is None:
        return problems if status >= 400 or body is None else [f"{where}: GitHub describes no body here"]
    validator = description().for_response(found, status, entry["schema"])
    return problems + _sentences(validator, body, where)


def check_webhook(event: str, action: str | None, body: Any) -> list[str]:
    """The problems of a delivery; `event` is the X-GitHub-Event header, `action` the body's field of that name."""
    known = description().webhooks
    names = [f"{event}-{action}".replace("_", "-"), event.replace("_", "-")]
    name = next((one for one in names[0 if action else 1 :] if one in known), None)
    if name is None:
        return [f"delivery {event}.{action}: GitHub describes no such webhook"]
    entry = description().json_of(known[name])
    assert entry is not None, f"{name} has no JSON body in the description"
    return _sentences(description().for_webhook(name, entry["schema"]), body, f"delivery {name}")


def _body_problems(found: Operation, body: Any, where: str) -> list[str]:
    declared = found.node.get("requestBody")
    entry = description().json_of(declared) if declared else None
    if declared is None or entry is None:
        # Clients that always serialise send `null` or `{}` where nothing is expected; GitHub ignores both.
        return [] if body in (None, {}) else [f"{where}: GitHub describes no body here"]
    if body is None:
        return [f"{where}: a body is required"] if declared.get("required") else []
    return _sentences(description().for_request(found, entry["schema"]), body, where)


def _query_problems(found: Operation, query: str, where: str) -> list[str]:
    known = {item["name"]: item["schema"] for item in description().parameters(found) if item["in"] == "query"}
    problems = []
    for name, text in parse_qsl(query, keep_blank_values=True):
        if name.removesuffix("[]") not in known:
            problems.append(f"{where}: unknown query parameter {name!r}")
        elif "enum" in (schema := known[name.removesuffix("[]")]) and text not in schema["enum"]:
            problems.append(f"{where}: query {name}={text!r} is none of {schema['enum']}")
        elif schema.get("type") == "integer" and not text.isdecimal():
            problems.append(f"{where}: query {name}={text!r} is not a number")
    return problems


def _undeclared(status: int, body: Any, where: str) -> list[str]:
    """Redirects, 304 and errors are real though often undeclared; any other undeclared status is an invention."""
    if status == 304:
        return [] if body is None else [f"{where}: a 304 has no body"]
    if status >= 400 or status in _REDIRECTS:
        return _error_problems(body, where)
    return [f"{where}: GitHub describes no such status"]


def _error_problems(body: Any, where: str) -> list[str]:
    if not isinstance(body, dict):
        return [f"{where}: an error is an object with a message"]
    wrong = [key for key in ("message", "documentation_url") if not isinstance(body.get(key), str)]
    return [f"{where}: an error's {key} is a text" for key in wrong if key == "message" or "url" not in body]


def _graphql_request(body: Any) -> list[str]:
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        return ["request POST /graphql: the body is an object with the document in `query`"]
    extra = sorted(set(body) - {"query", "variables", "operationName"})
    return [f"request POST /graphql: unknown field {name!r}" for name in extra] + check_graphql(body["query"])


def _sentences(validator: jsonschema_rs.Validator, body: Any, where: str) -> list[str]:
    return [
        f"{where} at {'/'.join(map(str, error.instance_path)) or 'top'}: {_brief(error.message)}"
        for error in validator.iter_errors(body)
    ]


def _brief(message: str) -> str:
    """The validator quotes the whole value first and says what is wrong last."""
    return message if len(message) <= 300 else f"{message[:120]} … {message[-160:]}"
