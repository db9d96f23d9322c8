"""Which lines a pull request's page shows: comments may stand on these and no others. Pure.

GitHub refuses a whole review for one comment on a line that its diff does not show, and does not say which.
"""

import re
from collections.abc import Iterator, Mapping

_HUNK = re.compile(r"^@@ -\d+(?:,(?P<old>\d+))? \+(?P<new>\d+)(?:,(?P<count>\d+))? @@")
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}

Shown = Mapping[str, tuple[range, ...]]
"""By path: the lines of the new file in each hunk, from the first to the last."""


def shown_lines(diff: str) -> Shown:
    """Read git's readable diff; a path that it cannot tell is left out."""
    found: dict[str, list[range]] = {}
    path = ""
    rows = iter(diff.split("\n"))
    for row in rows:
        if row.startswith("diff --git "):
            path = ""
        elif row.startswith("+++ "):
            path = _path(row[4:])
        elif hunk := _HUNK.match(row):
            first, count = int(hunk["new"]), _count(hunk["count"])
            if path and count:
                found.setdefault(path, []).append(range(first, first + count))
            _skip(rows, _count(hunk["old"]), count)
    return {name: tuple(hunks) for name, hunks in found.items()}


def is_shown(shown: Shown, path: str, first: int, last: int) -> bool:
    """Whether all lines from first to last stand in one hunk."""
    return any(first in hunk and last in hunk and first <= last for hunk in shown.get(path, ()))


def _count(text: str | None) -> int:
    return 1 if text is None else int(text)


def _skip(rows: Iterator[str], old: int, new: int) -> None:
    """Go past a hunk's lines, which may look like headers themselves."""
    while old > 0 or new > 0:
        row = next(rows, None)
        if row is None:
            return
        old -= not row.startswith(("+", "\\"))
        new -= not row.startswith(("-", "\\"))


def _path(text: str) -> str:
    """`b/name`, quoted by git where it holds odd characters; "" for `/dev/null` and what is no text."""
    text = text.rstrip("\t\r")
    if text.startswith('"') and text.endswith('"'):
        raw = _ESCAPE.sub(_unescaped, text[1:-1].encode())
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return ""
    return text.removeprefix("b/") if text.startswith("b/") else ""


def _unescaped(found: re.Match[bytes]) -> bytes:
    said = found[1]
    return bytes([int(said, 8) & 0xFF]) if said.isdigit() else _LETTERS.get(said, said)
