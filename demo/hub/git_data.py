"""REST: the git data API: refs, commits, trees and blobs by hand."""

from base64 import b64encode
from datetime import datetime
from typing import Literal

import msgspec

from demo.hub import gitstore
from demo.hub.context import Context
from demo.hub.errors import not_found, unprocessable
from demo.hub.git_writes import create_ref, decoded, delete_ref, ident_of, update_ref
from demo.hub.gitstore import Ident, TreeChange, UnknownObject
from demo.hub.pull_facts import git_of
from demo.hub.render.commits import git_commit_json, ref_json, tree_json
from demo.hub.routing import Answer, Body, route
from demo.hub.state import node_id

READ = {"contents": "read"}
WRITE = {"contents": "write"}


class NewRef(Body):
    ref: str
    sha: str


class MovedRef(Body):
    sha: str
    force: bool = False


class NewBlob(Body):
    content: str
    encoding: Literal["utf-8", "base64"] = "utf-8"


class NewEntry(Body):
    path: str
    mode: Literal["100644", "100755", "040000", "160000", "120000"] = "100644"
    type: Literal["blob", "tree", "commit"] = "blob"
    sha: str | None = None
    content: str | None = None


class NewTree(Body):
    tree: list[NewEntry]
    base_tree: str | None = None


class Who(Body):
    name: str
    email: str
    date: datetime | None = None


class NewCommit(Body):
    message: str
    tree: str
    parents: list[str] = msgspec.field(default_factory=list)
    author: Who | None = None
    committer: Who | None = None
    signature: str | None = None


@route("GET", "/repos/{owner}/{repo}/git/ref/{ref+}", needs=READ)
async def get_ref(ctx: Context) -> Answer:
    git, ref = git_of(ctx.repo), f"refs/{ctx.params['ref'].removeprefix('refs/')}"
    sha = await gitstore.read_ref(git, ref)
    if sha is None:
        raise not_found()
    return Answer(200, ref_json(ctx.urls, ctx.repo, ref, sha, await gitstore.object_kind(git, sha) or "commit"))


@route("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref+}", needs=READ)
async def matching_refs(ctx: Context) -> Answer:
    """All refs whose names begin so; an empty list where there is none."""
    found = await gitstore.list_refs(git_of(ctx.repo), f"refs/{ctx.params['ref'].removeprefix('refs/')}")
    return ctx.page(list(found.items()), lambda row: ref_json(ctx.urls, ctx.repo, *row))


@route("POST", "/repos/{owner}/{repo}/git/refs", needs=WRITE, role="write", body=NewRef)
async def new_ref(ctx: Context, body: NewRef) -> Answer:
    """422 for a name without `refs/` and two slashes, an unknown object, or a ref that exists."""
    git = git_of(ctx.repo)
    if body.ref.count("/") < 2 or not await gitstore.is_valid_ref(git, body.ref):
        raise unprocessable(f"{body.ref} is not a valid ref name.")
    if body.ref.startswith("refs/pull/"):
        raise unprocessable("Reference name is reserved")
    kind = await gitstore.object_kind(git, body.sha) if gitstore.is_sha(body.sha) else None
    if kind is None or (kind != "commit" and body.ref.startswith("refs/heads/")):
        raise unprocessable("Object does not exist")
    await create_ref(ctx.hub, ctx.repo, ctx.caller, body.ref, body.sha)
    answer = ref_json(ctx.urls, ctx.repo, body.ref, body.sha, kind)
    return Answer(201, answer, {"Location": str(answer["url"])})


@route("PATCH", "/repos/{owner}/{repo}/git/refs/{ref+}", needs=WRITE, role="write", body=MovedRef)
async def move_ref(ctx: Context, body: MovedRef) -> Answer:
    ref, old = await _existing(ctx)
    git = git_of(ctx.repo)
    if not gitstore.is_sha(body.sha) or await gitstore.object_kind(git, body.sha) != "commit":
        raise unprocessable("Object does not exist")
    if old != body.sha:
        await update_ref(ctx.hub, ctx.repo, ctx.caller, ref, old, body.sha, force=body.force)
    return Answer(200, ref_json(ctx.urls, ctx.repo, ref, body.sha))


@route("DELETE", "/repos/{owner}/{repo}/git/refs/{ref+}", needs=WRITE, role="write")
async def remove_ref(ctx: Context) -> Answer:
    ref, old = await _existing(ctx)
    await delete_ref(ctx.hub, ctx.repo, ctx.caller, ref, old)
    return Answer(204)


async def _existing(ctx: Context) -> tuple[str, str]:
    ref = f"refs/{ctx.params['ref'].removeprefix('refs/')}"
    sha = None if ref.startswith("refs/pull/") else await gitstore.read_ref(git_of(ctx.repo), ref)
    if sha is None:
        raise unprocessable("Reference does not exist")
    return ref, sha


@route("POST", "/repos/{owner}/{repo}/git/blobs", needs=WRITE, role="write", body=NewBlob)
async def new_blob(ctx: Context, body: NewBlob) -> Answer:
    content = decoded(body.content) if body.encoding == "base64" else body.content.encode()
    sha = await gitstore.write_blob(git_of(ctx.repo), content)
    return Answer(201, {"sha": sha, "url": ctx.urls.repo(ctx.repo, f"/git/blobs/{sha}")})


@route("GET", "/repos/{owner}/{repo}/git/blobs/{sha}", needs=READ)
async def get_blob(ctx: Context) -> Answer:
    sha = ctx.params["sha"]
    try:
        content = await gitstore.read_blob(git_of(ctx.repo), sha)
    except UnknownObject:
        raise not_found() from None
    if "raw" in ctx.headers.get("Accept", ""):
        return Answer(200, raw=content, content_type="application/vnd.github.raw; charset=utf-8")
    return Answer(
        200,
        {
            "sha": sha,
            "node_id": node_id("B", ctx.repo.id) + sha,
            "size": len(content),
            "url": ctx.urls.repo(ctx.repo, f"/git/blobs/{sha}"),
            "content": b64encode(content).decode() + "\n",
            "encoding": "base64",
        },
    )


@route("POST", "/repos/{owner}/{repo}/git/trees", needs=WRITE, role="write", body=NewTree)
async def new_tree(ctx: Context, body: NewTree) -> Answer:
    """An entry without `sha` and `content` removes the path (in `base_tree`), as an explicit null does."""
    git, changes = git_of(ctx.repo), []
    for entry in body.tree:
        sha = entry.sha
        if entry.content is not None:
            sha = await gitstore.write_blob(git, entry.content.encode())
        changes.append(TreeChange(entry.path, entry.mode, sha))
    try:
        tree = await gitstore.write_tree(git, body.base_tree, changes)
    except UnknownObject as wrong:
        raise unprocessable(f"tree.sha or base_tree is not a valid object: {wrong}") from None
    entries = await gitstore.read_tree(git, tree)
    return Answer(201, tree_json(ctx.urls, ctx.repo, tree, entries))


@route("GET", "/repos/{owner}/{repo}/git/trees/{tree_sha+}", needs=READ)
async def get_tree(ctx: Context) -> Answer:
    """`tree_sha` may be a tree, a commit or a ref; `recursive` (any value) goes down."""
    git, name = git_of(ctx.repo), ctx.params["tree_sha"]
    commit = await gitstore.resolve_commit(git, name)
    sha = (await gitstore.read_commit(git, commit)).tree if commit else name
    try:
        entries = await gitstore.read_tree(git, sha, recursive="recursive" in ctx.query)
    except UnknownObject:
        raise not_found() from None
    return Answer(200, tree_json(ctx.urls, ctx.repo, sha, entries))


@route("POST", "/repos/{owner}/{repo}/git/commits", needs=WRITE, role="write", body=NewCommit)
async def new_commit(ctx: Context, body: NewCommit) -> Answer:
    git, actor = git_of(ctx.repo), ident_of(ctx.hub, ctx.actor)
    author = _ident(body.author, actor)
    committer = _ident(body.committer, author if body.author else actor)
    if await gitstore.object_kind(git, body.tree) != "tree":
        raise unprocessable("Tree SHA does not exist")
    try:
        sha = await gitstore.write_commit(
            git, body.tree, body.parents, body.message, author=author, committer=committer
        )
    except UnknownObject:
        raise unprocessable("Parent SHA does not exist or is not a commit object") from None
    commit = await gitstore.read_commit(git, sha)
    return Answer(201, git_commit_json(ctx.urls, ctx.repo, commit))


def _ident(who: Who | None, default: Ident) -> Ident:
    if who is None:
        return default
    return Ident(who.name, who.email, who.date or default.date)


@route("GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}", needs=READ)
async def get_commit(ctx: Context) -> Answer:
    try:
        commit = await gitstore.read_commit(git_of(ctx.repo), ctx.params["commit_sha"])
    except UnknownObject:
        raise not_found() from None
    return Answer(200, git_commit_json(ctx.urls, ctx.repo, commit))
