"""REST: the merge button, in its three ways, with GitHub's three ways of refusing it."""

from typing import Literal

from demo.hub import gitstore
from demo.hub.context import Context
from demo.hub.errors import GitHubError, conflict, not_found
from demo.hub.git_writes import delete_ref, ident_of, moved, refuse_workflows, site_ident
from demo.hub.gitstore import Conflict, Ident
from demo.hub.pull_changes import mark_merged
from demo.hub.pull_facts import base_tip, commits_of, facts_of, git_of
from demo.hub.routing import Answer, Body, route
from demo.hub.state import Pull

Method = Literal["merge", "squash", "rebase"]


class Merge(Body):
    commit_title: str | None = None
    commit_message: str | None = None
    sha: str | None = None
    merge_method: Method = "merge"


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", needs={"pull_requests": "read"})
async def is_merged(ctx: Context) -> Answer:
    if not ctx.pull().merged:
        raise not_found()
    return Answer(204)


@route("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", needs={"contents": "write"}, role="write", body=Merge)
async def merge(ctx: Context, body: Merge) -> Answer:
    """405 where it cannot be merged, 409 where the head is not the `sha` that the caller looked at."""
    pull = ctx.pull()
    await _refuse(pull, body)
    base = await base_tip(pull)
    await refuse_workflows(ctx.caller, ctx.repo, base, pull.head_sha)
    try:
        sha = await _merged(ctx, pull, base, body)
    except Conflict:
        raise GitHubError(405, "Pull Request is not mergeable") from None
    await _move_base(ctx, pull, base, sha)
    return Answer(200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


async def _refuse(pull: Pull, body: Merge) -> None:
    if not pull.open:
        raise GitHubError(405, "Pull Request is not mergeable")
    if pull.draft:
        raise GitHubError(405, "Pull Request is still a draft")
    if body.sha not in (None, pull.head_sha):
        raise conflict("Head branch was modified. Review and try the merge again.")
    state = (await facts_of(pull)).mergeable_state
    if state == "dirty":
        raise GitHubError(405, "Pull Request is not mergeable")
    if state == "blocked":
        raise GitHubError(405, "At least one required check or review is missing.")
    if state == "behind":
        raise GitHubError(405, "Head branch is out of date with the base branch.")


async def _merged(ctx: Context, pull: Pull, base: str, body: Merge) -> str:
    """The commit that the base branch will point to; no ref moves yet."""
    git, committer = git_of(ctx.repo), site_ident(ctx.hub)
    if body.merge_method == "rebase":
        return await gitstore.rebase_commits(git, base, pull.head_sha, committer=committer)
    title, message = await _words(pull, body)
    text = f"{title}\n\n{message}".strip()
    make = gitstore.squash_commit if body.merge_method == "squash" else gitstore.merge_commit
    author: Ident = ident_of(ctx.hub, pull.issue.user if body.merge_method == "squash" else ctx.actor)
    return await make(git, base, pull.head_sha, text, author=author, committer=committer)


async def _words(pull: Pull, body: Merge) -> tuple[str, str]:
    number, owner = pull.number, pull.head_repo.owner.login
    if body.merge_method == "squash":
        title = body.commit_title or f"{pull.issue.title} (#{number})"
        messages = [f"* {commit.message}" for commit in await commits_of(pull)]
        return title, body.commit_message if body.commit_message is not None else "\n\n".join(messages)
    title = body.commit_title or f"Merge pull request #{number} from {owner}/{pull.head_ref}"
    return title, body.commit_message if body.commit_message is not None else pull.issue.title


async def _move_base(ctx: Context, pull: Pull, base: str, sha: str) -> None:
    ref, head = f"refs/heads/{pull.base_ref}", f"refs/heads/{pull.head_ref}"
    await moved(ctx.hub, ctx.repo, ctx.caller, ref, base, sha)
    if not pull.merged:
        await mark_merged(ctx.hub, pull, ctx.caller, base_before=base, sha=sha)
    tip = await gitstore.read_ref(git_of(ctx.repo), head)
    disposable = pull.head_ref not in ctx.repo.protection and pull.head_ref != ctx.repo.default_branch
    if ctx.repo.delete_branch_on_merge and disposable and tip is not None:
        await delete_ref(ctx.hub, ctx.repo, ctx.caller, head, tip)
