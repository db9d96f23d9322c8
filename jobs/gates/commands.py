"""One verify command, run by pdev itself in the sandbox: its exit code is the verdict, and nobody's word is.

A command that could not be found says nothing about a change, so it is told from one that failed.
"""

import asyncio
import re
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Literal

from jobs.running import Tail, follow, shell
from jobs.sandbox import Limits, Sandbox, SandboxError, SandboxSpec, Surroundings

Verdict = Literal["passed", "failed", "missing", "late", "flooded"]
"""`missing`: it could not be found or started, which says nothing about the change. `late`: it ran out of time.
`flooded`: it printed more than anybody reads."""

WALL_S = 15 * 60.0
OUTPUT_CAP = 256 << 20
"""Bytes after which a command is stopped; a test suite that fails in every line stays far below."""
_NOT_STARTED = frozenset({126, 127})
"""A shell's codes for what cannot be run and what cannot be found (POSIX)."""
_MODULE = re.compile(r"(?:^|\s)-m\s+([\w.]+)")
_NO_SCRIPT = re.compile(
    r"^(?:npm (?:ERR!|error) [Mm]issing script|"
    r"error Command \"[^\"\n]{1,200}\" not found|[ \t]*ERR_PNPM_NO_SCRIPT)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a command runs: the tree at the commit to judge, a HOME that no agent has touched, what it may read."""

    worktree: Path
    home: Path
    metadata: tuple[Path, ...] = ()
    around: Surroundings = field(default_factory=Surroundings)
    """What setup made."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended. `output` is the end of what it printed, safe to show; `code` is None when we ended it."""

    command: str
    verdict: Verdict
    code: int | None
    ms: int
    output: str


async def run(
    sandbox: Sandbox,
    ground: Ground,
    command: str,
    cancel: asyncio.Event,
    *,
    wall_s: float = WALL_S,
    output_cap: int = OUTPUT_CAP,
) -> Ran:
    """Run `command` with a shell and follow it to its end. Raises `Cancelled` once `cancel` is set."""
    began, tail = monotonic(), Tail()

    def ran(verdict: Verdict, code: int | None = None) -> Ran:
        return Ran(command, verdict, code, max(1, round((monotonic() - began) * 1000)), tail.text())

    try:
        order = _order(ground, command)
        ended = await follow(sandbox, order, tail, cancel, wall_s=wall_s, output_cap=output_cap)
    except SandboxError as error:
        tail.add(str(error).encode())
        return ran("missing")
    if isinstance(ended, str):
        return ran(ended)
    return ran(_verdict(command, ended, tail.text()), ended)


def _order(ground: Ground, command: str) -> SandboxSpec:
    return SandboxSpec(
        argv=shell(command),
        worktree=ground.worktree,
        home=ground.home,
        metadata=ground.metadata,
        env={"CI": "true", "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        limits=Limits(file_size=1 << 30),
        around=ground.around,
    )


def _verdict(command: str, code: int, output: str) -> Verdict:
    if code == 0:
        return "passed"
    if code in _NOT_STARTED or _NO_SCRIPT.search(output):
        return "missing"
    named = {found[1].partition(".")[0] for found in _MODULE.finditer(command)}
    last = output.rstrip().rpartition("\n")[2]
    return "missing" if any(last.endswith(f"No module named {name}") for name in named) else "failed"
