"""Which lines a readable diff adds and takes away, file by file: what coverage and size are measured on."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")
_SHORT = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


@dataclass(slots=True)
class Lines:
    """`added` are line numbers in the new file; `removed` is only counted."""

    added: set[int] = field(default_factory=set)
    removed: int = 0


def changed_lines(diff: str) -> Mapping[str, Lines]:
    """By path as it is after the change, or was before where it is deleted. Takes git's own diffs, also cut ones."""
    found: dict[str, Lines] = {}
    here, old, new, left, line = Lines(), "", 0, (0, 0), 0
    for text in _rows(diff):
        if left != (0, 0):
            if text.startswith("+"):
                here.added.add(line)
            here.removed += text.startswith("-")
            line += text.startswith(("+", " "))
            left = (left[0] - text.startswith(("-", " ")), left[1] - text.startswith(("+", " ")))
        elif text.startswith("--- "):
            old = _path(text[4:])
        elif text.startswith("+++ "):
            here = found.setdefault(_path(text[4:]) or old, Lines())
        elif match := _HUNK.match(text):
            new = int(match[3])
            left, line = (int(match[2] or 1), int(match[4] or 1)), new
    return found


def _rows(diff: str) -> Iterator[str]:
    """Lines as git ends them: a form feed in a source file ends none."""
    return (row for row in diff.split("\n") if not row.startswith("\\"))


def _path(named: str) -> str:
    """`a/x` or `b/x` without its first part; "" for /dev/null. git puts odd names into quotes."""
    named = named.rstrip("\t")
    if named.startswith('"') and named.endswith('"'):
        raw = _ESCAPE.sub(_unescaped, named[1:-1])
        named = raw.encode("latin-1", "replace").decode("utf-8", "replace")
    return "" if named == "/dev/null" else named.partition("/")[2]


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code, 8)) if len(code) == 3 else _SHORT.get(code, code)
