"""One bare cache per repository, and a worktree per task beside it.

Cloning for each task would cost seconds and gigabytes; a worktree costs milliseconds, but git was measured to fail
when worktrees are added, fetched under and cleaned up side by side. So everything that touches the shared part runs
under one lock, the checkout itself does not, and whatever a killed worker left half done is put right on the next
call: every operation may be repeated.
"""

import asyncio
import re
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp

from jobs.git.errors import GitError, GitKind
from jobs.git.locks import exclusive
from jobs.git.objects import Objects
from jobs.git.process import NETWORK_S, Call, Git
from jobs.git.remote import Remote, address, local_name, reference
from jobs.git.trees import remove_tree
from jobs.git.worktree import Worktree

MINIMUM_GIT = (2, 38)  # merge-tree --write-tree, safe.bareRepository
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


async def git_version(git: Git) -> tuple[int, int, int]:
    """The version of the git program. Raises GitError (refused) when it is older than we can work with."""
    said = (await git.run("version")).text
    found = _VERSION.search(said)
    version = (int(found[1]), int(found[2]), int(found[3] or 0)) if found else (0, 0, 0)
    if version[:2] < MINIMUM_GIT:
        need = ".".join(map(str, MINIMUM_GIT))
        raise GitError(GitKind.REFUSED, "version", f"git {need} or newer is needed, this is {said!r}")
    return version


@dataclass(slots=True)
class Mirror(Objects):
    """The cache of one repository: its objects, its remote, and the worktrees that hang on it."""

    remote: Remote
    trees: Path
    lock_files: Path
    name: str
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    _task_turns: dict[str, asyncio.Lock] = field(default_factory=dict, repr=False)

    async def fetch(self, token: str | None, refs: Sequence[str] | None = None, *, depth: int = 0) -> None:
        """Bring all branches, or exactly the named refs (`refs/heads/…`, `refs/pdev/…`) or commits, into the cache.

        Branches land under `refs/remotes/origin/`; with a `depth` only so many commits of each. Raises GitError.
        """
        async with self._alone() as lock:
            await self.remote.fetch(token, refs, keep_fds=(lock,), depth=depth)

    async def fetched(self, ref: str) -> str | None:
        """The commit that the last fetch saw at the remote ref `ref` (`refs/heads/main`), or None."""
        return await self.resolve(local_name(reference(ref)))

    async def remote_refs(self, token: str | None, prefix: str) -> Mapping[str, str]:
        """What the server has now under `prefix` (`refs/heads/feature/`): ref → sha. Raises GitError."""
        return await self.remote.refs(token, prefix)

    async def push(self, token: str | None, sha: str, ref: str, expected_old: str | None) -> None:
        """Set the server's `ref` to `sha` if it is at `expected_old` (None: if it does not exist), or already at `sha`.

        Raises GitError; `conflict` when somebody else moved it, `workflow_refused`, `rejected`, `auth`, `network` …
        """
        await self.remote.push(token, sha, ref, expected_old)

    async def delete_remote(self, token: str | None, ref: str, expected: str) -> None:
        """Delete the server's `ref` if it is at `expected`; already gone is fine. Raises GitError (conflict …)."""
        await self.remote.push(token, "", ref, expected)

    async def worktree(self, task_id: str, commit: str, *, branch: str) -> Worktree:
        """A working tree of `commit` on the local `branch`, whatever was there before.

        A tree that this task already has is reused (ignored build products stay); a half-made one is made again.
        Raises GitError; `missing` when `commit` is not in the cache.
        """
        tree = self.place(task_id, branch)
        sha = await self.commit_of(commit)
        async with self._task(task_id) as task_lock:
            tree.clear_locks()
            if await tree.is_intact():
                with suppress(GitError):  # damaged, or closed to us by the agent: made anew below
                    await tree.reset(sha, keep_fds=(task_lock,))
                    return tree
            await asyncio.to_thread(remove_tree, tree.path)
            async with self._alone() as lock:
                remove_tree(tree.git_dir)
                await self._add(tree, sha, (task_lock, lock))
            await tree.reset(sha, keep_fds=(task_lock,))
        return tree

    async def remove_worktree(self, task_id: str, *, when: Callable[[], Awaitable[bool]] | None = None) -> bool:
        """Take the task's working tree away; its local branch and commits stay in the cache. Absent is fine.

        `when` is asked while nobody else can set the tree up; False if it forbids.
        """
        tree = self.place(task_id, "none")
        async with self._task(task_id):
            if when is not None and not await when():
                return False
            # What `git worktree remove` and `prune` do, in a way that no lock, damage or missing half can stop.
            await asyncio.to_thread(remove_tree, tree.path)
            async with self._alone():
                remove_tree(tree.git_dir)
        return True

    def worktrees(self) -> tuple[str, ...]:
        """The ids of the tasks that have something of a working tree here (for the sweep)."""
        found = {entry.name for folder in (self.trees, self.path / "worktrees") if folder.is_dir()
                 for entry in folder.iterdir()}  # fmt: skip
        return tuple(sorted(name.removeprefix("task-") for name in found if name.startswith("task-")))

    async def branches(self) -> tuple[str, ...]:
        """The local branches, which is what `worktree` made and nobody has taken away (for the sweep)."""
        said = await self.git.run("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/", call=self.call())
        return tuple(said.text.split())

    async def forget_branch(self, branch: str) -> None:
        """Take a local branch away; its commits go with a later `gc`. Absent is fine."""
        async with self._alone() as lock:
            call = Call(git_dir=self.path, keep_fds=(lock,))
            await self.git.run("update-ref", "-d", f"refs/heads/{branch}", call=call)

    async def gc(self) -> None:
        """Repack the cache; objects that nothing names stay for two weeks, so no running task loses one."""
        async with self._alone() as lock:
            call = Call(git_dir=self.path, keep_fds=(lock,), timeout_s=NETWORK_S)
            await self.git.run("gc", "--quiet", "--prune=2.weeks.ago", call=call)

    def place(self, task_id: str, branch: str) -> Worktree:
        """Where the task's working tree is, or would be; nothing is touched."""
        name = f"task-{_plain(task_id)}"
        return Worktree(
            git=self.git, path=self.trees / name, git_dir=self.path / "worktrees" / name, branch=branch, store=self
        )

    async def _add(self, tree: Worktree, sha: str, locks: tuple[int, ...]) -> None:
        options = ["--no-track", "--no-checkout", "--force", "-B", tree.branch]
        call = Call(git_dir=self.path, keep_fds=locks)
        await self.git.run("worktree", "add", *options, str(tree.path), sha, call=call)

    def _alone(self) -> AbstractAsyncContextManager[int]:
        return exclusive(self.lock_files / f"{self.name}.lock", self._turn)

    def _task(self, task_id: str) -> AbstractAsyncContextManager[int]:
        turn = self._task_turns.setdefault(task_id, asyncio.Lock())
        return exclusive(self.lock_files / f"{self.name}.task-{_plain(task_id)}.lock", turn)


@dataclass(slots=True)
class Cache:
    """All repositories' caches below `root` (an absolute path of ours, not readable by agents except through binds).

    `protocols` are the URL schemes that repositories may have.
    """

    root: Path
    protocols: frozenset[str] = frozenset({"https", "http"})
    extra_env: Mapping[str, str] = field(default_factory=dict)
    _mirrors: dict[str, Mirror] = field(default_factory=dict, repr=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def check(self) -> tuple[int, int, int]:
        """The git version we work with. Raises GitError (refused) when git is absent or too old."""
        return await git_version(self._git())

    def program(self) -> Git:
        """The git program as all of it uses it. Raises GitError (refused) when there is none."""
        return self._git()

    def on_disk(self) -> list[Mirror]:
        """Every repository that has a cache here, to clean up in; whoever wants to fetch asks for `repository`."""
        folder = self.root / "repos"
        names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
        return [self._mirrors.get(name) or self._mirror("", name, None) for name in names]

    async def repository(self, clone_url: str, repo_id: int | str) -> Mirror:
        """The cache of one repository, made if absent and made again if damaged beyond use; nothing is fetched yet.

        `repo_id` is GitHub's id, which survives renames; `clone_url` may change. Raises GitError.
        """
        url, name = address(clone_url, self.protocols), _plain(str(repo_id))
        async with self._turn:
            known = self._mirrors.get(name)
            if known is None or known.remote.url != url:
                self._mirrors[name] = known = self._mirror(url, name, known)
        async with known._alone() as lock:
            if not await self._is_usable(known.path):
                await self._make(known, lock)
        return known

    def kept(self) -> tuple[Mirror, ...]:
        """The caches that are on this disk, to be tidied; their remotes cannot be reached through them."""
        repos = self.root / "repos"
        names = sorted(made.parent.name for made in repos.glob("*/cache.git"))
        return tuple(self._mirrors.get(name) or self._mirror("", name, None) for name in names)

    def _mirror(self, url: str, name: str, known: Mirror | None) -> Mirror:
        git, home = self._git(), self.root / "repos" / name
        path = home / "cache.git"
        remote = Remote(git, url, Call(git_dir=path))
        if known is not None:
            return replace(known, remote=remote)
        mirror = Mirror(git, path, remote, home / "trees", self.root / "locks", name)
        for folder in (mirror.trees, mirror.lock_files):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return mirror

    def _git(self) -> Git:
        program = shutil.which("git")
        if program is None:
            raise GitError(GitKind.REFUSED, "version", "there is no git program on PATH")
        empty = self.root / "empty.gitconfig"
        if not empty.is_file():
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            empty.touch(mode=0o444)
        return Git(Path(program).resolve(), empty, self.extra_env)

    async def _is_usable(self, path: Path) -> bool:
        call = Call(git_dir=path, expect=(0, 1, 128))
        return (await self._git().run("rev-parse", "--is-bare-repository", call=call)).text == "true"

    async def _make(self, mirror: Mirror, lock: int) -> None:
        fresh = Path(mkdtemp(prefix="new-", dir=mirror.path.parent))
        call = Call(keep_fds=(lock,))
        await mirror.git.run("init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(fresh), call=call)
        _put_in_place(fresh, mirror.path)


def _put_in_place(fresh: Path, place: Path) -> None:
    if place.exists():
        # Kept aside: it may hold the only copy of something.
        place.rename(Path(mkdtemp(prefix="broken-", dir=place.parent)) / "cache.git")
    fresh.rename(place)


def _plain(name: str) -> str:
    if not _NAME.fullmatch(name) or ".." in name:
        raise GitError(GitKind.REFUSED, "cache", f"not a plain name: {name!r}")
    return name
