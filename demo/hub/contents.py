"""REST: files by path, read and written without git."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote

from demo.hub import gitstore
from demo.hub.context import Context
from demo.hub.errors import GitHubError, conflict, not_found, unprocessable
from demo.hub.git_writes import commit_on_branch, decoded, ident_of
from demo.hub.gitstore import Git, Ident, TreeEntry, UnknownObject
from demo.hub.pull_facts import git_of
from demo.hub.render.commits import git_commit_json
from demo.hub.routing import Answer, Body, route

READ = {"contents": "read"}
WRITE = {"contents": "write"}

_TYPES = {"blob": "file", "tree": "dir", "commit": "submodule"}


class Who(Body):
    name: str
    email: str
    date: str | None = None


class NewFile(Body):
    message: str
    content: str
    sha: str | None = None
    branch: str | None = None
    committer: Who | None = None
    author: Who | None = None


class GoneFile(Body):
    message: str
    sha: str
    branch: str | None = None
    committer: Who | None = None
    author: Who | None = None


async def _at(ctx: Context, git: Git) -> str:
    wanted = ctx.query.get("ref") or ctx.repo.default_branch
    sha = await gitstore.resolve_commit(git, wanted)
    if sha is None:
        raise GitHubError(404, f"No commit found for the ref {wanted}")
    return sha


@route("GET", "/repos/{owner}/{repo}/contents", needs=READ)
async def read_root(ctx: Context) -> Answer:
    git = git_of(ctx.repo)
    return await _directory(ctx, git, await _at(ctx, git), "")


@route("GET", "/repos/{owner}/{repo}/contents/{path+}", needs=READ)
async def read(ctx: Context) -> Answer:
    """A file with its content (raw bytes with `Accept: application/vnd.github.raw`), or the list of a directory."""
    git, path = git_of(ctx.repo), ctx.params["path"].strip("/")
    commit = await _at(ctx, git)
    try:
        entry = await gitstore.read_entry(git, commit, path)
    except UnknownObject:
        raise not_found() from None
    if entry.kind == "tree":
        return await _directory(ctx, git, commit, path)
    content = await gitstore.read_blob(git, entry.sha)
    if "raw" in ctx.headers.get("Accept", ""):
        return Answer(200, raw=content, content_type="application/vnd.github.raw; charset=utf-8")
    return Answer(200, _file(ctx, entry, path, content))


async def _directory(ctx: Context, git: Git, commit: str, path: str) -> Answer:
    entries = await gitstore.read_tree(git, commit, path=path)
    return Answer(200, [_face(ctx, one, f"{path}/{one.path}".lstrip("/")) for one in entries])


def _face(ctx: Context, entry: TreeEntry, path: str) -> dict[str, Any]:
    ref = ctx.query.get("ref") or ctx.repo.default_branch
    is_dir = entry.kind == "tree"
    url = ctx.urls.repo(ctx.repo, f"/contents/{quote(path)}?ref={quote(ref, safe='')}")
    page = ctx.urls.page(ctx.repo, f"/{'tree' if is_dir else 'blob'}/{quote(ref)}/{quote(path)}")
    git_url = ctx.urls.repo(ctx.repo, f"/git/{entry.kind}s/{entry.sha}")
    return {
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "url": url,
        "html_url": page,
        "git_url": git_url,
        "download_url": None if is_dir else ctx.urls.page(ctx.repo, f"/raw/{quote(ref)}/{quote(path)}"),
        "type": _TYPES[entry.kind],
        "_links": {"self": url, "git": git_url, "html": page},
    }


def _file(ctx: Context, entry: TreeEntry, path: str, content: bytes) -> dict[str, Any]:
    text = b64encode(content).decode()
    lines = "".join(text[start : start + 60] + "\n" for start in range(0, len(text), 60))
    return _face(ctx, entry, path) | {"content": lines, "encoding": "base64"}


@route("PUT", "/repos/{owner}/{repo}/contents/{path+}", needs=WRITE, role="write", body=NewFile, content=True)
async def write(ctx: Context, body: NewFile) -> Answer:
    """Create (201) or replace (200) a file. 422 without the `sha` of what it replaces, 409 where that has changed."""
    path, branch = ctx.params["path"].strip("/"), body.branch or ctx.repo.default_branch
    existing = await _existing(ctx, branch, path)
    if existing is not None and body.sha is None:
        raise unprocessable('Invalid request.\n\n"sha" wasn\'t supplied.')
    if body.sha is not None and (existing is None or existing.sha != body.sha):
        raise conflict(f"{path} does not match {body.sha}")
    content, author = decoded(body.content), _author(ctx, body.author or body.committer)
    sha = await commit_on_branch(ctx.hub, ctx.repo, ctx.caller, branch, {path: content}, body.message, author=author)
    git = git_of(ctx.repo)
    entry = await gitstore.read_entry(git, sha, path)
    commit = git_commit_json(ctx.urls, ctx.repo, await gitstore.read_commit(git, sha))
    return Answer(201 if existing is None else 200, {"content": _face(ctx, entry, path), "commit": commit})


@route("DELETE", "/repos/{owner}/{repo}/contents/{path+}", needs=WRITE, role="write", body=GoneFile)
async def remove(ctx: Context, body: GoneFile) -> Answer:
    path, branch = ctx.params["path"].strip("/"), body.branch or ctx.repo.default_branch
    existing = await _existing(ctx, branch, path)
    if existing is None:
        raise not_found()
    if existing.sha != body.sha:
        raise conflict(f"{path} does not match {body.sha}")
    author = _author(ctx, body.author or body.committer)
    sha = await commit_on_branch(ctx.hub, ctx.repo, ctx.caller, branch, {path: None}, body.message, author=author)
    commit = git_commit_json(ctx.urls, ctx.repo, await gitstore.read_commit(git_of(ctx.repo), sha))
    return Answer(200, {"content": None, "commit": commit})


def _author(ctx: Context, who: Who | None) -> Ident:
    return Ident(who.name, who.email, ctx.hub.now()) if who else ident_of(ctx.hub, ctx.actor)


async def _existing(ctx: Context, branch: str, path: str) -> TreeEntry | None:
    """What stands at the path of a branch. Raises 404 for a branch that is not there (unless nothing is there yet)."""
    git = git_of(ctx.repo)
    tip = await gitstore.read_ref(git, f"refs/heads/{branch}")
    if tip is None:
        if branch == ctx.repo.default_branch:
            return None
        raise GitHubError(404, f"Branch {branch} not found")
    try:
        return await gitstore.read_entry(git, tip, path)
    except UnknownObject:
        return None
