"""REST: who is on an issue, and who could be."""

from demo.hub.changes import set_assignees
from demo.hub.context import Context
from demo.hub.errors import not_found
from demo.hub.issues import READ, WRITE, assignable, living
from demo.hub.render import account_json, issue_json
from demo.hub.routing import Answer, Body, route

ON_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}/assignees"


class Assignees(Body):
    assignees: list[str]


@route("GET", "/repos/{owner}/{repo}/assignees", needs=READ)
async def list_assignable(ctx: Context) -> Answer:
    people = [ctx.world.accounts[login] for login in ctx.repo.collaborators]
    return ctx.page(people, lambda one: account_json(ctx.urls, one))


@route("GET", ON_ISSUE + "/{assignee}", needs=READ)
async def is_assignable(ctx: Context) -> Answer:
    if ctx.params["assignee"].lower() not in ctx.repo.collaborators:
        raise not_found()
    return Answer(204)


@route("POST", ON_ISSUE, needs=WRITE, role="triage", body=Assignees)
async def add(ctx: Context, body: Assignees) -> Answer:
    """Who cannot be assigned is left out silently, as GitHub does here (and only here)."""
    issue = living(ctx)
    known = [login for login in body.assignees if login.lower() in ctx.repo.collaborators]
    await set_assignees(ctx.hub, issue, ctx.caller, list(dict.fromkeys([*issue.assignees, *assignable(ctx, known)])))
    return Answer(201, issue_json(ctx.urls, issue))


@route("DELETE", ON_ISSUE, needs=WRITE, role="triage", body=Assignees)
async def remove(ctx: Context, body: Assignees) -> Answer:
    issue = living(ctx)
    leaving = {login.lower() for login in body.assignees}
    staying = [one for one in issue.assignees if one.login.lower() not in leaving]
    await set_assignees(ctx.hub, issue, ctx.caller, staying)
    return Answer(200, issue_json(ctx.urls, issue))
