"""Folders that appear inside a worktree without being of it, such as `node_modules`.

An agent owns every byte of its worktree, links included. A place that lies behind a link could be anywhere, so nothing
is put there; and nothing of the host is ever written through a link.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from jobs.sandbox.contract import SandboxSpec

_COPIED_FROM = ".pdev-copied-from"


def around_binds(spec: SandboxSpec) -> list[str]:
    """The bubblewrap arguments for the mounts and the scratch places below them."""
    words: list[str] = []
    for place, source in _places(spec):
        words += ["--ro-bind", str(source), str(place)]
        for scratch in spec.around.scratch:
            if scratch.is_relative_to(place) and _is_folder(source / scratch.relative_to(place)):
                words += ["--tmpfs", str(scratch)]
    return words


def copy_mounts(spec: SandboxSpec) -> None:
    """Where there are no walls a program could change what others use, so it gets a copy of its own."""
    for place, source in _places(spec):
        if not source.is_dir():
            continue  # over a file of the tree, which a commit would then hold
        note = place / _COPIED_FROM
        if not note.is_symlink() and note.is_file() and note.read_text() == str(source):
            continue
        shutil.rmtree(place)
        shutil.copytree(source, place, symlinks=True)
        note.write_text(str(source))


def _places(spec: SandboxSpec) -> Iterator[tuple[Path, Path]]:
    """The mounts whose places are real folders of the worktree; made where only the last one is missing.

    A file is shown over a file that is there.
    """
    top = spec.worktree.resolve()
    for place, source in spec.around.mounts.items():
        if not place.is_relative_to(top) or place == top or ".." in place.parts:
            continue
        if all(_is_folder(top / parent) for parent in _ways(place.relative_to(top))[:-1]):
            if not os.path.lexists(place) and source.is_dir():
                place.mkdir()
            if _is_folder(place) if source.is_dir() else place.is_file() and not place.is_symlink():
                yield place, source


def _ways(relative: Path) -> list[Path]:
    return [Path(*relative.parts[: n + 1]) for n in range(len(relative.parts))]


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
