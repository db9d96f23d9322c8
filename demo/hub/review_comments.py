"""REST: inline comments of pull requests and the answers to them. Thin over `review_changes`."""

from typing import Literal

from demo.hub import gitstore
from demo.hub.changes import check_text
from demo.hub.context import Context
from demo.hub.errors import forbidden, not_found, unprocessable, validation
from demo.hub.pull_facts import files_of, git_of
from demo.hub.reactions import NewReaction, list_of, react, take_back
from demo.hub.render.pulls import review_comment_json
from demo.hub.review_changes import delete_comment, edit_comment, new_comment, new_review, reply, submit
from demo.hub.review_places import Remark, Side, located
from demo.hub.routing import Answer, Body, route
from demo.hub.state import Pull, ReviewComment, role_rank

READ = {"pull_requests": "read"}
WRITE = {"pull_requests": "write"}


class Text(Body):
    body: str


class NewComment(Body):
    body: str
    commit_id: str | None = None
    path: str | None = None
    position: int | None = None
    line: int | None = None
    side: Side = "RIGHT"
    start_line: int | None = None
    start_side: Side | Literal["side"] | None = None
    in_reply_to: int | None = None
    subject_type: Literal["line", "file"] = "line"


def _comment(ctx: Context) -> tuple[Pull, ReviewComment]:
    wanted = ctx.number("comment_id")
    for pull in ctx.repo.pulls():
        for comment in pull.review_comments:
            if comment.id == wanted:
                return pull, comment
    raise not_found()


async def reviewed_commit(ctx: Context, pull: Pull, commit_id: str | None) -> str:
    """The commit that a review is about: the head unless named. Raises 422 for one that is not there."""
    if commit_id is None:
        return pull.head_sha
    if not gitstore.is_sha(commit_id) or await gitstore.object_kind(git_of(ctx.repo), commit_id) != "commit":
        raise unprocessable(f"No commit found for SHA: {commit_id}")
    return commit_id


def _published(pull: Pull) -> list[ReviewComment]:
    pending = {one.id for one in pull.reviews if one.state == "PENDING"}
    return [one for one in pull.review_comments if one.review_id not in pending]


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/comments", needs=READ)
async def comments(ctx: Context) -> Answer:
    pull = ctx.pull()
    return ctx.page(_published(pull), lambda one: review_comment_json(ctx.urls, pull, one))


@route("GET", "/repos/{owner}/{repo}/pulls/comments", needs=READ)
async def all_comments(ctx: Context) -> Answer:
    rows = [(pull, one) for pull in ctx.repo.pulls() for one in _published(pull)]
    return ctx.page(rows, lambda row: review_comment_json(ctx.urls, *row))


@route(
    "POST", "/repos/{owner}/{repo}/pulls/{pull_number}/comments",
    needs=WRITE, body=NewComment, content=True,
)  # fmt: skip
async def comment(ctx: Context, body: NewComment) -> Answer:
    """One inline comment at once: a review of its own around it, as on GitHub. With `in_reply_to`: an answer."""
    pull = ctx.pull()
    check_text("PullRequestReviewComment", body=body.body)
    if body.in_reply_to is not None:
        return _answered(ctx, pull, body.in_reply_to, body.body)
    if body.path is None or body.commit_id is None:
        raise validation("PullRequestReviewComment", "path" if body.path is None else "commit_id", "missing_field")
    if body.line is None and body.position is None and body.subject_type == "line":
        raise validation("PullRequestReviewComment", "line", "missing_field")
    commit_id = await reviewed_commit(ctx, pull, body.commit_id)
    start_side: Side | None = None if body.start_side in (None, "side") else body.start_side  # type: ignore[assignment]
    remark = Remark(body.path, body.body, body.line, body.side, body.start_line, start_side, body.position)
    place = located(await files_of(pull), remark)
    review = new_review(ctx.hub, pull, ctx.caller, "", commit_id)
    made = new_comment(ctx.hub, pull, ctx.caller, review, remark, place)
    submit(ctx.hub, pull, review, ctx.caller, "COMMENTED")
    return _made(ctx, pull, made)


def _made(ctx: Context, pull: Pull, made: ReviewComment) -> Answer:
    answer = review_comment_json(ctx.urls, pull, made)
    return Answer(201, answer, {"Location": str(answer["url"])})


def _answered(ctx: Context, pull: Pull, to: int, body: str) -> Answer:
    first = next((one for one in pull.review_comments if one.id == to), None)
    if first is None:
        raise not_found()
    if first.in_reply_to_id is not None:
        raise unprocessable("Replies to replies are not supported; answer the first comment of the thread.")
    return _made(ctx, pull, reply(ctx.hub, pull, ctx.caller, first, body))


@route(
    "POST", "/repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies",
    needs=WRITE, body=Text, content=True,
)  # fmt: skip
async def reply_to(ctx: Context, body: Text) -> Answer:
    check_text("PullRequestReviewComment", body=body.body)
    return _answered(ctx, ctx.pull(), ctx.number("comment_id"), body.body)


@route("GET", "/repos/{owner}/{repo}/pulls/comments/{comment_id}", needs=READ)
async def get_comment(ctx: Context) -> Answer:
    return Answer(200, review_comment_json(ctx.urls, *_comment(ctx)))


@route("PATCH", "/repos/{owner}/{repo}/pulls/comments/{comment_id}", needs=WRITE, body=Text)
async def update_comment(ctx: Context, body: Text) -> Answer:
    pull, found = _own_comment(ctx)
    check_text("PullRequestReviewComment", body=body.body)
    edit_comment(ctx.hub, pull, found, ctx.caller, body.body)
    return Answer(200, review_comment_json(ctx.urls, pull, found))


@route("DELETE", "/repos/{owner}/{repo}/pulls/comments/{comment_id}", needs=WRITE)
async def remove_comment(ctx: Context) -> Answer:
    pull, found = _own_comment(ctx)
    delete_comment(ctx.hub, pull, found, ctx.caller)
    return Answer(204)


def _own_comment(ctx: Context) -> tuple[Pull, ReviewComment]:
    """Apps act by permission; people change their own comments, and others' from `write` on."""
    pull, found = _comment(ctx)
    allowed = ctx.caller.kind == "installation" or found.user is ctx.actor
    if not allowed and role_rank(ctx.caller.role_on(ctx.repo)) < role_rank("write"):
        raise forbidden("Must have write rights to Repository.")
    return pull, found


ON_COMMENT = "/repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions"


@route("GET", ON_COMMENT, needs=READ)
async def reactions(ctx: Context) -> Answer:
    return list_of(ctx, _comment(ctx)[1].reactions)


@route("POST", ON_COMMENT, needs=WRITE, body=NewReaction, content=True)
async def react_to(ctx: Context, body: NewReaction) -> Answer:
    return react(ctx, _comment(ctx)[1].reactions, body.content)


@route("DELETE", ON_COMMENT + "/{reaction_id}", needs=WRITE)
async def take_back_reaction(ctx: Context) -> Answer:
    return take_back(ctx, _comment(ctx)[1].reactions)
