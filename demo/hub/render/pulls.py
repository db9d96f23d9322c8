"""Pull requests, reviews and review comments.

The list, the single answer and the webhooks share one base; only the numbers that git must be asked for (`PullFacts`)
are missing from a list, exactly as on GitHub.
"""

from dataclasses import dataclass
from typing import Any

from demo.hub.render.issues import label_json, reactions_json
from demo.hub.render.people import account_json, association, team_json
from demo.hub.render.repos import merge_settings, repository_json
from demo.hub.state import AutoMerge, Pull, Repository, Review, ReviewComment, node_id, stamp
from demo.hub.urls import Urls

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PullFacts:
    """What git says about a pull request's head and base; `mergeable` is None for a closed one."""

    mergeable: bool | None
    mergeable_state: str
    commits: int
    additions: int
    deletions: int
    changed_files: int


def pull_json(at: Urls, pull: Pull, facts: PullFacts | None = None) -> Json:
    """GitHub's `pull-request-simple`; with `facts` its `pull-request`."""
    issue, repo = pull.issue, pull.issue.repo
    answer: Json = {
        **_addresses(at, pull),
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "number": issue.number,
        "state": issue.state,
        "locked": issue.locked,
        "active_lock_reason": issue.lock_reason,
        "title": issue.title,
        "user": account_json(at, issue.user),
        "body": issue.body,
        # Unlike an issue's labels, those of a pull request have no null here, says GitHub's description.
        "labels": [label_json(at, repo, label) | {"description": label.description or ""} for label in issue.labels],
        "milestone": None,
        "created_at": stamp(issue.created_at),
        "updated_at": stamp(issue.updated_at),
        "closed_at": stamp(issue.closed_at) if issue.closed_at else None,
        "merged_at": stamp(pull.merged_at) if pull.merged_at else None,
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": account_json(at, issue.assignees[0]) if issue.assignees else None,
        "assignees": [account_json(at, one) for one in issue.assignees],
        "requested_reviewers": [account_json(at, one) for one in pull.requested_reviewers],
        "requested_teams": [team_json(at, one) for one in pull.requested_teams],
        "draft": pull.draft,
        "head": _side_json(at, pull.head_repo, pull.head_ref, pull.head_sha),
        "base": _side_json(at, repo, pull.base_ref, pull.base_sha),
        "author_association": association(repo, issue.user),
        "auto_merge": _auto_merge_json(at, pull.auto_merge) if pull.auto_merge else None,
        "_links": _links(at, pull),
    }
    return answer | _full(at, pull, facts) if facts else answer


def _addresses(at: Urls, pull: Pull) -> Json:
    repo, number = pull.issue.repo, pull.number
    api, page = at.repo(repo, f"/pulls/{number}"), at.page(repo, f"/pull/{number}")
    return {
        "url": api,
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": at.issue(pull.issue),
        "commits_url": f"{api}/commits",
        "review_comments_url": f"{api}/comments",
        "review_comment_url": at.repo(repo, "/pulls/comments{/number}"),
        "comments_url": at.issue(pull.issue, "/comments"),
        "statuses_url": at.repo(repo, f"/statuses/{pull.head_sha}"),
    }


def _links(at: Urls, pull: Pull) -> Json:
    urls = _addresses(at, pull)
    names = {
        "self": "url",
        "html": "html_url",
        "issue": "issue_url",
        "comments": "comments_url",
        "review_comments": "review_comments_url",
        "review_comment": "review_comment_url",
        "commits": "commits_url",
        "statuses": "statuses_url",
    }
    return {name: {"href": urls[key]} for name, key in names.items()}


def _side_json(at: Urls, repo: Repository, ref: str, sha: str) -> Json:
    return {
        "label": f"{repo.owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": account_json(at, repo.owner),
        "repo": repository_json(at, repo) | merge_settings(repo),
    }


def _auto_merge_json(at: Urls, wish: AutoMerge) -> Json:
    return {
        "enabled_by": account_json(at, wish.enabled_by),
        "merge_method": wish.merge_method,
        "commit_title": wish.commit_title or "",
        "commit_message": wish.commit_message or "",
    }


def _full(at: Urls, pull: Pull, facts: PullFacts) -> Json:
    return {
        "merged": pull.merged,
        "mergeable": facts.mergeable,
        "rebaseable": facts.mergeable,
        "mergeable_state": facts.mergeable_state,
        "merged_by": account_json(at, pull.merged_by) if pull.merged_by else None,
        "comments": len(pull.issue.comments),
        "review_comments": len(pull.review_comments),
        "maintainer_can_modify": pull.maintainer_can_modify,
        "commits": facts.commits,
        "additions": facts.additions,
        "deletions": facts.deletions,
        "changed_files": facts.changed_files,
    }


def pull_minimal_json(at: Urls, pull: Pull) -> Json:
    """GitHub's `pull-request-minimal`: what check runs and suites carry."""
    head, base = pull.head_repo, pull.issue.repo
    return {
        "id": pull.id,
        "number": pull.number,
        "url": at.repo(base, f"/pulls/{pull.number}"),
        "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": _tiny_repo(at, head)},
        "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": _tiny_repo(at, base)},
    }


def _tiny_repo(at: Urls, repo: Repository) -> Json:
    return {"id": repo.id, "url": at.repo(repo), "name": repo.name}


def review_json(at: Urls, pull: Pull, review: Review, *, webhook: bool = False) -> Json:
    """GitHub's `pull-request-review`; webhooks spell the state in lower case."""
    page = f"{at.issue_page(pull.issue)}#pullrequestreview-{review.id}"
    api = at.repo(pull.issue.repo, f"/pulls/{pull.number}")
    answer: Json = {
        "id": review.id,
        "node_id": node_id("PRR", review.id),
        "user": account_json(at, review.user),
        "body": review.body or (None if webhook else ""),
        "state": review.state.lower() if webhook else review.state,
        "html_url": page,
        "pull_request_url": api,
        "author_association": association(pull.issue.repo, review.user),
        "_links": {"html": {"href": page}, "pull_request": {"href": api}},
        "commit_id": review.commit_id,
    }
    if review.submitted_at is not None:
        answer["submitted_at"] = stamp(review.submitted_at)
    elif webhook:
        answer["submitted_at"] = None
    if webhook:
        answer["updated_at"] = answer["submitted_at"]
    return answer


def review_comment_json(at: Urls, pull: Pull, comment: ReviewComment, *, webhook: bool = False) -> Json:
    """GitHub's `pull-request-review-comment`."""
    repo = pull.issue.repo
    url, api = at.repo(repo, f"/pulls/comments/{comment.id}"), at.repo(repo, f"/pulls/{pull.number}")
    page = f"{at.issue_page(pull.issue)}#discussion_r{comment.id}"
    answer: Json = {
        "url": url,
        "pull_request_review_id": comment.review_id,
        "id": comment.id,
        "node_id": node_id("PRRC", comment.id),
        "diff_hunk": comment.diff_hunk,
        "path": comment.path,
        "commit_id": comment.commit_id,
        "original_commit_id": comment.original_commit_id,
        "user": account_json(at, comment.user),
        "body": comment.body,
        "created_at": stamp(comment.created_at),
        "updated_at": stamp(comment.updated_at),
        "html_url": page,
        "pull_request_url": api,
        "author_association": association(repo, comment.user),
        "_links": {"self": {"href": url}, "html": {"href": page}, "pull_request": {"href": api}},
        "reactions": reactions_json(url, comment.reactions),
        **_place(comment, webhook=webhook),
    }
    if comment.in_reply_to_id is not None:
        answer["in_reply_to_id"] = comment.in_reply_to_id
    return answer


def _place(comment: ReviewComment, *, webhook: bool) -> Json:
    # Of an outdated comment GitHub sends `line` and `position` as null, which its own description allows to webhooks
    # and forbids to REST; leaving them out there is what readers of both understand.
    now = {"line": comment.line, "position": comment.position}
    return {name: number for name, number in now.items() if webhook or number is not None} | {
        "original_line": comment.original_line,
        "start_line": comment.start_line,
        "original_start_line": comment.original_start_line,
        "side": comment.side,
        "start_side": comment.start_side,
        "original_position": comment.original_position,
        "subject_type": comment.subject_type,
    }


def reviewers_json(at: Urls, pull: Pull) -> Json:
    """GitHub's `pull-request-review-request`."""
    return {
        "users": [account_json(at, one) for one in pull.requested_reviewers],
        "teams": [team_json(at, one) for one in pull.requested_teams],
    }
