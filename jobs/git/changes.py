"""What differs between two trees, as facts that the gates and the record can hold.

git's human diff is for reading. Decisions need the mode (a link, a nested repository), the blob and the exact path,
also when the path holds a newline; the raw `-z` form has all of that.
"""

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from jobs.git.process import lines

NO_OBJECT = "0" * 40
LINK_MODE = 0o120000
NESTED_MODE = 0o160000

Status = Literal["added", "changed", "deleted", "retyped", "unstageable"]
_STATUS: Mapping[str, Status] = {"A": "added", "M": "changed", "D": "deleted", "T": "retyped"}


@dataclass(frozen=True, slots=True)
class FileChange:
    """One path that differs. Modes as git writes them (0o100644, 0o120000 link, 0o160000 nested repository, 0 none).

    `unstageable` is a path that git itself refuses to take (`.GIT/…`, an unreadable file): it has no blob.
    """

    path: str
    status: Status
    mode: int = 0
    blob: str = NO_OBJECT
    old_mode: int = 0
    old_blob: str = NO_OBJECT


@dataclass(frozen=True, slots=True)
class Blob:
    """A file's content; `data` is None when it is larger than the reader allowed. Size in bytes."""

    size: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Signature:
    """Who made a commit, and when (seconds since the epoch, UTC): passed in, so that a repeated commit is the same."""

    name: str
    email: str
    at: int

    def variables(self) -> dict[str, str]:
        when = f"{self.at} +0000"
        return {
            "GIT_AUTHOR_NAME": self.name,
            "GIT_AUTHOR_EMAIL": self.email,
            "GIT_AUTHOR_DATE": when,
            "GIT_COMMITTER_NAME": self.name,
            "GIT_COMMITTER_EMAIL": self.email,
            "GIT_COMMITTER_DATE": when,
        }


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
        return stat.S_ISREG(self.mode)


def path_text(raw: bytes) -> str:
    """A path as text; bytes that are not UTF-8 survive and go back to git unchanged."""
    return raw.decode("utf-8", "surrogateescape")


def path_bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def parse_raw_diff(data: bytes) -> tuple[FileChange, ...]:
    """The answer of `git diff-tree --raw -z --no-renames`."""
    records = iter(lines(data))
    changes = []
    for head in records:
        old_mode, mode, old_blob, blob, letter = head.decode("ascii").lstrip(":").split(" ")
        changes.append(
            FileChange(
                path=path_text(next(records)),
                status=_STATUS.get(letter[:1], "changed"),
                mode=int(mode, 8),
                blob=blob,
                old_mode=int(old_mode, 8),
                old_blob=old_blob,
            )
        )
    return tuple(changes)
