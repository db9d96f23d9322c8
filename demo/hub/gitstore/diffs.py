"""What differs between two commits, in the terms of a pull request's Files tab.

The files endpoint, compare, a commit's own page and review comments must agree on status, counts and hunks; one parser
of git's machine output serves them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from demo.hub.gitstore.objects import Commit, history
from demo.hub.gitstore.process import ZERO_SHA, Git
from demo.hub.gitstore.refs import is_ancestor

_STATUS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}
COMPARE_COMMITS = 250
"""GitHub lists at most this many commits in one comparison."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of a diff; `patch` starts at the first `@@` and is None for binary or empty changes."""

    filename: str
    status: str
    additions: int
    deletions: int
    sha: str
    previous: str | None
    patch: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`base...head`: commits of head only (oldest first, capped), counts, and the files since the merge base."""

    merge_base: str
    ahead: int
    behind: int
    commits: tuple[Commit, ...]
    files: tuple[FileChange, ...]

    @property
    def status(self) -> str:
        if self.ahead and self.behind:
            return "diverged"
        if self.ahead:
            return "ahead"
        return "behind" if self.behind else "identical"


async def changed_files(git: Git, old: str, new: str) -> list[FileChange]:
    """Every file that differs from tree-ish `old` to tree-ish `new`, renames found, with hunks."""
    flags = ("-r", "-M", "--no-ext-diff", "--no-textconv", "--no-color")
    summary = await git.about("diff-tree", *flags, "-z", "--raw", "--numstat", "--abbrev=40", names=(old, new))
    rows = _rows(summary.text)
    if not rows:
        return []
    text = (await git.about("diff-tree", *flags, "-p", names=(old, new))).text
    patches = iter(_patches(text))
    changes = []
    for row in rows:
        # A changed type (file to link) is shown by git as two patches for one entry.
        parts = list(islice(patches, 2 if row.status == "changed" else 1))
        changes.append(_with_patch(row, "\n".join(part for part in parts if part) or None))
    return changes


def _with_patch(row: FileChange, patch: str | None) -> FileChange:
    return FileChange(row.filename, row.status, row.additions, row.deletions, row.sha, row.previous, patch)


def _rows(text: str) -> list[FileChange]:
    fields = iter(text.split("\0"))
    heads: list[tuple[str, str, str, str | None]] = []
    counts: dict[str, tuple[int, int]] = {}
    for field in fields:
        if field.startswith(":"):
            _, _, old_sha, new_sha, letter = field.split(" ")
            first = next(fields)
            moved = letter[0] in "RC"
            name = next(fields) if moved else first
            sha = old_sha if new_sha == ZERO_SHA else new_sha
            heads.append((name, _STATUS.get(letter[0], "changed"), sha, first if moved else None))
        elif field:
            added, removed, name = field.split("\t")
            if not name:
                next(fields)
                name = next(fields)
            counts[name] = (_count(added), _count(removed))
    return [
        FileChange(name, status, *counts.get(name, (0, 0)), sha, previous, None)
        for name, status, sha, previous in heads
    ]


def _count(text: str) -> int:
    return 0 if text == "-" else int(text)


def _patches(text: str) -> list[str | None]:
    patches: list[str | None] = []
    for section in ("\n" + text).split("\ndiff --git ")[1:]:
        start = section.find("\n@@ ")
        patches.append(None if start < 0 else section[start + 1 :].removesuffix("\n"))
    return patches


async def merge_base(git: Git, one: str, other: str) -> str | None:
    """The best common ancestor, or None for unrelated histories."""
    done = await git.about("merge-base", names=(one, other), ok=(0, 1))
    return done.line if done.returncode == 0 else None


async def ahead_behind(git: Git, base: str, head: str) -> tuple[int, int]:
    """(commits only in head, commits only in base)."""
    behind, ahead = (await git.about("rev-list", "--left-right", "--count", names=(f"{base}...{head}",))).line.split()
    return int(ahead), int(behind)


async def compare(git: Git, base: str, head: str) -> Comparison | None:
    """`base...head`; None for unrelated histories."""
    common = await merge_base(git, base, head)
    if common is None:
        return None
    ahead, behind = await ahead_behind(git, base, head)
    newest_first = await history(git, head, exclude=[base], limit=COMPARE_COMMITS)
    files = await changed_files(git, common, head)
    return Comparison(common, ahead, behind, tuple(reversed(newest_first)), tuple(files))


async def unified_diff(git: Git, base: str, head: str, *, three_dots: bool = True) -> str:
    """The plain text diff to `head`, from the merge base (`three_dots`) or from `base` itself, as `.diff` serves it."""
    common = await merge_base(git, base, head) if three_dots else base
    return (await git.run("diff-tree", "-r", "-M", "-p", "--no-ext-diff", common or base, head)).text


async def mail_patches(git: Git, base: str, head: str) -> str:
    """The commits of `base..head` as mails, as `.patch` serves them."""
    return (await git.run("format-patch", "--stdout", "--no-ext-diff", f"{base}..{head}")).text


async def is_fast_forward(git: Git, old: str, new: str) -> bool:
    """Whether moving a branch from `old` to `new` drops nothing; a new or removed branch drops nothing either."""
    return ZERO_SHA in (old, new) or await is_ancestor(git, old, new)


@dataclass(frozen=True, slots=True)
class Totals:
    """How big a diff is."""

    files: int
    additions: int
    deletions: int


async def diff_totals(git: Git, old: str, new: str) -> Totals:
    """The size of `changed_files`, without the hunks."""
    flags = ("-r", "-M", "--no-ext-diff", "--no-textconv", "--numstat")
    counts = [line.split("\t")[:2] for line in (await git.about("diff-tree", *flags, names=(old, new))).lines]
    return Totals(len(counts), sum(_count(added) for added, _ in counts), sum(_count(removed) for _, removed in counts))


async def touched_paths(git: Git, shas: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """For each commit the paths it `added`, `removed` and `modified` (against its first parent), as pushes tell."""
    if not shas:
        return {}
    flags = ("--stdin", "-r", "--root", "-m", "--first-parent", "--name-status", "--no-renames")
    lines = (await git.run("diff-tree", *flags, stdin="\n".join(shas).encode() + b"\n")).lines
    touched: dict[str, dict[str, list[str]]] = {sha: {"added": [], "removed": [], "modified": []} for sha in shas}
    current = shas[0]
    for line in lines:
        letter, tab, path = line.partition("\t")
        if tab:
            touched[current][{"A": "added", "D": "removed"}.get(letter, "modified")].append(path)
        else:
            current = line.split(" ")[0]
    return touched
