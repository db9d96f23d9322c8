"""What there is: repositories, lists of issues and pull requests, files, commits, people, and the stylesheet."""

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from aiohttp import web

from demo.hub import gitstore
from demo.hub.errors import not_found
from demo.hub.gitstore import Git, UnknownObject
from demo.hub.pages import views
from demo.hub.pages.diffs import file_diffs
from demo.hub.pages.site import COOKIE, NOBODY, Visit, hue, page
from demo.hub.pull_facts import git_of

if TYPE_CHECKING:
    from demo.hub.state import Account

_STYLE = (files("demo.hub.pages") / "templates" / "hub.css").read_text(encoding="utf-8")
_LARGEST_SHOWN = 512 * 1024  # bytes of a file that a page still shows


@page("GET", "/")
async def front(visit: Visit) -> web.Response:
    """Every repository the person may see."""
    repos = [one for one in visit.hub.world.repos.values() if visit.caller.may_see(one)]
    return visit.show("front.html", repos=repos, tallies={one.id: views.tally(one) for one in repos})


@page("GET", "/_hub/hub.css")
async def style(visit: Visit) -> web.Response:
    """The one stylesheet."""
    return web.Response(text=_STYLE, content_type="text/css", headers={"Cache-Control": "max-age=60"})


@page("POST", "/_hub/sign-in")
async def sign_in(visit: Visit) -> web.Response:
    """Become one of the people (an empty login: nobody). There are no passwords: this GitHub is a toy on loopback."""
    account = visit.hub.world.account(visit.said("login"))
    back = visit.said("back")
    answer = visit.go(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/")
    if account is None or account.type != "User":
        answer.set_cookie(COOKIE, NOBODY, path="/", httponly=True, samesite="Lax")
    else:
        answer.set_cookie(COOKIE, account.login, path="/", httponly=True, samesite="Lax")
    return answer


@page("GET", "/avatars/{account_id}")
async def avatar(visit: Visit) -> web.Response:
    """A round picture for an account: its first letter in its colour."""
    account = next((one for one in visit.hub.world.accounts.values() if one.id == visit.number("account_id")), None)
    if account is None:
        raise not_found()
    return web.Response(text=_picture(account), content_type="image/svg+xml")


def _picture(account: "Account") -> str:
    shape = '<rect width="40" height="40" rx="9"' if account.type == "Bot" else '<circle cx="20" cy="20" r="20"'
    letter = account.login[0].upper() if account.login[0].isalnum() else "?"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">'
        f'{shape} fill="hsl({hue(account.login)} 45% 45%)"/><text x="20" y="27" font-family="sans-serif" font-size="20"'
        f' font-weight="600" fill="#fff" text-anchor="middle">{letter}</text></svg>'
    )


@page("GET", "/{owner}/{repo}")
async def overview(visit: Visit) -> web.Response:
    """Files, open issues and open pull requests at a glance."""
    repo = visit.repo
    git = git_of(repo)
    head = await gitstore.resolve_commit(git, repo.default_branch)
    branches = await gitstore.list_refs(git, "refs/heads/")
    return visit.show(
        "overview.html",
        counts=views.tally(repo),
        issues=views.listed(repo, pulls=False)[:25],
        pulls=views.listed(repo, pulls=True)[:25],
        standings=_standings(visit),
        entries=await gitstore.read_tree(git, head) if head else [],
        head=await gitstore.read_commit(git, head) if head else None,
        branches=sorted(ref.removeprefix("refs/heads/") for ref in branches),
    )


def _standings(visit: Visit) -> dict[int, views.Standing | None]:
    return {pull.number: views.commit_standing(visit.repo, pull.head_sha) for pull in visit.repo.pulls()}


@page("GET", "/{owner}/{repo}/issues")
async def issues(visit: Visit) -> web.Response:
    """The issues; `?state=open|closed|all` and `?label=` narrow."""
    return _list(visit, pulls=False)


@page("GET", "/{owner}/{repo}/pulls")
async def pulls(visit: Visit) -> web.Response:
    """The pull requests, as `issues`."""
    return _list(visit, pulls=True)


def _list(visit: Visit, *, pulls: bool) -> web.Response:
    state, label = visit.request.query.get("state", "open"), visit.request.query.get("label", "")
    found = views.listed(visit.repo, pulls=pulls, state=state, label=label)
    facts: dict[str, Any] = {"found": found, "state": state, "label": label, "standings": _standings(visit)}
    return visit.show("list.html", counts=views.tally(visit.repo), is_pulls=pulls, **facts)


@page("GET", "/{owner}/{repo}/tree/{ref+}")
async def tree(visit: Visit) -> web.Response:
    """The files of a branch or commit, all directories in one list."""
    git, ref = git_of(visit.repo), visit.params["ref"]
    sha = await _commit(git, ref)
    entries = [one for one in await gitstore.read_tree(git, sha, recursive=True) if one.kind != "tree"]
    return visit.show("tree.html", counts=views.tally(visit.repo), ref=ref, sha=sha, entries=entries)


@page("GET", "/{owner}/{repo}/blob/{ref}/{path+}")
async def blob(visit: Visit) -> web.Response:
    """One file at a commit or branch without a slash; Markdown is rendered."""
    git, ref, path = git_of(visit.repo), visit.params["ref"], visit.params["path"]
    try:
        entry = await gitstore.read_entry(git, await _commit(git, ref), path)
        content = await gitstore.read_blob(git, entry.sha)
    except UnknownObject:
        raise not_found() from None
    is_shown = len(content) <= _LARGEST_SHOWN and b"\0" not in content
    text = content.decode("utf-8", "replace") if is_shown else None
    facts: dict[str, Any] = {"ref": ref, "path": path, "text": text, "size": len(content)}
    return visit.show("blob.html", counts=views.tally(visit.repo), **facts)


@page("GET", "/{owner}/{repo}/commits/{ref+}")
async def commits(visit: Visit) -> web.Response:
    """The last hundred commits of a branch."""
    git, ref = git_of(visit.repo), visit.params["ref"]
    found = await gitstore.history(git, await _commit(git, ref), limit=100)
    standings = {one.sha: views.commit_standing(visit.repo, one.sha) for one in found}
    facts: dict[str, Any] = {"ref": ref, "commits": found, "commit_standings": standings}
    return visit.show("commits.html", counts=views.tally(visit.repo), **facts)


@page("GET", "/{owner}/{repo}/commit/{sha}")
async def commit(visit: Visit) -> web.Response:
    """One commit: message, checks, what it changed."""
    git = git_of(visit.repo)
    found = await gitstore.read_commit(git, await _commit(git, visit.params["sha"]))
    before = found.parents[0] if found.parents else gitstore.EMPTY_TREE
    diffs = file_diffs(await gitstore.changed_files(git, before, found.sha))
    runs, statuses = views.latest_runs(visit.repo, found.sha), views.latest_statuses(visit.repo, found.sha)
    facts: dict[str, Any] = {"commit": found, "diffs": diffs, "runs": runs, "statuses": statuses}
    return visit.show("commit.html", counts=views.tally(visit.repo), **facts)


@page("GET", "/{owner}/{repo}/compare/{basehead+}")
async def compare(visit: Visit) -> web.Response:
    """`base...head`: the commits and files that a pull request would have."""
    git = git_of(visit.repo)
    base, _, head = visit.params["basehead"].partition("...")
    found = await gitstore.compare(git, await _commit(git, base), await _commit(git, head))
    if found is None:
        raise not_found()
    standings = {one.sha: views.commit_standing(visit.repo, one.sha) for one in found.commits}
    facts: dict[str, Any] = {"base": base, "head": head, "commits": found.commits, "commit_standings": standings}
    return visit.show("compare.html", counts=views.tally(visit.repo), diffs=file_diffs(found.files), **facts)


async def _commit(git: Git, name: str) -> str:
    """The commit that a branch, tag or sha names. Raises 404."""
    sha = await gitstore.resolve_commit(git, name)
    if sha is None:
        raise not_found()
    return sha


@page("GET", "/{login}")
async def profile(visit: Visit) -> web.Response:
    """An account: who it is and what it may do where."""
    account = visit.hub.world.account(visit.params["login"])
    if account is None:
        raise not_found()
    repos = [one for one in visit.hub.world.repos.values() if visit.caller.may_see(one)]
    roles = {one.full_name: _role(one.collaborators.get(account.login.lower()), one.owner is account) for one in repos}
    return visit.show("profile.html", account=account, roles=roles)


def _role(role: str | None, is_owner: bool) -> str:
    return "owner" if is_owner else role or "no role"
