"""REST: commit statuses, the older and simpler sibling of check runs that many CI systems still write."""

from typing import Annotated, Any, Literal

import msgspec

from demo.hub import gitstore
from demo.hub.context import Context
from demo.hub.errors import not_found, unprocessable
from demo.hub.gitstore import Commit
from demo.hub.pull_facts import git_of, known_commit, latest_statuses
from demo.hub.render.checks import combined_status_json, status_json
from demo.hub.render.commits import commit_json
from demo.hub.routing import Answer, Body, route
from demo.hub.state import Status, stamp

READ = {"statuses": "read"}


class NewStatus(Body):
    state: Literal["error", "failure", "pending", "success"]
    target_url: str | None = None
    description: Annotated[str, msgspec.Meta(max_length=140)] | None = None
    context: str = "default"


@route("POST", "/repos/{owner}/{repo}/statuses/{sha}", needs={"statuses": "write"}, role="write", body=NewStatus)
async def create(ctx: Context, body: NewStatus) -> Answer:
    """Statuses are never changed: a later one with the same context stands before the earlier."""
    sha = ctx.params["sha"]
    if not gitstore.is_sha(sha) or await gitstore.object_kind(git_of(ctx.repo), sha) != "commit":
        raise unprocessable(f"No commit found for SHA: {sha}")
    now = ctx.hub.now()
    status = Status(
        ctx.world.new_id(), sha, body.state, body.context, ctx.actor, now, now, body.description, body.target_url
    )
    ctx.repo.statuses.append(status)
    ctx.hub.courier.announce("status", await _payload(ctx, status), repo=ctx.repo, sender=ctx.actor)
    return Answer(201, status_json(ctx.urls, ctx.repo, status))


async def _payload(ctx: Context, status: Status) -> dict[str, Any]:
    git = git_of(ctx.repo)
    commit = await gitstore.read_commit(git, status.sha)
    tips = await gitstore.list_refs(git, "refs/heads/")
    branches = [
        {
            "name": ref.removeprefix("refs/heads/"),
            "commit": {"sha": tip, "url": ctx.urls.repo(ctx.repo, f"/commits/{tip}")},
            "protected": ref.removeprefix("refs/heads/") in ctx.repo.protection,
        }
        for ref, tip in tips.items()
        if tip == status.sha
    ]
    return {
        "id": status.id,
        "sha": status.sha,
        "name": ctx.repo.full_name,
        "avatar_url": f"{ctx.urls.html}/avatars/{status.creator.id}",
        "target_url": status.target_url,
        "context": status.context,
        "description": status.description,
        "state": status.state,
        "commit": commit_json(ctx.urls, ctx.world, ctx.repo, commit),
        "branches": branches,
        "created_at": stamp(status.created_at),
        "updated_at": stamp(status.updated_at),
    }


async def _commit_at(ctx: Context) -> Commit:
    commit = await known_commit(ctx.repo, ctx.params["ref"])
    if commit is None:
        raise not_found()
    return commit


@route("GET", "/repos/{owner}/{repo}/commits/{ref+}/status", needs=READ)
async def combined(ctx: Context) -> Answer:
    commit = await _commit_at(ctx)
    latest = latest_statuses(ctx.repo, commit.sha)
    return Answer(200, combined_status_json(ctx.urls, ctx.repo, commit.sha, latest))


@route("GET", "/repos/{owner}/{repo}/commits/{ref+}/statuses", needs=READ)
async def listed(ctx: Context) -> Answer:
    """Newest first."""
    commit = await _commit_at(ctx)
    found = [status for status in reversed(ctx.repo.statuses) if status.sha == commit.sha]
    return ctx.page(found, lambda status: status_json(ctx.urls, ctx.repo, status))
