"""REST: issues. Thin over `changes`."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from demo.hub.changes import (
    close_issue,
    edit_issue,
    open_issue,
    reopen_issue,
    set_assignees,
    set_labels,
    wanted_label,
)
from demo.hub.context import Context
from demo.hub.errors import GitHubError, forbidden, gone, not_found, validation
from demo.hub.render import issue_json, timeline_json
from demo.hub.routing import Answer, Body, route
from demo.hub.state import Account, Issue, Label, role_rank

READ = ({"issues": "read"}, {"pull_requests": "read"})
WRITE = ({"issues": "write"}, {"pull_requests": "write"})


class LabelName(Body):
    name: str
    id: int | None = None
    description: str | None = None
    color: str | None = None


class NewIssue(Body):
    title: str | int
    body: str | None = None
    assignee: str | None = None
    assignees: list[str] = msgspec.field(default_factory=list)
    milestone: str | int | None = None
    labels: list[str | LabelName] = msgspec.field(default_factory=list)
    type: str | None = None


class IssueChanges(Body):
    title: str | int | None = None
    body: str | UnsetType | None = UNSET
    assignee: str | UnsetType | None = UNSET
    assignees: list[str] | UnsetType = UNSET
    state: Literal["open", "closed"] | None = None
    state_reason: Literal["completed", "not_planned", "duplicate", "reopened"] | None = None
    duplicate_issue_id: int | None = None
    milestone: str | int | UnsetType | None = UNSET
    labels: list[str | LabelName] | UnsetType = UNSET
    type: str | UnsetType | None = UNSET


def living(ctx: Context) -> Issue:
    """The issue of the path. Raises 410 where it was deleted, 301 (404 to whom it is hidden) where it was moved."""
    issue = ctx.issue()
    if issue.deleted:
        raise gone()
    if issue.moved_to is not None:
        if not ctx.caller.may_see(issue.moved_to.repo):
            raise not_found()
        raise GitHubError(301, "Moved Permanently", headers={"Location": ctx.urls.issue(issue.moved_to)})
    return issue


def may_triage(ctx: Context) -> bool:
    """Apps act by permission; people by role: only from `triage` on may they label, assign and close others' issues."""
    return ctx.caller.kind == "installation" or role_rank(ctx.caller.role_on(ctx.repo)) >= role_rank("triage")


def names_of(labels: list[str | LabelName]) -> list[str]:
    return [one if isinstance(one, str) else one.name for one in labels]


def labels_named(ctx: Context, labels: list[str | LabelName]) -> list[Label]:
    return [wanted_label(ctx.hub, ctx.repo, name) for name in dict.fromkeys(names_of(labels))]


def assignable(ctx: Context, logins: list[str]) -> list[Account]:
    """People with a role on the repository; 422 for others."""
    people: list[Account] = []
    for login in logins:
        account = ctx.world.account(login)
        if account is None or account.login.lower() not in ctx.repo.collaborators:
            raise validation("Issue", "assignees", "invalid")
        people.append(account)
    return people


@route("POST", "/repos/{owner}/{repo}/issues", needs={"issues": "write"}, body=NewIssue, content=True)
async def create_issue(ctx: Context, body: NewIssue) -> Answer:
    """Labels and assignees of people without triage rights are dropped silently, as GitHub documents."""
    labels: list[Label] = []
    people: list[Account] = []
    if may_triage(ctx):
        labels = labels_named(ctx, body.labels)
        people = assignable(ctx, body.assignees or ([body.assignee] if body.assignee else []))
    issue = await open_issue(ctx.hub, ctx.repo, ctx.caller, str(body.title), body.body, labels, people)
    return Answer(201, issue_json(ctx.urls, issue), {"Location": ctx.urls.issue(issue)})


@route("GET", "/repos/{owner}/{repo}/issues", needs=READ)
async def list_issues(ctx: Context) -> Answer:
    """Filters: state, labels (all of them), creator, assignee, since; sorted by created, updated or comments."""
    keys = {"created": "created_at", "updated": "updated_at"}
    key = keys.get(ctx.query.get("sort", "created"), "created_at")
    found = [issue for issue in ctx.repo.issues.values() if _matches(ctx, issue)]
    found.sort(key=lambda one: (getattr(one, key), one.number), reverse=ctx.query.get("direction", "desc") == "desc")
    return ctx.page(found, lambda one: issue_json(ctx.urls, one))


def _matches(ctx: Context, issue: Issue) -> bool:
    query = ctx.query
    state = query.get("state", "open")
    wanted = [name for name in query.get("labels", "").split(",") if name]
    creator, assignee = query.get("creator"), query.get("assignee")
    since = query.get("since")
    return (
        not issue.deleted
        and issue.moved_to is None
        and state in ("all", issue.state)
        and all(issue.has_label(name) for name in wanted)
        and creator in (None, issue.user.login)
        and _is_assigned(issue, assignee)
        and (since is None or issue.updated_at >= datetime.fromisoformat(since))
    )


def _is_assigned(issue: Issue, wanted: str | None) -> bool:
    if wanted is None:
        return True
    if wanted in ("*", "none"):
        return bool(issue.assignees) == (wanted == "*")
    return any(one.login == wanted for one in issue.assignees)


@route("GET", "/repos/{owner}/{repo}/issues/{issue_number}", needs=READ)
async def get_issue(ctx: Context) -> Answer:
    return Answer(200, issue_json(ctx.urls, living(ctx)))


@route("PATCH", "/repos/{owner}/{repo}/issues/{issue_number}", needs=WRITE, body=IssueChanges)
async def update_issue(ctx: Context, body: IssueChanges) -> Answer:
    issue = living(ctx)
    triages = may_triage(ctx)
    if not triages and issue.user is not ctx.actor:
        raise forbidden("Must have admin rights to Repository.")
    title = None if body.title is None else str(body.title)
    text = None if isinstance(body.body, UnsetType) else body.body or ""
    await edit_issue(ctx.hub, issue, ctx.caller, title=title, body=text)
    if triages and not isinstance(body.labels, UnsetType):
        await set_labels(ctx.hub, issue, ctx.caller, labels_named(ctx, body.labels))
    if triages and not isinstance(body.assignees, UnsetType):
        await set_assignees(ctx.hub, issue, ctx.caller, assignable(ctx, body.assignees))
    if body.state == "closed":
        await close_issue(ctx.hub, issue, ctx.caller, body.state_reason or "completed")
    elif body.state == "open":
        await reopen_issue(ctx.hub, issue, ctx.caller)
    return Answer(200, issue_json(ctx.urls, issue))


@route("GET", "/repos/{owner}/{repo}/issues/{issue_number}/timeline", needs=READ)
async def timeline(ctx: Context) -> Answer:
    issue = living(ctx)
    return ctx.page(issue.timeline, lambda line: timeline_json(ctx.urls, issue, line))
