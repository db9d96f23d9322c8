"""JavaScript and TypeScript: which package manager the lock file belongs to, and which scripts prove the project."""

import re

from core.messages import setup as said
from core.messages.words import listed
from jobs.layouts.layout import Folder, Part, table

MANIFESTS = ("package.json",)
_LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb")
_SETTINGS = (".npmrc", ".yarnrc.yml", ".yarnrc", "pnpm-workspace.yaml")
READ = (*MANIFESTS, ".yarnrc.yml", "pnpm-workspace.yaml")
_VERIFIES = ("test", "lint")
_NO_TEST = "no test specified"


def node(folder: Folder) -> Part | None:
    """The project of this folder's package.json, if there is one."""
    if not folder.has(*MANIFESTS):
        return None
    package = folder.json("package.json")
    lock = next(iter(folder.has(*_LOCKS)), "")
    tool, install, cannot = _manager(folder, package, lock)
    scripts = table(package, "scripts")
    run = "npm" if tool == "yarn" else tool  # newer yarns refuse to run scripts without their own install state
    verify = tuple(
        f"{run} run {name}" for name in _VERIFIES
        if isinstance(scripts.get(name), str) and _NO_TEST not in scripts[name] and tool
    )  # fmt: skip
    needs = tuple(dict.fromkeys(("node", *([tool] if tool else []), *([run] if verify else []))))
    return Part(
        "node", f"JavaScript with {listed(folder.has('package.json', lock))}", install, verify,
        keys=folder.has(*MANIFESTS, *_LOCKS, *_SETTINGS), needs=needs, cannot=cannot,
    )  # fmt: skip


def _manager(folder: Folder, package: dict[str, object], lock: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The package manager, its install commands, and what cannot be done."""
    named = str(package.get("packageManager") or "")
    if lock.startswith("bun.") or named.startswith("bun@"):
        return "", (), (said.unknown_tool("Bun"),)
    if lock == "pnpm-lock.yaml" or named.startswith("pnpm@"):
        frozen = " --frozen-lockfile" if lock else ""
        return "pnpm", (f"pnpm install{frozen}",), ()
    if lock == "yarn.lock" or named.startswith("yarn@"):
        if not _is_new_yarn(folder, named):
            return "yarn", (f"yarn install --non-interactive{' --frozen-lockfile' if lock else ''}",), ()
        plain = "nodeLinker: node-modules" in folder.texts.get(".yarnrc.yml", "")
        return "yarn", (f"yarn install{' --immutable' if lock else ''}",), () if plain else (said.PNP,)
    if lock:
        return "npm", ("npm ci --no-audit --no-fund",), ()
    kinds = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "workspaces")
    if any(package.get(kind) for kind in kinds):
        return "npm", ("npm install --no-audit --no-fund --no-package-lock",), ()
    return "npm", (), ()


def _is_new_yarn(folder: Folder, named: str) -> bool:
    version = re.match(r"yarn@(\d+)", named)
    return int(version[1]) >= 2 if version else bool(folder.has(".yarnrc.yml"))


def has_workspaces(folder: Folder) -> bool:
    """Whether its install also installs the packages below it."""
    return bool(folder.json("package.json").get("workspaces") or folder.has("pnpm-workspace.yaml"))
