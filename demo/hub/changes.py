"""What happens to issues: state, history line and webhook together, so that none can be forgotten.

Routes, pages and pull requests (which are issues too) all change issues through these functions.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from demo.hub.callers import Caller
from demo.hub.errors import too_long, validation
from demo.hub.render import account_json, comment_json, issue_json, label_json
from demo.hub.state import Account, Comment, Issue, Label, Repository, TimelineEvent

if TYPE_CHECKING:
    from demo.hub.hub import Hub

LONGEST_TITLE = 256
LONGEST_BODY = 65_536


def check_text(resource: str, *, title: str | None = None, body: str | None = None) -> None:
    """Raise the 422s for what is empty or too long."""
    if title is not None:
        if not title.strip():
            raise validation(resource, "title", "missing_field")
        if len(title) > LONGEST_TITLE:
            raise too_long(resource, "title", LONGEST_TITLE)
    if body is not None and len(body) > LONGEST_BODY:
        raise too_long(resource, "body", LONGEST_BODY)


async def announce_issue(
    hub: "Hub", issue: Issue, action: str, by: Account, more: Mapping[str, Any] | None = None
) -> None:
    """Send the `issues` event, or the `pull_request` event where the issue is a pull request."""
    extra = dict(more or {})
    if issue.pull is not None:
        await hub.announce_pull(hub, issue.pull, action, by, extra)
        return
    payload = {"action": action, "issue": issue_json(hub.urls, issue, webhook=True), **extra}
    hub.courier.announce("issues", payload, repo=issue.repo, sender=by)


def note(hub: "Hub", issue: Issue, by: Caller, event: str, **more: Any) -> TimelineEvent:
    """Write a line of history; the issue counts as updated."""
    comment = more.pop("comment", None)
    commit_id = more.pop("commit_id", None)
    now = hub.now()
    line = TimelineEvent(hub.world.new_id(), event, by.actor, now, by.app, commit_id, comment, more)
    issue.timeline.append(line)
    issue.updated_at = now
    return line


async def open_issue(
    hub: "Hub",
    repo: Repository,
    by: Caller,
    title: str,
    body: str | None = None,
    labels: Sequence[Label] = (),
    assignees: Sequence[Account] = (),
) -> Issue:
    """A new issue: `opened`, then `labeled` and `assigned` for what it was born with, as GitHub sends them."""
    check_text("Issue", title=title, body=body)
    now = hub.now()
    issue = Issue(hub.world.new_id(), repo.next_number(), repo, title, body, by.actor, now, now, app=by.app)
    repo.issues[issue.number] = issue
    issue.labels, issue.assignees = list(labels), list(assignees)
    await announce_issue(hub, issue, "opened", by.actor)
    for label in labels:
        await _labelled(hub, issue, by, label, "labeled")
    for person in assignees:
        await _assigned(hub, issue, by, person, "assigned")
    return issue


async def edit_issue(
    hub: "Hub", issue: Issue, by: Caller, *, title: str | None = None, body: str | None = None
) -> None:
    """`title` and `body` None: left alone. One `edited` event with what stood there before."""
    check_text("Issue", title=title, body=body)
    changes: dict[str, Any] = {}
    if title is not None and title != issue.title:
        changes["title"] = {"from": issue.title}
        note(hub, issue, by, "renamed", rename={"from": issue.title, "to": title})
        issue.title = title
    if body is not None and body != (issue.body or ""):
        changes["body"] = {"from": issue.body or ""}
        issue.body = body
    if changes:
        issue.updated_at = hub.now()
        await announce_issue(hub, issue, "edited", by.actor, {"changes": changes})


async def close_issue(
    hub: "Hub", issue: Issue, by: Caller, reason: str | None = "completed", commit_id: str | None = None
) -> None:
    """Closed already: nothing happens but a new reason."""
    if issue.state == "closed":
        issue.state_reason = reason or issue.state_reason
        return
    issue.state, issue.closed_at, issue.closed_by = "closed", hub.now(), by.actor
    issue.state_reason = None if issue.pull else reason
    note(hub, issue, by, "closed", commit_id=commit_id, state_reason=issue.state_reason)
    await announce_issue(hub, issue, "closed", by.actor)


async def reopen_issue(hub: "Hub", issue: Issue, by: Caller) -> None:
    if issue.state == "open":
        return
    issue.state, issue.closed_at, issue.closed_by = "open", None, None
    issue.state_reason = None if issue.pull else "reopened"
    note(hub, issue, by, "reopened", state_reason=issue.state_reason)
    await announce_issue(hub, issue, "reopened", by.actor)


async def add_label(hub: "Hub", issue: Issue, by: Caller, label: Label) -> None:
    """Set already: nothing happens, and no event."""
    if label not in issue.labels:
        issue.labels.append(label)
        await _labelled(hub, issue, by, label, "labeled")


async def remove_label(hub: "Hub", issue: Issue, by: Caller, label: Label) -> None:
    if label in issue.labels:
        issue.labels.remove(label)
        await _labelled(hub, issue, by, label, "unlabeled")


async def set_labels(hub: "Hub", issue: Issue, by: Caller, labels: Sequence[Label]) -> None:
    """Exactly these."""
    for label in [one for one in issue.labels if one not in labels]:
        await remove_label(hub, issue, by, label)
    for label in labels:
        await add_label(hub, issue, by, label)


async def set_assignees(hub: "Hub", issue: Issue, by: Caller, people: Sequence[Account]) -> None:
    """Exactly these."""
    for person in [one for one in issue.assignees if one not in people]:
        issue.assignees.remove(person)
        await _assigned(hub, issue, by, person, "unassigned")
    for person in people:
        if person not in issue.assignees:
            issue.assignees.append(person)
            await _assigned(hub, issue, by, person, "assigned")


def wanted_label(hub: "Hub", repo: Repository, name: str) -> Label:
    """The repository's label of this name; made on the spot where there is none, as GitHub does when one is set."""
    if not name.strip():
        raise validation("Label", "name", "missing_field")
    if len(name) > 50:
        raise too_long("Label", "name", 50)
    label = repo.labels.get(name.lower())
    if label is None:
        label = repo.labels[name.lower()] = Label(hub.world.new_id(), name)
    return label


async def add_comment(hub: "Hub", issue: Issue, by: Caller, body: str) -> Comment:
    check_text("IssueComment", body=body)
    if not body.strip():
        raise validation("IssueComment", "body", "missing_field", "body cannot be blank")
    now = hub.now()
    comment = Comment(hub.world.new_id(), issue.number, by.actor, body, now, now, by.app)
    issue.comments.append(comment)
    issue.repo.comments[comment.id] = comment
    note(hub, issue, by, "commented", comment=comment)
    announce_comment(hub, issue, comment, "created", by)
    return comment


async def edit_comment(hub: "Hub", issue: Issue, comment: Comment, by: Caller, body: str) -> None:
    check_text("IssueComment", body=body)
    before, comment.body, comment.updated_at = comment.body, body, hub.now()
    issue.updated_at = comment.updated_at
    announce_comment(hub, issue, comment, "edited", by, {"changes": {"body": {"from": before}}})


async def delete_comment(hub: "Hub", issue: Issue, comment: Comment, by: Caller) -> None:
    issue.comments.remove(comment)
    del issue.repo.comments[comment.id]
    issue.timeline = [line for line in issue.timeline if line.comment is not comment]
    announce_comment(hub, issue, comment, "deleted", by)


def announce_comment(
    hub: "Hub", issue: Issue, comment: Comment, action: str, by: Caller, more: Mapping[str, Any] | None = None
) -> None:
    payload = {
        "action": action,
        "issue": issue_json(hub.urls, issue, webhook=True),
        "comment": comment_json(hub.urls, issue, comment),
        **(more or {}),
    }
    hub.courier.announce("issue_comment", payload, repo=issue.repo, sender=by.actor)


async def _labelled(hub: "Hub", issue: Issue, by: Caller, label: Label, action: str) -> None:
    note(hub, issue, by, action, label={"name": label.name, "color": label.color})
    await announce_issue(hub, issue, action, by.actor, {"label": label_json(hub.urls, issue.repo, label)})


async def _assigned(hub: "Hub", issue: Issue, by: Caller, person: Account, action: str) -> None:
    face = account_json(hub.urls, person)
    note(hub, issue, by, action, assignee=face)
    await announce_issue(hub, issue, action, by.actor, {"assignee": face})
