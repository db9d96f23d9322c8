"""What happens to reviews, review comments and their threads: state and webhook together."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from demo.hub.callers import Caller
from demo.hub.changes import note
from demo.hub.render.pulls import pull_json, review_comment_json, review_json
from demo.hub.review_places import Place, Remark
from demo.hub.state import Pull, Review, ReviewComment, ReviewThread, node_id

if TYPE_CHECKING:
    from demo.hub.hub import Hub

Verdict = Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED"]


def new_comment(
    hub: "Hub", pull: Pull, by: Caller, review: Review, remark: Remark, place: Place | None
) -> ReviewComment:
    """A comment that begins a thread; it is announced when its review is submitted."""
    now = hub.now()
    comment = ReviewComment(
        id=hub.world.new_id(),
        review_id=review.id,
        user=by.actor,
        body=remark.body,
        path=remark.path,
        commit_id=review.commit_id,
        original_commit_id=review.commit_id,
        diff_hunk=place.hunk if place else "",
        created_at=now,
        updated_at=now,
        line=place.line if place else None,
        start_line=remark.start_line,
        original_line=place.line if place else None,
        original_start_line=remark.start_line,
        original_position=place.position if place else None,
        side=remark.side,
        start_side=remark.start_side or (remark.side if remark.start_line else None),
        position=place.position if place else None,
        subject_type="line" if place else "file",
        app=by.app,
    )
    pull.review_comments.append(comment)
    pull.threads.append(ReviewThread(hub.world.new_id(), [comment]))
    return comment


def reply(hub: "Hub", pull: Pull, by: Caller, to: ReviewComment, body: str) -> ReviewComment:
    """An answer in the thread of `to`; GitHub makes a small review around it."""
    review = new_review(hub, pull, by, "", pull.head_sha)
    review.state, review.submitted_at = "COMMENTED", hub.now()
    thread = next(one for one in pull.threads if to in one.comments)
    first, now = thread.comments[0], hub.now()
    comment = ReviewComment(
        id=hub.world.new_id(),
        review_id=review.id,
        user=by.actor,
        body=body,
        path=first.path,
        commit_id=first.commit_id,
        original_commit_id=first.original_commit_id,
        diff_hunk=first.diff_hunk,
        created_at=now,
        updated_at=now,
        line=first.line,
        start_line=first.start_line,
        original_line=first.original_line,
        original_start_line=first.original_start_line,
        original_position=first.original_position,
        side=first.side,
        start_side=first.start_side,
        position=first.position,
        in_reply_to_id=first.id,
        subject_type=first.subject_type,
        app=by.app,
    )
    thread.comments.append(comment)
    pull.review_comments.append(comment)
    announce_review(hub, pull, review, "submitted", by)
    announce_comment(hub, pull, comment, "created", by)
    return comment


def new_review(hub: "Hub", pull: Pull, by: Caller, body: str, commit_id: str) -> Review:
    """A pending review: only its author sees it, nobody is told."""
    review = Review(hub.world.new_id(), by.actor, body, "PENDING", commit_id, None, by.app)
    pull.reviews.append(review)
    return review


def submit(hub: "Hub", pull: Pull, review: Review, by: Caller, verdict: Verdict) -> None:
    """The review and its comments become visible: `submitted`, then `created` for each comment."""
    review.state, review.submitted_at = verdict, hub.now()
    if by.actor in pull.requested_reviewers:
        pull.requested_reviewers.remove(by.actor)
    note(hub, pull.issue, by, "reviewed", state=verdict.lower(), body=review.body)
    announce_review(hub, pull, review, "submitted", by)
    for comment in pull.review_comments:
        if comment.review_id == review.id:
            announce_comment(hub, pull, comment, "created", by)


def dismiss(hub: "Hub", pull: Pull, review: Review, by: Caller, message: str) -> None:
    review.state = "DISMISSED"
    note(
        hub, pull.issue, by, "review_dismissed", dismissed_review={"review_id": review.id, "dismissal_message": message}
    )
    announce_review(hub, pull, review, "dismissed", by)


def edit_review(hub: "Hub", pull: Pull, review: Review, by: Caller, body: str) -> None:
    before, review.body = review.body, body
    announce_review(hub, pull, review, "edited", by, {"changes": {"body": {"from": before}}})


def edit_comment(hub: "Hub", pull: Pull, comment: ReviewComment, by: Caller, body: str) -> None:
    before, comment.body, comment.updated_at = comment.body, body, hub.now()
    announce_comment(hub, pull, comment, "edited", by, {"changes": {"body": {"from": before}}})


def delete_comment(hub: "Hub", pull: Pull, comment: ReviewComment, by: Caller) -> None:
    pull.review_comments.remove(comment)
    for thread in pull.threads:
        if comment in thread.comments:
            thread.comments.remove(comment)
    pull.threads = [thread for thread in pull.threads if thread.comments]
    announce_comment(hub, pull, comment, "deleted", by)


def resolve(hub: "Hub", pull: Pull, thread: ReviewThread, by: Caller, *, resolved: bool) -> None:
    """Fold a thread away or open it again; nothing where it is so already."""
    if thread.resolved == resolved:
        return
    thread.resolved, thread.resolved_by = resolved, by.actor if resolved else None
    comments = [review_comment_json(hub.urls, pull, one, webhook=True) for one in thread.comments]
    payload = {
        "action": "resolved" if resolved else "unresolved",
        "pull_request": pull_json(hub.urls, pull),
        "thread": {"node_id": node_id("PRRT", thread.id), "comments": comments},
    }
    hub.courier.announce("pull_request_review_thread", payload, repo=pull.issue.repo, sender=by.actor)


def announce_review(
    hub: "Hub", pull: Pull, review: Review, action: str, by: Caller, more: Mapping[str, Any] | None = None
) -> None:
    payload = {
        "action": action,
        "review": review_json(hub.urls, pull, review, webhook=True),
        "pull_request": pull_json(hub.urls, pull),
        **(more or {}),
    }
    hub.courier.announce("pull_request_review", payload, repo=pull.issue.repo, sender=by.actor)


def announce_comment(
    hub: "Hub", pull: Pull, comment: ReviewComment, action: str, by: Caller, more: Mapping[str, Any] | None = None
) -> None:
    payload = {
        "action": action,
        "comment": review_comment_json(hub.urls, pull, comment, webhook=True),
        "pull_request": pull_json(hub.urls, pull),
        **(more or {}),
    }
    hub.courier.announce("pull_request_review_comment", payload, repo=pull.issue.repo, sender=by.actor)
