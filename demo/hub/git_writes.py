"""Moving refs on behalf of a REST caller: GitHub's refusals first, then the move, then the news.

The git data API, the contents API, merges and people of a story all write branches; protection and the workflow rule
must hold for each of them as they do for `git push`.
"""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING

from demo.hub import gitstore
from demo.hub.callers import Caller
from demo.hub.errors import GitHubError, conflict, forbidden, unprocessable
from demo.hub.gitstore import ZERO_SHA, GitFailed, Ident, RefMoved
from demo.hub.pull_facts import git_of
from demo.hub.pushes import Push, announce
from demo.hub.render.commits import noreply_email
from demo.hub.state import Account, Repository

if TYPE_CHECKING:
    from demo.hub.hub import Hub

_WORKFLOWS = ".github/workflows/"


def ident_of(hub: "Hub", account: Account) -> Ident:
    """The author that GitHub writes into commits made for this account."""
    return Ident(account.name or account.login, noreply_email(account), hub.now())


def site_ident(hub: "Hub") -> Ident:
    """The committer of what is made with GitHub's buttons."""
    return Ident("GitHub", "noreply@github.com", hub.now())


def decoded(content: str) -> bytes:
    """Base64 as the API takes it, line breaks allowed. Raises 422."""
    try:
        return b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        raise unprocessable("content is not valid Base64") from None


def refuse_protected(repo: Repository, ref: str, *, merge: bool = False) -> None:
    """A branch that wants pull requests takes no direct write. Raises 409 as the contents API does."""
    rule = repo.protection.get(ref.removeprefix("refs/heads/"), {})
    if rule.get("required_pull_request_reviews") and not merge:
        raise conflict("Changes must be made through a pull request.")


async def refuse_workflows(by: Caller, repo: Repository, old: str | None, new: str) -> None:
    """Raise 403 where an App without `workflows` would bring workflow files that no branch holds yet."""
    if by.kind != "installation" or by.holds({"workflows": "write"}):
        return
    git = git_of(repo)
    known = set((await gitstore.list_refs(git, "refs/heads/")).values()) | ({old} if old else set())
    fresh = await gitstore.history(git, new, exclude=sorted(known), limit=1000)
    touched = await gitstore.touched_paths(git, [one.sha for one in fresh])
    paths = (path for lists in touched.values() for some in lists.values() for path in some)
    found = next((path for path in paths if path.startswith(_WORKFLOWS)), None)
    if found is not None:
        raise forbidden(workflow_refusal(found))


def workflow_refusal(path: str) -> str:
    """GitHub's sentence."""
    return f"refusing to allow a GitHub App to create or update workflow `{path}` without `workflows` permission"


async def create_ref(hub: "Hub", repo: Repository, by: Caller, ref: str, sha: str) -> None:
    """Raises 422 "Reference already exists" and 403 for workflows."""
    await refuse_workflows(by, repo, None, sha)
    try:
        await gitstore.move_ref(git_of(repo), ref, sha, expected=None)
    except RefMoved:
        raise unprocessable("Reference already exists") from None
    await announce(hub, repo, [Push(ref, ZERO_SHA, sha)], by)


async def update_ref(hub: "Hub", repo: Repository, by: Caller, ref: str, old: str, new: str, *, force: bool) -> None:
    """Raises 422 for what is no fast-forward and was not forced, 409 where somebody else was faster."""
    refuse_protected(repo, ref)
    protected = ref.removeprefix("refs/heads/") in repo.protection
    if (protected or not force) and not await gitstore.is_ancestor(git_of(repo), old, new):
        raise unprocessable("Cannot force-push to this branch" if force else "Update is not a fast forward")
    await refuse_workflows(by, repo, old, new)
    await moved(hub, repo, by, ref, old, new)


async def moved(hub: "Hub", repo: Repository, by: Caller, ref: str, old: str, new: str) -> None:
    """Move the ref if it still is at `old`, and tell it. Raises 409."""
    try:
        await gitstore.move_ref(git_of(repo), ref, new, expected=old)
    except RefMoved:
        raise conflict(f"is at {await gitstore.read_ref(git_of(repo), ref)} but expected {old}") from None
    await announce(hub, repo, [Push(ref, old, new)], by)


async def delete_ref(hub: "Hub", repo: Repository, by: Caller, ref: str, old: str) -> None:
    """Raises 422 for the default branch and for protected ones."""
    branch = ref.removeprefix("refs/heads/")
    if branch == repo.default_branch:
        raise unprocessable("Cannot delete the default branch")
    if branch in repo.protection:
        raise unprocessable("Cannot delete this branch")
    try:
        await gitstore.delete_ref(git_of(repo), ref, expected=old)
    except RefMoved:
        raise conflict(f"{ref} has moved") from None
    await announce(hub, repo, [Push(ref, old, ZERO_SHA)], by)


async def commit_on_branch(
    hub: "Hub",
    repo: Repository,
    by: Caller,
    branch: str,
    files: Mapping[str, str | bytes | None],
    message: str,
    *,
    author: Ident | None = None,
) -> str:
    """Commit files (None removes one) on top of a branch; a branch that does not exist starts at the default branch.

    Answers the new sha. Raises 404 in an empty repository, 403 for workflows, 409 for a protected branch.
    """
    git, ref = git_of(repo), f"refs/heads/{branch}"
    refuse_protected(repo, ref)
    workflow = next((path for path in files if path.startswith(_WORKFLOWS)), None)
    if workflow and by.kind == "installation" and not by.holds({"workflows": "write"}):
        raise forbidden(workflow_refusal(workflow))
    old = await gitstore.read_ref(git, ref)
    parent = old or await gitstore.read_ref(git, f"refs/heads/{repo.default_branch}")
    if parent is None and branch != repo.default_branch:
        raise GitHubError(404, f"Branch {branch} not found")
    who = author or ident_of(hub, by.actor)
    try:
        new = await gitstore.commit_files(git, branch, files, message, parent=parent, author=who)
    except GitFailed:
        raise conflict(f"is at {await gitstore.read_ref(git, ref)} but expected {old}") from None
    await announce(hub, repo, [Push(ref, old or ZERO_SHA, new)], by)
    return new


async def plant_files(hub: "Hub", repo: Repository, files: Mapping[str, str | bytes]) -> None:
    """The first commit of an empty repository; nobody is told, because nobody listens yet."""
    git, branch = git_of(repo), repo.default_branch
    if files and await gitstore.read_ref(git, f"refs/heads/{branch}") is None:
        author = ident_of(hub, next(iter(hub.world.accounts.values())))
        await gitstore.commit_files(git, branch, files, "Initial commit", parent=None, author=author)
