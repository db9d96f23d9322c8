"""The world as GraphQL objects: what may be asked of a repository, an issue, a pull request, a thread.

A view is a mapping from field names to values or to functions of the field's arguments; asking for anything else is
refused as GitHub would refuse it.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from demo.hub.pull_changes import linked_issues
from demo.hub.pull_facts import facts_of
from demo.hub.render import association
from demo.hub.state import Account, Issue, Pull, Repository, Review, ReviewComment, ReviewThread, node_id, stamp

if TYPE_CHECKING:
    from demo.hub.hub import Hub

View = Mapping[str, Any]
Item = TypeVar("Item")

MERGEABLE = {True: "MERGEABLE", False: "CONFLICTING", None: "UNKNOWN"}


class Refusal(Exception):
    """One entry of the answer's `errors`."""

    def __init__(self, kind: str | None, message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message


def connection(items: Sequence[Item], show: Callable[[Item], View]) -> Callable[..., View]:
    """A paginated list: `first` or `last` is required and at most 100, cursors go on with `after`."""

    def page(
        first: int | None = None, last: int | None = None, after: str | None = None, before: str | None = None, **_: Any
    ) -> View:
        if first is None and last is None:
            raise Refusal("MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value to paginate.")
        size = first if first is not None else last or 0
        if not 0 <= size <= 100:
            raise Refusal("EXCESSIVE_PAGINATION", f"Requesting {size} records exceeds the limit of 100 records.")
        start, end = _offset(after, 0), _offset(before, len(items) + 1) - 1 if before else len(items)
        if first is not None:
            end = min(end, start + first)
        else:
            start = max(start, end - size)
        shown = items[start:end]
        return {
            "totalCount": len(items),
            "nodes": [show(one) for one in shown],
            "edges": [{"cursor": _cursor(start + n + 1), "node": show(one)} for n, one in enumerate(shown)],
            "pageInfo": {
                "hasNextPage": end < len(items),
                "hasPreviousPage": start > 0,
                "startCursor": _cursor(start + 1) if shown else None,
                "endCursor": _cursor(end) if shown else None,
            },
        }

    return page


def _cursor(number: int) -> str:
    return b64encode(f"cursor:{number}".encode()).decode()


def _offset(cursor: str | None, default: int) -> int:
    if cursor is None:
        return default
    try:
        return int(b64decode(cursor).decode().removeprefix("cursor:"))
    except ValueError:
        raise Refusal("INVALID_CURSOR_ARGUMENTS", f"`{cursor}` does not appear to be a valid cursor.") from None


def actor_view(hub: "Hub", account: Account) -> View:
    return {
        "__typename": account.type,
        "id": account.node,
        "databaseId": account.id,
        "login": account.login.removesuffix("[bot]"),
        "url": hub.urls.profile(account),
    }


def repository_view(hub: "Hub", repo: Repository) -> View:
    numbered = {issue.number: issue for issue in repo.issues.values() if not issue.deleted and not issue.moved_to}
    issues = [issue for issue in numbered.values() if issue.pull is None]

    def issue(number: int) -> View:
        found = numbered.get(number)
        if found is None or found.pull:
            raise Refusal("NOT_FOUND", f"Could not resolve to an Issue with the number of {number}.")
        return issue_view(hub, found)

    def pull(number: int) -> View:
        found = repo.pull(number)
        if found is None:
            raise Refusal("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
        return pull_view(hub, found)

    return {
        "__typename": "Repository",
        "id": node_id("R", repo.id),
        "databaseId": repo.id,
        "name": repo.name,
        "nameWithOwner": repo.full_name,
        "isPrivate": repo.private,
        "isArchived": repo.archived,
        "url": hub.urls.page(repo),
        "owner": lambda: actor_view(hub, repo.owner),
        "defaultBranchRef": {"name": repo.default_branch},
        "issue": issue,
        "pullRequest": pull,
        "issues": lambda states=None, **page: connection(
            [one for one in issues if states is None or one.state.upper() in states], lambda one: issue_view(hub, one)
        )(**page),
        "pullRequests": lambda states=None, **page: connection(
            [one for one in repo.pulls() if states is None or _state(one) in states], lambda one: pull_view(hub, one)
        )(**page),
    }


def _state(pull: Pull) -> str:
    return "MERGED" if pull.merged else pull.issue.state.upper()


def _common(hub: "Hub", issue: Issue) -> dict[str, Any]:
    return {
        "databaseId": issue.id,
        "number": issue.number,
        "title": issue.title,
        "body": issue.body or "",
        "url": hub.urls.issue_page(issue),
        "closed": issue.state == "closed",
        "createdAt": stamp(issue.created_at),
        "updatedAt": stamp(issue.updated_at),
        "closedAt": stamp(issue.closed_at) if issue.closed_at else None,
        "locked": issue.locked,
        "author": lambda: actor_view(hub, issue.user),
        "authorAssociation": association(issue.repo, issue.user),
        "repository": lambda: repository_view(hub, issue.repo),
        "labels": connection(issue.labels, lambda one: {"id": node_id("LA", one.id), "name": one.name}),
        "assignees": connection(issue.assignees, lambda one: actor_view(hub, one)),
    }


def issue_view(hub: "Hub", issue: Issue) -> View:
    closing = [pull for pull in issue.repo.pulls() if issue in linked_issues(pull)]

    def closed_by(includeClosedPrs: bool = False, **page: Any) -> View:
        shown = [pull for pull in closing if pull.open or pull.merged or includeClosedPrs]
        return connection(shown, lambda one: pull_view(hub, one))(**page)

    return _common(hub, issue) | {
        "__typename": "Issue",
        "id": node_id("I", issue.id),
        "state": issue.state.upper(),
        "stateReason": issue.state_reason.upper() if issue.state_reason else None,
        "parent": lambda: issue_view(hub, issue.parent) if issue.parent else None,
        "subIssues": connection(issue.sub_issues, lambda one: issue_view(hub, one)),
        "closedByPullRequestsReferences": closed_by,
    }


def pull_view(hub: "Hub", pull: Pull) -> View:
    async def mergeable() -> str:
        return MERGEABLE[(await facts_of(pull)).mergeable]

    async def merge_state() -> str:
        return (await facts_of(pull)).mergeable_state.upper()

    return _common(hub, pull.issue) | {
        "__typename": "PullRequest",
        "id": node_id("PR", pull.id),
        "databaseId": pull.id,
        "state": _state(pull),
        "isDraft": pull.draft,
        "merged": pull.merged,
        "mergedAt": stamp(pull.merged_at) if pull.merged_at else None,
        "mergeable": mergeable,
        "mergeStateStatus": merge_state,
        "headRefName": pull.head_ref,
        "headRefOid": pull.head_sha,
        "baseRefName": pull.base_ref,
        "baseRefOid": pull.base_sha,
        "reviews": connection(
            [one for one in pull.reviews if one.state != "PENDING"], lambda one: review_view(hub, pull, one)
        ),
        "reviewThreads": connection(pull.threads, lambda one: thread_view(hub, pull, one)),
        "closingIssuesReferences": connection(linked_issues(pull), lambda one: issue_view(hub, one)),
    }


def review_view(hub: "Hub", pull: Pull, review: Review) -> View:
    return {
        "__typename": "PullRequestReview",
        "id": node_id("PRR", review.id),
        "databaseId": review.id,
        "state": review.state,
        "body": review.body,
        "url": f"{hub.urls.issue_page(pull.issue)}#pullrequestreview-{review.id}",
        "submittedAt": stamp(review.submitted_at) if review.submitted_at else None,
        "author": lambda: actor_view(hub, review.user),
        "pullRequest": lambda: pull_view(hub, pull),
    }


def thread_view(hub: "Hub", pull: Pull, thread: ReviewThread) -> View:
    first = thread.comments[0]
    return {
        "__typename": "PullRequestReviewThread",
        "id": node_id("PRRT", thread.id),
        "isResolved": thread.resolved,
        "isCollapsed": thread.resolved,
        "isOutdated": thread.outdated,
        "path": first.path,
        "line": first.line,
        "startLine": first.start_line,
        "originalLine": first.original_line,
        "originalStartLine": first.original_start_line,
        "diffSide": first.side,
        "startDiffSide": first.start_side,
        "subjectType": first.subject_type.upper(),
        "resolvedBy": lambda: actor_view(hub, thread.resolved_by) if thread.resolved_by else None,
        "pullRequest": lambda: pull_view(hub, pull),
        "comments": connection(thread.comments, lambda one: comment_view(hub, pull, one)),
    }


def comment_view(hub: "Hub", pull: Pull, comment: ReviewComment) -> View:
    review = next((one for one in pull.reviews if one.id == comment.review_id), None)
    replied = next((one for one in pull.review_comments if one.id == comment.in_reply_to_id), None)
    return {
        "__typename": "PullRequestReviewComment",
        "id": node_id("PRRC", comment.id),
        "databaseId": comment.id,
        "body": comment.body,
        "path": comment.path,
        "line": comment.line,
        "startLine": comment.start_line,
        "originalLine": comment.original_line,
        "outdated": comment.line is None and comment.subject_type == "line",
        "state": "PENDING" if review is not None and review.state == "PENDING" else "SUBMITTED",
        "pullRequestReview": lambda: review_view(hub, pull, review) if review else None,
        "replyTo": lambda: comment_view(hub, pull, replied) if replied else None,
        "diffHunk": comment.diff_hunk,
        "createdAt": stamp(comment.created_at),
        "url": f"{hub.urls.issue_page(pull.issue)}#discussion_r{comment.id}",
        "author": lambda: actor_view(hub, comment.user),
        "pullRequest": lambda: pull_view(hub, pull),
    }
