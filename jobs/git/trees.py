"""Take away a directory that an agent could write to.

An agent can leave directories without permissions, links to places outside and a hundred thousand files. Removal must
neither follow a link nor give up.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any


def remove_tree(path: Path) -> None:
    """Delete `path` and all below it, never following a link; absent is fine. Raises OSError if it cannot be done."""
    if path.is_symlink():
        path.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except NotADirectoryError:
        path.unlink(missing_ok=True)
    except PermissionError:
        open_up(path)
        shutil.rmtree(path, onerror=_unless_gone)


def _unless_gone(_do: Callable[..., Any], _path: str, error: tuple[type[BaseException], BaseException, Any]) -> None:
    if not isinstance(error[1], FileNotFoundError):
        raise error[1]


def open_up(top: Path) -> None:
    """Give ourselves access to every folder below `top` again, without following a link."""
    _allow(top)
    for folder, names, _ in os.walk(top, followlinks=False):
        for name in names:
            _allow(Path(folder, name))


def _allow(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY)
    except OSError:
        return  # a link or gone: nothing to enter
    try:
        Path(f"/proc/self/fd/{descriptor}").chmod(0o700)
    finally:
        os.close(descriptor)
