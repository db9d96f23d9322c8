"""What a sandbox is asked for, and what it promises.

The stages and the agent backends only know this: a program, the one tree it may change, the sockets it may speak to.
Which walls stand around it is the operator's decision, made once at the start, and every report names it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from jobs.sandbox.process import Process


@dataclass(frozen=True, slots=True)
class Limits:
    """The second layer behind the walls, per process unless said otherwise; None: no limit. Sizes in bytes."""

    file_size: int | None = 4 << 30
    open_files: int | None = 4096
    processes: int | None = 4096  # of the whole user id; not enforced by Linux for root
    cpu_s: int | None = None
    memory: int | None = None  # address space: breaks programs that reserve much more than they use (node, go)
    tmp_size: int = 1 << 30  # of the private /tmp, all processes together
    nice: int = 10  # agents wait for the worker that has to answer people, not the other way round


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a program finds around its worktree besides the system, such as installed packages. Nothing in it is secret.

    `env` are variables, `path` folders in front of PATH. `read_only` and `writable` are shown at their own paths.
    `mounts` are folders shown read-only at a place in the worktree (place: folder; the worktree's path is resolved),
    `scratch` places below those that are empty and writable for this run; without walls a mount is a copy.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    path: tuple[Path, ...] = ()
    read_only: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    mounts: Mapping[Path, Path] = field(default_factory=dict)
    scratch: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """One program in its sandbox.

    `worktree` is visible at its own path (writable unless `frozen`; only walls can hold that), `metadata` (git
    directories, read-only) and `read_only` too. `home` becomes the program's HOME. `sockets` are host sockets by name;
    ask the sandbox's `socket_address` for where the program finds them. `env` holds nothing secret.
    """

    argv: tuple[str, ...]
    worktree: Path
    home: Path
    metadata: tuple[Path, ...] = ()
    read_only: tuple[Path, ...] = ()
    sockets: Mapping[str, Path] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    frozen: bool = False
    around: Surroundings = Surroundings()


@dataclass(frozen=True, slots=True)
class Check:
    """One attempt to get out: `held` is whether the wall stood, `detail` what happened."""

    name: str
    held: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """The self-test. `mode` is the sandbox's name in reports; `working` only when every wall stood."""

    mode: str
    checks: tuple[Check, ...]

    @property
    def working(self) -> bool:
        return bool(self.checks) and all(check.held for check in self.checks)

    @property
    def fallen(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.held)


class SandboxError(Exception):
    """The sandbox could not be made; nothing was run."""


class Sandbox(Protocol):
    """Something that runs programs apart from the host."""

    @property
    def mode(self) -> str:
        """Its name in reports: `bubblewrap`, or `none`."""

    def socket_address(self, name: str, host: Path) -> str:
        """Where a program inside finds the socket that `SandboxSpec.sockets` calls `name`."""

    async def spawn(self, spec: SandboxSpec) -> Process:
        """Start the program. Raises SandboxError when it cannot be started inside."""

    async def probe(self, scratch: Path) -> ProbeReport:
        """Try to get out, with folders below `scratch` (made and removed)."""
