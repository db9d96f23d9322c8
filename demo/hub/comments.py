"""REST: issue comments (pull requests have them too)."""

from datetime import datetime

from demo.hub.changes import add_comment, delete_comment, edit_comment
from demo.hub.context import Context
from demo.hub.errors import forbidden, not_found
from demo.hub.issues import READ, WRITE, living
from demo.hub.render import comment_json
from demo.hub.routing import Answer, Body, route
from demo.hub.state import Comment, Issue, role_rank

ONE = "/repos/{owner}/{repo}/issues/comments/{comment_id}"
ON_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}/comments"


class CommentText(Body):
    body: str


def _comment(ctx: Context) -> tuple[Issue, Comment]:
    comment = ctx.repo.comments.get(ctx.number("comment_id"))
    if comment is None:
        raise not_found()
    return ctx.repo.issues[comment.number], comment


def _may_change(ctx: Context, comment: Comment) -> None:
    """The author, and people with write; an App only what it wrote itself."""
    if comment.user is ctx.actor or role_rank(ctx.caller.role_on(ctx.repo)) >= role_rank("write"):
        return
    raise forbidden("You do not have permission to edit this comment.")


def _since(ctx: Context, comments: list[Comment]) -> list[Comment]:
    since = ctx.query.get("since")
    return [one for one in comments if since is None or one.updated_at >= datetime.fromisoformat(since)]


@route("GET", ON_ISSUE, needs=READ)
async def list_comments(ctx: Context) -> Answer:
    issue = living(ctx)
    return ctx.page(_since(ctx, issue.comments), lambda one: comment_json(ctx.urls, issue, one))


@route("GET", "/repos/{owner}/{repo}/issues/comments", needs=READ)
async def list_all(ctx: Context) -> Answer:
    """Of the whole repository: how a sweep finds commands whose delivery was lost."""
    key = "updated_at" if ctx.query.get("sort") == "updated" else "created_at"
    found = _since(ctx, list(ctx.repo.comments.values()))
    found.sort(key=lambda one: (getattr(one, key), one.id), reverse=ctx.query.get("direction", "asc") == "desc")
    return ctx.page(found, lambda one: comment_json(ctx.urls, ctx.repo.issues[one.number], one))


@route("POST", ON_ISSUE, needs=WRITE, body=CommentText, content=True)
async def create_comment(ctx: Context, body: CommentText) -> Answer:
    issue = living(ctx)
    if issue.locked and ctx.caller.kind == "user" and role_rank(ctx.caller.role_on(ctx.repo)) < role_rank("write"):
        raise forbidden("Unable to create comment because issue is locked.")
    comment = await add_comment(ctx.hub, issue, ctx.caller, body.body)
    answer = comment_json(ctx.urls, issue, comment)
    return Answer(201, answer, {"Location": answer["url"]})


@route("GET", ONE, needs=READ)
async def get_comment(ctx: Context) -> Answer:
    issue, comment = _comment(ctx)
    return Answer(200, comment_json(ctx.urls, issue, comment))


@route("PATCH", ONE, needs=WRITE, body=CommentText, content=True)
async def update_comment(ctx: Context, body: CommentText) -> Answer:
    issue, comment = _comment(ctx)
    _may_change(ctx, comment)
    await edit_comment(ctx.hub, issue, comment, ctx.caller, body.body)
    return Answer(200, comment_json(ctx.urls, issue, comment))


@route("DELETE", ONE, needs=WRITE)
async def remove_comment(ctx: Context) -> Answer:
    issue, comment = _comment(ctx)
    _may_change(ctx, comment)
    await delete_comment(ctx.hub, issue, comment, ctx.caller)
    return Answer(204)
