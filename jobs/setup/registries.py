"""Which public registry a package manager asks: the manager knows, so nobody has to say it again and keep it right.

It is asked in an empty folder with a new HOME and without a network, so what a repository or an agent has written does
not choose a host. What it does not answer is not allowed, and people are told which host was asked for in vain.
"""

import asyncio
import re
from pathlib import Path

from core.hosts import hosts, split
from jobs.gateway import Rule
from jobs.layouts import Layout
from jobs.running import Tail, follow
from jobs.sandbox import Sandbox, SandboxError, SandboxSpec, Surroundings

_ASKED: dict[str, tuple[tuple[str, ...], ...]] = {
    "npm": (("npm", "config", "get", "registry"),),
    "pnpm": (("pnpm", "config", "get", "registry"),),
    "yarn": (("yarn", "config", "get", "registry"), ("yarn", "config", "get", "npmRegistryServer")),
}
"""Newer yarns have another name for it."""
_ADDRESS = re.compile(r"https://([A-Za-z0-9.-]{1,253})(?::443)?(?=[/\s]|\Z)")
_WALL_S = 30
_OUTPUT_CAP = 64 << 10


async def registries(sandbox: Sandbox, layout: Layout, around: Surroundings, folder: Path) -> tuple[Rule, ...]:
    """The hosts that the layout's package managers ask; `folder` is made, for nothing else."""
    found: list[str] = []
    if not layout.has("node"):
        return ()
    for tool in ("npm", *(name for name in layout.needs if name != "npm")):
        for argv in _ASKED.get(tool, ()):
            found += _ADDRESS.findall(await _answer(sandbox, argv, around, folder))
    return tuple(Rule(host) for host in dict.fromkeys(map(_plain, found)) if host)


async def _answer(sandbox: Sandbox, argv: tuple[str, ...], around: Surroundings, folder: Path) -> str:
    tail, never = Tail(), asyncio.Event()
    tree, home = folder / "tree", folder / "home"
    for place in (tree, home):
        place.mkdir(parents=True, exist_ok=True)
    spec = SandboxSpec(("/usr/bin/env", *argv), tree, home, around=around)
    try:
        ended = await follow(sandbox, spec, tail, never, wall_s=_WALL_S, output_cap=_OUTPUT_CAP)
    except SandboxError:
        return ""
    return tail.text() if ended == 0 else ""


def _plain(name: str) -> str:
    try:
        return hosts(split(name, default=443)[0])
    except ValueError:
        return ""
