"""The files of a commit as a list, and as plain files in a folder that belongs to no working tree.

What setup installs is made from a commit, never from a tree that an agent writes to at the same time.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from jobs.git.changes import Entry, FileChange
from jobs.git.objects import Objects
from jobs.git.process import Call


async def listing(store: Objects, commit: str) -> Mapping[str, Entry]:
    """Every path of the commit. Raises GitError."""
    return await store.entries(commit)


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
