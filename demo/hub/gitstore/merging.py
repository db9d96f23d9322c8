"""Merging without a worktree: can it be merged, and the three ways of doing it.

`git merge-tree --write-tree` (git 2.38) merges in the object store, so a bare repository can answer `mergeable` and
make a merge, squash or rebase as GitHub's button does.
"""

from collections.abc import Sequence

from demo.hub.gitstore.objects import Commit, Ident, read_commit, read_commits, write_commit
from demo.hub.gitstore.process import Git


class Conflict(Exception):
    """The two sides change the same lines."""


async def merged_tree(git: Git, ours: str, theirs: str) -> str:
    """The tree that a clean merge gives. Raises Conflict."""
    done = await git.about("merge-tree", "--write-tree", "--allow-unrelated-histories", names=(ours, theirs), ok=(0, 1))
    if done.returncode:
        raise Conflict(f"{theirs} does not merge into {ours}")
    return done.lines[0]


async def is_mergeable(git: Git, base: str, head: str) -> bool:
    """Whether `head` merges into `base` without a conflict."""
    try:
        await merged_tree(git, base, head)
    except Conflict:
        return False
    return True


async def merge_commit(git: Git, base: str, head: str, message: str, *, author: Ident, committer: Ident) -> str:
    """A merge commit of `head` into `base`; answers its sha, moves no ref. Raises Conflict."""
    tree = await merged_tree(git, base, head)
    return await write_commit(git, tree, [base, head], message, author=author, committer=committer)


async def squash_commit(git: Git, base: str, head: str, message: str, *, author: Ident, committer: Ident) -> str:
    """One commit on `base` with all that `head` changes; moves no ref. Raises Conflict."""
    tree = await merged_tree(git, base, head)
    return await write_commit(git, tree, [base], message, author=author, committer=committer)


async def rebase_commits(git: Git, base: str, head: str, *, committer: Ident) -> str:
    """The commits of `head` replayed on `base` (merges dropped); answers the last one's sha. Raises Conflict."""
    shas = (await git.run("rev-list", "--reverse", "--no-merges", head, f"^{base}")).lines
    return await _replay(git, base, await read_commits(git, shas), committer)


async def _replay(git: Git, onto: str, commits: Sequence[Commit], committer: Ident) -> str:
    tip = onto
    for commit in commits:
        # `merge-tree --merge-base` came with git 2.40. A throw-away commit with the tip's tree and the replayed
        # commit's parent makes git find exactly that parent as the base.
        tip_tree = (await read_commit(git, tip)).tree
        stand_in = await write_commit(git, tip_tree, commit.parents, "stand-in", author=committer)
        tree = await merged_tree(git, stand_in, commit.sha)
        tip = await write_commit(git, tree, [tip], commit.message, author=commit.author, committer=committer)
    return tip
