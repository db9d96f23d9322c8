"""What git knows about a pull request: its sides, its size, and whether it can be merged.

Nothing here is stored: an answer about a branch that moved a moment ago must be about where it is now.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from demo.hub import gitstore
from demo.hub.gitstore import Commit, FileChange, Git
from demo.hub.render.checks import combined_state
from demo.hub.render.pulls import PullFacts
from demo.hub.state import CheckRun, Pull, Repository, Status

LISTED_COMMITS = 250
"""GitHub lists at most this many commits of a pull request."""

_BAD = frozenset({"failure", "timed_out", "cancelled", "action_required", "startup_failure", "stale"})


def git_of(repo: Repository) -> Git:
    """git for the repository's bare directory."""
    return Git(repo.git_dir)


async def base_tip(pull: Pull) -> str:
    """Where the base branch is now; for a closed pull request where it was then."""
    if not pull.open:
        return pull.base_sha
    return await gitstore.read_ref(git_of(pull.issue.repo), f"refs/heads/{pull.base_ref}") or pull.base_sha


async def facts_of(pull: Pull) -> PullFacts:
    """The numbers and the mergeability that only the single answer and webhooks carry."""
    git, base, head = git_of(pull.issue.repo), await base_tip(pull), pull.head_sha
    common = await gitstore.merge_base(git, base, head) or base
    (ahead, behind), totals = await asyncio.gather(
        gitstore.ahead_behind(git, base, head), gitstore.diff_totals(git, common, head)
    )
    mergeable: bool | None = None
    state = "unknown"
    if pull.open:
        mergeable = await gitstore.is_mergeable(git, base, head)
        state = mergeable_state(pull, mergeable=mergeable, behind=behind)
    return PullFacts(mergeable, state, ahead, totals.additions, totals.deletions, totals.files)


def mergeable_state(pull: Pull, *, mergeable: bool, behind: int) -> str:
    """GitHub's one word for what stands between an open pull request and its merge."""
    if not mergeable:
        return "dirty"
    if pull.draft:
        return "draft"
    repo = pull.issue.repo
    rule = repo.protection.get(pull.base_ref, {})
    required = _required_contexts(rule)
    if required - set(_green(repo, pull.head_sha)) or _lacks_review(pull, rule):
        return "blocked"
    if behind and _section(rule, "required_status_checks").get("strict"):
        return "behind"
    return "clean" if _all_green(repo, pull.head_sha) else "unstable"


def _section(rule: dict[str, Any], name: str) -> dict[str, Any]:
    section = rule.get(name)
    return section if isinstance(section, dict) else {}


def _required_contexts(rule: dict[str, Any]) -> set[str]:
    return {str(name) for name in _section(rule, "required_status_checks").get("contexts", ())}


def _lacks_review(pull: Pull, rule: dict[str, Any]) -> bool:
    wanted = _section(rule, "required_pull_request_reviews").get("required_approving_review_count", 0)
    verdicts = {review.user.login: review.state for review in pull.reviews if review.state != "COMMENTED"}
    return list(verdicts.values()).count("APPROVED") < int(wanted) or "CHANGES_REQUESTED" in verdicts.values()


def latest_runs(repo: Repository, sha: str) -> list[CheckRun]:
    """The newest check run of each (App, name) on a commit, newest first."""
    newest: dict[tuple[int, str], CheckRun] = {}
    for run in repo.check_runs.values():
        if run.head_sha == sha:
            newest[run.suite.app.id, run.name] = run
    return sorted(newest.values(), key=lambda run: -run.id)


def latest_statuses(repo: Repository, sha: str) -> list[Status]:
    """The newest status of each context on a commit."""
    newest = {status.context: status for status in repo.statuses if status.sha == sha}
    return list(newest.values())


def _green(repo: Repository, sha: str) -> Iterable[str]:
    yield from (status.context for status in latest_statuses(repo, sha) if status.state == "success")
    passed = ("success", "neutral", "skipped")
    yield from (run.name for run in latest_runs(repo, sha) if run.conclusion in passed)


def _all_green(repo: Repository, sha: str) -> bool:
    statuses = latest_statuses(repo, sha)
    runs = latest_runs(repo, sha)
    if any(run.status != "completed" or run.conclusion in _BAD for run in runs):
        return False
    return not statuses or combined_state(statuses) == "success"


async def files_of(pull: Pull) -> list[FileChange]:
    """The Files tab: what the head changed since it left the base."""
    git, base = git_of(pull.issue.repo), await base_tip(pull)
    common = await gitstore.merge_base(git, base, pull.head_sha)
    return await gitstore.changed_files(git, common or base, pull.head_sha)


async def commits_of(pull: Pull) -> list[Commit]:
    """The Commits tab, oldest first."""
    git, base = git_of(pull.issue.repo), await base_tip(pull)
    newest_first = await gitstore.history(git, pull.head_sha, exclude=[base], limit=LISTED_COMMITS)
    return list(reversed(newest_first))


async def known_commit(repo: Repository, name: str) -> Commit | None:
    """The commit that a sha, branch or tag names, or None."""
    git = git_of(repo)
    sha = await gitstore.resolve_commit(git, name)
    return await gitstore.read_commit(git, sha) if sha else None
