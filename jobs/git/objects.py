"""Commits, trees and blobs of one repository, read and written without any working tree.

Diffs, start commits and records on refs need no checkout. Everything here works on object ids only, so nothing an
agent wrote is ever opened by name.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jobs.git.changes import LINK_MODE, NO_OBJECT, Blob, Entry, FileChange, Signature, parse_raw_diff, path_text
from jobs.git.errors import GitError, GitKind
from jobs.git.process import Call, Git, lines

BLOB_CAP = 10 << 20
TOTAL_CAP = 64 << 20
DIFF_CAP = 2 << 20
_MAX_LINK = 4096
"""Bytes of a symbolic link that is followed (Linux's own limit)."""
_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_SAFE_DIFF = ("--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--ignore-submodules=none")


def is_sha(name: str) -> bool:
    return bool(_SHA.fullmatch(name))


def _end_of(path: str, target: bytes) -> str:
    """Where a symbolic link at `path` leads inside the repository; empty when it leads out of it."""
    end = posixpath.normpath(posixpath.join(posixpath.dirname(path), target.decode("utf-8", "replace")))
    return "" if end.startswith(("/", "..")) or end == "." else end


@dataclass(frozen=True, slots=True)
class Diff:
    """A readable diff. `truncated`: it was longer than the cap and was cut at a line."""

    text: str
    truncated: bool = False


@dataclass(slots=True)
class Objects:
    """The object database of the bare repository at `path`."""

    git: Git = field(repr=False)
    path: Path

    def call(self) -> Call:
        return Call(git_dir=self.path)

    async def resolve(self, revision: str) -> str | None:
        """The commit that `revision` (a ref or a sha) names, or None when there is none here."""
        found = await self.git.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", call=self._asks()
        )
        return found.text or None

    async def commit_of(self, revision: str) -> str:
        """Like `resolve`; raises GitError (missing) instead of returning None."""
        found = await self.resolve(revision)
        if found is None:
            raise GitError(GitKind.MISSING, "rev-parse", f"no commit {revision!r}")
        return found

    async def tree_of(self, revision: str) -> str:
        """The tree of a commit (a tree's id is returned as it is)."""
        return (await self.git.run("rev-parse", "--verify", "--end-of-options", f"{revision}^{{tree}}",
                                   call=self.call())).text  # fmt: skip

    async def commit_tree(self, tree: str, parents: Sequence[str], message: str, author: Signature) -> str:
        """Write a commit object (no ref moves, no hook exists) and return its sha."""
        options = [word for parent in parents for word in ("-p", parent)]
        call = Call(git_dir=self.path, env=author.variables(), stdin=message.encode())
        return (await self.git.run("commit-tree", *options, "-F", "-", tree, call=call)).text

    async def empty_commit(self, parent: str, message: str, author: Signature) -> str:
        """A commit with its parent's tree: what opens a pull request before there is anything to show.

        The same arguments give the same sha, so a worker that died after the push finds its own commit again.
        """
        return await self.commit_tree(await self.tree_of(parent), [parent], message, author)

    async def diff(self, base: str, target: str, *, cap: int = DIFF_CAP, paths: Sequence[str] = ()) -> Diff:
        """The readable difference between two commits or trees, at most `cap` bytes."""
        call = Call(git_dir=self.path, cap=cap, may_truncate=True)
        said = await self.git.run("diff-tree", "-r", "-p", *_SAFE_DIFF, base, target, "--", *paths, call=call)
        data = said.stdout[: said.stdout.rfind(b"\n") + 1] if said.truncated else said.stdout
        return Diff(data.decode("utf-8", "replace"), said.truncated)

    async def shown_diff(self, base: str, target: str, *, cap: int = DIFF_CAP) -> Diff:
        """The difference as a pull request's page shows it: renames are found, three lines stand around each change."""
        options = [option for option in _SAFE_DIFF if option != "--no-renames"]
        call = Call(git_dir=self.path, cap=cap, may_truncate=True)
        said = await self.git.run("diff-tree", "-r", "-p", "-M", "-U3", *options, base, target, "--", call=call)
        return Diff(said.stdout.decode("utf-8", "replace"), said.truncated)

    async def changed_files(self, base: str, target: str) -> tuple[FileChange, ...]:
        """Every path that differs between two commits or trees. A rename is a deletion and an addition."""
        said = await self.git.run("diff-tree", "-r", "--raw", "-z", "--no-abbrev", *_SAFE_DIFF, base, target,
                                  call=self.call())  # fmt: skip
        return parse_raw_diff(said.stdout)

    async def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor, or None for unrelated histories."""
        return (await self.git.run("merge-base", one, other, call=self._asks())).text or None

    async def oldest_saying(self, said: Sequence[str], base: str, tip: str) -> str | None:
        """The oldest commit of `tip`'s own line since it left `base` whose message has each of these lines."""
        wanted = [f"--grep=^{re.escape(line)}$" for line in said if line]
        found = await self.git.run(
            "rev-list", "--first-parent", "--extended-regexp", "--all-match", *wanted, tip, f"^{base}", call=self.call()
        )
        return found.text.split()[-1] if found.text else None

    async def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` contains `old`. Raises GitError (missing) when either is unknown here."""
        return (await self.git.run("merge-base", "--is-ancestor", old, new, call=self._asks())).code == 0

    async def files(self, commit: str, paths: Sequence[str], *, cap: int = BLOB_CAP) -> dict[str, bytes]:
        """The contents of those `paths` that are files of at most `cap` bytes in the commit.

        A symbolic link to another file of the repository is followed once.
        """
        entries = await self.entries(commit, paths) if paths else {}
        links = {path: entry.sha for path, entry in entries.items() if entry.mode == LINK_MODE}
        if links:
            texts = await self._read(set(links.values()), _MAX_LINK)
            ends = {path: _end_of(path, texts[blob]) for path, blob in links.items() if blob in texts}
            leads = [end for end in ends.values() if end]
            behind = await self.entries(commit, leads) if leads else {}
            entries |= {path: behind[end] for path, end in ends.items() if end in behind}
        wanted = {path: entry.sha for path, entry in entries.items() if entry.is_file}
        data = await self._read(set(wanted.values()), cap)
        return {path: data[blob] for path, blob in wanted.items() if blob in data}

    async def entries(self, commit: str, paths: Sequence[str] = ()) -> dict[str, Entry]:
        """What stands at each of these paths (without any: at every path of a file). Raises GitError."""
        call = Call(git_dir=self.path, env={"GIT_LITERAL_PATHSPECS": "1"})
        words = (commit, "--", *paths) if paths else ("-r", commit)
        said = await self.git.run("ls-tree", "-z", "--full-tree", *words, call=call)
        found = {}
        for row in lines(said.stdout):
            head, _, path = row.partition(b"\t")
            mode, _, sha = head.decode("ascii").split(" ")
            found[path_text(path)] = Entry(int(mode, 8), sha)
        return {path: entry for path, entry in found.items() if path in paths} if paths else found

    async def _read(self, blobs: Iterable[str], cap: int) -> dict[str, bytes]:
        sizes = await self._sizes(tuple(blobs))
        return await self._contents([blob for blob, size in sizes.items() if size <= cap], sizes)

    async def write_blob(self, data: bytes) -> str:
        """Store `data` and return its id (a record that goes to `refs/pdev/state/…`)."""
        return (await self.git.run("hash-object", "-w", "--stdin", call=Call(git_dir=self.path, stdin=data))).text

    async def read_blob(self, blob: str, *, cap: int = BLOB_CAP) -> bytes:
        """The content of a blob. Raises GitError: missing, or too_large above `cap` bytes."""
        return (await self.git.run("cat-file", "blob", blob, call=Call(git_dir=self.path, cap=cap))).stdout

    async def blobs(
        self, changes: Iterable[FileChange], *, blob_cap: int = BLOB_CAP, total_cap: int = TOTAL_CAP
    ) -> Mapping[str, Blob]:
        """The old and new contents of `changes` by blob id.

        What is larger than `blob_cap`, or comes after `total_cap` bytes were read, has its size but no data.
        """
        wanted = dict.fromkeys(
            blob for change in changes for blob in (change.blob, change.old_blob) if blob != NO_OBJECT
        )
        sizes = await self._sizes(tuple(wanted))
        readable: list[str] = []
        room = total_cap
        for blob, size in sizes.items():
            if size <= min(blob_cap, room):
                readable.append(blob)
                room -= size
        data = await self._contents(readable, sizes)
        return {blob: Blob(size, data.get(blob)) for blob, size in sizes.items()}

    async def _sizes(self, blobs: Sequence[str]) -> dict[str, int]:
        said = await self.git.run(
            "cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)", call=self._batch(blobs)
        )
        rows = (line.split(b" ") for line in said.stdout.splitlines())
        return {row[0].decode(): int(row[2]) for row in rows if len(row) == 3 and row[1] == b"blob"}

    async def _contents(self, blobs: Sequence[str], sizes: Mapping[str, int]) -> dict[str, bytes]:
        if not blobs:
            return {}
        cap = sum(sizes[blob] + 128 for blob in blobs)
        said = await self.git.run("cat-file", "--batch", call=self._batch(blobs, cap))
        found: dict[str, bytes] = {}
        at = 0
        for blob in blobs:
            start = said.stdout.index(b"\n", at) + 1
            at = start + sizes[blob]
            found[blob] = said.stdout[start:at]
            at += 1
        return found

    def _batch(self, blobs: Sequence[str], cap: int = 64 << 20) -> Call:
        return Call(git_dir=self.path, stdin="".join(f"{blob}\n" for blob in blobs).encode(), cap=cap)

    def _asks(self) -> Call:
        return Call(git_dir=self.path, expect=(0, 1))
