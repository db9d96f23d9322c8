"""REST: what happened to issues, without the comments, and locking them."""

from typing import Literal

from demo.hub.changes import announce_issue, note
from demo.hub.context import Context
from demo.hub.errors import not_found
from demo.hub.issues import READ, WRITE, living
from demo.hub.render import issue_json, timeline_json
from demo.hub.routing import Answer, Body, route
from demo.hub.state import Issue, TimelineEvent


class Lock(Body):
    lock_reason: Literal["off-topic", "too heated", "resolved", "spam"] | None = None


def _events(issue: Issue) -> list[TimelineEvent]:
    return [line for line in issue.timeline if line.comment is None]


@route("GET", "/repos/{owner}/{repo}/issues/{issue_number}/events", needs=READ)
async def list_on_issue(ctx: Context) -> Answer:
    issue = living(ctx)
    return ctx.page(_events(issue), lambda line: timeline_json(ctx.urls, issue, line))


@route("GET", "/repos/{owner}/{repo}/issues/events", needs=READ)
async def list_all(ctx: Context) -> Answer:
    """Newest first, each with its issue."""
    found = [(issue, line) for issue in ctx.repo.issues.values() for line in _events(issue)]
    found.sort(key=lambda pair: pair[1].id, reverse=True)
    return ctx.page(found, lambda pair: timeline_json(ctx.urls, *pair) | {"issue": issue_json(ctx.urls, pair[0])})


@route("GET", "/repos/{owner}/{repo}/issues/events/{event_id}", needs=READ)
async def get_event(ctx: Context) -> Answer:
    for issue in ctx.repo.issues.values():
        for line in _events(issue):
            if line.id == ctx.number("event_id"):
                return Answer(200, timeline_json(ctx.urls, issue, line) | {"issue": issue_json(ctx.urls, issue)})
    raise not_found()


@route("PUT", "/repos/{owner}/{repo}/issues/{issue_number}/lock", needs=WRITE, role="triage", body=Lock)
async def lock(ctx: Context, body: Lock) -> Answer:
    issue = living(ctx)
    if not issue.locked:
        issue.locked, issue.lock_reason = True, body.lock_reason
        note(ctx.hub, issue, ctx.caller, "locked", lock_reason=body.lock_reason)
        await announce_issue(ctx.hub, issue, "locked", ctx.actor)
    return Answer(204)


@route("DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/lock", needs=WRITE, role="triage")
async def unlock(ctx: Context) -> Answer:
    issue = living(ctx)
    if issue.locked:
        issue.locked, issue.lock_reason = False, None
        note(ctx.hub, issue, ctx.caller, "unlocked", lock_reason=None)
        await announce_issue(ctx.hub, issue, "unlocked", ctx.actor)
    return Answer(204)
