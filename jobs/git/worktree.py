"""A task's working tree: the agent writes files, the host reads them back and commits.

The agent owns every byte in `path`; it cannot write `git_dir`. So the host never lets git find a repository by
looking into the tree: the git directory and the tree are always named, and what gets committed is exactly the
snapshot that the gates looked at, not what the tree holds a moment later.
"""

import asyncio
import contextlib
import os
import shutil
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from jobs.git.changes import NESTED_MODE, FileChange, Signature, path_bytes, path_text
from jobs.git.errors import GitError
from jobs.git.objects import DIFF_CAP, TOTAL_CAP, Diff, Objects
from jobs.git.process import Call, Git, Output, lines
from jobs.git.trees import open_up, remove_tree


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The tree as it was when it was read. `unstageable` are paths that git would not take."""

    tree: str
    unstageable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Worktree:
    """`path` is the tree (the agent's), `git_dir` its metadata (ours), `branch` the local branch it is on."""

    git: Git = field(repr=False)
    path: Path
    git_dir: Path
    branch: str
    store: Objects = field(repr=False)
    file_cap: int = TOTAL_CAP  # files above this size (bytes) are not even read

    @property
    def common_dir(self) -> Path:
        """The shared bare repository: with `git_dir` inside it, all that a sandbox has to show for git to work."""
        return self.store.path

    async def head(self) -> str:
        """The commit the tree is based on."""
        return await self.store.commit_of(f"refs/heads/{self.branch}")

    async def is_intact(self) -> bool:
        """Whether this is a completely made worktree on its branch."""
        if not (self.path.is_dir() and (self.git_dir / "HEAD").is_file()) or (self.git_dir / "locked").exists():
            return False
        said = await self._run("symbolic-ref", "--quiet", "HEAD", expect=(0, 1, 128))
        return said.text == f"refs/heads/{self.branch}" and await self.store.resolve(said.text) is not None

    def clear_locks(self) -> None:
        """Remove lock files of a killed git. Call only while holding the task's lock: then nobody else has one."""
        branch = self.common_dir / "refs" / "heads" / self.branch
        for lock in (*self.git_dir.glob("*.lock"), branch.with_name(f"{branch.name}.lock")):
            lock.unlink(missing_ok=True)
        for left in self.git_dir.glob("stage-*"):
            remove_tree(left)

    async def reset(self, commit: str, *, keep_fds: Sequence[int] = (), ignored: bool = False) -> None:
        """Make the tree (and the local branch) exactly `commit`; ignored files stay, unless `ignored` go as well."""
        await self._clear_obstacles()
        clean = "-ffdxq" if ignored else "-ffdq"
        try:
            await self._reset(commit, clean, keep_fds)
        except GitError:
            await asyncio.to_thread(open_up, self.path)
            await self._reset(commit, clean, keep_fds)

    async def _reset(self, commit: str, clean: str, keep_fds: Sequence[int]) -> None:
        await self._run("reset", "--quiet", "--hard", commit, "--", keep_fds=keep_fds)
        await self._run("clean", clean, keep_fds=keep_fds)

    async def snapshot(self) -> Snapshot:
        """Read the whole tree into the object database, without touching the branch.

        Ignored files are left alone, and nothing of the tree is executed. Raises GitError.
        """
        with TemporaryDirectory(prefix="stage-", dir=self.git_dir) as folder:
            index = Path(folder, "index")
            with contextlib.suppress(FileNotFoundError):
                # With its time: git distrusts a file that is as young as the index, and would trust it beside a copy
                # that is younger, so that an edit in the same tick and of the same length would be lost.
                await asyncio.to_thread(shutil.copy2, self.git_dir / "index", index)
            too_large = await self._too_large(index)
            await self._add_all(index, too_large)
            left = await self._differing(index)
            tree = (await self._run("write-tree", index=index)).text
            with contextlib.suppress(FileNotFoundError):
                os.replace(index, self.git_dir / "index")  # what the next snapshot compares file times with
        return Snapshot(tree, tuple(sorted({*left, *too_large})))

    async def changed_files(self, base: str, snapshot: Snapshot | None = None) -> tuple[FileChange, ...]:
        """What differs from `base` now (or in `snapshot`), including what git would not take."""
        seen = snapshot or await self.snapshot()
        known = await self.store.changed_files(base, seen.tree)
        named = {change.path for change in known}
        refused = (FileChange(path, "unstageable") for path in seen.unstageable if path not in named)
        return (*known, *refused)

    async def diff(self, base: str, snapshot: Snapshot | None = None, *, cap: int = DIFF_CAP) -> Diff:
        """The readable difference from `base`, at most `cap` bytes."""
        seen = snapshot or await self.snapshot()
        return await self.store.diff(base, seen.tree, cap=cap)

    async def commit_all(
        self, message: str, *, author: Signature, snapshot: Snapshot | None = None, exclude: Iterable[str] = ()
    ) -> str | None:
        """Commit the tree on the branch, except for `exclude`, whose paths stay as the branch has them.

        Returns the new sha, or None when nothing is left to commit. Give the `snapshot` that the gates saw: what an
        agent changed since then is not committed. Raises GitError; `conflict` when the branch moved meanwhile.
        """
        seen = snapshot or await self.snapshot()
        head = await self.head()
        tree = await self._without(seen.tree, head, tuple(exclude))
        if tree == await self.store.tree_of(head):
            return None
        sha = await self.store.commit_tree(tree, [head], message, author)
        await self.advance(sha, head)
        return sha

    async def advance(self, new: str, old: str) -> None:
        """Move the local branch from `old` to `new`; the files stay. Raises GitError (conflict)."""
        await self.git.run("update-ref", f"refs/heads/{self.branch}", new, old, call=self.store.call())

    async def _add_all(self, index: Path, skip: Sequence[str]) -> None:
        pathspecs = [b":(top)", *(b":(exclude,top,literal)" + path_bytes(path) for path in skip)]
        call = Call(
            git_dir=self.git_dir, work_tree=self.path, index=index, stdin=b"\0".join(pathspecs), expect=(0, 1),
            env={"GIT_LITERAL_PATHSPECS": "0"},
        )  # fmt: skip
        await self.git.run(
            "add", "--all", "--ignore-errors", "--pathspec-from-file=-", "--pathspec-file-nul", call=call
        )

    async def _too_large(self, index: Path) -> tuple[str, ...]:
        """The changed or new files that are larger than `file_cap` bytes: reading them would fill the disk."""
        return tuple(path for path in await self._differing(index) if _size(self.path / path) > self.file_cap)

    async def _differing(self, index: Path) -> tuple[str, ...]:
        said = await self._run("ls-files", "-z", "--modified", "--others", "--exclude-standard", index=index)
        return tuple(dict.fromkeys(path_text(path) for path in lines(said.stdout)))

    async def _without(self, tree: str, head: str, exclude: tuple[str, ...]) -> str:
        """`tree` with the paths of `exclude` as they are in `head` (or absent)."""
        if not exclude:
            return tree
        with TemporaryDirectory(prefix="stage-", dir=self.git_dir) as folder:
            index = Path(folder, "index")
            await self._run("read-tree", tree, index=index)
            gone = b"".join(b"0 " + b"0" * 40 + b"\t" + path_bytes(path) + b"\0" for path in exclude)
            kept = await self._entries(head, set(exclude))
            call = Call(git_dir=self.git_dir, index=index, stdin=gone + kept)
            await self.git.run("update-index", "--replace", "-z", "--index-info", call=call)
            return (await self._run("write-tree", index=index)).text

    async def _entries(self, commit: str, paths: set[str]) -> bytes:
        """What `commit` has at these paths, in the form that `update-index` reads."""
        found = (await self.store.entries(commit)).items()  # there may be more paths than a command line holds
        rows = (f"{one.mode:06o} {one.sha}\t".encode() + path_bytes(path) for path, one in found if path in paths)
        return b"".join(row + b"\0" for row in rows)

    async def _clear_obstacles(self) -> None:
        """Nested repositories that were staged stop `reset`."""
        said = await self._run("ls-files", "-z", "--stage", expect=(0, 128))
        nested = [row.split(b"\t", 1)[1] for row in lines(said.stdout) if int(row.split(b" ", 1)[0], 8) == NESTED_MODE]
        for path in nested:
            await asyncio.to_thread(remove_tree, self.path / path_text(path))

    async def _run(
        self, *args: str, index: Path | None = None, keep_fds: Sequence[int] = (), expect: Sequence[int] = (0,)
    ) -> Output:
        call = Call(git_dir=self.git_dir, work_tree=self.path, index=index, keep_fds=keep_fds, expect=expect)
        return await self.git.run(*args, call=call)


def _size(path: Path) -> int:
    try:
        found = path.lstat()
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
