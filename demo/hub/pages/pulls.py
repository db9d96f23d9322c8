"""The page of a pull request: conversation, commits, checks and files, and what a person decides there."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from demo.hub import gitstore
from demo.hub.errors import not_found
from demo.hub.gitstore import Commit
from demo.hub.pages import views
from demo.hub.pages.diffs import FileDiff, file_diffs
from demo.hub.pages.issues import address
from demo.hub.pages.site import Visit, page
from demo.hub.pull_facts import git_of
from demo.hub.state import CheckRun, Pull, node_id

READY = """mutation($id: ID!) {
  markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } }
}"""


def pull_of(visit: Visit) -> Pull:
    """The pull request of the path. Raises 404."""
    pull = visit.repo.pull(visit.number("pull_number"))
    if pull is None:
        raise not_found()
    return pull


async def _commits(visit: Visit, pull: Pull) -> Sequence[Commit]:
    """The commits of head that base had not when they parted, oldest first; nothing where an end is gone."""
    git = git_of(visit.repo)
    base = await gitstore.merge_base(git, pull.base_sha, pull.head_sha)
    if base is None:
        return []
    return list(reversed(await gitstore.history(git, pull.head_sha, exclude=[base], limit=250)))


async def _diffs(visit: Visit, pull: Pull) -> list[FileDiff]:
    git = git_of(visit.repo)
    base = await gitstore.merge_base(git, pull.base_sha, pull.head_sha)
    return file_diffs(await gitstore.changed_files(git, base, pull.head_sha)) if base else []


async def _show(visit: Visit, tab: str) -> web.Response:
    pull = pull_of(visit)
    commits, diffs = await _commits(visit, pull), await _diffs(visit, pull)
    runs = views.latest_runs(visit.repo, pull.head_sha)
    facts: dict[str, Any] = {
        "issue": pull.issue,
        "pull": pull,
        "tab": tab,
        "address": address(pull.issue),
        "commits": commits,
        "diffs": diffs,
        "runs": runs,
        "statuses": views.latest_statuses(visit.repo, pull.head_sha),
        "annotations": _annotations(runs),
        "commit_standings": {one.sha: views.commit_standing(visit.repo, one.sha) for one in commits},
        "standing": views.commit_standing(visit.repo, pull.head_sha),
        "happenings": views.conversation(pull.issue, commits),
    }
    return visit.show("pull.html", counts=views.tally(visit.repo), **facts)


def _annotations(runs: Sequence[CheckRun]) -> list[tuple[CheckRun, object]]:
    return [(run, note) for run in runs for note in run.output.annotations]


@page("GET", "/{owner}/{repo}/pull/{pull_number}")
async def show_pull(visit: Visit) -> web.Response:
    """The conversation."""
    return await _show(visit, "conversation")


@page("GET", "/{owner}/{repo}/pull/{pull_number}/commits")
async def show_commits(visit: Visit) -> web.Response:
    """Its commits with their checks."""
    return await _show(visit, "commits")


@page("GET", "/{owner}/{repo}/pull/{pull_number}/checks")
async def show_checks(visit: Visit) -> web.Response:
    """The checks of its head in full."""
    return await _show(visit, "checks")


@page("GET", "/{owner}/{repo}/pull/{pull_number}/files")
async def show_files(visit: Visit) -> web.Response:
    """The diff with comments and annotations under their lines."""
    return await _show(visit, "files")


@page("POST", "/{owner}/{repo}/pull/{pull_number}/review")
async def review(visit: Visit) -> web.Response:
    """Approve, request changes or comment."""
    pull = pull_of(visit)
    event = {"approve": "APPROVE", "request changes": "REQUEST_CHANGES"}.get(visit.said("event"), "COMMENT")
    body = {"event": event, "body": visit.said("body"), "commit_id": pull.head_sha}
    await visit.ask_repo("POST", f"/pulls/{pull.number}/reviews", body)
    return visit.go(address(pull.issue))


@page("POST", "/{owner}/{repo}/pull/{pull_number}/line")
async def comment_on_line(visit: Visit) -> web.Response:
    """Comment on one line of the new side of a file."""
    pull = pull_of(visit)
    line = visit.said("line")
    body = {"path": visit.said("path"), "body": visit.said("body"), "commit_id": pull.head_sha, "side": "RIGHT"}
    await visit.ask_repo(
        "POST", f"/pulls/{pull.number}/comments", {**body, "line": int(line) if line.isdecimal() else 0}
    )
    return visit.go(f"{address(pull.issue)}/files")


@page("POST", "/{owner}/{repo}/pull/{pull_number}/ready")
async def ready(visit: Visit) -> web.Response:
    """A draft becomes ready for review; GitHub offers this in GraphQL only."""
    pull = pull_of(visit)
    body = {"query": READY, "variables": {"id": node_id("PR", pull.id)}}
    await visit.ask("POST", "/graphql", body)
    return visit.go(address(pull.issue))


@page("POST", "/{owner}/{repo}/pull/{pull_number}/merge")
async def merge(visit: Visit) -> web.Response:
    """Merge it: a merge commit, squashed, or rebased."""
    pull = pull_of(visit)
    method = visit.said("method")
    body = {"merge_method": method if method in ("merge", "squash", "rebase") else "merge", "sha": pull.head_sha}
    await visit.ask_repo("PUT", f"/pulls/{pull.number}/merge", body)
    return visit.go(address(pull.issue))
