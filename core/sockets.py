"""Unix sockets have room for a short path only, and people choose long folders.

A socket whose path would not fit is put into a private folder of its own under /tmp whose name follows from the path
that was wanted, so that every process finds the same place.
"""

import contextlib
import hashlib
import os
import stat
from pathlib import Path

from core.errors import OperatorError

LONGEST = 103
"""Bytes: macOS keeps 104 with the final zero, Linux 108."""


def socket_path(wanted: Path) -> Path:
    """Where the socket `wanted` really is; its folder exists. Raises `OperatorError` if somebody else has the place."""
    path = wanted.absolute()
    if len(os.fsencode(path)) <= LONGEST:
        return path
    # Not TMPDIR: it may be as long as the wanted folder.
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    folder = Path(f"/tmp/pdev-{os.geteuid()}-{name}")  # noqa: S108 - checked below
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise OperatorError(f"{folder} belongs to somebody else.", "Choose a shorter folder for data.", code="RUN_DIR")
    return folder / wanted.name


def forget_socket(wanted: Path) -> None:
    """Remove the socket `wanted` and the folder that was made for it. For who knows that nobody uses it any more."""
    path = socket_path(wanted)
    path.unlink(missing_ok=True)
    if path != wanted.absolute():
        with contextlib.suppress(OSError):
            path.parent.rmdir()
