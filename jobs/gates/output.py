"""What is kept of a command's output: its end, without what a terminal would obey or a stranger could use.

The end is where programs say what went wrong. What is known to be read by machines in it (places in files, names of
tests that failed) is picked out, so that it can stand at its line and be compared with an earlier run.
"""

import re
from collections.abc import Collection, Iterable

from core.redaction import Redactor
from core.tasks import Note

TAIL = 60 << 10
"""Characters that are kept; a check run takes 65,535 in its text."""
_SLACK = 4
"""Bytes kept for each character: escape codes go, and letters beyond ASCII take several."""
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_OVERWRITTEN = re.compile(r"^[^\n]*\r(?=[^\n])", re.MULTILINE)

_PLACE = re.compile(
    r"^[ \t]*(?:error: |E +|--> |at )?(?:\./)?(?P<path>[\w@+./-]+\.\w+)(?::|\()(?P<line>\d{1,6})(?:[:,]\d{1,5})?\)?"
    r"(?::[ \t]*|[ \t]+-[ \t]+|[ \t]+)(?P<text>\S.{2,400})$",
    re.MULTILINE,
)
_FAILING = re.compile(
    r"^[ \t]*(?:"
    r"(?:FAILED|ERROR) (?P<pytest>\S+::\S+)"
    r"|(?:FAIL|ERROR): (?P<unittest>\w+ \([\w.]+\))"
    r"|--- FAIL: (?P<go>\S+)(?: \([\d.]+s\))?"
    r"|test (?P<rust>\S+) \.\.\. FAILED"
    r"|(?:[✕✗×✘]|not ok \d+ -?) *(?P<js>\S.{0,140}?)(?: \(?\d+(?:\.\d+)? ?m?s\)?)?"
    r")[ \t]*(?:$| - )",
    re.MULTILINE,
)
MAX_FAILING = 200
"""Names of failed tests that are compared and kept; with more of them nobody needs to know which are new."""


class Tail:
    """Bytes as they come; only the last ones are kept. `seen` counts them all."""

    def __init__(self) -> None:
        self.seen = 0
        self._kept = bytearray()

    def add(self, piece: bytes) -> None:
        self.seen += len(piece)
        self._kept += piece
        if len(self._kept) > 2 * _SLACK * TAIL:
            del self._kept[: -_SLACK * TAIL]

    def text(self) -> str:
        """The end of it, clean, from the beginning of a line on, at most `TAIL` characters."""
        text = cleaned(self._kept[-_SLACK * TAIL :].decode("utf-8", "replace"))
        if len(text) <= TAIL and self.seen <= _SLACK * TAIL:
            return text
        cut = text[-TAIL:]
        first, _, rest = cut.partition("\n")
        return rest if rest and len(first) < TAIL // 2 else cut


def cleaned(text: str) -> str:
    """Without escape codes, control characters, lines that were overwritten, and secrets."""
    text = _ESCAPES.sub("", text.replace("\r\n", "\n"))
    text = _CONTROLS.sub("", _OVERWRITTEN.sub("", text))
    return Redactor()(text)


def below(root: str, output: str) -> str:
    """The output with paths from the tree's own top: where `root` is on this worker tells nobody anything.

    The same failure reads the same on another worker then, and in another attempt.
    """
    return re.sub(
        rf"{re.escape(root.rstrip('/'))}(?:/|(?![\w.-]))", lambda at: "" if at[0].endswith("/") else ".", output
    )


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
    names = (match[match.lastgroup or 0] for match in _FAILING.finditer(output))
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
