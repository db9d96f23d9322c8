"""The files of a commit as a list, and as plain files in a folder that belongs to no working tree.

What setup installs is made from a commit, never from a tree that an agent writes to at the same time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from jobs.git.changes import LINK_MODE, NESTED_MODE, FileChange, path_text
from jobs.git.objects import Objects
from jobs.git.process import Call, lines


@dataclass(frozen=True, slots=True)
class Entry:
    """A path of a commit: its mode as git writes it, and the blob (of a nested repository: the commit)."""

    mode: int
    sha: str

    @property
    def is_nested(self) -> bool:
        return self.mode == NESTED_MODE

    @property
    def is_file(self) -> bool:
        return self.mode not in {NESTED_MODE, LINK_MODE}


async def listing(store: Objects, commit: str) -> Mapping[str, Entry]:
    """Every path of the commit. Raises GitError."""
    said = await store.git.run("ls-tree", "-r", "-z", "--full-tree", commit, call=store.call())
    found = {}
    for row in lines(said.stdout):
        head, _, path = row.partition(b"\t")
        mode, _, sha = head.decode("ascii").split(" ")
        found[path_text(path)] = Entry(int(mode, 8), sha)
    return found


async def texts(store: Objects, entries: Mapping[str, Entry], paths: Iterable[str], *, most: int) -> dict[str, str]:
    """The contents of these files; what is longer than `most` bytes, or no file, is left out. Raises GitError."""
    files = [path for path in paths if path in entries and entries[path].is_file]
    changes = [FileChange(path, "added", entries[path].mode, entries[path].sha) for path in files]
    blobs = await store.blobs(changes, blob_cap=most)
    read = ((path, blobs[entries[path].sha].data) for path in files if entries[path].sha in blobs)
    return {path: data.decode("utf-8", "replace") for path, data in read if data is not None}


async def export(store: Objects, commit: str, folder: Path) -> None:
    """Write the commit's files into the empty `folder`; no program of anybody's runs for it. Raises GitError."""
    with TemporaryDirectory(prefix="export-", dir=folder.parent) as place:
        call = Call(git_dir=store.path, work_tree=folder, index=Path(place, "index"))
        await store.git.run("read-tree", commit, call=call)
        await store.git.run("checkout-index", "--all", "--force", "--quiet", f"--prefix={folder}/", call=call)
