"""No walls: the program runs as the worker's own user, and every report says so.

Only for operators who said `PDEV_SANDBOX=none` (because the whole worker stands in a container of its own), and for
the demo with its scripted agent on machines without user namespaces. What remains is tidiness: a clean environment,
resource limits, and the end of everything that carries this run's mark.
"""

import asyncio
import contextlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psutil

from jobs.sandbox.bubblewrap import apply_limits
from jobs.sandbox.contract import ProbeReport, SandboxError, SandboxSpec
from jobs.sandbox.mounts import copy_mounts
from jobs.sandbox.process import Process, start
from jobs.sandbox.runtime import Runtime, this_python

_MARK = "PDEV_RUN_MARK"
# Waits until the host has set the limits, dies with the host (Linux), and becomes the program.
_LAUNCHER = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)
sys.stdin.buffer.raw.read(1)
try:
    os.execvp(sys.argv[1], sys.argv[1:])
except OSError as error:
    sys.exit(f"{sys.argv[1]}: {error.strerror}")
"""


@dataclass(frozen=True, slots=True)
class NoSandbox:
    """Programs run as ordinary processes of the worker's user."""

    runtime: Runtime = field(default_factory=this_python)

    @property
    def mode(self) -> str:
        return "none"

    def socket_address(self, name: str, host: Path) -> str:
        return str(host)

    async def spawn(self, spec: SandboxSpec) -> Process:
        """Start the program. Raises SandboxError when the launcher cannot be started."""
        mark = uuid4().hex
        await asyncio.to_thread(copy_mounts, spec)
        temporary = spec.home / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        try:
            running = await start(
                [sys.executable, "-I", "-S", "-c", _LAUNCHER, *spec.argv],
                {**_environment(spec, self.runtime, temporary), _MARK: mark},
                spec.worktree,
                stragglers=lambda pid: started_by(pid, mark),
            )
        except OSError as error:
            raise SandboxError(str(error)) from error
        try:
            if sys.platform == "linux":
                apply_limits(running.pid, spec.limits)
            await running.write(b"\n")
        except BaseException:
            async with running:  # leaving ends it
                raise
        return running

    async def probe(self, scratch: Path) -> ProbeReport:
        """There is nothing to test: no wall is claimed."""
        return ProbeReport(self.mode, ())


def started_by(pid: int, mark: str) -> list[psutil.Process]:
    """The descendants of a process, and whatever carries its mark in an environment it has not changed."""
    found: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error, OSError):
        first = psutil.Process(pid)
        if first.environ().get(_MARK) == mark:  # not a stranger who got its id
            found += first.children(recursive=True)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(_MARK) == mark:
                found.append(process)
    return found


def _environment(spec: SandboxSpec, runtime: Runtime, temporary: Path) -> dict[str, str]:
    return {
        "PATH": ":".join([*map(str, spec.around.path), runtime.search_path]),
        "HOME": str(spec.home),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "TMPDIR": str(temporary),
        "PYTHONPYCACHEPREFIX": str(temporary / "pycache"),
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        **spec.around.env,
        **spec.env,
    }
