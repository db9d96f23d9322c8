"""REST: the small part of issue search that finds labelled issues with one call per installation."""

import re
from typing import Any

from demo.hub.context import Context
from demo.hub.errors import unprocessable, validation
from demo.hub.render import issue_json
from demo.hub.routing import Answer, route
from demo.hub.state import Issue

_TERM = re.compile(r'(-?)(\w+):("[^"]*"|\S+)|("[^"]*"|\S+)')
MOST_RESULTS = 1000


@route("GET", "/search/issues", needs={"issues": "read"})
async def search_issues(ctx: Context) -> Answer:
    """Qualifiers: label, repo, org, user, is, state, author, and free words in title or body."""
    query = ctx.query.get("q", "")
    if not query.strip():
        raise validation("Search", "q", "missing")
    found = [
        issue
        for repo in ctx.world.repos.values()
        if ctx.caller.may_see(repo)
        for issue in repo.issues.values()
        if not issue.deleted and issue.moved_to is None and _fits(issue, query)
    ]
    key = "updated_at" if ctx.query.get("sort") == "updated" else "created_at"
    found.sort(key=lambda one: (getattr(one, key), one.id), reverse=ctx.query.get("order", "desc") == "desc")
    answer = ctx.page(found[:MOST_RESULTS], lambda one: _result(ctx, one))
    answer.data = {
        "total_count": len(found),
        "incomplete_results": False,
        "search_type": "lexical",
        "items": answer.data,
    }
    return answer


def _result(ctx: Context, issue: Issue) -> dict[str, Any]:
    return issue_json(ctx.urls, issue) | {"body": issue.body or "", "score": 1.0}


def _fits(issue: Issue, query: str) -> bool:
    for unwanted, name, value, word in _TERM.findall(query):
        if name:
            if _has(issue, name, value.strip('"')) == bool(unwanted):
                return False
        elif word.strip('"').lower() not in f"{issue.title}\n{issue.body or ''}".lower():
            return False
    return True


def _has(issue: Issue, name: str, value: str) -> bool:
    kind = "pr" if issue.pull else "issue"
    answers = {
        "label": any(issue.has_label(one.strip('"')) for one in value.split(",")),
        "repo": issue.repo.full_name.lower() == value.lower(),
        "org": issue.repo.owner.login.lower() == value.lower(),
        "user": issue.repo.owner.login.lower() == value.lower(),
        "author": issue.user.login.lower() == value.lower(),
        "is": value in (issue.state, kind, "private" if issue.repo.private else "public"),
        "state": value == issue.state,
        "type": value == kind,
    }
    if name not in answers:
        raise unprocessable(f"The hub's search does not know the qualifier {name!r}.")
    return answers[name]
