"""Issues, comments, labels, reactions, timeline lines."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from demo.hub.render.installed import embedded_app_json
from demo.hub.render.people import account_json, association
from demo.hub.state import Comment, Issue, Label, Reaction, Repository, TimelineEvent, node_id, stamp
from demo.hub.urls import Urls

Json = dict[str, Any]

EMOJI = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def label_json(at: Urls, repo: Repository, label: Label) -> Json:
    return {
        "id": label.id,
        "node_id": node_id("LA", label.id),
        "url": at.repo(repo, f"/labels/{quote(label.name, safe='')}"),
        "name": label.name,
        "color": label.color,
        "default": label.default,
        "description": label.description,
        "archived_at": None,
        "archived_by": None,
    }


def reactions_json(url: str, reactions: Sequence[Reaction]) -> Json:
    """The roll-up that hangs on issues and comments; `url` is the thing's own."""
    counts = {emoji: sum(one.content == emoji for one in reactions) for emoji in EMOJI}
    return {"url": f"{url}/reactions", "total_count": len(reactions), **counts}


def reaction_json(at: Urls, reaction: Reaction) -> Json:
    return {
        "id": reaction.id,
        "node_id": node_id("REA", reaction.id),
        "user": account_json(at, reaction.user),
        "content": reaction.content,
        "created_at": stamp(reaction.created_at),
    }


def issue_json(at: Urls, issue: Issue, *, webhook: bool = False) -> Json:
    """GitHub's `issue`. `webhook=True` adds what payloads carry and REST leaves out."""
    api = at.issue(issue)
    assignees = [account_json(at, one) for one in issue.assignees]
    answer: Json = {
        "url": api,
        "repository_url": at.repo(issue.repo),
        "labels_url": f"{api}/labels{{/name}}",
        "comments_url": f"{api}/comments",
        "events_url": f"{api}/events",
        "html_url": at.issue_page(issue),
        "id": issue.id,
        "node_id": node_id("PR" if issue.pull else "I", issue.pull.id if issue.pull else issue.id),
        "number": issue.number,
        "title": issue.title,
        "user": account_json(at, issue.user),
        "labels": [label_json(at, issue.repo, label) for label in issue.labels],
        "state": issue.state,
        "locked": issue.locked,
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "milestone": None,
        "comments": len(issue.comments),
        "created_at": stamp(issue.created_at),
        "updated_at": stamp(issue.updated_at),
        "closed_at": stamp(issue.closed_at) if issue.closed_at else None,
        "author_association": association(issue.repo, issue.user),
        "active_lock_reason": issue.lock_reason,
        "body": issue.body,
        "closed_by": account_json(at, issue.closed_by) if issue.closed_by else None,
        "reactions": reactions_json(api, issue.reactions),
        "timeline_url": f"{api}/timeline",
        "performed_via_github_app": embedded_app_json(at, issue.app) if issue.app else None,
        "state_reason": issue.state_reason,
        **_relations(issue),
    }
    if webhook:
        del answer["closed_by"]
    if issue.pull:
        answer |= {"draft": issue.pull.draft, "pull_request": _pull_links(at, issue)}
    return answer


def _relations(issue: Issue) -> Json:
    done = sum(child.state == "closed" for child in issue.sub_issues)
    total = len(issue.sub_issues)
    return {
        "sub_issues_summary": {
            "total": total,
            "completed": done,
            "percent_completed": 100 * done // total if total else 0,
        },
        "issue_dependencies_summary": {
            "blocked_by": sum(one.state == "open" for one in issue.blocked_by),
            "blocking": sum(one.state == "open" for one in issue.blocking),
            "total_blocked_by": len(issue.blocked_by),
            "total_blocking": len(issue.blocking),
        },
    }


def _pull_links(at: Urls, issue: Issue) -> Json:
    page = at.issue_page(issue)
    merged_at = issue.pull.merged_at if issue.pull else None
    return {
        "url": at.repo(issue.repo, f"/pulls/{issue.number}"),
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "merged_at": stamp(merged_at) if merged_at else None,
    }


def comment_json(at: Urls, issue: Issue, comment: Comment) -> Json:
    url = at.repo(issue.repo, f"/issues/comments/{comment.id}")
    return {
        "url": url,
        "html_url": at.comment_page(issue, comment),
        "issue_url": at.issue(issue),
        "id": comment.id,
        "node_id": node_id("IC", comment.id),
        "user": account_json(at, comment.user),
        "created_at": stamp(comment.created_at),
        "updated_at": stamp(comment.updated_at),
        "author_association": association(issue.repo, comment.user),
        "body": comment.body,
        "reactions": reactions_json(url, comment.reactions),
        "performed_via_github_app": embedded_app_json(at, comment.app) if comment.app else None,
    }


def timeline_json(at: Urls, issue: Issue, line: TimelineEvent) -> Json:
    if line.comment is not None:
        actor = account_json(at, line.actor)
        return {"event": "commented", "actor": actor, **comment_json(at, issue, line.comment)}
    return {
        "id": line.id,
        "node_id": node_id("TE", line.id),
        "url": at.repo(issue.repo, f"/issues/events/{line.id}"),
        "actor": account_json(at, line.actor),
        "event": line.event,
        "commit_id": line.commit_id,
        "commit_url": at.repo(issue.repo, f"/commits/{line.commit_id}") if line.commit_id else None,
        "created_at": stamp(line.created_at),
        "performed_via_github_app": embedded_app_json(at, line.app) if line.app else None,
        **line.more,
    }
