"""REST: the repository, its branches, commits and comparisons: reading."""

from typing import Any

from demo.hub import gitstore
from demo.hub.context import Context
from demo.hub.errors import GitHubError, not_found, unprocessable
from demo.hub.gitstore import Commit
from demo.hub.pull_facts import git_of, known_commit
from demo.hub.render import repository_json
from demo.hub.render.commits import commit_json, file_json
from demo.hub.render.pulls import pull_json
from demo.hub.routing import Answer, route

READ = {"contents": "read"}

_NO_RULE: dict[str, Any] = {
    "enabled": False,
    "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
}


@route("GET", "/repos/{owner}/{repo}", needs={"metadata": "read"})
async def get(ctx: Context) -> Answer:
    role = ctx.caller.role_on(ctx.repo)
    return Answer(200, repository_json(ctx.urls, ctx.repo, full=True, role=role))


async def _tip(ctx: Context) -> str:
    sha = await gitstore.read_ref(git_of(ctx.repo), f"refs/heads/{ctx.params['branch']}")
    if sha is None:
        raise GitHubError(404, "Branch not found")
    return sha


@route("GET", "/repos/{owner}/{repo}/branches", needs=READ)
async def branches(ctx: Context) -> Answer:
    tips = await gitstore.list_refs(git_of(ctx.repo), "refs/heads/")
    rows = [(ref.removeprefix("refs/heads/"), sha) for ref, sha in tips.items()]
    wanted = ctx.query.get("protected")
    if wanted is not None:
        rows = [row for row in rows if (row[0] in ctx.repo.protection) == (wanted == "true")]
    return ctx.page(rows, lambda row: _short_branch(ctx, *row))


def _short_branch(ctx: Context, name: str, sha: str) -> dict[str, Any]:
    return {
        "name": name,
        "commit": {"sha": sha, "url": ctx.urls.repo(ctx.repo, f"/commits/{sha}")},
        "protected": name in ctx.repo.protection,
    }


@route("GET", "/repos/{owner}/{repo}/branches/{branch+}", needs=READ)
async def branch(ctx: Context) -> Answer:
    sha, name = await _tip(ctx), ctx.params["branch"]
    commit = await gitstore.read_commit(git_of(ctx.repo), sha)
    api = ctx.urls.repo(ctx.repo, f"/branches/{name}")
    rule = ctx.repo.protection.get(name)
    contexts = (rule or {}).get("required_status_checks", {}).get("contexts", [])
    checks = {"enforcement_level": "non_admins", "contexts": contexts, "checks": []}
    return Answer(
        200,
        {
            "name": name,
            "commit": commit_json(ctx.urls, ctx.world, ctx.repo, commit),
            "_links": {"self": api, "html": ctx.urls.page(ctx.repo, f"/tree/{name}")},
            "protected": rule is not None,
            "protection": _NO_RULE if rule is None else {"enabled": True, "required_status_checks": checks},
            "protection_url": f"{api}/protection",
        },
    )


@route("GET", "/repos/{owner}/{repo}/branches/{branch+}/protection", needs={"administration": "read"}, role="admin")
async def protection(ctx: Context) -> Answer:
    await _tip(ctx)
    rule = ctx.repo.protection.get(ctx.params["branch"])
    if rule is None:
        raise GitHubError(404, "Branch not protected")
    return Answer(200, {"url": f"{ctx.urls.api}{ctx.path}", **rule})


@route("GET", "/repos/{owner}/{repo}/rules/branches/{branch+}", needs={"metadata": "read"})
async def rules(ctx: Context) -> Answer:
    return ctx.page(ctx.repo.rules.get(ctx.params["branch"], []), lambda rule: rule)


@route("GET", "/repos/{owner}/{repo}/commits", needs=READ)
async def commits(ctx: Context) -> Answer:
    """Newest first, from `sha` (a branch or commit; default: the default branch), `path` narrows."""
    git, start = git_of(ctx.repo), await known_commit(ctx.repo, ctx.query.get("sha") or ctx.repo.default_branch)
    if start is None:
        raise not_found()
    found = await gitstore.history(git, start.sha, path=ctx.query.get("path", ""), limit=1000)
    return ctx.page(found, lambda one: commit_json(ctx.urls, ctx.world, ctx.repo, one))


async def _commit(ctx: Context, name: str) -> Commit:
    commit = await known_commit(ctx.repo, name)
    if commit is None:
        raise unprocessable(f"No commit found for SHA: {name}")
    return commit


@route("GET", "/repos/{owner}/{repo}/commits/{ref+}", needs=READ)
async def commit(ctx: Context) -> Answer:
    """One commit with its files; `Accept: application/vnd.github.sha` answers the bare sha, `.diff` the diff."""
    found, git = await _commit(ctx, ctx.params["ref"]), git_of(ctx.repo)
    before = found.parents[0] if found.parents else gitstore.EMPTY_TREE
    accept = ctx.headers.get("Accept", "")
    if "sha" in accept:
        return Answer(200, raw=found.sha.encode(), content_type="application/vnd.github.sha; charset=utf-8")
    if "diff" in accept:
        return _diff(await gitstore.unified_diff(git, before, found.sha, three_dots=False))
    files = await gitstore.changed_files(git, before, found.sha)
    return Answer(200, commit_json(ctx.urls, ctx.world, ctx.repo, found, files))


def _diff(text: str) -> Answer:
    return Answer(200, raw=text.encode(), content_type="application/vnd.github.diff; charset=utf-8")


@route("GET", "/repos/{owner}/{repo}/commits/{sha}/pulls", needs={"pull_requests": "read"})
async def pulls_of_commit(ctx: Context) -> Answer:
    """Pull requests that hold the commit: those that brought it in, or open ones that would."""
    git, sha = git_of(ctx.repo), (await _commit(ctx, ctx.params["sha"])).sha
    found = []
    for pull in ctx.repo.pulls():
        is_in = await gitstore.is_ancestor(git, sha, pull.head_sha)
        if is_in and not await gitstore.is_ancestor(git, sha, pull.base_sha):
            found.append(pull)
    return ctx.page(found, lambda pull: pull_json(ctx.urls, pull))


@route("GET", "/repos/{owner}/{repo}/compare/{basehead+}", needs=READ)
async def compare(ctx: Context) -> Answer:
    """`base...head`: what head has that base has not. 404 where one is unknown or they have nothing in common."""
    base_name, dots, head_name = ctx.params["basehead"].partition("...")
    base = await known_commit(ctx.repo, base_name.split(":")[-1])
    head = await known_commit(ctx.repo, head_name.split(":")[-1])
    if not dots or base is None or head is None:
        raise not_found()
    git = git_of(ctx.repo)
    if "diff" in ctx.headers.get("Accept", ""):
        return _diff(await gitstore.unified_diff(git, base.sha, head.sha))
    seen = await gitstore.compare(git, base.sha, head.sha)
    if seen is None:
        raise GitHubError(404, f"No common ancestor between {base_name} and {head_name}.")
    common = await gitstore.read_commit(git, seen.merge_base)
    page = ctx.urls.page(ctx.repo, f"/compare/{ctx.params['basehead']}")
    return Answer(
        200,
        {
            "url": ctx.urls.repo(ctx.repo, f"/compare/{ctx.params['basehead']}"),
            "html_url": page,
            "permalink_url": ctx.urls.page(ctx.repo, f"/compare/{base.sha}...{head.sha}"),
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "base_commit": commit_json(ctx.urls, ctx.world, ctx.repo, base),
            "merge_base_commit": commit_json(ctx.urls, ctx.world, ctx.repo, common),
            "status": seen.status,
            "ahead_by": seen.ahead,
            "behind_by": seen.behind,
            "total_commits": seen.ahead,
            "commits": [commit_json(ctx.urls, ctx.world, ctx.repo, one) for one in seen.commits],
            "files": [file_json(ctx.urls, ctx.repo, head.sha, one) for one in seen.files],
        },
    )
