"""Settings that decide which tests run: a changed command or a new exclusion turns tests green without touching one."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from posixpath import basename

from core.messages import gates as words
from core.tasks import Note

_FILES = re.compile(
    r"^(?:pyproject\.toml|pytest\.ini|\.pytest\.ini|setup\.cfg|tox\.ini|noxfile\.py|conftest\.py|\.coveragerc|"
    r"(?:jest|vitest|playwright|karma)\.(?:config|conf)\.[cm]?[jt]s(?:on)?|\.mocharc\.\w+|package\.json|Makefile|justfile)$"
)
_EXCLUDES = re.compile(
    r"--(?:ignore|deselect|exclude|skip)[=\s]|\b(?:norecursedirs|collect_ignore\w*|testPathIgnorePatterns)\b|"
    r"--passWithNoTests\b|\bpassWithNoTests\b|-k[ =]?['\"]?not\b|-m[ =]?['\"]not\b|\|\|\s*true\b|--co(?:llect-only)?\b|"
    r"--(?:setup-only|setup-plan|fixtures)\b|^\.IGNORE\b|;\s*true\s*[\"']?$"
)
_CONFTEST = re.compile(
    r"\bexitstatus\s{0,9}=(?!=)|\bitems\[:\]\s{0,9}=|\bitems\.clear\(|\bdel\s{1,9}items\b|\bpytest_deselected\b|\bos\._exit\("
)
_STARTS = re.compile(r"(?:site|user)customize\.py|.{1,200}\.pth")
"""Files that Python runs at every start when they lie on its path, as the tree does while commands run."""
_RECIPES = frozenset({"Makefile", "justfile"})
_TARGET = re.compile(r"([A-Za-z][\w.-]{0,60})[^:=\n]{0,200}:(?!=)")
_SCRIPTS = re.compile(r"^(?:pre|post)?(?:test|check|lint|verify|typecheck|type-check|ci)(?:[:\-].*)?$")


def decides(path: str) -> bool:
    """Whether a file of this name may hold such settings."""
    name = basename(path)
    return _FILES.fullmatch(name) is not None or _STARTS.fullmatch(name) is not None


def loosened(path: str, old: str | None, new: str | None) -> Iterator[Note]:
    """Exclusions that a settings file has and had not, what runs something else now, and what runs by itself."""
    if new is None or not decides(path):
        return
    name = basename(path)
    if _STARTS.fullmatch(name):
        if old != new:
            yield Note(words.runs_by_itself(name), path, 1)
        return
    yield from _lines(path, old, new)
    if old is not None and name == "package.json":
        yield from _scripts(path, _read(old), _read(new))
    if old is not None and name in _RECIPES:
        yield from _scripts(path, _recipes(old), _recipes(new))


def _lines(path: str, old: str | None, new: str) -> Iterator[Note]:
    """New lines that exclude; of a new file only those that no project needs to begin with."""
    is_conftest = basename(path) == "conftest.py"
    before = Counter(line.strip() for line in (old or "").splitlines())
    for number, line in enumerate(new.splitlines(), 1):
        text = line.strip()
        if before[text]:
            before[text] -= 1
        elif text.startswith(("#", "//")):
            continue
        elif (old is not None and _EXCLUDES.search(text)) or (is_conftest and _CONFTEST.search(text)):
            yield Note(words.excludes(text), path, number)


def _recipes(text: str) -> dict[str, str]:
    """What each target runs."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line[:1] in {" ", "\t"}:
            if name:
                found[name] = f"{found[name]}; {line.strip()}".removeprefix("; ")
        elif line.strip():
            match = _TARGET.match(line)
            name = match[1] if match else ""
            if name:
                found.setdefault(name, "")
    return found


def _scripts(path: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Note]:
    for name, command in before.items():
        if _SCRIPTS.fullmatch(name) and after.get(name) != command:
            yield Note(words.script_changed(name, command, after.get(name, "")), path, 1)


def _read(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)["scripts"]
        return {str(name): str(command) for name, command in found.items()}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return {}
