"""The table of calls against GitHub's own description: each exists, and an App's token may make it."""

import re

import pytest

from core.github import CALLS, DOCUMENTS, Call, needed_permissions
from tests.yardstick import check_graphql, check_request, operation
from tests.yardstick.description import Operation

REST = [call for call in CALLS if call.method not in ("GIT", "GRAPHQL")]
# Calls that GitHub describes as the App's own, made with its JWT, not with an installation's token.
SAMPLES = {"per_page": "100", "since": "2026-01-01T00:00:00Z", "state": "open", "filter": "latest"}
BY_JWT = ("/app", "/repos/{owner}/{repo}/installation")


def plain(path: str) -> str:
    """The template with something in its holes, without its query."""
    path = re.sub(r"\{\?[^}]*\}", "", path)
    return re.sub(r"\{([^}]*)\}", "7", path.replace("{/branch*}", "/feature/x").replace("{/path*}", "/docs/a.md"))


def documented(call: Call) -> Operation:
    found = operation(call.method, plain(call.path))
    assert found is not None
    return found


@pytest.mark.parametrize("call", REST, ids=lambda call: f"{call.method} {call.path}")
def test_github_documents_the_call(call: Call) -> None:
    found = documented(call)
    if call.permission:
        assert found.for_app_tokens
    else:
        assert call.path.startswith(BY_JWT)


@pytest.mark.parametrize("call", REST, ids=lambda call: f"{call.method} {call.path}")
def test_our_query_parameters_are_githubs(call: Call) -> None:
    ours = [name for group in re.findall(r"\{\?([^}]*)\}", call.path) for name in group.split(",")]
    query = "&".join(f"{name}={SAMPLES.get(name, 'x')}" for name in ours)
    assert check_request(call.method, f"{plain(call.path)}?{query}", None) == [] or call.method != "GET"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_githubs_schema_knows_the_document(document: str) -> None:
    assert check_graphql(document) == []


def test_permissions_are_those_of_the_product() -> None:
    assert needed_permissions() == {
        "checks": "write", "contents": "write", "issues": "write", "metadata": "read", "pull_requests": "write",
    }  # fmt: skip


def test_the_highest_level_wins_and_order_does_not_matter() -> None:
    read, write = Call("GET", "/a", "issues:read"), Call("POST", "/a", "issues:write")
    assert needed_permissions([read, write]) == needed_permissions([write, read]) == {"issues": "write"}
    assert needed_permissions([read]) == {"issues": "read"}
    assert needed_permissions([Call("GET", "/app")]) == {}


def test_what_creates_content_is_counted_and_what_creates_things_is_not_repeated() -> None:
    for call in CALLS:
        if call.method == "GET":
            assert not call.content
        if call.path.endswith(("/comments", "/pulls", "/reviews", "/check-runs")) and call.method == "POST":
            assert call.content
            assert not call.repeatable
