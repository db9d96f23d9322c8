"""What happens to pull requests: state, history line, git ref and webhook together.

A pull request is an issue (`changes` edits, closes and labels both); here stands what only a pull request does: follow
its branch, become ready or a draft, and be merged.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from demo.hub import gitstore
from demo.hub.callers import Caller
from demo.hub.changes import close_issue, note
from demo.hub.following import follow_threads
from demo.hub.gitstore import ZERO_SHA
from demo.hub.pull_facts import base_tip, facts_of, git_of
from demo.hub.render import account_json, issue_json
from demo.hub.render.people import team_json
from demo.hub.render.pulls import pull_json
from demo.hub.state import Account, Issue, Pull, Repository, Team, stamp

if TYPE_CHECKING:
    from demo.hub.hub import Hub

_CLOSES = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b:?\s+(?:(?P<repo>[\w.-]+/[\w.-]+))?#(?P<number>\d+)\b", re.IGNORECASE
)
_MENTIONS = re.compile(r"(?<![\w/])#(\d+)\b")


async def announce_pull(
    hub: "Hub", pull: Pull, action: str, by: Account, more: Mapping[str, Any] | None = None
) -> None:
    """Send the `pull_request` event."""
    payload = {
        "action": action,
        "number": pull.number,
        "pull_request": pull_json(hub.urls, pull, await facts_of(pull)),
        **(more or {}),
    }
    hub.courier.announce("pull_request", payload, repo=pull.issue.repo, sender=by)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a new pull request asks for; names and shas are known to exist."""

    title: str
    body: str | None
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    draft: bool
    maintainer_can_modify: bool


async def open_pull(hub: "Hub", repo: Repository, by: Caller, wanted: Proposal) -> Pull:
    """A new pull request: `opened`. The caller has checked that GitHub would allow it, without a wait in between."""
    now, number = hub.now(), repo.next_number()
    issue = Issue(hub.world.new_id(), number, repo, wanted.title, wanted.body, by.actor, now, now, app=by.app)
    pull = issue.pull = Pull(
        id=hub.world.new_id(),
        issue=issue,
        head_repo=repo,
        head_ref=wanted.head_ref,
        head_sha=wanted.head_sha,
        base_ref=wanted.base_ref,
        base_sha=wanted.base_sha,
        draft=wanted.draft,
        maintainer_can_modify=wanted.maintainer_can_modify,
    )
    repo.issues[number] = issue
    await _keep_head_ref(pull, None)
    cross_reference(hub, issue, by, wanted.body or "")
    await announce_pull(hub, pull, "opened", by.actor)
    return pull


async def _keep_head_ref(pull: Pull, before: str | None) -> None:
    """`refs/pull/N/head` keeps the commits fetchable after the branch is gone, as on GitHub."""
    ref = f"refs/pull/{pull.number}/head"
    await gitstore.move_ref(git_of(pull.issue.repo), ref, pull.head_sha, expected=before)


class _LiveSource(Mapping[str, Any]):
    """A cross-reference shows the other issue as it is when it is read, not as it was when it was mentioned."""

    def __init__(self, hub: "Hub", issue: Issue) -> None:
        self._hub, self._issue = hub, issue
        self._keys = ("source", "updated_at")

    def __getitem__(self, key: str) -> Any:
        if key == "source":
            return {"type": "issue", "issue": issue_json(self._hub.urls, self._issue)}
        if key == "updated_at":
            return stamp(self._issue.updated_at)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def cross_reference(hub: "Hub", source: Issue, by: Caller, text: str) -> None:
    """A `cross-referenced` line on every issue that the text mentions, once per pair."""
    for number in dict.fromkeys(int(found) for found in _MENTIONS.findall(text)):
        target = source.repo.issues.get(number)
        if target is None or target is source or _already_mentions(target, source):
            continue
        line = note(hub, target, by, "cross-referenced")
        line.more = _LiveSource(hub, source)


def _already_mentions(target: Issue, source: Issue) -> bool:
    return any(isinstance(line.more, _LiveSource) and line.more._issue is source for line in target.timeline)


def closing_numbers(repo: Repository, text: str) -> list[int]:
    """The issues of this repository that a text promises to close, each once, in order."""
    found = _CLOSES.finditer(text)
    own = (match for match in found if (match["repo"] or repo.full_name).lower() == repo.full_name.lower())
    return list(dict.fromkeys(int(match["number"]) for match in own))


def linked_issues(pull: Pull) -> list[Issue]:
    """The issues that merging this pull request closes: by keyword, and only into the default branch."""
    repo = pull.issue.repo
    if pull.base_ref != repo.default_branch:
        return []
    numbers = closing_numbers(repo, pull.issue.body or "")
    return [repo.issues[number] for number in numbers if number in repo.issues and not repo.issues[number].pull]


async def follow_branch(hub: "Hub", repo: Repository, branch: str, old: str, new: str, by: Caller) -> None:
    """A branch moved: pull requests from it show its new head, those into it may have become merged."""
    for pull in list(repo.pulls()):
        if not pull.open:
            continue
        if pull.head_ref == branch and pull.head_repo is repo:
            await _follow_head(hub, pull, old, new, by)
        elif pull.base_ref == branch and new != ZERO_SHA:
            await _follow_base(hub, pull, old, new, by)


async def _follow_head(hub: "Hub", pull: Pull, old: str, new: str, by: Caller) -> None:
    if new == ZERO_SHA:
        pull.base_sha = await base_tip(pull)
        note(hub, pull.issue, by, "head_ref_deleted")
        await close_issue(hub, pull.issue, by)
        return
    if pull.head_sha == new:
        return
    before, pull.head_sha = pull.head_sha, new
    pull.base_sha, pull.issue.updated_at = await base_tip(pull), hub.now()
    git = git_of(pull.issue.repo)
    await _keep_head_ref(pull, before)
    await follow_threads(pull, before, new)
    if not await gitstore.is_fast_forward(git, old, new):
        note(hub, pull.issue, by, "head_ref_force_pushed", commit_id=new)
    await announce_pull(hub, pull, "synchronize", by.actor, {"before": before, "after": new})
    if await gitstore.is_ancestor(git, new, pull.base_sha):
        await close_issue(hub, pull.issue, by)


async def _follow_base(hub: "Hub", pull: Pull, old: str, new: str, by: Caller) -> None:
    git = git_of(pull.issue.repo)
    if old != ZERO_SHA and await gitstore.is_ancestor(git, pull.head_sha, new):
        await mark_merged(hub, pull, by, base_before=old, sha=new)


async def mark_merged(hub: "Hub", pull: Pull, by: Caller, *, base_before: str, sha: str) -> None:
    """`closed` with `merged: true`, then the linked issues close, then the branch goes where the repository says so."""
    issue, promised = pull.issue, linked_issues(pull)
    if issue.repo.default_branch == pull.base_ref:
        for commit in await gitstore.history(git_of(issue.repo), pull.head_sha, exclude=[base_before], limit=250):
            numbers = closing_numbers(issue.repo, commit.message)
            promised += [issue.repo.issues[one] for one in numbers if one in issue.repo.issues]
    pull.base_sha, pull.merged, pull.merge_commit_sha = base_before, True, sha
    pull.merged_at, pull.merged_by = hub.now(), by.actor
    pull.auto_merge = None
    note(hub, issue, by, "merged", commit_id=sha)
    await close_issue(hub, issue, by, commit_id=sha)
    for linked in dict.fromkeys(promised):
        if not linked.pull:
            await close_issue(hub, linked, by, "completed", sha)


async def set_draft(hub: "Hub", pull: Pull, by: Caller, *, draft: bool) -> None:
    """`ready_for_review` or `converted_to_draft`; nothing where it is so already."""
    if pull.draft == draft:
        return
    pull.draft = draft
    note(hub, pull.issue, by, "convert_to_draft" if draft else "ready_for_review")
    await announce_pull(hub, pull, "converted_to_draft" if draft else "ready_for_review", by.actor)


async def change_base(hub: "Hub", pull: Pull, by: Caller, base_ref: str, base_sha: str) -> None:
    """Point it at another branch: `edited` with what the base was."""
    before = {"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}}
    note(hub, pull.issue, by, "base_ref_changed")
    pull.base_ref, pull.base_sha = base_ref, base_sha
    await announce_pull(hub, pull, "edited", by.actor, {"changes": {"base": before}})


async def set_reviewers(hub: "Hub", pull: Pull, by: Caller, whom: Account | Team, *, wanted: bool) -> None:
    """Ask a person or a team for a review, or take the request back."""
    asked: list[Any] = pull.requested_teams if isinstance(whom, Team) else pull.requested_reviewers
    if (whom in asked) == wanted:
        return
    if wanted:
        asked.append(whom)
    else:
        asked.remove(whom)
    is_team = isinstance(whom, Team)
    face = {"requested_team" if is_team else "requested_reviewer": _face(hub, whom)}
    event = "review_requested" if wanted else "review_request_removed"
    note(hub, pull.issue, by, event, review_requester=account_json(hub.urls, by.actor), **face)
    await announce_pull(hub, pull, event, by.actor, face)


def _face(hub: "Hub", whom: Account | Team) -> dict[str, Any]:
    return team_json(hub.urls, whom) if isinstance(whom, Team) else account_json(hub.urls, whom)
