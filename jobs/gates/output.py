"""What machines can read in a command's output: places in files, names of tests that failed.

They are picked out of its cleaned end, so that a place can stand at its line and a failure can be compared with an
earlier run.
"""

import re
from collections.abc import Collection, Iterable

from core.tasks import Note

_PLACE = re.compile(
    r"^[ \t]*(?:error: |E +|--> |at )?(?:\./)?(?P<path>[\w@+./-]+\.\w+)(?::|\()(?P<line>\d{1,6})(?:[:,]\d{1,5})?\)?"
    r"(?::[ \t]*|[ \t]+-[ \t]+|[ \t]+)(?P<text>\S.{2,400})$",
    re.MULTILINE,
)
_FAILING = re.compile(
    r"^[ \t]*(?:"
    r"(?:FAILED|ERROR) (?P<pytest>\S+)"  # with `::` somewhere in it
    r"|(?:FAIL|ERROR): (?P<unittest>\w+ \([\w.]+\))"
    r"|--- FAIL: (?P<go>\S+)(?: \([\d.]+s\))?"
    r"|test (?P<rust>\S+) \.\.\. FAILED"
    r"|(?:[✕✗×✘]|not ok \d+ -?) *(?P<js>\S.{0,140}?)(?: \(?\d+(?:\.\d+)? ?m?s\)?)?"
    r")[ \t]*(?:$| - )"
)
_LINE = 1_000
"""Characters of a line that are looked at: what prints it may be an agent's work, and make it as long as it likes."""
MAX_FAILING = 200
"""Names of failed tests that are compared and kept; with more of them nobody needs to know which are new."""


def places(output: str, paths: Collection[str]) -> tuple[Note, ...]:
    """What the output says about lines of these files, each place once."""
    found: dict[tuple[str, int], Note] = {}
    for match in _PLACE.finditer(output):
        path, line = match["path"], int(match["line"])
        if path in paths:
            found.setdefault((path, line), Note(match["text"].strip(), path, line))
    return tuple(found.values())


def failing(output: str) -> frozenset[str]:
    """The names of the tests that failed, as pytest, unittest, go, cargo and JavaScript's runners print them."""
    found = (match for line in output.split("\n") if (match := _FAILING.match(line[:_LINE])))
    names = (match[match.lastgroup or 0] for match in found if "::" in (match["pytest"] or "::"))
    return frozenset(list(dict.fromkeys(name[:150] for name in names))[:MAX_FAILING])


def end_of(output: str, limit: int) -> str:
    """The last whole lines that fit into `limit` characters."""
    if len(output) <= limit:
        return output.strip("\n")
    cut = output[-limit:]
    return (cut.partition("\n")[2] or cut).strip("\n")


def joined(parts: Iterable[tuple[str, str]], limit: int) -> str:
    """Several commands' outputs under their headings, the last ones whole: `(heading, output)`."""
    texts = [f"$ {heading}\n{output.rstrip()}" for heading, output in parts]
    return end_of("\n\n".join(texts), limit)
