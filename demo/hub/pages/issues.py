"""The page of an issue, and what a person can do on it by hand: comment, label, edit, turn a checkbox, close."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from aiohttp import web

from demo.hub.errors import not_found, unprocessable
from demo.hub.pages import views
from demo.hub.pages.markdown import toggled
from demo.hub.pages.site import Visit, page
from demo.hub.state import Comment, Issue

_STATES: Mapping[str, Mapping[str, str]] = {
    "close": {"state": "closed", "state_reason": "completed"},
    "not planned": {"state": "closed", "state_reason": "not_planned"},
    "reopen": {"state": "open"},
}


def issue_of(visit: Visit) -> Issue:
    """The issue (or pull request) of the path. Raises 404."""
    issue = visit.repo.issues.get(visit.number("issue_number"))
    if issue is None or issue.deleted:
        raise not_found()
    return issue


def address(issue: Issue) -> str:
    return f"/{issue.repo.full_name}/{'pull' if issue.pull else 'issues'}/{issue.number}"


@page("GET", "/{owner}/{repo}/issues/{issue_number}")
async def show_issue(visit: Visit) -> web.Response:
    """An issue with its conversation; pull requests and transferred issues have another address."""
    issue = issue_of(visit)
    if issue.pull is not None or issue.moved_to is not None:
        return visit.go(address(issue.moved_to or issue))
    facts: dict[str, Any] = {"issue": issue, "happenings": views.conversation(issue), "address": address(issue)}
    return visit.show("issue.html", counts=views.tally(visit.repo), **facts)


@page("GET", "/{owner}/{repo}/issues/new")
async def new_issue(visit: Visit) -> web.Response:
    """An empty issue."""
    return visit.show("new_issue.html", counts=views.tally(visit.repo))


@page("POST", "/{owner}/{repo}/issues")
async def open_issue(visit: Visit) -> web.Response:
    """Open an issue from the form."""
    names = [one.strip() for one in visit.said("labels").split(",") if one.strip()]
    body = {"title": visit.said("title"), "body": visit.said("body"), "labels": names}
    made = await visit.ask_repo("POST", "/issues", body)
    return visit.go(f"{visit.base}/issues/{made['number']}")


@page("POST", "/{owner}/{repo}/issues/{issue_number}/comment")
async def comment(visit: Visit) -> web.Response:
    """Comment, and close or reopen where that button was pressed."""
    issue = issue_of(visit)
    if text := visit.said("body"):
        await visit.ask_repo("POST", f"/issues/{issue.number}/comments", {"body": text})
    elif visit.said("then") == "comment":
        raise unprocessable("Write something first: a comment cannot be blank.")
    if change := _STATES.get(visit.said("then")):
        kept = {"state": change["state"]} if issue.pull else change
        await visit.ask_repo("PATCH", f"/issues/{issue.number}", kept)
    return visit.go(address(issue))


@page("POST", "/{owner}/{repo}/issues/{issue_number}/labels")
async def label(visit: Visit) -> web.Response:
    """Set one label."""
    issue = issue_of(visit)
    await visit.ask_repo("POST", f"/issues/{issue.number}/labels", {"labels": [visit.said("name")]})
    return visit.go(address(issue))


@page("POST", "/{owner}/{repo}/issues/{issue_number}/unlabel")
async def unlabel(visit: Visit) -> web.Response:
    """Remove one label."""
    issue = issue_of(visit)
    await visit.ask_repo("DELETE", f"/issues/{issue.number}/labels/{quote(visit.said('name'), safe='')}")
    return visit.go(address(issue))


@page("POST", "/{owner}/{repo}/issues/{issue_number}/edit")
async def edit(visit: Visit) -> web.Response:
    """Change title and text."""
    issue = issue_of(visit)
    await visit.ask_repo("PATCH", f"/issues/{issue.number}", {"title": visit.said("title"), "body": visit.said("body")})
    return visit.go(address(issue))


@page("POST", "/{owner}/{repo}/issues/{issue_number}/box")
async def turn_issue_box(visit: Visit) -> web.Response:
    """Turn over a checkbox of the issue's text, which is an edit of it."""
    issue = issue_of(visit)
    text = _turned(visit, issue.body or "")
    await visit.ask_repo("PATCH", f"/issues/{issue.number}", {"body": text})
    return visit.go(address(issue))


@page("POST", "/{owner}/{repo}/comments/{comment_id}/box")
async def turn_comment_box(visit: Visit) -> web.Response:
    """Turn over a checkbox of a comment, which is an edit of it."""
    found = _comment(visit)
    return await _rewrite(visit, found, _turned(visit, found.body))


@page("POST", "/{owner}/{repo}/comments/{comment_id}/edit")
async def edit_comment(visit: Visit) -> web.Response:
    """Change a comment's text."""
    return await _rewrite(visit, _comment(visit), visit.said("body"))


@page("POST", "/{owner}/{repo}/comments/{comment_id}/delete")
async def delete_comment(visit: Visit) -> web.Response:
    """Remove a comment."""
    found = _comment(visit)
    await visit.ask_repo("DELETE", f"/issues/comments/{found.id}")
    return visit.go(address(visit.repo.issues[found.number]))


def _comment(visit: Visit) -> Comment:
    found = visit.repo.comments.get(visit.number("comment_id"))
    if found is None:
        raise not_found()
    return found


async def _rewrite(visit: Visit, found: Comment, text: str) -> web.Response:
    await visit.ask_repo("PATCH", f"/issues/comments/{found.id}", {"body": text})
    return visit.go(f"{address(visit.repo.issues[found.number])}#issuecomment-{found.id}")


def _turned(visit: Visit, text: str) -> str:
    line = visit.said("line")
    turned = toggled(text, int(line)) if line.isdecimal() else None
    if turned is None:
        raise unprocessable("There is no checkbox on that line any more: the text was changed meanwhile.")
    return turned
