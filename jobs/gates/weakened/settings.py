"""Settings that decide which tests run: a changed command or a new exclusion turns tests green without touching one."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from posixpath import basename

from core.messages import gates as words
from core.tasks import Note

_FILES = re.compile(
    r"^(?:pyproject\.toml|pytest\.ini|\.pytest\.ini|setup\.cfg|tox\.ini|noxfile\.py|conftest\.py|\.coveragerc|"
    r"(?:jest|vitest|playwright|karma)\.(?:config|conf)\.[cm]?[jt]s(?:on)?|\.mocharc\.\w+|package\.json|Makefile|justfile)$"
)
_EXCLUDES = re.compile(
    r"--(?:ignore|deselect|exclude|skip)[=\s]|\b(?:norecursedirs|collect_ignore\w*|testPathIgnorePatterns)\b|"
    r"--passWithNoTests\b|\bpassWithNoTests\b|-k[ =]?['\"]?not\b|-m[ =]?['\"]not\b|\|\|\s*true\b|;\s*true\s*[\"']?$"
)
_SCRIPTS = re.compile(r"^(?:pre|post)?(?:test|check|lint|verify|typecheck|type-check|ci)(?:[:\-].*)?$")


def decides(path: str) -> bool:
    """Whether a file of this name may hold such settings."""
    return _FILES.fullmatch(basename(path)) is not None


def loosened(path: str, old: str | None, new: str | None) -> Iterator[Note]:
    """Exclusions that a changed settings file has and had not, and scripts that run something else now."""
    if old is None or new is None or not decides(path):
        return
    before = Counter(line.strip() for line in old.splitlines())
    for number, line in enumerate(new.splitlines(), 1):
        text = line.strip()
        if before[text]:
            before[text] -= 1
        elif _EXCLUDES.search(text) and not text.startswith(("#", "//")):
            yield Note(words.excludes(text), path, number)
    if basename(path) == "package.json":
        yield from _scripts(path, old, new)


def _scripts(path: str, old: str, new: str) -> Iterator[Note]:
    before, after = _read(old), _read(new)
    for name, command in before.items():
        if _SCRIPTS.fullmatch(name) and after.get(name) != command:
            yield Note(words.script_changed(name, command, after.get(name, "")), path, 1)


def _read(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)["scripts"]
        return {str(name): str(command) for name, command in found.items()}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return {}
