"""One command of a repository, run in the sandbox and followed to its end, and what is kept of what it prints.

Setup and the gates both run what repositories and agents wrote, and both show its last words to people. Such a command
may print for ever, hang, leave children behind, or print a key: output is cut from the front as it comes, a clock
stands over it, everything it started is gone when it has ended, and nothing of its output is shown uncleaned.
"""

import asyncio
import re
from time import monotonic
from typing import Literal

from core.redaction import Redactor
from core.visible import visible_text
from jobs.sandbox import Process, Sandbox, SandboxSpec

TAIL = 60 << 10
"""Characters that are kept; a check run takes 65,535 in its text."""
_SLACK = 4
"""Bytes kept for each character: escape codes go, and letters beyond ASCII take several."""

Ended = int | Literal["late", "flooded"]
"""An exit code; or why it was stopped: out of time, or it printed more than anybody reads."""


class Cancelled(Exception):
    """The attempt is to stop; the command was ended."""


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
    return Redactor()(visible_text(text, overwrite=True))


def below(root: str, output: str) -> str:
    """The output with paths from the tree's own top: where `root` is on this worker tells nobody anything.

    The same failure reads the same on another worker then, and in another attempt.
    """
    return re.sub(
        rf"{re.escape(root.rstrip('/'))}(?:/|(?![\w.-]))", lambda at: "" if at[0].endswith("/") else ".", output
    )


def shell(command: str) -> tuple[str, ...]:
    """The words that start it; one stream, so that what is said about a failure stands where it happened."""
    return "/bin/sh", "-c", 'exec 2>&1; exec /bin/sh -c "$1"', "sh", command


async def follow(
    sandbox: Sandbox, spec: SandboxSpec, tail: Tail, cancel: asyncio.Event, *, wall_s: float, output_cap: int
) -> Ended:
    """Run it without input and collect its output in `tail`.

    Raises SandboxError when it cannot be started, and `Cancelled` once `cancel` is set.
    """
    until = monotonic() + wall_s
    async with await sandbox.spawn(spec) as process:
        await process.write(b"", close=True)
        reading = asyncio.create_task(_read(process, tail, output_cap))
        cancelling = asyncio.create_task(cancel.wait())
        try:
            left_s = max(0.0, until - monotonic())
            await asyncio.wait({reading, cancelling}, timeout=left_s, return_when="FIRST_COMPLETED")
            if cancelling.done():
                raise Cancelled
            return await reading if reading.done() else "late"
        finally:
            await process.kill()
            for task in (reading, cancelling):
                task.cancel()
            await asyncio.gather(reading, cancelling, return_exceptions=True)


async def _read(process: Process, tail: Tail, cap: int) -> Ended:
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
