"""What the tests in one version of one file are: their names, what each asserts, what is switched off.

Read without parsing: files may be broken, newer than our own Python, or written to crash a parser. Comments and
strings are blanked in place, so every position still fits the original.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest

from jobs.gates.weakened.languages import Language

MOST_TESTS = 5_000
"""Tests of one file that are looked at."""
MOST_ASSERTS = 500
"""Asserting lines of one test that are looked at."""
_MOST_IN_FILE = 20_000
_QUOTED = re.compile(r"""\s{0,200}(?P<quote>["'`])(?P<name>.{0,300}?)(?<!\\)(?P=quote)""", re.DOTALL)
_CALL = re.compile(r"\s{0,200}\(")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at a line (from 1): `text` is that line."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Test:
    """`asserts` are its asserting lines, spaces aside."""

    __test__ = False  # for pytest: this is no test itself

    name: str
    line: int
    asserts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is compared. `asserts` are those of the whole file, tests and what they call."""

    tests: tuple[Test, ...] = ()
    asserts: tuple[str, ...] = ()
    off: tuple[Mark, ...] = ()
    maybe: tuple[Mark, ...] = ()
    trivial: tuple[Mark, ...] = ()


def read(text: str, language: Language) -> Facts:
    """The facts of one version of a file."""
    page = _Page(text, language)
    tests = tuple(page.tests())
    return Facts(
        tests,
        tuple(page.asserts(0, len(text))),
        page.marks(language.off),
        page.marks(language.maybe),
        page.marks(language.trivial),
    )


class _Page:
    def __init__(self, text: str, language: Language) -> None:
        self.text = text
        self.language = language
        self.plain = language.blank.sub(_blank, text)
        self.starts = [0, *(at + 1 for at, char in enumerate(text) if char == "\n")]
        self.closing = _pairs(self.plain)
        found = islice(language.asserts.finditer(self.plain), _MOST_IN_FILE)
        self.asserting = [match.start() for match in found]
        self.rows: dict[int, str] = {}

    def line(self, at: int) -> int:
        return bisect_right(self.starts, at)

    def row(self, line: int) -> str:
        """The same string every time: a line may stand in many tests."""
        if line not in self.rows:
            self.rows[line] = " ".join(self._raw(self.text, line).split())
        return self.rows[line]

    def _raw(self, text: str, line: int) -> str:
        return text[self.starts[line - 1] : self.starts[line] if line < len(self.starts) else len(text)]

    def marks(self, pattern: re.Pattern[str]) -> tuple[Mark, ...]:
        lines = dict.fromkeys(self.line(_first(match)) for match in pattern.finditer(self.plain))
        return tuple(Mark(self.row(line), line) for line in lines)

    def asserts(self, begin: int, end: int, most: int = _MOST_IN_FILE) -> Iterator[str]:
        places = _between(self.asserting, begin, end, most)
        lines = dict.fromkeys(self.line(_skip_space(self.plain, at)) for at in places)
        return (self.row(line) for line in lines)

    def tests(self) -> Iterator[Test]:
        found = list(islice(self.language.test.finditer(self.plain), MOST_TESTS))
        for match, following in zip_longest(found, found[1:]):
            name = match.groupdict().get("name") or self._named(match.end())
            if name is not None:
                end = self._end(match.end() - 1, following.start() if following else len(self.plain))
                asserts = self.asserts(match.start(), end, MOST_ASSERTS)
                yield Test(name, self.line(_first(match)), tuple(asserts))

    def _named(self, at: int) -> str | None:
        """The first string in the call; `it.each(table)` is followed by the call that has it."""
        found = _QUOTED.match(self.text, at)
        if found is None and (more := _CALL.match(self.plain, self.closing.get(at - 1, len(self.plain)))):
            found = _QUOTED.match(self.text, more.end())
        return " ".join(found["name"].split()) if found else None

    def _end(self, at: int, following: int) -> int:
        """How far the test goes whose name ends at `at`; where a bracket is not closed, to the `following` test."""
        if self.language.body == "indented":
            return self._indented_end(at, following)
        begin = self.plain.find("(" if self.language.body == "parentheses" else "{", at)
        return self.closing.get(begin, following)

    def _indented_end(self, at: int, following: int) -> int:
        """A Python body: up to the first line behind the signature that is not further in than its `def`."""
        indent = _indent(self._raw(self.plain, self.line(at)))
        closed = self.closing.get(at)
        if closed is None:
            return following
        for line in range(self.line(closed - 1) + 1, len(self.starts) + 1):
            row = self._raw(self.plain, line)
            if row.strip() and _indent(row) <= indent:
                return self.starts[line - 1]
        return len(self.plain)


def _pairs(plain: str) -> dict[int, int]:
    """For each opening bracket, the place behind the one that closes it."""
    found: dict[int, int] = {}
    for kind in ("()", "{}"):
        opened: list[int] = []
        for match in re.finditer(f"[{kind}]", plain):
            if match[0] == kind[0]:
                opened.append(match.start())
            elif opened:
                found[opened.pop()] = match.end()
    return found


def _blank(match: re.Match[str]) -> str:
    """As long as before, with quotes and line ends in their places."""
    text = match[0]
    if text.startswith(("#", "//", "/*")):
        return re.sub(r"[^\n]", " ", text)
    if len(text) < 2:
        return text
    return text[0] + re.sub(r"[^\n]", " ", text[1:-1]) + text[-1]


def _first(match: re.Match[str]) -> int:
    return _skip_space(match.string, match.start())


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t":
        at += 1
    return at


def _indent(row: str) -> int:
    return len(row) - len(row.lstrip(" \t"))


def _between(sorted_: list[int], begin: int, end: int, most: int) -> list[int]:
    first = bisect_right(sorted_, begin - 1)
    return sorted_[first : min(bisect_right(sorted_, end - 1), first + most)]
