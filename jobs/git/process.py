"""One git process: hardened, bounded in time and output, dead when its caller is cancelled.

Every git command of the worker goes through `Git.run`. That is what makes the promises of `hardening` hold for all
of them, and what keeps a hanging server or an endless diff from holding a slot.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jobs.git.errors import GitError, GitKind, classify, redact
from jobs.git.hardening import Config, environment

LOCAL_S = 120.0  # a local command on a large tree (measured: 20,000 files check out in 10 s on a slow disk)
NETWORK_S = 900.0  # a first fetch of a large repository; stalls end earlier through http.lowSpeedTime
OUTPUT_BYTES = 64 << 20
_STDERR_TAIL = 8 << 10
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Output:
    """What a command said. `truncated`: the output passed the cap and the process was stopped there."""

    code: int
    stdout: bytes
    stderr: str
    truncated: bool = False

    @property
    def text(self) -> str:
        """stdout without surrounding white space; undecodable bytes survive as surrogates."""
        return self.stdout.decode("utf-8", "surrogateescape").strip()


@dataclass(frozen=True, slots=True)
class Call:
    """How one command runs. Times in seconds, sizes in bytes."""

    git_dir: Path | None = None
    work_tree: Path | None = None
    index: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    config: Sequence[Config] = ()
    protocols: Sequence[str] = ()
    secrets: Sequence[str] = ()
    stdin: bytes = b""
    keep_fds: Sequence[int] = ()  # lock files: an orphaned git goes on holding the lock it works under
    timeout_s: float = LOCAL_S
    cap: int = OUTPUT_BYTES
    may_truncate: bool = False
    expect: Sequence[int] = (0,)

    def variables(self) -> dict[str, str]:
        places = {"GIT_DIR": self.git_dir, "GIT_WORK_TREE": self.work_tree, "GIT_INDEX_FILE": self.index}
        return {name: str(path) for name, path in places.items() if path is not None} | dict(self.env)


@dataclass(frozen=True, slots=True)
class Git:
    """The git program, and the empty file that stands in for the operator's configuration."""

    program: Path
    empty_config: Path
    extra_env: Mapping[str, str] = field(default_factory=dict)  # the operator's proxy and certificate variables

    async def run(self, *args: str, call: Call = Call()) -> Output:
        """Run `git args…` and return what it said.

        Raises GitError when the exit code is not in `call.expect`, on timeout, and when the output passes the cap
        (unless `may_truncate`). A cancelled caller leaves no process behind.
        """
        env = environment(
            self.program, self.empty_config, call.protocols, call.config, {**self.extra_env, **call.variables()}
        )
        process = await asyncio.create_subprocess_exec(
            str(self.program),
            *args,
            env=env,
            cwd="/",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            pass_fds=tuple(call.keep_fds),
        )
        try:
            async with asyncio.timeout(call.timeout_s):
                output = await _talk(process, call)
        except TimeoutError:
            raise GitError(GitKind.TIMEOUT, args[0], f"no end after {call.timeout_s:.0f} s") from None
        finally:
            await _end(process)
        return _judge(args[0], output, call)


def _judge(command: str, output: Output, call: Call) -> Output:
    if output.truncated:
        if call.may_truncate:
            return output
        raise GitError(GitKind.TOO_LARGE, command, f"more than {call.cap} bytes")
    if output.code in call.expect:
        return output
    words = redact(f"{output.stderr.strip()}\n{output.text[-2000:]}".strip(), call.secrets)
    raise GitError(classify(words), command, words, output.code)


async def _talk(process: asyncio.subprocess.Process, call: Call) -> Output:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise AssertionError("all three pipes were asked for")
    feeding = asyncio.create_task(_feed(process.stdin, call.stdin))
    complaining = asyncio.create_task(_tail(process.stderr))
    try:
        stdout, truncated = await _gather(process.stdout, call.cap)
        if truncated:
            _kill(process)
        await feeding
        stderr = redact((await complaining).decode("utf-8", "replace"), call.secrets)
        return Output(await process.wait(), stdout, stderr, truncated)
    finally:
        feeding.cancel()
        complaining.cancel()


async def _feed(pipe: asyncio.StreamWriter, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        pipe.write(data)
        await pipe.drain()
    with contextlib.suppress(ConnectionError):
        pipe.close()


async def _gather(pipe: asyncio.StreamReader, cap: int) -> tuple[bytes, bool]:
    parts: list[bytes] = []
    size = 0
    while chunk := await pipe.read(_CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size > cap:
            return b"".join(parts)[:cap], True
    return b"".join(parts), False


async def _tail(pipe: asyncio.StreamReader) -> bytes:
    kept = b""
    while chunk := await pipe.read(_CHUNK):
        kept = (kept + chunk)[-_STDERR_TAIL:]
    return kept


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        _kill(process)
        await asyncio.shield(process.wait())


def lines(data: bytes, separator: bytes = b"\0") -> Iterable[bytes]:
    """The non-empty records of a `-z` answer."""
    return (part for part in data.split(separator) if part)
