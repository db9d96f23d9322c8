"""One environment, built: setup's commands in the sandbox, one after the other, with a way out to the allowed hosts.

They run what the repository and its packages say. So they see their own folders and nothing else, a clock stands over
them, and what they print is cut.
"""

import asyncio
import os
import shlex
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.messages import setup as said
from jobs.gateway import RELAY, Doorway, Gateway, Rule
from jobs.layouts import Layout
from jobs.running import Tail, below, cleaned, follow, shell
from jobs.sandbox import Limits, Runtime, Sandbox, SandboxError, SandboxSpec
from jobs.setup import ways
from jobs.setup.registries import registries
from jobs.setup.shelf import Note, Place

_OUTPUT_CAP = 64 << 20
_LIMITS = Limits(tmp_size=4 << 30)
_DEEPEST = 4
_MOST_MOUNTS = 50
_MOST_REFUSED = 100
_PACKAGES = "node_modules"


class SetupFailed(Exception):
    """A command did not do its work; `why` is for people. `may_pass`: somebody could not be reached. `is_ours`: no
    command is to blame, but the machine."""

    def __init__(self, why: str, command: str, tail: str, *, may_pass: bool = False, is_ours: bool = False) -> None:
        super().__init__(why)
        self.why, self.command, self.tail, self.may_pass, self.is_ours = why, command, tail, may_pass, is_ours


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be built. `rules`: hosts besides the operator's; `wall_s`: for all commands together."""

    layout: Layout
    commands: tuple[str, ...]
    rules: tuple[Rule, ...]
    wall_s: float
    needs_pip: bool = True
    """Whether a Python environment must have pip, which takes seconds to put there."""


@dataclass(frozen=True, slots=True)
class Builder:
    """Who builds: in which sandbox, with which Python, through which gateway. `tell` hears what is being done."""

    sandbox: Sandbox
    runtime: Runtime
    gateway: Gateway
    mirrors: Mapping[str, str] = field(default_factory=dict)

    async def build(
        self, place: Place, order: Order, shown: Mapping[Path, Path], tell: Callable[[str], Awaitable[None]]
    ) -> Note:
        """Run the commands in `place`, whose tree is there, and say what came of it; `shown` are mounts in that tree.

        Raises SetupFailed.
        """
        began = time.monotonic()
        around = ways.building(place, order.layout, self.runtime.python, self.mirrors)
        public = await registries(self.sandbox, order.layout, around, place.folder / "asking")
        around = replace(around, mounts=shown)
        if settings := ways.cargo_settings(self.mirrors):
            (place.folder / "cargo").mkdir()
            (place.folder / "cargo" / "config.toml").write_text(settings)
        async with self.gateway.doorway(place.folder.with_suffix(".sock"), (*order.rules, *public)) as door:
            for shown_as, command in self._commands(place, order):
                left_s = order.wall_s - (time.monotonic() - began)
                await tell(shown_as)
                await self._run(SandboxSpec(
                    self._argv(command, door), place.tree, place.home, read_only=(RELAY,),
                    sockets={"egress": door.path}, limits=_LIMITS, around=around,
                ), door, command, left_s, order.wall_s)  # fmt: skip
            refused = door.refused()
        mounts = await asyncio.to_thread(_mounts, place.tree)
        return Note(mounts, refused[:_MOST_REFUSED])

    def _commands(self, place: Place, order: Order) -> Sequence[tuple[str, str]]:
        """What people are told is being done, and the command that does it."""
        named = [(cleaned(command), command) for command in order.commands]
        if not order.layout.has("python"):
            return named
        bare = "" if order.needs_pip else "--without-pip "
        make = f"{shlex.quote(str(self.runtime.python))} -m venv {bare}{shlex.quote(str(place.venv))}"
        return (said.FIRST_STEP, make), *named

    def _argv(self, command: str, door: Doorway) -> tuple[str, ...]:
        port = "0" if self.sandbox.mode == "none" else "3128"  # without walls the ports are everybody's
        inside = self.sandbox.socket_address("egress", door.path)
        python = str(self.runtime.python)
        return python, "-I", str(RELAY), port, inside, *shell(command)

    async def _run(self, spec: SandboxSpec, door: Doorway, command: str, left_s: float, wall_s: float) -> None:
        tail, never = Tail(), asyncio.Event()  # who stops setup cancels its task
        try:
            ended = await follow(self.sandbox, spec, tail, never, wall_s=left_s, output_cap=_OUTPUT_CAP)
        except SandboxError as error:
            why = cleaned(str(error))
            raise SetupFailed(said.not_started(why), cleaned(command), why, is_ours=True) from error
        command, text = (
            cleaned(command),
            _from_its_top(spec.worktree, tail.text()),
        )  # a repository may name a key in a command as well
        match ended:
            case 0:
                return
            case "late":
                why = said.too_slow(command, wall_s / 60, text, door.refused())
            case "flooded":
                why = said.flooded(command, text)
            case code:
                why = said.failed(command, code, text, door.refused())
        unreachable = isinstance(ended, int) and any(verdict.what == "failed" for verdict in door.verdicts)
        raise SetupFailed(why, command, text, may_pass=unreachable)


def _from_its_top(tree: Path, text: str) -> str:
    """Without where the tree, and what is made beside it, are on this worker."""
    return below(str(tree.parent), below(str(tree), text))


def _mounts(tree: Path) -> tuple[str, ...]:
    """The folders of packages that setup made in the tree, not through any link; with room for what tools write."""
    found = []
    for folder, names, _ in os.walk(tree, followlinks=False):
        here = Path(folder)
        deep = len(here.relative_to(tree).parts)
        if _PACKAGES in names and not (here / _PACKAGES).is_symlink():
            found.append(here / _PACKAGES)
        names[:] = [name for name in names if name != _PACKAGES and name != ".git" and deep < _DEEPEST]
    for packages in found[:_MOST_MOUNTS]:
        for name in ways.SCRATCH:
            if not os.path.lexists(packages / name):
                (packages / name).mkdir()
    return tuple(str(packages.relative_to(tree)) for packages in sorted(found)[:_MOST_MOUNTS])
