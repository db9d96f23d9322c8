"""Coverage of the lines that a change adds, read from the report that the tests left behind.

The report was written by programs that agents may have changed, so it is read as a stranger's file: no entity is
expanded, nothing outside the tree is opened, sizes are capped. Only the changed lines count, because what was untested
before is not the change's fault; a change without a measured line passes.
"""

import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from xml.parsers import expat  # told below what it may not do

REPORT_CAP = 32 << 20
REPORTS = (
    "coverage.xml", "cobertura.xml", "coverage.json", "lcov.info", "coverage.lcov",
    "coverage/cobertura-coverage.xml", "coverage/coverage.xml", "coverage/lcov.info", "coverage/lcov/lcov.info",
    "reports/coverage.xml", "build/coverage.xml", "target/coverage/cobertura.xml", "target/llvm-cov/lcov.info",
    "target/cobertura.xml", "target/lcov.info",
)  # fmt: skip
"""Where tools put their report when nobody tells them otherwise; the first one that can be read counts."""
MOST_LINES = 5_000_000


class Unreadable(Exception):
    """A report that is none, or one that tries something."""


Hits = dict[str, dict[int, bool]]
"""By file as the report names it: line → whether it was run."""


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """One changed file: how many of its changed lines are measured, and which of those no test runs."""

    path: str
    measured: int
    missed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of all changed lines."""

    report: str
    files: tuple[FileCoverage, ...]

    @property
    def measured(self) -> int:
        return sum(file.measured for file in self.files)

    @property
    def percent(self) -> float:
        """100 where nothing was measured."""
        missed = sum(len(file.missed) for file in self.files)
        return 100.0 * (self.measured - missed) / self.measured if self.measured else 100.0


def forget_reports(tree: Path) -> None:
    """Take away what stands where reports are looked for, so that what is found afterwards was made by the tests."""
    for name in REPORTS:
        path = tree / name
        if _inside(tree, path.parent) and (path.is_file() or path.is_symlink()):
            path.unlink()


def find_report(tree: Path) -> tuple[str, Hits] | None:
    """The first report in the tree: its name and what it says. Raises `Unreadable` for one that cannot be read."""
    for name in REPORTS:
        if _inside(tree, (tree / name).parent) and (data := _read(tree / name)) is not None:
            return name, parse(name, data)
    return None


def parse(name: str, data: bytes) -> Hits:
    """Cobertura's XML, coverage.py's JSON or LCOV, told apart by the name's end."""
    try:
        if name.endswith(".xml"):
            return _cobertura(data)
        return _coverage_py(data) if name.endswith(".json") else _lcov(data.decode("utf-8", "replace"))
    except (expat.ExpatError, ValueError, TypeError, AttributeError, RecursionError, LookupError) as error:
        raise Unreadable(f"{name}: {error}") from None


def judged(report: str, hits: Hits, added: Mapping[str, Iterable[int]], root: str) -> Coverage:
    """The coverage of these added lines; `root` is where the tree was while the report was made."""
    by_path = _resolved(hits, added, root)
    files = []
    for path, lines in sorted(added.items()):
        known = by_path.get(path, {})
        measured = [line for line in sorted(lines) if line in known]
        if measured:
            files.append(FileCoverage(path, len(measured), tuple(line for line in measured if not known[line])))
    return Coverage(report, tuple(files))


def _resolved(hits: Hits, paths: Iterable[str], root: str) -> Hits:
    """Reports name files from wherever their tool stood. The path itself wins; a file of which the report does not
    speak so is looked for by the longest common end."""
    wanted, exact = set(paths), Hits()
    others: list[tuple[str, dict[int, bool]]] = []
    for named, lines in hits.items():
        plain = named.replace("\\", "/").removeprefix(root.rstrip("/") + "/").removeprefix("./")
        if plain in wanted:
            _merge(exact.setdefault(plain, {}), lines)
        else:
            others.append((plain, lines))
    ends: dict[str, list[str]] = {}
    for path in wanted - exact.keys():
        ends.setdefault(PurePosixPath(path).name, []).append(path)
    found: Hits = {}
    for plain, lines in others:
        if at := _by_end(plain, ends.get(PurePosixPath(plain).name, ())):
            _merge(found.setdefault(at, {}), lines)
    return found | exact


def _merge(into: dict[int, bool], lines: Mapping[int, bool]) -> None:
    for line, hit in lines.items():
        into[line] = into.get(line, False) or hit


def _by_end(named: str, paths: Iterable[str]) -> str | None:
    """The one path that ends as the report's name does (its package root is elsewhere), or the other way round."""
    fits = [path for path in paths if path.endswith(f"/{named}") or named.endswith(f"/{path}")]
    return fits[0] if len(fits) == 1 else None


def _inside(tree: Path, folder: Path) -> bool:
    return folder.resolve().is_relative_to(tree.resolve())


def _read(path: Path) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            return None
        data = file.read(REPORT_CAP + 1)
    if len(data) > REPORT_CAP:
        raise Unreadable(f"{path.name}: more than {REPORT_CAP:,} bytes")
    return data


class _Cobertura:
    def __init__(self) -> None:
        self.hits: Hits = {}
        self.count = 0
        self._file: dict[int, bool] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "class":
            self._file = self.hits.setdefault(attributes.get("filename", ""), {})
        elif tag == "line":
            self.count = _counted(self.count)
            number = int(attributes["number"])
            self._file[number] = self._file.get(number, False) or int(attributes["hits"]) > 0


def _cobertura(data: bytes) -> Hits:
    reader, parser = _Cobertura(), expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = reader.start
    parser.EntityDeclHandler = _refuse
    parser.UnparsedEntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.Parse(data, True)
    return reader.hits


def _refuse(*_facts: object) -> int:
    """No report needs entities; those that have them want to be large, or to read something."""
    raise ValueError("it defines entities")


def _coverage_py(data: bytes) -> Hits:
    files: dict[str, Any] = json.loads(data)["files"]
    hits: Hits = {}
    for name, facts in files.items():
        run = {int(line): True for line in facts["executed_lines"]}
        hits[name] = run | {int(line): False for line in facts["missing_lines"]}
    return hits


def _lcov(text: str) -> Hits:
    hits: Hits = {}
    here: dict[int, bool] = {}
    count = 0
    for row in text.splitlines():
        key, _, value = row.strip().partition(":")
        if key == "SF":
            here = hits.setdefault(value, {})
        elif key == "DA":
            count = _counted(count)
            number, _, times = value.partition(",")
            here[int(number)] = here.get(int(number), False) or int(times.partition(",")[0]) > 0
    if not hits:
        raise ValueError("it names no file")
    return hits


def _counted(count: int) -> int:
    if count >= MOST_LINES:
        raise ValueError(f"more than {MOST_LINES:,} lines")
    return count + 1
