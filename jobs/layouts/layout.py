"""What detection finds (`Layout`, made of one `Part` for each ecosystem), and what it finds it from (`Folder`)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Part:
    """One ecosystem at the root that was chosen. Commands are lines for `sh`, paths are relative to that root."""

    name: str
    """`python`, `node`, `go` or `rust`."""
    says: str
    """`Python with pyproject.toml and uv.lock`."""
    setup: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    """Manifests and lock files: when one of them changes, what setup made is out of date."""
    needs: tuple[str, ...] = ()
    """Programs that the commands start and that setup does not install."""
    hosts: tuple[str, ...] = ()
    """Where the ecosystem's packages are."""
    sources: tuple[str, ...] = ()
    """Folders that Python must find the repository's own modules in, before any installed copy of them."""
    cannot: tuple[str, ...] = ()
    """Sentences: what is not supported here, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole repository. Commands are lines for `sh`, run at the top of the tree; paths are relative to it."""

    says: str
    """A sentence for people: what was found and what follows from it."""
    parts: tuple[Part, ...] = ()
    root: str = ""
    """The folder that was chosen; empty: the top."""
    setup: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """What of `needs` this machine does not have."""
    hosts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    cannot: tuple[str, ...] = ()
    """Sentences: what is not supported, and what to do instead; to be said at a repository's first run."""

    def has(self, name: str) -> bool:
        """Whether the ecosystem `python`, `node`, `go` or `rust` is part of it."""
        return any(part.name == name for part in self.parts)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the repository: the paths below it, relative to it, and the texts of the few files that were read."""

    paths: frozenset[str]
    texts: Mapping[str, str]

    def has(self, *names: str) -> tuple[str, ...]:
        """Those of `names` that are files here, in the given order."""
        return tuple(name for name in names if name in self.paths)

    def mentions(self, word: str, *names: str) -> bool:
        """Whether one of the files (all that were read, when none is named) holds the word."""
        return any(word in self.texts.get(name, "") for name in names or tuple(self.texts))

    def toml(self, name: str) -> dict[str, Any]:
        """The file as a table; empty when it is absent or broken, which the tools themselves will say better."""
        try:
            return tomllib.loads(self.texts.get(name, ""))
        except tomllib.TOMLDecodeError:
            return {}

    def json(self, name: str) -> dict[str, Any]:
        """The file as an object; empty when it is absent or broken."""
        try:
            found = msgspec.json.decode(self.texts.get(name, "{}"))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return {}
        return found if isinstance(found, dict) else {}


def table(of: object, *names: str) -> dict[str, Any]:
    """The table at `names`, one below the other; empty when there is none, whatever else stands there."""
    for name in names:
        of = of.get(name) if isinstance(of, dict) else None
    return of if isinstance(of, dict) else {}


def words(of: object) -> tuple[str, ...]:
    """The strings of a list, whatever else it holds."""
    return tuple(one for one in of if isinstance(one, str)) if isinstance(of, list) else ()
