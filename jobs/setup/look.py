"""What a commit says about how it is set up: its layout, and the files that setup depends on.

From the commit and not from the working tree: an agent may write there, and what it wrote is not yet kept.
"""

import hashlib
import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jobs.git import Objects, listing, texts
from jobs.layouts import Layout, detect, wanted
from jobs.layouts.detect import READ_MOST

_FORM = 1
"""Of what setup leaves behind; a new number makes everything anew."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A commit, its layout and its paths with their blobs."""

    commit: str
    layout: Layout
    blobs: Mapping[str, str]

    def inputs(self, commands: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """The files that setup with these commands depends on, with their contents' ids.

        Manifests and lock files, and every file that a command names.
        """
        named = {self._path(word) for line in commands for word in _words(line)}
        return tuple(sorted((path, self.blobs[path]) for path in {*self.layout.keys, *named} if path in self.blobs))

    def _path(self, word: str) -> str:
        plain = word.removeprefix("./")
        root = self.layout.root
        return plain if plain in self.blobs or not root else f"{root}/{plain}"


async def look(store: Objects, commit: str, has_program: Callable[[str], bool]) -> Seen:
    """Read what is needed of the commit. Raises GitError."""
    entries = await listing(store, commit)
    paths = [path for path, entry in entries.items() if not entry.is_nested]
    read = await texts(store, entries, wanted(paths), most=READ_MOST)
    return Seen(commit, detect(paths, read, has_program), {path: entries[path].sha for path in paths})


def key(commands: Sequence[str], inputs: Sequence[tuple[str, str]], toolchain: Sequence[str]) -> str:
    """The name of what these commands make of these files with these programs: 32 hexadecimal digits."""
    said = json.dumps([_FORM, list(commands), [list(one) for one in inputs], list(toolchain)])
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _words(line: str) -> list[str]:
    try:
        return [part for word in shlex.split(line) for part in re.split(r"[=;&|]", word)]
    except ValueError:
        return line.split()
