"""Large files: what a commit holds in their place, and the real ones, fetched by the host.

A commit has a small pointer for each. The real files never enter a tree that is committed: they are only shown over
their pointers, read-only, so that no commit can ever hold them by mistake.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs.git.changes import Entry
from jobs.git.errors import GitError
from jobs.git.hardening import credentials
from jobs.git.listing import texts
from jobs.git.objects import Objects
from jobs.git.process import NETWORK_S, Call, Git

_LONGEST = 200
"""Bytes of a pointer; the specification allows 1,024, but every one in use is below 140."""
_POINTER = re.compile(
    r"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,15})\n"
)
_MOST_CANDIDATES = 20_000


@dataclass(frozen=True, slots=True)
class Pointer:
    """A large file: its SHA-256 and its size in bytes."""

    oid: str
    size: int

    def place(self, git_dir: Path) -> Path:
        """Where git-lfs keeps the real file."""
        return git_dir / "lfs" / "objects" / self.oid[:2] / self.oid[2:4] / self.oid


def read_pointer(text: str) -> Pointer | None:
    """The pointer that is the whole text."""
    found = _POINTER.fullmatch(text)
    return Pointer(found[1], int(found[2])) if found else None


async def pointers(store: Objects, entries: Mapping[str, Entry]) -> dict[str, Pointer]:
    """The large files of a commit, by path; none where no attributes ask for them. Raises GitError."""
    attributes = [path for path in entries if path.rpartition("/")[2] == ".gitattributes"]
    asked = await texts(store, entries, attributes, most=1 << 20)
    if not any("filter=lfs" in text for text in asked.values()):
        return {}
    files = [path for path, entry in entries.items() if entry.is_file][:_MOST_CANDIDATES]
    read = await texts(store, entries, files, most=_LONGEST)
    found = {path: read_pointer(text) for path, text in read.items()}
    return {path: pointer for path, pointer in found.items() if pointer is not None}


async def fetch_large(store: Objects, url: str, token: str | None, commit: str, paths: Sequence[str]) -> None:
    """Bring these large files of the commit into the cache with the `git-lfs` program. Raises GitError.

    The address is given and never read from the repository (`.lfsconfig` could name anybody's).
    """
    config, secrets = credentials(f"{url}/info/lfs", token) if token else (None, ())
    settings = [
        ("lfs.url", f"{url}/info/lfs"), ("remote.origin.url", url), ("lfs.fetchinclude", ""), ("lfs.fetchexclude", ""),
        ("lfs.basictransfersonly", "true"), ("lfs.concurrenttransfers", "4"), ("lfs.tustransfers", "false"),
    ]  # fmt: skip
    call = Call(
        git_dir=store.path, config=(*settings, *([config] if config else [])), secrets=secrets, timeout_s=NETWORK_S,
        env={"GIT_LFS_SKIP_PUSH": "1", "GIT_CONFIG_PARAMETERS": ""}, protocols=("https", "http"),
    )  # fmt: skip
    include = ",".join(path for path in paths if "," not in path and "*" not in path)
    await store.git.run("lfs", "fetch", f"--include={include}", "origin", commit, call=call)


async def has_lfs(git: Git) -> bool:
    """Whether the `git-lfs` program is there."""
    try:
        return "git-lfs" in (await git.run("lfs", "version")).text
    except GitError:
        return False
