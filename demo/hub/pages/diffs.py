"""A patch as rows of a table, so that comments and annotations can stand under the line they speak of."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from demo.hub.gitstore import FileChange

Kind = Literal["hunk", "added", "removed", "same", "note"]
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a diff; `old` and `new` are line numbers (from 1) on the sides where the line exists."""

    kind: Kind
    text: str
    old: int | None = None
    new: int | None = None

    def stands_at(self, line: int | None, side: str) -> bool:
        """Whether a comment on `line` of `side` (LEFT: before, RIGHT: after) belongs under this row."""
        return line is not None and line == (self.old if side == "LEFT" else self.new)


@dataclass(frozen=True, slots=True)
class FileDiff:
    change: FileChange
    rows: tuple[Row, ...]

    @property
    def anchor(self) -> str:
        return "diff-" + re.sub(r"[^A-Za-z0-9]+", "-", self.change.filename)

    @property
    def squares(self) -> tuple[str, ...]:
        """Five squares in the proportion of added and removed lines."""
        total = self.change.additions + self.change.deletions
        if not total:
            return ("none",) * 5
        added = round(5 * self.change.additions / total)
        return ("added",) * added + ("removed",) * (5 - added)


def file_diffs(changes: Sequence[FileChange]) -> list[FileDiff]:
    return [FileDiff(change, tuple(rows(change.patch or ""))) for change in changes]


def rows(patch: str) -> Iterator[Row]:
    """The lines of a unified patch (from its first `@@`) with their numbers on both sides."""
    old = new = 0
    for line in patch.split("\n") if patch else ():
        if found := _HUNK.match(line):
            old, new = int(found[1]), int(found[2])
            yield Row("hunk", line)
        elif line.startswith("+"):
            yield Row("added", line[1:], new=new)
            new += 1
        elif line.startswith("-"):
            yield Row("removed", line[1:], old=old)
            old += 1
        elif line.startswith("\\"):
            yield Row("note", line)
        else:
            yield Row("same", line[1:], old, new)
            old, new = old + 1, new + 1
