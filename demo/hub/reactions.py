"""REST: emoji. The cheapest acknowledgement there is, and idempotent: 201 when new, 200 when there already."""

from typing import Literal

from demo.hub.context import Context
from demo.hub.errors import forbidden, not_found
from demo.hub.issues import READ, WRITE, living
from demo.hub.render import reaction_json
from demo.hub.routing import Answer, Body, route
from demo.hub.state import Comment, Reaction

ON_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}/reactions"
ON_COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions"


class NewReaction(Body):
    content: Literal["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"]


def react(ctx: Context, reactions: list[Reaction], content: str) -> Answer:
    """Add to the list of whatever is reacted to; also for review comments."""
    for one in reactions:
        if one.user is ctx.actor and one.content == content:
            return Answer(200, reaction_json(ctx.urls, one))
    made = Reaction(ctx.world.new_id(), ctx.actor, content, ctx.hub.now())
    reactions.append(made)
    return Answer(201, reaction_json(ctx.urls, made))


def take_back(ctx: Context, reactions: list[Reaction]) -> Answer:
    """Only one's own."""
    found = next((one for one in reactions if one.id == ctx.number("reaction_id")), None)
    if found is None:
        raise not_found()
    if found.user is not ctx.actor:
        raise forbidden("You cannot delete a reaction of somebody else.")
    reactions.remove(found)
    return Answer(204)


def list_of(ctx: Context, reactions: list[Reaction]) -> Answer:
    wanted = ctx.query.get("content")
    found = [one for one in reactions if wanted in (None, one.content)]
    return ctx.page(found, lambda one: reaction_json(ctx.urls, one))


def _comment(ctx: Context) -> Comment:
    comment = ctx.repo.comments.get(ctx.number("comment_id"))
    if comment is None:
        raise not_found()
    return comment


@route("GET", ON_ISSUE, needs=READ)
async def list_on_issue(ctx: Context) -> Answer:
    return list_of(ctx, living(ctx).reactions)


@route("POST", ON_ISSUE, needs=WRITE, body=NewReaction, content=True)
async def react_to_issue(ctx: Context, body: NewReaction) -> Answer:
    return react(ctx, living(ctx).reactions, body.content)


@route("DELETE", ON_ISSUE + "/{reaction_id}", needs=WRITE)
async def take_back_from_issue(ctx: Context) -> Answer:
    return take_back(ctx, living(ctx).reactions)


@route("GET", ON_COMMENT, needs=READ)
async def list_on_comment(ctx: Context) -> Answer:
    return list_of(ctx, _comment(ctx).reactions)


@route("POST", ON_COMMENT, needs=WRITE, body=NewReaction, content=True)
async def react_to_comment(ctx: Context, body: NewReaction) -> Answer:
    return react(ctx, _comment(ctx).reactions, body.content)


@route("DELETE", ON_COMMENT + "/{reaction_id}", needs=WRITE)
async def take_back_from_comment(ctx: Context) -> Answer:
    return take_back(ctx, _comment(ctx).reactions)
