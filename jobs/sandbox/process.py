"""A program in a sandbox, seen from the host: its lines, its input, its certain end.

A program may print for ever, print one endless line, or leave children behind. The host reads with caps, and `kill`
returns only when all that the program started is gone.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import psutil

LINE_BYTES = 4 << 20
"""A reviewer's answer of some hundred findings is one line."""
OUTPUT_BYTES = 64 << 20
UNREAD_BYTES = 1 << 20
"""What a program may leave unread of what it is offered; the rest is dropped."""
GONE_WITHIN_S = 2.0  # the promise of the acceptance list: nothing of a killed run lives longer
_STDERR_TAIL = 16 << 10
_CHUNK = 1 << 16
_LOOK_AGAIN_S = 0.01


class OutputTooLarge(Exception):
    """The program printed more than the host is willing to read."""


class StillAlive(Exception):
    """Something of a killed program did not end in time: the slot must not be used again."""


class _Talk(asyncio.subprocess.SubprocessStreamProtocol):
    """asyncio's own streams, plus the moment of the exit: `wait()` alone would also wait for every pipe to close."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=_CHUNK, loop=loop)
        self.exited = asyncio.Event()
        self.hung_up = asyncio.Event()

    def process_exited(self) -> None:
        super().process_exited()
        self.exited.set()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        super().pipe_connection_lost(fd, exc)
        if fd == 1:
            self.hung_up.set()


@dataclass(slots=True)
class Process:
    """A running program; made by a sandbox's `spawn`. Use it as an async context manager to be sure it ends.

    `life` is a descriptor that becomes readable when everything inside has ended. Where there is no such thing,
    `stragglers` finds what the process with this id has started.
    """

    _transport: asyncio.SubprocessTransport
    _talk: _Talk
    life: int | None = None
    stragglers: Callable[[int], list[psutil.Process]] | None = None
    line_cap: int = LINE_BYTES
    output_cap: int = OUTPUT_BYTES
    _dying: list[psutil.Process] = field(default_factory=list)
    _complaints: bytearray = field(default_factory=bytearray)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """The host's process id of the outermost process."""
        return self._transport.get_pid()

    @property
    def complaints(self) -> str:
        """The end of what it wrote to stderr, at most 16 KiB."""
        return self._complaints.decode("utf-8", "replace")

    async def write(self, data: bytes, *, close: bool = False) -> None:
        """Send to its stdin; a program that no longer reads is not an error here."""
        pipe = _present(self._talk.stdin)
        with contextlib.suppress(ConnectionError):
            pipe.write(data)
            await pipe.drain()
        if close:
            pipe.close()

    def offer(self, data: bytes) -> bool:
        """Send to its stdin without waiting for it to read; False when it does not, and too much waits already."""
        pipe = _present(self._talk.stdin)
        if pipe.is_closing() or pipe.transport.get_write_buffer_size() > UNREAD_BYTES:
            return False
        pipe.write(data)
        return True

    async def lines(self) -> AsyncIterator[str]:
        """Its stdout, line by line, without the line ends. Raises OutputTooLarge."""
        pipe = _present(self._talk.stdout)
        rest = bytearray()
        total = 0
        while chunk := await pipe.read(_CHUNK):
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

    async def pieces(self) -> AsyncIterator[bytes]:
        """Its stdout as it comes, whatever it is; how much is too much is for the reader to say."""
        pipe = _present(self._talk.stdout)
        while chunk := await pipe.read(_CHUNK):
            yield chunk

    async def wait(self) -> int:
        """Its exit code; 128 + n when signal n ended it. What it left running is ended too. Raises StillAlive."""
        await asyncio.shield(self._tasks[0])
        code = self._transport.get_returncode()
        if code is None:
            raise AssertionError("it has exited")
        return code if code >= 0 else 128 - code

    async def kill(self) -> None:
        """End it and everything it started, at once; done twice is fine. Raises StillAlive."""
        if not self._talk.exited.is_set():
            self._dying = self._left()  # while their parents still live, so that they can be found
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            _kill_each(self._dying)
        await asyncio.shield(self._tasks[0])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.kill()
        finally:
            self._transport.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def follow(self) -> None:
        """Begin to wait for the end and to collect complaints."""
        self._tasks = [asyncio.create_task(each) for each in (self._end(), self._listen(), self._sweep())]

    async def _end(self) -> None:
        await self._talk.exited.wait()
        try:
            async with asyncio.timeout(GONE_WITHIN_S):
                await self._end_namespace()
                while left := [one for one in {*self._dying, *self._left()} if _lives(one)]:
                    _kill_each(left)  # they may have forked since they were counted
                    self._dying = left
                    await asyncio.sleep(_LOOK_AGAIN_S)
        except TimeoutError:
            raise StillAlive(f"process {self.pid}: not gone after {GONE_WITHIN_S:.0f} s") from None

    def _left(self) -> list[psutil.Process]:
        return [] if self.stragglers is None else self.stragglers(self.pid)

    async def _sweep(self) -> None:
        """While somebody still has its stdout, look again: a process in the middle of an exec cannot be recognised."""
        await self._talk.exited.wait()
        pause = _LOOK_AGAIN_S
        while self.stragglers is not None and not self._talk.hung_up.is_set():
            _kill_each(self._left())
            pause = min(2 * pause, 1.0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._talk.hung_up.wait(), pause)

    async def _end_namespace(self) -> None:
        life, self.life = self.life, None
        if life is None:
            return
        try:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(life, signal.SIGKILL)
            await _readable(life)
        finally:
            os.close(life)

    async def _listen(self) -> None:
        pipe = _present(self._talk.stderr)
        while chunk := await pipe.read(_CHUNK):
            self._complaints += chunk
            del self._complaints[:-_STDERR_TAIL]


async def start(
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    *,
    keep_fds: Sequence[int] = (),
    stragglers: Callable[[int], list[psutil.Process]] | None = None,
) -> Process:
    """Start `argv` in a session of its own, with nothing inherited but `env` and `keep_fds`. Raises OSError."""
    loop = asyncio.get_running_loop()
    transport, talk = await loop.subprocess_exec(
        lambda: _Talk(loop), *argv, env=dict(env), cwd=cwd, start_new_session=True, pass_fds=tuple(keep_fds)
    )
    process = Process(transport, talk, stragglers=stragglers)
    process.follow()
    return process


_Pipe = TypeVar("_Pipe")


def _present(pipe: _Pipe | None) -> _Pipe:
    if pipe is None:
        raise AssertionError("all three pipes were asked for")
    return pipe


def _kill_each(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
