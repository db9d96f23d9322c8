"""One verify command, run by pdev itself in the sandbox: its exit code is the verdict, and nobody's word is.

Such a command runs what agents wrote. It may print for ever, hang, or leave children behind: output is cut from the
front as it comes, a clock stands over it, and everything it started is gone when this returns.
"""

import asyncio
import re
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Literal

from jobs.gates.output import Tail
from jobs.sandbox import Limits, Process, Sandbox, SandboxError, SandboxSpec, Surroundings

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
    r"^(?:npm (?:ERR!|error) [Mm]issing script|error Command \"[^\"]+\" not found|\s*ERR_PNPM_NO_SCRIPT)", re.MULTILINE
)


class Cancelled(Exception):
    """The attempt is to stop; the command was ended."""


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
        process = await sandbox.spawn(_order(ground, command))
    except SandboxError as error:
        tail.add(str(error).encode())
        return ran("missing")
    async with process:
        await process.write(b"", close=True)
        ended = await _followed(process, tail, cancel, began + wall_s, output_cap)
    if isinstance(ended, str):
        return ran(ended)
    return ran(_verdict(command, ended, tail.text()), ended)


def _order(ground: Ground, command: str) -> SandboxSpec:
    return SandboxSpec(
        # One stream, so that what is said about a failure stands where it happened.
        argv=("/bin/sh", "-c", 'exec 2>&1; exec /bin/sh -c "$1"', "sh", command),
        worktree=ground.worktree,
        home=ground.home,
        metadata=ground.metadata,
        env={"CI": "true", "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        limits=Limits(file_size=1 << 30),
        around=ground.around,
    )


async def _followed(
    process: Process, tail: Tail, cancel: asyncio.Event, until: float, cap: int
) -> int | Literal["late", "flooded"]:
    reading = asyncio.create_task(_read(process, tail, cap))
    cancelling = asyncio.create_task(cancel.wait())
    try:
        await asyncio.wait({reading, cancelling}, timeout=max(0.0, until - monotonic()), return_when="FIRST_COMPLETED")
        if cancelling.done():
            raise Cancelled
        return await reading if reading.done() else "late"
    finally:
        await process.kill()
        for task in (reading, cancelling):
            task.cancel()
        await asyncio.gather(reading, cancelling, return_exceptions=True)


async def _read(process: Process, tail: Tail, cap: int) -> int | Literal["flooded"]:
    """To the end of the program. Children that it left with its stdout do not keep it alive: they are ended with it."""
    ending = asyncio.create_task(process.wait())
    try:
        async for piece in process.pieces():
            tail.add(piece)
            if tail.seen > cap:
                return "flooded"
        return await ending
    finally:
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)


def _verdict(command: str, code: int, output: str) -> Verdict:
    if code == 0:
        return "passed"
    if code in _NOT_STARTED or _NO_SCRIPT.search(output):
        return "missing"
    named = {found[1].partition(".")[0] for found in _MODULE.finditer(command)}
    last = output.rstrip().rpartition("\n")[2]
    return "missing" if any(last.endswith(f"No module named {name}") for name in named) else "failed"
