"""What a repository keeps elsewhere: allowed submodules and large files, fetched by the host and shown read-only.

Nothing of it is written into a working tree. There it could be committed; a mount cannot.
"""

from __future__ import annotations

import configparser
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from core.messages import setup as said
from jobs.git import Cache, Entry, GitError, Mirror, export, listing, texts
from jobs.git.lfs import Pointer, fetch_large, has_lfs, pointers
from jobs.git.trees import remove_tree

if TYPE_CHECKING:
    from jobs.bench import Bench

MOST_MODULES = 50
DEEPEST = 3
"""Submodules of submodules of submodules."""
MOST_LARGE = 2 << 30
"""Bytes of large files in one commit."""
MOST_LARGE_FILES = 400
_MODULES = ".gitmodules"


@dataclass(slots=True)
class Furniture:
    """What is shown in the tree (relative place: folder or file of ours), and sentences about what is not."""

    shown: dict[str, Path] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


async def furnish(bench: Bench, commit: str, folder: Path) -> Furniture:
    """Fetch what the commit keeps elsewhere; submodules are kept below `folder`. Raises GitError."""
    entries = await listing(bench.mirror, commit)
    found = Furniture()
    fetch = _Fetch(bench.tools.git, bench.config.submodules, folder, found)
    await fetch.modules(bench.mirror, entries, bench.door.clone_url, "")
    await _large(bench, commit, entries, found)
    found.notes += [said.modules_left_out(fetch.refused)] if fetch.refused else []
    found.notes += [said.modules_failed(fetch.failed)] if fetch.failed else []
    return found


@dataclass(slots=True)
class _Fetch:
    cache: Cache
    allowed: Sequence[str]
    folder: Path
    into: Furniture
    refused: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    async def modules(self, store: Mirror, entries: Mapping[str, Entry], url: str, above: str, depth: int = 1) -> None:
        """The submodules of a commit of the repository at `url`, and those below them."""
        nested = {path: entry.sha for path, entry in entries.items() if entry.is_nested}
        if not nested:
            return
        read = await texts(store, entries, [_MODULES], most=256 << 10)
        addresses = addresses_of(read.get(_MODULES, ""), url)
        for path, sha in sorted(nested.items()):
            place = f"{above}{path}"
            address = addresses.get(path, "")
            is_one_too_many = depth > DEEPEST or len(self.into.shown) >= MOST_MODULES
            if is_one_too_many or not is_allowed(address, self.allowed):
                self.refused.append(place)
                continue
            try:
                await self._one(address, sha, place, depth)
            except (GitError, OSError):
                self.failed.append(place)

    async def _one(self, address: str, sha: str, place: str, depth: int) -> None:
        name = hashlib.sha256(address.encode()).hexdigest()[:24]
        mirror = await self.cache.repository(address, f"module-{name}")
        if await mirror.resolve(sha) is None:
            await mirror.fetch(None, [sha], depth=1)
        target = self.folder / f"{name}-{sha}"
        if not target.is_dir():
            await _put(mirror, sha, target)
        os.utime(target)
        self.into.shown[place] = target
        entries = await listing(mirror, sha)
        for path, entry in entries.items():
            if entry.is_nested:
                (target / path).mkdir(parents=True, exist_ok=True)
        await self.modules(mirror, entries, address, f"{place}/", depth + 1)


async def _put(mirror: Mirror, sha: str, target: Path) -> None:
    """The commit's files at `target`, whole or not at all; several tasks may want the same at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(mkdtemp(prefix="new-", dir=target.parent))
    try:
        await export(mirror, sha, fresh)
        _move(fresh, target)
    finally:
        remove_tree(fresh)


def _move(fresh: Path, target: Path) -> None:
    fresh.chmod(0o755)
    try:
        fresh.rename(target)
    except OSError:
        if not target.is_dir():  # else somebody else was faster
            raise


def addresses_of(text: str, url: str) -> dict[str, str]:
    """Path → address of a `.gitmodules` file of the repository at `url`, relative addresses resolved."""
    reader = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    try:
        reader.read_string("\n".join(line.strip() for line in text.splitlines()))
    except configparser.Error:
        return {}
    found = {}
    for section in reader.sections():
        path, address = reader.get(section, "path", fallback=""), reader.get(section, "url", fallback="")
        if section.startswith("submodule ") and path and address:
            is_relative = address.startswith(("./", "../"))
            found[path] = urljoin(f"{url.removesuffix('/')}/", address) if is_relative else address
    return found


def is_allowed(address: str, prefixes: Sequence[str]) -> bool:
    """Whether the address is a plain one below an allowed prefix, read as whole parts of its path."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    is_plain = parts.hostname and parts.username is None and not parts.query and not parts.fragment
    if not is_plain or parts.scheme != "https" or ".." in parts.path.split("/") or "%" in address or "\\" in address:
        return False
    tops = [prefix.rstrip("/") for prefix in prefixes]
    return any(address in {top, f"{top}.git"} or address.startswith(f"{top}/") for top in tops if "//" in top)


async def _large(bench: Bench, commit: str, entries: Mapping[str, Entry], into: Furniture) -> None:
    """The commit's large files, as far as they may be shown."""
    found = await pointers(bench.mirror, entries)
    if not found:
        return
    if bench.tools.setup.sandbox.mode == "none":
        into.notes.append(said.LARGE_NOT_WITHOUT_WALLS)
        return
    if not await has_lfs(bench.mirror.git):
        into.notes.append(said.no_lfs(len(found)))
        return
    wanted = _fitting(found)
    absent = [path for path, pointer in wanted.items() if not _is_there(bench.mirror, pointer)]
    try:
        if absent:
            await fetch_large(bench.mirror, bench.door.clone_url, await bench.token(), commit, absent)
    except GitError as error:
        into.notes.append(said.large_failed(error.text))
    there = {path: one.place(bench.mirror.path) for path, one in wanted.items() if _is_there(bench.mirror, one)}
    into.shown |= there
    if len(there) < len(found):
        into.notes.append(said.large_left_out(len(found) - len(there), len(found)))


def _fitting(found: Mapping[str, Pointer]) -> dict[str, Pointer]:
    room, kept = MOST_LARGE, {}
    for path, pointer in sorted(found.items(), key=lambda one: one[1].size)[:MOST_LARGE_FILES]:
        room -= pointer.size
        if room < 0:
            break
        kept[path] = pointer
    return kept


def _is_there(mirror: Mirror, pointer: Pointer) -> bool:
    place = pointer.place(mirror.path)
    return place.is_file() and not place.is_symlink() and place.stat().st_size == pointer.size
