"""What a refusal means, as a table: status, headers and body in, who must act out."""

import json
from typing import Any

import pytest

from core.errors import (
    BadCredentials,
    Forbidden,
    GitHubAway,
    InstallationSuspended,
    NotFound,
    PdevError,
    RateLimited,
    Refused,
    SecondaryLimited,
)
from core.github.problems import problem_of

NOW = 1_000_000.0
EMPTY: dict[str, str] = {}
USED_UP = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000600"}


@pytest.mark.parametrize(
    ("status", "headers", "message", "kind", "retry_after"),
    [
        (400, EMPTY, "Problems parsing JSON", Refused, None),
        (401, EMPTY, "Bad credentials", BadCredentials, None),
        (403, EMPTY, "Resource not accessible by integration", Forbidden, None),
        (403, EMPTY, "This installation has been suspended", InstallationSuspended, None),
        (403, {"x-ratelimit-remaining": "12"}, "Must have admin rights to Repository.", Forbidden, None),
        (403, USED_UP, "API rate limit exceeded for installation ID 9.", RateLimited, 600),
        (429, USED_UP, "API rate limit exceeded", RateLimited, 600),
        (403, USED_UP | {"retry-after": "700"}, "API rate limit exceeded", RateLimited, 700),
        (403, {"x-ratelimit-remaining": "0"}, "API rate limit exceeded", RateLimited, 60),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "999000"}, "exceeded", RateLimited, 1),
        (403, USED_UP, "You have exceeded a secondary rate limit.", SecondaryLimited, 60),
        (403, {"retry-after": "30"}, "You have exceeded a secondary rate limit.", SecondaryLimited, 30),
        (403, EMPTY, "You have triggered an abuse detection mechanism.", SecondaryLimited, 60),
        (429, EMPTY, "", SecondaryLimited, 60),
        (429, {"retry-after": "soon"}, "", SecondaryLimited, 60),
        (404, EMPTY, "Not Found", NotFound, None),
        (410, EMPTY, "This issue was deleted", NotFound, None),
        (405, EMPTY, "Pull Request is not mergeable", Refused, None),
        (409, EMPTY, "Git Repository is empty.", Refused, None),
        (422, EMPTY, "Reference already exists", Refused, None),
        (451, EMPTY, "Repository access blocked", Refused, None),
        (408, EMPTY, "", GitHubAway, None),
        (500, EMPTY, "", GitHubAway, None),
        (503, {"retry-after": "9"}, "", GitHubAway, 9),
        (520, EMPTY, "", GitHubAway, None),
        (301, EMPTY, "", Refused, None),
    ],
)
def test_who_must_act(
    status: int, headers: dict[str, str], message: str, kind: type[PdevError], retry_after: float | None
) -> None:
    body = json.dumps({"message": message}).encode()
    problem = problem_of(status, headers, body, what="GET /x", now_s=NOW)
    assert type(problem) is kind
    assert getattr(problem, "retry_after", None) == retry_after


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'"x"', b"null", b"\xff", b'{"message": null, "errors": null}']
)
def test_a_body_that_says_nothing_is_no_trouble(body: bytes) -> None:
    assert isinstance(problem_of(422, {}, body, what="GET /x", now_s=NOW), Refused)


@pytest.mark.parametrize(
    ("errors", "messages"),
    [
        ([{"resource": "Label", "field": "name", "code": "already_exists"}], ["Label name already_exists"]),
        ([{"message": "No commits between main and x", "code": "custom"}], ["No commits between main and x custom"]),
        (["Can not request changes"], ["Can not request changes"]),
        ("one text", ["one text"]),
    ],
)
def test_githubs_words_are_kept_however_they_come(errors: Any, messages: list[str]) -> None:
    body = json.dumps({"message": "Validation Failed", "errors": errors}).encode()
    problem = problem_of(422, {}, body, what="GET /x", now_s=NOW)
    assert isinstance(problem, Refused)
    assert problem.messages == ("Validation Failed", *messages)


def test_long_words_are_cut() -> None:
    body = json.dumps({"message": "x" * 10_000}).encode()
    assert len(str(problem_of(422, {}, body, what="GET /x", now_s=NOW))) < 500
