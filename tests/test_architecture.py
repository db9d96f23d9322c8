"""The house rules that no linter knows: who may do what, how large a room may grow, what nothing may be called."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("bot", "cli", "core", "demo", "jobs")
SOURCES = sorted(p for floor in FLOORS for p in (ROOT / floor).rglob("*.py"))
NAMES = [str(p.relative_to(ROOT)) for p in SOURCES]

MAX_LINES = 300
MAX_FUNCTION = 60

OWNERS: dict[str, tuple[str, ...]] = {
    # what the line must not contain, except under these paths
    # player, escapes and relay are programs of their own that run inside the sandbox
    r"\bos\.environ\b|\bos\.getenv\b": (
        "core/settings",
        "demo/player/player.py",
        "jobs/sandbox/escapes.py",
        "jobs/gateway/relay.py",
    ),
    r"datetime\.now\(|time\.time\(|time\.time_ns\(|utcnow\(": ("core/clock.py",),
    r"^\s*(?:import git\b|from git\b)": ("jobs/git",),
    r"create_subprocess_|subprocess\.(?:run|Popen|check_)": (
        "core/valkey",
        "jobs/git",
        "jobs/sandbox",
        "jobs/agents",
        "jobs/supervisor",
        "demo/",
        "cli/",
    ),
    r"add_signal_handler": ("core/signals.py",),
    # the launcher in plain is a program of its own that becomes the agent
    r"\bprctl\b": ("core/lifeline.py", "jobs/sandbox/plain.py"),
    r"^\s*(?:import gidgethub|from gidgethub)": ("core/github",),
    r"aiohttp\.ClientSession\(": ("core/github", "cli/", "demo/"),
    r"arq\.worker|from arq import .*Worker": ("jobs/worker",),
}


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_imports_only_go_down() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


@pytest.mark.parametrize("rule", OWNERS)
def test_each_dangerous_thing_has_one_owner(rule: str) -> None:
    trespassers = [
        f"{name}:{number}: {line.strip()}"
        for path, name in zip(SOURCES, NAMES, strict=True)
        if not name.startswith(OWNERS[rule])
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(rule, line)
    ]
    assert not trespassers


def test_rooms_stay_small() -> None:
    long = [f"{n}: {len(p.read_text().splitlines())} lines" for p, n in zip(SOURCES, NAMES, strict=True)
            if len(p.read_text().splitlines()) > MAX_LINES]  # fmt: skip
    assert not long


def test_functions_stay_short() -> None:
    long = [f"{n}: {f} has {size} lines" for p, n in zip(SOURCES, NAMES, strict=True)
            for f, size in _functions(p) if size > MAX_FUNCTION]  # fmt: skip
    assert not long
    sizes = sorted(size for p in SOURCES for _, size in _functions(p))
    assert sizes[int(len(sizes) * 0.95)] <= 40, "95 % of all functions have at most 40 lines"


def test_nothing_has_a_name_that_says_nothing() -> None:
    banned = re.compile(r"\b(utils?|commons?|helpers?|constants|managers?|services?|misc)\b")
    assert not [name for name in NAMES if banned.search(name.replace("/", " ").replace("_", " ").removesuffix(".py"))]


def test_every_module_says_why_it_exists() -> None:
    texts = {name: path.read_text() for path, name in zip(SOURCES, NAMES, strict=True)}
    assert not [name for name, text in texts.items() if text.strip() and not ast.get_docstring(ast.parse(text))]


def test_every_endless_loop_asks_whether_it_was_told_to_end() -> None:
    """`core/cancellation` says why a cancellation alone does not end it."""
    deaf = [
        f"{name}:{loop.lineno}"
        for path, name in zip(SOURCES, NAMES, strict=True)
        for loop in ast.walk(ast.parse(path.read_text()))
        if isinstance(loop, ast.While) and isinstance(loop.test, ast.Constant)
        if any(isinstance(node, ast.Await) for node in ast.walk(loop))
        if not re.search(r"is_cancelled\(\)|await pause\(", ast.unparse(loop))
    ]
    assert not deaf
