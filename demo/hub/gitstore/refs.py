"""Refs of a bare repository: names, values, and the moves that GitHub allows.

A ref is where two writers meet. Every move names the value it expects, so a lost race is an answer and never a lost
commit.
"""

import re
from collections.abc import Mapping

from demo.hub.gitstore.process import ZERO_SHA, Git, GitFailed

_SHA = re.compile(r"[0-9a-f]{40}")
_ABBREVIATED = re.compile(r"[0-9a-f]{7,40}")


class RefMoved(Exception):
    """The ref was not where the writer expected it."""


class NotFastForward(Exception):
    """The move would drop commits and was not forced."""


def is_sha(text: str) -> bool:
    """Whether this is a full object name."""
    return _SHA.fullmatch(text) is not None


async def list_refs(git: Git, prefix: str = "refs/") -> dict[str, str]:
    """Ref name to sha, sorted by name; `prefix` may end inside a name (as `matching-refs` allows)."""
    lines = (await git.run("for-each-ref", "--format=%(objectname) %(refname)")).lines
    pairs = (line.split(" ", 1) for line in lines)
    return {name: sha for sha, name in pairs if name.startswith(prefix)}


async def read_ref(git: Git, ref: str) -> str | None:
    """The sha that a full ref name (`refs/…`) holds, or None."""
    done = await git.run("rev-parse", "--verify", "--quiet", "--end-of-options", ref, ok=(0, 1, 128))
    return done.line if done.returncode == 0 and is_sha(done.line) else None


async def resolve_commit(git: Git, name: str) -> str | None:
    """The commit that a branch, tag, full or short ref, or a sha of at least 7 digits names, or None."""
    candidates = [f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name}"]
    candidates += [name] if name.startswith("refs/") or name == "HEAD" or _ABBREVIATED.fullmatch(name) else []
    if "\n" in name or "\0" in name:
        return None
    asked = "".join(f"{candidate}^{{commit}}\n" for candidate in candidates)
    for line in (await git.run("cat-file", "--batch-check", stdin=asked.encode())).lines:
        words = line.split(" ")
        if len(words) == 3 and words[1] == "commit" and is_sha(words[0]):
            return words[0]
    return None


async def object_kind(git: Git, sha: str) -> str | None:
    """`commit`, `tree`, `blob` or `tag`; None when the repository has no such object."""
    if not _ABBREVIATED.fullmatch(sha):
        return None
    try:
        return (await git.about("cat-file", "-t", names=(sha,))).line
    except GitFailed:
        return None


async def is_valid_ref(git: Git, ref: str) -> bool:
    """Whether git accepts this full ref name."""
    return ref.startswith("refs/") and (await git.run("check-ref-format", ref, ok=(0, 1))).returncode == 0


async def is_ancestor(git: Git, old: str, new: str) -> bool:
    """Whether `new` contains everything that `old` contains."""
    return (await git.about("merge-base", "--is-ancestor", names=(old, new), ok=(0, 1))).returncode == 0


async def move_ref(git: Git, ref: str, new: str, *, expected: str | None) -> None:
    """Set `ref` to `new` if it still is at `expected` (None: must not exist). Raises RefMoved."""
    try:
        await git.run("update-ref", "--end-of-options", ref, new, expected or ZERO_SHA)
    except GitFailed as failed:
        raise RefMoved(failed.stderr.strip()) from failed


async def fast_forward(git: Git, ref: str, new: str, *, expected: str) -> None:
    """As `move_ref`, but only forward. Raises NotFastForward or RefMoved."""
    if not await is_ancestor(git, expected, new):
        raise NotFastForward(ref)
    await move_ref(git, ref, new, expected=expected)


async def delete_ref(git: Git, ref: str, *, expected: str) -> None:
    """Remove `ref` if it still is at `expected`. Raises RefMoved."""
    try:
        await git.run("update-ref", "-d", "--end-of-options", ref, expected)
    except GitFailed as failed:
        raise RefMoved(failed.stderr.strip()) from failed


def changes_between(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(old, new, ref) for every ref that differs, by name; the zero sha stands for absent."""
    names = sorted(before.keys() | after.keys())
    moves = ((before.get(name, ZERO_SHA), after.get(name, ZERO_SHA), name) for name in names)
    return [move for move in moves if move[0] != move[1]]
