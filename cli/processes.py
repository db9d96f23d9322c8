"""Child processes of `pdev up` and `pdev demo`: started with the same interpreter, ended with their parent.

Each child's output goes to a file of its own, so that a terminal shows one thing at a time, and its last lines are told
when it dies. On Linux the kernel ends a child whose parent was killed.
"""

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import OperatorError
from core.lifeline import lifeline

_STOP_S = 8.0
"""Between asking a child to end and killing it; a worker needs up to two seconds, its supervisor a little more."""


@dataclass(slots=True)
class Child:
    """One running `pdev` command. `log` None: it writes to our own output."""

    name: str
    process: asyncio.subprocess.Process
    log: Path | None

    async def stop(self) -> None:
        """Ask it to end, and kill it when it does not."""
        if self.process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), _STOP_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()

    def last_words(self, lines: int = 8) -> str:
        """The end of what it wrote."""
        if self.log is None:
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def died(self) -> OperatorError:
        """What to say when it is gone and should not be."""
        words = self.last_words()
        return OperatorError(
            f"The {self.name} process ended with code {self.process.returncode}." + (f"\n{words}\n" if words else ""),
            f"Its output is in {self.log}." if self.log else "Its output stands above.",
        )


@dataclass(slots=True)
class Children:
    """All children of one parent."""

    environ: Mapping[str, str]
    logs: Path | None = None
    all: list[Child] = field(default_factory=list)

    async def start(self, name: str, *command: str, **extra: str) -> Child:
        """Start `pdev command…` with `extra` environment variables."""
        log = self.logs / f"{name}.log" if self.logs else None
        with log.open("ab") if log else contextlib.nullcontext() as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "cli", *command, env={**self.environ, **extra}, stdin=asyncio.subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True, preexec_fn=lifeline(),
            )  # fmt: skip
        child = Child(name, process, log)
        self.all.append(child)
        return child

    async def stop(self) -> None:
        """End all of them at once: together they need no longer than the slowest."""
        await asyncio.gather(*(child.stop() for child in self.all))
        self.all.clear()
