"""A program in a sandbox, seen from the host: its lines, its input, its certain end.

A program may print for ever, print one endless line, or leave children behind. The host reads with caps, and `kill`
returns only when all that the program started is gone.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

LINE_BYTES = 1 << 20
OUTPUT_BYTES = 64 << 20
GONE_WITHIN_S = 2.0  # the promise of the acceptance list: nothing of a killed run lives longer
_STDERR_TAIL = 16 << 10
_CHUNK = 1 << 16


class OutputTooLarge(Exception):
    """The program printed more than the host is willing to read."""


class StillAlive(Exception):
    """Something of a killed program did not end in time: the slot must not be used again."""


@dataclass(slots=True)
class Process:
    """A running program; make it with a sandbox's `spawn`, and use it as an async context manager to be sure it ends.

    `life` is a descriptor that becomes readable when everything inside has ended, or None where there is no such
    thing; `stragglers` finds what is left of it then.
    """

    _process: asyncio.subprocess.Process
    life: int | None = None
    stragglers: Callable[[], list[int]] = field(default=list)
    line_cap: int = LINE_BYTES
    output_cap: int = OUTPUT_BYTES
    _complaints: bytearray = field(default_factory=bytearray)
    _listening: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self._listening = asyncio.create_task(self._listen())

    @property
    def pid(self) -> int:
        """The host's process id of the outermost process."""
        return self._process.pid

    @property
    def complaints(self) -> str:
        """The end of what it wrote to stderr, at most 16 KiB."""
        return self._complaints.decode("utf-8", "replace")

    async def write(self, data: bytes, *, close: bool = False) -> None:
        """Send to its stdin; a program that no longer reads is not an error here."""
        if self._process.stdin is None:
            raise AssertionError("spawned with a pipe")
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(data)
            await self._process.stdin.drain()
        if close:
            self._process.stdin.close()

    async def lines(self) -> AsyncIterator[str]:
        """Its stdout, line by line, without the line ends. Raises OutputTooLarge."""
        if self._process.stdout is None:
            raise AssertionError("spawned with a pipe")
        rest = bytearray()
        total = 0
        while chunk := await self._process.stdout.read(_CHUNK):
            total += len(chunk)
            *whole, last = chunk.split(b"\n")
            for part in whole:
                yield (bytes(rest) + part).decode("utf-8", "replace")
                rest.clear()
            rest += last
            if total > self.output_cap or len(rest) > self.line_cap:
                raise OutputTooLarge(f"{total} bytes, the open line has {len(rest)}")
        if rest:
            yield rest.decode("utf-8", "replace")

    async def wait(self) -> int:
        """Its exit code; 128 + n when signal n ended it. What it left running is ended too."""
        code = await self._process.wait()
        await self._all_gone()
        return code if code >= 0 else 128 - code

    async def kill(self) -> None:
        """End it and everything it started, at once; done twice is fine. Raises StillAlive."""
        await asyncio.shield(self._end())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    async def _end(self) -> None:
        left = self.stragglers()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        _kill_each(left)
        await self._process.wait()
        await self._all_gone()
        if self._listening is not None:
            self._listening.cancel()

    async def _all_gone(self) -> None:
        _kill_each(self.stragglers())
        life, self.life = self.life, None
        if life is None:
            return
        try:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(life, signal.SIGKILL)
            async with asyncio.timeout(GONE_WITHIN_S):
                await _readable(life)
        except TimeoutError:
            raise StillAlive(f"process {self.pid}: not gone after {GONE_WITHIN_S:.0f} s") from None
        finally:
            os.close(life)

    async def _listen(self) -> None:
        if self._process.stderr is None:
            return
        while chunk := await self._process.stderr.read(_CHUNK):
            self._complaints += chunk
            del self._complaints[:-_STDERR_TAIL]


def _kill_each(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
