"""Which lines a change adds and takes away, file by file: what coverage and size are measured on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jobs.git import hunks


@dataclass(slots=True)
class Lines:
    """`added` are line numbers in the new file; `removed` is only counted."""

    added: set[int] = field(default_factory=set)
    removed: int = 0


def changed_lines(diff: str) -> Mapping[str, Lines]:
    """By path as it is after the change, or was before where it is deleted. Takes git's own diffs, also cut ones."""
    found: dict[str, Lines] = {}
    for hunk in hunks(diff):
        here = found.setdefault(hunk.path, Lines())
        here.added.update(hunk.added)
        here.removed += hunk.removed
    return found
