"""From a repository's files to its layout: which root, which ecosystems there, which commands.

Pure: whoever calls reads the few files that `wanted` names, of whichever commit it likes, and says which programs the
machine has.
"""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from itertools import chain

from core.messages import setup as said
from jobs.layouts import compiled, node, python
from jobs.layouts.layout import Folder, Layout, Part

READ_MOST = 256 << 10
"""Bytes of one of these files that are worth reading; lock files are only hashed."""
_KINDS: tuple[Callable[[Folder], Part | None], ...] = (python.python, node.node, compiled.go, compiled.rust)
_MANIFESTS = (
    "pyproject.toml",
    "setup.py",
    "requirements.txt",
    "Pipfile",
    *node.MANIFESTS,
    *compiled.GO,
    *compiled.RUST,
)
_READ = frozenset((*python.READ, *node.READ, *compiled.READ, "Makefile"))
_COMPOSE = ("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml")
_DOCKER = ("Dockerfile", "Containerfile")
_DEEPEST = 3
_ASIDE = frozenset({
    "node_modules", "vendor", "third_party", "tests", "test", "testdata", "fixtures", "examples", "example", "samples",
    "docs", "doc", "templates", "benchmarks",
})  # fmt: skip
"""Folders whose manifests are not the project's own."""
_TARGETS = ("test", "check", "lint")


def wanted(paths: Iterable[str]) -> tuple[str, ...]:
    """Which of the repository's files `detect` wants to read."""
    there = frozenset(paths)
    roots = _roots(there)
    names = {f"{root}/{name}" if root else name for root in (*roots, "") for name in _READ}
    return tuple(sorted(names & there))


def detect(paths: Iterable[str], texts: Mapping[str, str], has_program: Callable[[str], bool]) -> Layout:
    """The layout of a repository with these files (paths from its top, with `/`).

    `texts` holds the files that `wanted` named; one that is missing counts as empty. `has_program` says whether the
    machine that will run the commands has a program of this name.
    """
    there = frozenset(paths)
    roots = _roots(there)
    if not roots:
        found = _parts(_folder(there, texts, ""))  # Python without any manifest
        return _layout("", found, tuple(_unsupported(there, texts, found)), has_program)
    root = roots[0]
    folder = _folder(there, texts, root)
    parts = _parts(folder)
    covered = node.has_workspaces(folder) or compiled.has_workspace(folder)
    others = () if covered else roots[1:]
    cannot = (*([said.other_roots(root, others)] if others else []), *_unsupported(there, texts, parts))
    return _layout(root, parts, cannot, has_program)


def _roots(there: frozenset[str]) -> tuple[str, ...]:
    """The folders with a manifest, shallowest first; those below one that was taken belong to it as a rule."""
    folders = {path.rpartition("/")[0] for path in there if path.rpartition("/")[2] in _MANIFESTS}
    own = [f for f in folders if f.count("/") < _DEEPEST and not _is_aside(f)]
    return tuple(sorted(own, key=lambda folder: (folder.count("/") + bool(folder), folder)))


def _is_aside(folder: str) -> bool:
    return any(part in _ASIDE or part.startswith(".") for part in folder.split("/"))


def _folder(there: frozenset[str], texts: Mapping[str, str], root: str) -> Folder:
    start = f"{root}/" if root else ""
    inside = frozenset(path.removeprefix(start) for path in there if path.startswith(start))
    read = {path.removeprefix(start): text for path, text in texts.items() if path.startswith(start)}
    return Folder(inside, read)


def _parts(folder: Folder) -> tuple[Part, ...]:
    return tuple(part for kind in _KINDS if (part := kind(folder)) is not None)


def _unsupported(there: frozenset[str], texts: Mapping[str, str], parts: tuple[Part, ...]) -> list[str]:
    found = []
    if there.intersection(_COMPOSE):
        found.append(said.COMPOSE)
    elif there.intersection(_DOCKER) and not parts:
        found.append(said.DOCKERFILE)
    if "go.work" in there and not any(part.name == "go" for part in parts):
        found.append(said.GO_WORK)
    if "Makefile" in there and not any(part.verify for part in parts):
        targets = [name for name in _TARGETS if re.search(rf"^{name}:", texts.get("Makefile", ""), re.MULTILINE)]
        found.append(said.makefile(targets))
    return found


def _layout(root: str, parts: tuple[Part, ...], cannot: tuple[str, ...], has_program: Callable[[str], bool]) -> Layout:
    setup = tuple(_at(root, line) for part in parts for line in part.setup)
    verify = tuple(_at(root, line) for part in parts for line in part.verify)
    needs = tuple(dict.fromkeys(chain.from_iterable(part.needs for part in parts)))
    missing = tuple(name for name in needs if not has_program(name))
    told = (*cannot, *chain.from_iterable(part.cannot for part in parts))
    return Layout(
        says=said.found([part.says for part in parts], root, setup, verify) if parts else said.NOTHING_FOUND,
        parts=parts, root=root, setup=setup, verify=verify, needs=needs, missing=missing,
        keys=tuple(_below(root, path) for part in parts for path in part.keys),
        hosts=tuple(dict.fromkeys(chain.from_iterable(part.hosts for part in parts))),
        sources=tuple(_below(root, path) for part in parts for path in part.sources),
        cannot=(*told, *([said.missing_programs(missing)] if missing else [])),
    )  # fmt: skip


def _at(root: str, line: str) -> str:
    return f"cd -- {shlex.quote(root)} && {line}" if root else line


def _below(root: str, path: str) -> str:
    return "/".join(part for part in (root, path) if part)
