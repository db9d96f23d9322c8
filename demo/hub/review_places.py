"""The lines of a diff that a review comment may stand on, and where a wished comment stands."""

import re
from dataclasses import dataclass
from typing import Literal

from demo.hub.errors import GitHubError
from demo.hub.gitstore import FileChange

Side = Literal["LEFT", "RIGHT"]

_HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


@dataclass(frozen=True, slots=True)
class Remark:
    """One wished inline comment: a line of a file on one side of the diff, or (line None) the whole file."""

    path: str
    body: str
    line: int | None = None
    side: Side = "RIGHT"
    start_line: int | None = None
    start_side: Side | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A line that the diff shows: its hunk up to that line, and its offset in the patch (GitHub's `position`)."""

    hunk: str
    position: int
    line: int


def places(patch: str) -> dict[tuple[Side, int], Place]:
    """Every (side, line) that a file's patch shows; comments may stand on these lines and no others."""
    found: dict[tuple[Side, int], Place] = {}
    old = new = start = 0
    lines = patch.splitlines()
    for position, line in enumerate(lines):
        if header := _HUNK.match(line):
            old, new, start = int(header[1]), int(header[2]), position
            continue
        if line.startswith("\\"):
            continue
        hunk = "\n".join(lines[start : position + 1])
        if not line.startswith("+"):
            found["LEFT", old] = Place(hunk, position, old)
        if not line.startswith("-"):
            found["RIGHT", new] = Place(hunk, position, new)
        old += not line.startswith("+")
        new += not line.startswith("-")
    return found


def located(files: list[FileChange], remark: Remark) -> Place | None:
    """Where the remark stands; None: on the whole file. Raises 422 for a place that the diff does not show."""
    change = next((one for one in files if one.filename == remark.path), None)
    if change is None:
        raise _unresolved("Path could not be resolved")
    if remark.line is None and remark.position is None:
        return None
    shown = places(change.patch or "")
    if remark.line is None:
        found = next((place for place in shown.values() if place.position == remark.position), None)
    else:
        found = shown.get((remark.side, remark.line))
    if found is None:
        raise _unresolved("Line could not be resolved")
    if remark.start_line is not None and (remark.start_side or remark.side, remark.start_line) not in shown:
        raise _unresolved("Start line could not be resolved")
    return found


def _unresolved(words: str) -> GitHubError:
    return GitHubError(422, "Unprocessable Entity", [words])
