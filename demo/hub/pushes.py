"""What follows when a branch or tag moves, whoever moved it: git itself, the REST API, a merge or a person.

One place tells it, so that a branch made by `POST git/refs` wakes the same listeners as one that was pushed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from demo.hub import gitstore
from demo.hub.callers import Caller
from demo.hub.check_changes import request_suites
from demo.hub.gitstore import ZERO_SHA, Commit
from demo.hub.pull_changes import follow_branch
from demo.hub.pull_facts import git_of
from demo.hub.render.commits import pushed_commit_json
from demo.hub.state import Repository, stamp

if TYPE_CHECKING:
    from demo.hub.hub import Hub

TOLD_COMMITS = 2048
"""A push webhook names at most this many commits."""


@dataclass(frozen=True, slots=True)
class Push:
    """One ref that moved; the zero sha stands for absent."""

    ref: str
    old: str
    new: str

    @property
    def branch(self) -> str | None:
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else None

    @property
    def created(self) -> bool:
        return self.old == ZERO_SHA

    @property
    def deleted(self) -> bool:
        return self.new == ZERO_SHA


async def announce(hub: "Hub", repo: Repository, pushes: Iterable[Push], by: Caller) -> None:
    """Tell the Apps, move pull requests along, ask for checks. Refs beside branches and tags move in silence."""
    for push in pushes:
        if push.branch is None and not push.ref.startswith("refs/tags/"):
            continue
        repo.pushed_at = repo.updated_at = hub.now()
        payload = await push_payload(hub, repo, push, by)
        hub.courier.announce("push", payload, repo=repo, sender=by.actor)
        _tell_birth_or_death(hub, repo, push, by)
        if push.branch is not None:
            await follow_branch(hub, repo, push.branch, push.old, push.new, by)
            if not push.deleted:
                await request_suites(hub, repo, push.branch, push.old, push.new, by)


def _tell_birth_or_death(hub: "Hub", repo: Repository, push: Push, by: Caller) -> None:
    if not (push.created or push.deleted):
        return
    kind = "tag" if push.branch is None else "branch"
    payload: dict[str, Any] = {
        "ref": push.ref.split("/", 2)[2],
        "ref_type": kind,
        "pusher_type": "user",
    }
    if push.created:
        payload |= {"full_ref": push.ref, "master_branch": repo.default_branch, "description": repo.description}
    hub.courier.announce("create" if push.created else "delete", payload, repo=repo, sender=by.actor)


async def _new_commits(repo: Repository, push: Push) -> list[Commit]:
    """The commits that this push brought, oldest first."""
    git = git_of(repo)
    if push.deleted or await gitstore.object_kind(git, push.new) != "commit":
        return []
    others = await gitstore.list_refs(git, "refs/heads/")
    known = {sha for name, sha in others.items() if name != push.ref and sha != push.new}
    exclude = sorted(known) if push.created else [push.old]
    return list(reversed(await gitstore.history(git, push.new, exclude=exclude, limit=TOLD_COMMITS)))


async def push_payload(hub: "Hub", repo: Repository, push: Push, by: Caller) -> dict[str, Any]:
    """The body of a `push` webhook."""
    at, git = hub.urls, git_of(repo)
    commits = await _new_commits(repo, push)
    touched = await gitstore.touched_paths(git, [one.sha for one in commits])
    rows = [pushed_commit_json(at, hub.world, repo, one, touched[one.sha]) for one in commits]
    head = rows[-1] if rows else None
    if head is None and not push.deleted and await gitstore.object_kind(git, push.new) == "commit":
        last = await gitstore.read_commit(git, push.new)
        head = pushed_commit_json(at, hub.world, repo, last, {})
    span = push.new[:12] if push.created else f"{push.old[:12]}...{push.new[:12]}"
    return {
        "ref": push.ref,
        "before": push.old,
        "after": push.new,
        "created": push.created,
        "deleted": push.deleted,
        "forced": not await gitstore.is_fast_forward(git, push.old, push.new),
        "base_ref": None,
        "compare": at.page(repo, f"/compare/{span}"),
        "commits": rows,
        "head_commit": head,
        "pusher": {"name": by.actor.login, "email": by.actor.email, "date": stamp(hub.now())},
    }
