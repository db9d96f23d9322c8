"""Commits, trees, refs, files of a diff: git's own values in GitHub's four spellings of a commit.

REST's `commit`, the git data API's `git-commit`, a push webhook's commit and the merge result differ in shape only; all
are drawn from one `gitstore.Commit`.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from demo.hub.gitstore import Commit, FileChange, Ident, TreeEntry
from demo.hub.render.people import account_json
from demo.hub.state import Account, Repository, World, node_id, stamp
from demo.hub.urls import Urls

Json = dict[str, Any]

_UNSIGNED: Json = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def noreply_email(account: Account) -> str:
    """The address GitHub gives to an account that shows none: commits made on the site carry it."""
    return account.email or f"{account.id}+{account.login}@users.noreply.github.com"


def commit_author(world: World, ident: Ident) -> Account | None:
    """The account behind an author's address, or None."""
    wanted = ident.email.lower()
    return next((one for one in world.accounts.values() if noreply_email(one).lower() == wanted), None)


def _ident_json(who: Ident) -> Json:
    return {"name": who.name, "email": who.email, "date": stamp(who.date)}


def _git_node(repo: Repository, sha: str) -> str:
    return node_id("C", repo.id) + sha


def parent_json(at: Urls, repo: Repository, sha: str) -> Json:
    return {"sha": sha, "url": at.repo(repo, f"/commits/{sha}"), "html_url": at.page(repo, f"/commit/{sha}")}


def commit_json(
    at: Urls, world: World, repo: Repository, commit: Commit, files: Iterable[FileChange] | None = None
) -> Json:
    """GitHub's `commit`; `files` adds `stats` and `files`, which only a single commit's answer carries."""
    api = at.repo(repo, f"/commits/{commit.sha}")
    author, committer = commit_author(world, commit.author), commit_author(world, commit.committer)
    answer: Json = {
        "sha": commit.sha,
        "node_id": _git_node(repo, commit.sha),
        "url": api,
        "html_url": at.page(repo, f"/commit/{commit.sha}"),
        "comments_url": f"{api}/comments",
        "commit": {
            "author": _ident_json(commit.author),
            "committer": _ident_json(commit.committer),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": at.repo(repo, f"/git/trees/{commit.tree}")},
            "url": at.repo(repo, f"/git/commits/{commit.sha}"),
            "comment_count": 0,
            "verification": dict(_UNSIGNED),
        },
        "author": account_json(at, author) if author else None,
        "committer": account_json(at, committer) if committer else None,
        "parents": [parent_json(at, repo, parent) for parent in commit.parents],
    }
    if files is not None:
        rows = [file_json(at, repo, commit.sha, one) for one in files]
        added, removed = sum(row["additions"] for row in rows), sum(row["deletions"] for row in rows)
        answer["stats"] = {"additions": added, "deletions": removed, "total": added + removed}
        answer["files"] = rows
    return answer


def git_commit_json(at: Urls, repo: Repository, commit: Commit) -> Json:
    """GitHub's `git-commit`: the git data API's view, without accounts."""
    return {
        "sha": commit.sha,
        "node_id": _git_node(repo, commit.sha),
        "url": at.repo(repo, f"/git/commits/{commit.sha}"),
        "html_url": at.page(repo, f"/commit/{commit.sha}"),
        "author": _ident_json(commit.author),
        "committer": _ident_json(commit.committer),
        "tree": {"sha": commit.tree, "url": at.repo(repo, f"/git/trees/{commit.tree}")},
        "message": commit.message,
        "parents": [
            {**parent_json(at, repo, parent), "url": at.repo(repo, f"/git/commits/{parent}")}
            for parent in commit.parents
        ],
        "verification": dict(_UNSIGNED),
    }


def pushed_commit_json(at: Urls, world: World, repo: Repository, commit: Commit, touched: dict[str, list[str]]) -> Json:
    """A commit as `push` and `check_suite` webhooks carry it; `touched` has the lists added, removed, modified."""
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": True,
        "message": commit.message,
        "timestamp": stamp(commit.committer.date),
        "url": at.page(repo, f"/commit/{commit.sha}"),
        "author": _pushed_ident(world, commit.author),
        "committer": _pushed_ident(world, commit.committer),
        "added": touched.get("added", []),
        "removed": touched.get("removed", []),
        "modified": touched.get("modified", []),
    }


def simple_commit_json(commit: Commit) -> Json:
    """GitHub's `simple-commit`: the head commit inside a check suite."""
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": stamp(commit.committer.date),
        "author": {"name": commit.author.name, "email": commit.author.email},
        "committer": {"name": commit.committer.name, "email": commit.committer.email},
    }


def _pushed_ident(world: World, who: Ident) -> Json:
    account = commit_author(world, who)
    known = {"username": account.login} if account else {}
    return {"name": who.name, "email": who.email, "date": stamp(who.date), **known}


def file_json(at: Urls, repo: Repository, sha: str, change: FileChange) -> Json:
    """GitHub's `diff-entry`, seen from commit `sha`."""
    path = quote(change.filename)
    answer: Json = {
        "sha": change.sha,
        "filename": change.filename,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": at.page(repo, f"/blob/{sha}/{path}"),
        "raw_url": at.page(repo, f"/raw/{sha}/{path}"),
        "contents_url": at.repo(repo, f"/contents/{path}?ref={sha}"),
    }
    if change.patch is not None:
        answer["patch"] = change.patch
    if change.previous is not None:
        answer["previous_filename"] = change.previous
    return answer


def ref_json(at: Urls, repo: Repository, ref: str, sha: str, kind: str = "commit") -> Json:
    """GitHub's `git-ref`."""
    return {
        "ref": ref,
        "node_id": node_id("REF", repo.id) + ref.encode().hex(),
        "url": at.repo(repo, f"/git/{quote(ref)}"),
        "object": {"type": kind, "sha": sha, "url": at.repo(repo, f"/git/{kind}s/{sha}")},
    }


def tree_json(at: Urls, repo: Repository, sha: str, entries: Iterable[TreeEntry]) -> Json:
    """GitHub's `git-tree`."""
    return {
        "sha": sha,
        "url": at.repo(repo, f"/git/trees/{sha}"),
        "truncated": False,
        "tree": [_entry_json(at, repo, entry) for entry in entries],
    }


def _entry_json(at: Urls, repo: Repository, entry: TreeEntry) -> Json:
    answer: Json = {"path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha}
    if entry.size is not None:
        answer["size"] = entry.size
    if entry.kind != "commit":
        answer["url"] = at.repo(repo, f"/git/{entry.kind}s/{entry.sha}")
    return answer
