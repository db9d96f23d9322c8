"""The cheap gates over one list of changes."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.tasks import Gate, Note
from jobs.gates.forbidden import forbidden
from jobs.gates.paths import folded_path, is_git_name, is_strange, leaves_the_tree, new_attributes
from jobs.gates.paths import protected as is_protected
from jobs.gates.secrets import leaks
from jobs.git import LINK_MODE, NESTED_MODE, Blob, FileChange

_NOTHING = Blob(0, b"")


@dataclass(frozen=True, slots=True)
class Caps:
    """How much a task may add, in bytes and files. GitHub refuses files above 100 MB and warns above 50 MB."""

    file: int = 10 << 20
    total: int = 50 << 20
    files: int = 2000


class LeftOut(NamedTuple):
    """A path that stays out of the commit, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class GateReport:
    """`gates`: what each says, `passed` or `left_out`. `left_out`: every path that must not be committed."""

    gates: tuple[Gate, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def passed(self) -> bool:
        return not self.left_out


@dataclass(frozen=True, slots=True)
class _Case:
    changes: Sequence[FileChange]
    blobs: Mapping[str, Blob]
    caps: Caps
    known: Sequence[str]
    protected: Sequence[str]

    def new(self, change: FileChange) -> Blob:
        return self.blobs.get(change.blob, _NOTHING)

    def data(self, change: FileChange) -> bytes:
        return self.new(change).data or b""

    def old_data(self, change: FileChange) -> bytes:
        return self.blobs.get(change.old_blob, _NOTHING).data or b""


def check(
    changes: Sequence[FileChange],
    blobs: Mapping[str, Blob],
    *,
    caps: Caps | None = None,
    known: Sequence[str] = (),
    protected: Sequence[str] = (),
) -> GateReport:
    """Judge `changes`; `blobs` are their old and new contents, `known` are this run's secrets, `protected` the
    repository's own patterns.

    A new file whose content was not given (too large to read) does not pass.
    """
    case = _Case(changes, blobs, caps or Caps(), known, protected)
    found = {name: tuple(dict.fromkeys(gate(case))) for name, gate in _GATES.items()}
    first: dict[str, LeftOut] = {}
    for name, left in found.items():
        for one in left:
            first.setdefault(one.path, LeftOut(one.path, f"{name}: {one.reason}"))
    return GateReport(tuple(_gate(name, left) for name, left in found.items()), tuple(first.values()))


def _gate(name: str, left: Sequence[LeftOut]) -> Gate:
    notes = tuple(Note(one.reason, _shown(one.path)) for one in left)
    return Gate(name=name, outcome="left_out" if left else "passed", notes=notes)


def _shown(path: str) -> str:
    return path.encode("unicode_escape").decode() if is_strange(path) else path


def _secrets(case: _Case) -> Iterator[LeftOut]:
    for change in case.changes:
        before = {leak.text for leak in leaks(case.old_data(change), case.known)}
        new = [leak for leak in leaks(case.data(change), case.known) if leak.text not in before]
        if new:
            yield LeftOut(change.path, f"{new[0].what}, line {new[0].line}")
        elif leaks(change.path.encode("utf-8", "surrogateescape"), case.known):
            yield LeftOut(change.path, "its name holds a secret")


def _protected(case: _Case) -> Iterator[LeftOut]:
    for change in case.changes:
        rule = is_protected(change.path, case.protected)
        if rule is not None and not (change.mode == 0 and rule.startswith(f"{change.path.casefold()}/")):
            yield LeftOut(change.path, f"{rule} is protected")
        elif change.path.rsplit("/", 1)[-1] == ".gitattributes" and (
            change.mode == LINK_MODE or new_attributes(case.old_data(change), case.data(change))
        ):
            yield LeftOut(change.path, "it names a program for git to run")


def _links(case: _Case) -> Iterator[LeftOut]:
    for change in case.changes:
        if change.mode == LINK_MODE:
            target = case.data(change).decode("utf-8", "surrogateescape")
            if leaves_the_tree(change.path, target):
                yield LeftOut(change.path, "the link leaves the repository")


def _nested(case: _Case) -> Iterator[LeftOut]:
    for change in case.changes:
        if change.mode == NESTED_MODE:
            yield LeftOut(change.path, "a repository inside the repository")


def _names(case: _Case) -> Iterator[LeftOut]:
    for change in case.changes:
        if change.status == "unstageable":
            yield LeftOut(change.path, "git cannot take it")
        elif change.mode and is_git_name(change.path):
            yield LeftOut(change.path, "some file systems read it as git's own")
        elif change.status == "added" and is_strange(change.path):
            yield LeftOut(change.path, "its name has hidden or unreadable characters")


def _forbidden(case: _Case) -> Iterator[LeftOut]:
    for change in case.changes:
        if change.status == "added" and change.mode and (kind := forbidden(folded_path(change.path))):
            yield LeftOut(change.path, f"{kind}; nobody commits such files")


def _size(case: _Case) -> Iterator[LeftOut]:
    fits: list[FileChange] = []
    for change in case.changes:
        blob = case.new(change)
        if change.mode and (blob.size > case.caps.file or blob.data is None):
            yield LeftOut(change.path, f"{blob.size:,} bytes, more than {case.caps.file:,}")
        elif change.mode:
            fits.append(change)
    room = case.caps.total
    for change in sorted(fits, key=lambda one: case.new(one).size):
        room -= case.new(change).size
        if room < 0:
            yield LeftOut(change.path, f"all files together are more than {case.caps.total:,} bytes")
    yield from _too_many(fits, case.caps.files)


def _too_many(changes: Sequence[FileChange], most: int) -> Iterator[LeftOut]:
    """When there are too many files, the fullest top folders of new ones go: they are downloads or build products."""
    excess = len(changes) - most
    added = [change for change in changes if change.status == "added"]
    for folder, count in Counter(change.path.split("/", 1)[0] for change in added).most_common():
        if excess <= 0:
            return
        excess -= count
        for change in added:
            if change.path.split("/", 1)[0] == folder:
                yield LeftOut(change.path, f"{len(changes):,} files, more than {most:,}")


_GATES: Mapping[str, Callable[[_Case], Iterator[LeftOut]]] = {
    "secrets": _secrets,
    "protected": _protected,
    "links": _links,
    "nested": _nested,
    "names": _names,
    "forbidden": _forbidden,
    "size": _size,
}
