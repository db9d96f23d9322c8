"""REST: which issue waits for which, and which is part of which. Ids, not numbers, name the other issue."""

from typing import NamedTuple

from demo.hub.changes import note
from demo.hub.context import Context
from demo.hub.errors import not_found, unprocessable, validation
from demo.hub.issues import living
from demo.hub.render import issue_json, repository_json
from demo.hub.routing import Answer, Body, route
from demo.hub.state import Issue

BLOCKED_BY = "/repos/{owner}/{repo}/issues/{issue_number}/dependencies/blocked_by"
SUB_ISSUES = "/repos/{owner}/{repo}/issues/{issue_number}/sub_issues"
READ, WRITE = {"issues": "read"}, {"issues": "write"}
MOST_DEPENDENCIES = 50
MOST_SUB_ISSUES = 100
DEEPEST = 8


class BlockingIssue(Body):
    issue_id: int


class SubIssue(Body):
    sub_issue_id: int
    replace_parent: bool = False


class SubIssueId(Body):
    sub_issue_id: int


class SubIssuePlace(Body):
    sub_issue_id: int
    after_id: int | None = None
    before_id: int | None = None


def _by_id(ctx: Context, issue_id: int) -> Issue:
    """Any issue that the caller can see, by database id."""
    for repo in ctx.world.repos.values():
        for issue in repo.issues.values():
            if issue.id == issue_id and not issue.deleted and ctx.caller.may_see(repo):
                return issue
    raise not_found()


def _issues(ctx: Context, issues: list[Issue]) -> Answer:
    return ctx.page(issues, lambda one: issue_json(ctx.urls, one))


def _one(ctx: Context, status: int, issue: Issue) -> Answer:
    return Answer(status, issue_json(ctx.urls, issue), {"Location": ctx.urls.issue(issue)} if status == 201 else None)


class _End(NamedTuple):
    """One end of a relation: the issue, what payloads call it, and what has come to it or gone."""

    issue: Issue
    name: str
    has: str


def _dependency_changed(ctx: Context, blocked: Issue, blocking: Issue, what: str) -> None:
    ends = _End(blocked, "blocked_issue", "blocked_by"), _End(blocking, "blocking_issue", "blocking")
    _changed(ctx, "issue_dependencies", ends, what)


def _family_changed(ctx: Context, parent: Issue, child: Issue, what: str) -> None:
    ends = _End(parent, "parent_issue", "sub_issue"), _End(child, "sub_issue", "parent_issue")
    _changed(ctx, "sub_issues", ends, what)


def _changed(ctx: Context, event: str, ends: tuple[_End, _End], what: str) -> None:
    """Two events, one from each side, as GitHub sends them."""
    shown = {end.name: issue_json(ctx.urls, end.issue) for end in ends}
    ids = {f"{end.name}_id": end.issue.id for end in ends}
    for end, other in (ends, ends[::-1]):
        action = f"{end.has}_{what}"
        note(ctx.hub, end.issue, ctx.caller, action, **{end.has: shown[other.name]})
        payload = {"action": action, **ids, **shown, f"{other.name}_repo": repository_json(ctx.urls, other.issue.repo)}
        ctx.hub.courier.announce(event, payload, repo=end.issue.repo, sender=ctx.actor)


@route("GET", BLOCKED_BY, needs=READ)
async def list_blocked_by(ctx: Context) -> Answer:
    return _issues(ctx, living(ctx).blocked_by)


@route("GET", "/repos/{owner}/{repo}/issues/{issue_number}/dependencies/blocking", needs=READ)
async def list_blocking(ctx: Context) -> Answer:
    return _issues(ctx, living(ctx).blocking)


@route("POST", BLOCKED_BY, needs=WRITE, role="triage", body=BlockingIssue)
async def add_blocked_by(ctx: Context, body: BlockingIssue) -> Answer:
    issue, blocking = living(ctx), _by_id(ctx, body.issue_id)
    if issue is blocking:
        raise unprocessable("An issue cannot be blocked by itself.")
    if blocking in issue.blocked_by:
        raise validation("IssueDependency", "target_issue_id", "already_exists", "Target issue has already been taken")
    if issue in blocking.blocked_by:
        raise unprocessable("The dependency would make a circle.")
    if max(len(issue.blocked_by), len(blocking.blocking)) >= MOST_DEPENDENCIES:
        raise unprocessable(f"An issue has at most {MOST_DEPENDENCIES} dependencies in each direction.")
    issue.blocked_by.append(blocking)
    blocking.blocking.append(issue)
    _dependency_changed(ctx, issue, blocking, "added")
    return _one(ctx, 201, issue)


@route("DELETE", BLOCKED_BY + "/{issue_id}", needs=WRITE, role="triage")
async def remove_blocked_by(ctx: Context) -> Answer:
    issue, blocking = living(ctx), _by_id(ctx, ctx.number("issue_id"))
    if blocking not in issue.blocked_by:
        raise not_found()
    issue.blocked_by.remove(blocking)
    blocking.blocking.remove(issue)
    _dependency_changed(ctx, issue, blocking, "removed")
    return _one(ctx, 200, issue)


def _ancestors(issue: Issue) -> list[Issue]:
    found: list[Issue] = []
    while issue.parent is not None:
        issue = issue.parent
        found.append(issue)
    return found


def _height(issue: Issue) -> int:
    return 1 + max((_height(child) for child in issue.sub_issues), default=0)


@route("GET", SUB_ISSUES, needs=READ)
async def list_sub_issues(ctx: Context) -> Answer:
    return _issues(ctx, living(ctx).sub_issues)


@route("GET", "/repos/{owner}/{repo}/issues/{issue_number}/parent", needs=READ)
async def get_parent(ctx: Context) -> Answer:
    parent = living(ctx).parent
    if parent is None:
        raise not_found()
    return _one(ctx, 200, parent)


@route("POST", SUB_ISSUES, needs=WRITE, role="triage", body=SubIssue)
async def add_sub_issue(ctx: Context, body: SubIssue) -> Answer:
    parent, child = living(ctx), _by_id(ctx, body.sub_issue_id)
    _check_family(parent, child, replace=body.replace_parent)
    if child.parent is not None:
        _part(ctx, child.parent, child)
    child.parent = parent
    parent.sub_issues.append(child)
    _family_changed(ctx, parent, child, "added")
    return _one(ctx, 201, parent)


def _check_family(parent: Issue, child: Issue, *, replace: bool) -> None:
    if child.repo.owner is not parent.repo.owner:
        raise unprocessable("A sub-issue belongs to the same owner as its parent.")
    if child is parent or child in _ancestors(parent):
        raise unprocessable("Sub issue may not be an ancestor of its parent.")
    if child.parent is parent:
        raise validation("SubIssue", "sub_issue_id", "already_exists", "Issue may not contain duplicate sub-issues")
    if child.parent is not None and not replace:
        raise unprocessable("Sub issue may only have one parent")
    if len(parent.sub_issues) >= MOST_SUB_ISSUES:
        raise unprocessable(f"Parent cannot have more than {MOST_SUB_ISSUES} sub-issues")
    if 1 + len(_ancestors(parent)) + _height(child) > DEEPEST:
        raise unprocessable(f"Sub-issues go at most {DEEPEST} levels deep")


def _part(ctx: Context, parent: Issue, child: Issue) -> None:
    child.parent = None
    parent.sub_issues.remove(child)
    _family_changed(ctx, parent, child, "removed")


@route(
    "DELETE",
    "/repos/{owner}/{repo}/issues/{issue_number}/sub_issue",
    needs=WRITE,
    role="triage",
    body=SubIssueId,
)
async def remove_sub_issue(ctx: Context, body: SubIssueId) -> Answer:
    """The path is singular and the id is in the body."""
    parent, child = living(ctx), _by_id(ctx, body.sub_issue_id)
    if child.parent is not parent:
        raise not_found()
    _part(ctx, parent, child)
    return _one(ctx, 200, parent)


@route("PATCH", SUB_ISSUES + "/priority", needs=WRITE, role="triage", body=SubIssuePlace)
async def reprioritize(ctx: Context, body: SubIssuePlace) -> Answer:
    """Right after one of the siblings, or right before one: exactly one of both."""
    parent, child = living(ctx), _by_id(ctx, body.sub_issue_id)
    if (body.after_id is None) == (body.before_id is None):
        raise unprocessable("Exactly one of after_id and before_id is required.")
    sibling = _by_id(ctx, body.after_id or body.before_id or 0)
    if child.parent is not parent or sibling.parent is not parent or child is sibling:
        raise unprocessable("Both issues must be sub-issues of this issue.")
    parent.sub_issues.remove(child)
    parent.sub_issues.insert(parent.sub_issues.index(sibling) + (body.after_id is not None), child)
    return _one(ctx, 200, parent)
