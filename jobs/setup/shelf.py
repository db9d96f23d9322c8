"""Where what setup made is kept on this worker's disk, by repository and by what it was made from.

An environment knows its own path (a Python environment cannot be moved), so it is built where it will stay, under a
lock, and counts only once the note beside it is written. The note lies outside: setup's programs cannot write it.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from jobs.git.locks import exclusive
from jobs.git.trees import remove_tree

_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,80}")
_TREE = 40
"""Hexadecimal digits of a tree's id that name it, whatever its kind."""


class Note(msgspec.Struct, frozen=True):
    """What is known of a finished environment. `mounts`: folders of its tree to show in a worktree; `refused`: hosts
    that its setup asked for in vain."""

    mounts: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """One environment. `folder` holds `tree` (the commit it is made from), `venv` and what tools keep; `downloads` is
    the package managers' cache that its setup may use."""

    folder: Path
    downloads: Path

    @property
    def tree(self) -> Path:
        return self.folder / "tree"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def venv(self) -> Path:
        return self.folder / "venv"

    @property
    def _note(self) -> Path:
        return self.folder.with_suffix(".json")

    def note(self) -> Note | None:
        """Its note if it is finished; asking keeps it from being taken away as unused."""
        try:
            found = msgspec.json.decode(self._note.read_bytes(), type=Note)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None
        with suppress(OSError):
            os.utime(self._note)
        return found if self.folder.is_dir() else None

    def clear(self) -> None:
        """Take it away, the note first."""
        self._note.unlink(missing_ok=True)
        remove_tree(self.folder)

    def begin(self) -> None:
        """Empty folders to build in."""
        self.clear()
        for folder in (self.tree, self.home, self.downloads):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.utime(self.downloads)

    def finish(self, note: Note) -> None:
        """Count from now on."""
        remove_tree(self.home)
        if self.downloads.is_relative_to(self.folder):
            remove_tree(self.downloads)  # nobody else is to use them
        note = msgspec.structs.replace(note, bytes=size_of(self.folder))
        fresh = self._note.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(note))
        fresh.replace(self._note)

    def used_at(self) -> float:
        """Seconds since the epoch; of one that is not finished, when it was begun."""
        for path in (self._note, self.folder):
            with suppress(OSError):
                return path.stat().st_mtime
        return 0.0

    def weight(self) -> int:
        """Bytes, as counted when it was finished; 0 for one that is not."""
        try:
            return msgspec.json.decode(self._note.read_bytes(), type=Note).bytes
        except (OSError, msgspec.MsgspecError):
            return 0


@dataclass(slots=True)
class Shelf:
    """All environments of this worker, below `root`."""

    root: Path
    _turns: dict[Path, asyncio.Lock] = field(default_factory=dict)

    def shared(self, repo_id: int, key: str) -> Place:
        """What all tasks of the repository read; only setup of the base branch's own files builds it."""
        home = self.root / str(repo_id)
        return Place(home / "shared" / _plain(key), home / "downloads")

    def private(self, repo_id: int, task_id: str, key: str, tree: str) -> Place:
        """What a task has for itself at one state of its files (a tree's id), and its own downloads.

        An agent's code runs in its setup, so nothing of it is used for other files: what was put there is gone with
        them.
        """
        folder = self.root / str(repo_id) / "private" / _plain(task_id) / _plain(f"{key}-{tree[:_TREE]}")
        return Place(folder, folder / "downloads")

    def modules(self, repo_id: int) -> Path:
        """Where the repository's submodules are, by address and commit."""
        return self.root / str(repo_id) / "modules"

    @asynccontextmanager
    async def alone(self, place: Place) -> AsyncIterator[None]:
        """While it lasts nobody else builds there, in this process or another."""
        place.folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = place.folder.with_suffix(".lock")
        async with exclusive(lock, self._turns.setdefault(lock, asyncio.Lock())):
            yield

    def places(self) -> Iterator[tuple[str, Place]]:
        """Every environment with the id of the task it belongs to; empty: shared."""
        for repository in sorted(self.root.glob("*")):
            for folder in sorted((repository / "shared").glob("*")):
                if folder.is_dir():
                    yield "", Place(folder, repository / "downloads")
            for task in sorted((repository / "private").glob("*")):
                for folder in sorted(task.glob("*")):
                    if folder.is_dir():
                        yield task.name, Place(folder, folder / "downloads")

    def private_folders(self) -> Iterator[tuple[str, Path]]:
        """What each task has for itself."""
        for folder in sorted(self.root.glob("*/private/*")):
            yield folder.name, folder

    def all_modules(self) -> Iterator[Path]:
        """Every submodule's files."""
        yield from sorted(self.root.glob("*/modules/*"))

    def downloads(self) -> Iterator[Path]:
        """The repositories' download caches."""
        yield from sorted(self.root.glob("*/downloads"))


def size_of(top: Path) -> int:
    """Bytes of the files below, links not followed; of a file with several names each counts."""
    total = 0
    for folder, _, names in os.walk(top, followlinks=False):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size
    return total


def _plain(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a plain name: {name!r}")
    return name
