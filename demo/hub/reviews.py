"""REST: reviews and review comments. Thin over `review_changes`."""

from typing import Literal

import msgspec

from demo.hub.changes import LONGEST_BODY
from demo.hub.context import Context
from demo.hub.errors import GitHubError, forbidden, not_found
from demo.hub.pull_facts import files_of
from demo.hub.render.pulls import review_comment_json, review_json
from demo.hub.review_changes import Verdict, dismiss, edit_review, new_comment, new_review, submit
from demo.hub.review_comments import reviewed_commit
from demo.hub.review_places import Remark, Side, located
from demo.hub.routing import Answer, Body, route
from demo.hub.state import Pull, Review

READ = {"pull_requests": "read"}
WRITE = {"pull_requests": "write"}

Event = Literal["APPROVE", "REQUEST_CHANGES", "COMMENT"]
_VERDICTS: dict[str, Verdict] = {
    "APPROVE": "APPROVED",
    "REQUEST_CHANGES": "CHANGES_REQUESTED",
    "COMMENT": "COMMENTED",
}


class DraftComment(Body):
    path: str
    body: str
    position: int | None = None
    line: int | None = None
    side: Side = "RIGHT"
    start_line: int | None = None
    start_side: Side | None = None


class NewReview(Body):
    commit_id: str | None = None
    body: str | None = None
    event: Event | None = None
    comments: list[DraftComment] = msgspec.field(default_factory=list)


class Submission(Body):
    event: Event
    body: str | None = None


class Text(Body):
    body: str


class Dismissal(Body):
    message: str
    event: Literal["DISMISS"] = "DISMISS"


def _review(ctx: Context) -> Review:
    """The review of the path; a pending one is there for its author only."""
    wanted = ctx.number("review_id")
    found = next((one for one in ctx.pull().reviews if one.id == wanted), None)
    if found is None or (found.state == "PENDING" and found.user is not ctx.caller.account):
        raise not_found()
    return found


def _refuse_own(ctx: Context, pull: Pull, event: Event | None) -> None:
    words = {"APPROVE": "approve", "REQUEST_CHANGES": "request changes on"}
    if event in words and pull.issue.user is ctx.actor:
        raise GitHubError(422, "Unprocessable Entity", [f"Can not {words[event]} your own pull request"])


def _refuse_empty(event: Event | None, body: str | None, *, comments: bool) -> None:
    needs_words = event == "REQUEST_CHANGES" or (event == "COMMENT" and not comments)
    if needs_words and not (body or "").strip():
        raise GitHubError(422, "Unprocessable Entity", ["Body can't be blank"])


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews", needs=READ)
async def listed(ctx: Context) -> Answer:
    """Oldest first; pending reviews are their author's own business."""
    pull = ctx.pull()
    visible = [one for one in pull.reviews if one.state != "PENDING" or one.user is ctx.caller.account]
    return ctx.page(visible, lambda one: review_json(ctx.urls, pull, one))


@route("POST", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews", needs=WRITE, body=NewReview, content=True)
async def create(ctx: Context, body: NewReview) -> Answer:
    """Without `event` it stays pending. One comment that the diff does not show refuses the whole review."""
    pull = ctx.pull()
    _refuse_own(ctx, pull, body.event)
    _refuse_empty(body.event, body.body, comments=bool(body.comments))
    if any(len(text) > LONGEST_BODY for text in (body.body or "", *(one.body for one in body.comments))):
        raise GitHubError(422, "Unprocessable Entity", [f"Body is too long (maximum is {LONGEST_BODY} characters)"])
    if any(one.state == "PENDING" and one.user is ctx.actor for one in pull.reviews):
        raise GitHubError(422, "Unprocessable Entity", ["User can only have one pending review per pull request"])
    commit_id = await reviewed_commit(ctx, pull, body.commit_id)
    remarks = [Remark(**msgspec.structs.asdict(one)) for one in body.comments]
    files = await files_of(pull) if remarks else []
    spots = [located(files, remark) for remark in remarks]
    review = new_review(ctx.hub, pull, ctx.caller, body.body or "", commit_id)
    for remark, place in zip(remarks, spots, strict=True):
        new_comment(ctx.hub, pull, ctx.caller, review, remark, place)
    if body.event is not None:
        submit(ctx.hub, pull, review, ctx.caller, _VERDICTS[body.event])
    return Answer(200, review_json(ctx.urls, pull, review))


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}", needs=READ)
async def get(ctx: Context) -> Answer:
    return Answer(200, review_json(ctx.urls, ctx.pull(), _review(ctx)))


@route("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}", needs=WRITE, body=Text)
async def update(ctx: Context, body: Text) -> Answer:
    review, pull = _review(ctx), ctx.pull()
    if review.user is not ctx.actor:
        raise forbidden("Must be the author of the review.")
    edit_review(ctx.hub, pull, review, ctx.caller, body.body)
    return Answer(200, review_json(ctx.urls, pull, review))


@route("DELETE", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}", needs=WRITE)
async def remove_pending(ctx: Context) -> Answer:
    review, pull = _review(ctx), ctx.pull()
    if review.state != "PENDING":
        raise GitHubError(422, "Unprocessable Entity", ["Can not delete a non-pending pull request review"])
    pull.reviews.remove(review)
    pull.review_comments = [one for one in pull.review_comments if one.review_id != review.id]
    pull.threads = [one for one in pull.threads if one.comments[0].review_id != review.id]
    return Answer(200, review_json(ctx.urls, pull, review))


@route(
    "POST", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/events",
    needs=WRITE, body=Submission,
)  # fmt: skip
async def submit_pending(ctx: Context, body: Submission) -> Answer:
    review, pull = _review(ctx), ctx.pull()
    if review.state != "PENDING":
        raise GitHubError(422, "Unprocessable Entity", ["The review has been submitted already"])
    _refuse_own(ctx, pull, body.event)
    review.body = body.body if body.body is not None else review.body
    has_comments = any(one.review_id == review.id for one in pull.review_comments)
    _refuse_empty(body.event, review.body, comments=has_comments)
    submit(ctx.hub, pull, review, ctx.caller, _VERDICTS[body.event])
    return Answer(200, review_json(ctx.urls, pull, review))


@route(
    "PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/dismissals",
    needs=WRITE, role="write", body=Dismissal,
)  # fmt: skip
async def dismissal(ctx: Context, body: Dismissal) -> Answer:
    review, pull = _review(ctx), ctx.pull()
    if review.state not in ("APPROVED", "CHANGES_REQUESTED"):
        raise GitHubError(422, "Unprocessable Entity", ["Can not dismiss a commented pull request review"])
    dismiss(ctx.hub, pull, review, ctx.caller, body.message)
    return Answer(200, review_json(ctx.urls, pull, review))


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/comments", needs=READ)
async def comments_of_review(ctx: Context) -> Answer:
    review, pull = _review(ctx), ctx.pull()
    found = [one for one in pull.review_comments if one.review_id == review.id]
    return ctx.page(found, lambda one: review_comment_json(ctx.urls, pull, one))
