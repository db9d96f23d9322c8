"""The judge is judged: it finds the operation meant, accepts GitHub's own examples and notices every spoilt one."""

import collections
from typing import Any

import pytest

from tests.yardstick import (
    check_graphql,
    check_graphql_answer,
    check_request,
    check_response,
    check_webhook,
    mutations,
    operation,
)
from tests.yardstick.description import Operation, description
from tests.yardstick.schemas import Tree, closed

SHA = "0" * 40
# GitHub's own examples that its own schemas refuse (`team.type`, bodies older than a field, `null` for `{}`): a fact
# about the description, so a regenerated one is expected to change the number.
EXAMPLES_BELOW_THEIR_SCHEMA = 30


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/repos/o/r/commits/heads/a/b/check-runs", "checks/list-for-ref"),
        ("GET", "/repos/o/r/commits/main", "repos/get-commit"),
        ("GET", "/repos/o/r/git/ref/heads/pdev/x", "git/get-ref"),
        ("GET", "/repos/o/r/git/ref/heads%2Fpdev%2Fx", "git/get-ref"),
        ("DELETE", "/repos/o/r/git/refs/pdev/wip/7", "git/delete-ref"),
        ("GET", "/repos/o/r/pulls/comments", "pulls/list-review-comments-for-repo"),
        ("GET", "/repos/o/r/pulls/7", "pulls/get"),
        ("GET", "/repos/o/r/contents/", "repos/get-content"),
        ("GET", "/repos/o/r/contents/.github/pdev.yml?ref=main", "repos/get-content"),
        ("GET", "/api/v3/repos/o/r/issues/7", "issues/get"),
        ("PATCH", "/repositories/1000/issues/7", "issues/update"),
        ("GET", "/repos/o/r/compare/main...feature/task-7", "repos/compare-commits-with-basehead"),
    ],
)
def test_finds_the_operation_meant(method: str, path: str, name: str) -> None:
    found = operation(method, path)
    assert found is not None
    assert found.name == name


def test_knows_what_it_does_not_know() -> None:
    assert operation("GET", "/repos/o/r/no-such-thing") is None
    assert check_request("GET", "/repos/o/r/no-such-thing") == [
        "GET /repos/o/r/no-such-thing: GitHub documents no such call"
    ]
    assert check_response("GET", "/repos/o/r/no-such-thing", 200, {}) != []
    assert check_webhook("issues", "levitated", {}) != []


@pytest.mark.parametrize(
    ("method", "path", "body", "word"),
    [
        ("PATCH", "/repos/o/r/check-runs/1", {"status": "completed", "conclusions": "success"}, "conclusions"),
        ("PATCH", "/repos/o/r/check-runs/1", {"status": "completed"}, ""),
        ("PATCH", "/repos/o/r/check-runs/1", {"output": {"summary": "x" * 65_536}}, "65535"),
        ("POST", "/repos/o/r/check-runs", {"name": "pdev"}, "head_sha"),
        ("POST", "/repos/o/r/check-runs", {"name": "pdev", "head_sha": SHA, "actions": [{}] * 4}, ""),
        ("POST", "/repos/o/r/pulls", {"head": "a", "base": "main", "title": "t", "drafft": True}, "drafft"),
        ("POST", "/repos/o/r/issues/1/comments", {}, "body"),
        ("POST", "/repos/o/r/issues/1/comments", None, "required"),
        ("POST", "/repos/o/r/issues/1/labels", {"label": ["bug"]}, ""),
        ("POST", "/repos/o/r/issues/1/labels", [7], ""),
        ("GET", "/repos/o/r/issues?sate=open", None, "sate"),
        ("GET", "/repos/o/r/issues?state=opne", None, "opne"),
        ("GET", "/repos/o/r/issues?per_page=all", None, "all"),
        ("GET", "/repos/o/r/issues", {"state": "open"}, "no body"),
        ("POST", "/graphql", {"query": "{ viewer { login } }", "variable": {}}, "variable"),
    ],
)
def test_refuses_requests_github_would_not_understand(method: str, path: str, body: Any, word: str) -> None:
    problems = check_request(method, path, body)
    assert problems
    assert word in " ".join(problems)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/repos/o/r/check-runs/1", {"status": "completed", "conclusion": "success"}),
        ("PATCH", "/repos/o/r/check-runs/1", {"output": {"title": "t", "summary": "x" * 65_535}}),
        ("POST", "/repos/o/r/issues/1/labels", {"labels": ["bug"]}),
        ("POST", "/repos/o/r/issues/1/labels", ["bug"]),
        ("GET", "/repos/o/r/issues?state=all&per_page=100&labels=a,b", None),
        ("POST", "/graphql", {"query": "query Q($n: Int!) { viewer { repositories(first: $n) { totalCount } } }"}),
    ],
)
def test_accepts_requests_github_understands(method: str, path: str, body: Any) -> None:
    assert check_request(method, path, body) == []


def test_undeclared_errors_are_held_to_the_common_form() -> None:
    good = {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}
    for status in (400, 401, 403, 404, 422, 429, 502):
        assert check_response("PATCH", "/repos/o/r/check-runs/1", status, good) == []
        assert check_response("PATCH", "/repos/o/r/check-runs/1", status, {}) != []
        assert check_response("PATCH", "/repos/o/r/check-runs/1", status, None) != []
    assert check_response("PATCH", "/repos/o/r/check-runs/1", 202, {}) != []
    assert check_response("GET", "/repos/o/r/check-runs/1", 304) == []
    assert check_response("DELETE", "/repos/o/r/git/refs/heads/a", 204) == []
    assert check_response("DELETE", "/repos/o/r/git/refs/heads/a", 204, {"surprise": 1}) != []


def test_graphql_documents_are_read_by_githubs_schema() -> None:
    ready = """mutation($id: ID!) {
        markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } }
    }"""
    assert check_graphql(ready) == []
    assert check_graphql(ready.replace("isDraft", "isDraught"))
    assert check_graphql(ready.replace("ID!", "Int!"))
    assert check_graphql(ready.replace("pullRequestId: $id", ""))
    assert check_graphql("mutation {")
    assert check_response("POST", "/graphql", 200, {"data": {"viewer": {"login": "mona"}}}) == []
    assert check_response("POST", "/graphql", 200, {"data": None}) != []


QUERY = """query($n: Int!) {
    viewer { login }
    mine: repository(owner: "o", name: "r") { pullRequest(number: $n) { isDraft mergeStateStatus reviewDecision } }
    node(id: "x") { ... on PullRequest { number } }
}"""
ANSWER: dict[str, Any] = {
    "viewer": {"login": "mona"},
    "mine": {"pullRequest": {"isDraft": True, "mergeStateStatus": "CLEAN", "reviewDecision": None}},
    "node": {"number": 7},
}


def test_graphql_answers_have_the_shape_that_was_asked_for() -> None:
    assert check_graphql_answer({"data": ANSWER}, QUERY, {"n": 7}) == []
    pull = ANSWER["mine"]["pullRequest"]
    for wrong in (
        {**ANSWER, "viewer": {"login": None}},
        {**ANSWER, "viewer": {}},
        {**ANSWER, "viewer": {"login": "mona", "email": "m@example.com"}},
        {**ANSWER, "mine": {"pullRequest": {**pull, "mergeStateStatus": "FINE"}}},
        {**ANSWER, "mine": {"pullRequest": {**pull, "isDraft": "yes"}}},
        {**ANSWER, "node": {"number": "seven"}},
        {key: value for key, value in ANSWER.items() if key != "mine"},
    ):
        assert check_graphql_answer({"data": wrong}, QUERY, {"n": 7}), wrong


def _bodies(kind: str) -> list[tuple[str, Operation, Tree, Any, int]]:
    """Name, operation, schema, example and status of everything that has a published example."""
    book = description()
    found = []
    for one in book.operations:
        declared = {0: one.node.get("requestBody")} if kind == "request" else _answers(one)
        for status, body in declared.items():
            entry = (book.json_of(body) if body else None) or {}
            found += [(one.name, one, entry["schema"], example, status) for example in book.examples(entry)]
    return found


def _answers(one: Operation) -> dict[int, Tree | None]:
    return {int(status): description().response(one, int(status)) for status in one.node["responses"]}


def test_githubs_own_examples_pass_but_for_a_known_few() -> None:
    book = description()
    for _, one, schema, example, _ in _bodies("request"):
        assert list(book.for_request(one, schema).iter_errors(example)) == []
    failing = [
        name
        for name, one, schema, example, status in _bodies("response")
        if not book.for_response(one, status, schema).is_valid(example)
    ]
    assert len(failing) <= EXAMPLES_BELOW_THEIR_SCHEMA


def test_every_deleted_required_field_of_an_answer_is_noticed() -> None:
    book, noticed = description(), collections.Counter[bool]()
    for name, one, schema, example, status in _bodies("response"):
        validator = book.for_response(one, status, schema)
        if validator.is_valid(example):
            for path in mutations.required_fields(book, schema, example):
                spoilt = mutations.without(example, path)
                noticed[not validator.is_valid(spoilt)] += 1
                assert not validator.is_valid(spoilt), f"{name} {status} without {path} passes"
    assert noticed[True] > 1_000


def test_every_misspelt_or_mistyped_field_of_a_request_is_noticed() -> None:
    book, noticed = description(), 0
    for name, one, schema, example, _ in _bodies("request"):
        validator = book.for_request(one, schema)
        for path, described in mutations.fields(book, closed(schema, book.resolve), example):
            assert not validator.is_valid(mutations.misspelt(example, path)), f"{name}: misspelt {path} passes"
            if described.get("type") not in (None, "object"):
                assert not validator.is_valid(mutations.mistyped(example, path)), f"{name}: mistyped {path} passes"
            noticed += 1
    assert noticed > 90


def test_every_deleted_required_field_of_a_delivery_is_noticed() -> None:
    book, noticed = description(), 0
    for name, body in book.webhooks.items():
        entry = book.json_of(body)
        assert entry is not None
        validator = book.for_webhook(name, entry["schema"])
        for example in book.examples(entry):
            if validator.is_valid(example):
                for path in mutations.required_fields(book, entry["schema"], example):
                    assert not validator.is_valid(mutations.without(example, path)), f"{name} without {path} passes"
                    noticed += 1
    assert noticed > 800
