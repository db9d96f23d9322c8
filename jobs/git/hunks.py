"""git's readable diff as hunks: which lines of which file it shows, adds and takes away. Pure.

Gates measure the lines that a change adds, and comments may stand only on lines that a pull request's page shows. A
hunk's lines may look like headers themselves and names may be quoted, so one reader does it for both.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HUNK = re.compile(r"^@@ -\d+(?:,(?P<old>\d+))? \+(?P<new>\d+)(?:,(?P<count>\d+))? @@")
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


@dataclass(frozen=True, slots=True)
class Hunk:
    """`path` is as it is after the change, or was before where the file is deleted; "" where it is no text.

    `shown` are the lines of the new file that stand in it, `added` those of them that are new, `removed` is how many
    lines of the old file go.
    """

    path: str
    shown: range
    added: tuple[int, ...]
    removed: int


def hunks(diff: str) -> Iterator[Hunk]:
    """Takes git's own diffs, also cut ones: then the last hunk has the lines that are there."""
    old = path = ""
    rows = iter(diff.split("\n"))  # git ends a line with nothing else: a form feed in a source file ends none
    for row in rows:
        if row.startswith("diff --git "):
            old = path = ""
        elif row.startswith("--- "):
            old = _path(row[4:])
        elif row.startswith("+++ "):
            path = _path(row[4:]) or old
        elif match := _HUNK.match(row):
            first, count = int(match["new"]), _count(match["count"])
            added, removed = _body(rows, first, _count(match["old"]), count)
            yield Hunk(path, range(first, first + count), added, removed)


def _count(text: str | None) -> int:
    return 1 if text is None else int(text)


def _body(rows: Iterator[str], line: int, old: int, new: int) -> tuple[tuple[int, ...], int]:
    """The new lines and how many go, of a hunk of so many old and new lines."""
    added, removed = [], 0
    while old > 0 or new > 0:
        row = next(rows, None)
        if row is None:
            break
        if row.startswith("\\"):
            continue
        if row.startswith("+"):
            added.append(line)
        removed += row.startswith("-")
        old -= not row.startswith("+")
        new -= not row.startswith("-")
        line += not row.startswith("-")
    return tuple(added), removed


def _path(text: str) -> str:
    """`a/name` or `b/name` without its first part, quoted by git where it holds odd characters; "" for `/dev/null` and
    what is no text."""
    text = text.rstrip("\t\r")
    if text.startswith('"') and text.endswith('"'):
        raw = _ESCAPE.sub(_unescaped, text[1:-1].encode("utf-8", "replace"))
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return ""
    return text[2:] if text.startswith(("a/", "b/")) else ""


def _unescaped(found: re.Match[bytes]) -> bytes:
    said = found[1]
    return bytes([int(said, 8) & 0xFF]) if said.isdigit() and len(said) == 3 else _LETTERS.get(said, said)
