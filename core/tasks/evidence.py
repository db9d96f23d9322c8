"""What pdev has found out about a change itself: the results of its gates, small enough to live in the task's record.

The record is rewritten at every step, with ten earlier versions of it, so what goes in is cut here and nowhere else. A
command's whole output is kept elsewhere.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec
from msgspec.structs import replace

Outcome = Literal["passed", "failed", "warned", "left_out", "skipped"]
"""`failed` goes to the corrector; `warned` is for people to see; `left_out`: the rest went on without it; `skipped`:
there was nothing to judge, or somebody else judges it."""

MAX_NOTES = 20
"""Notes of one gate; `more` counts the others."""
MAX_NOTES_IN_ALL = 60
MAX_TEXT = 300
MAX_GATES = 40
MAX_BASELINES = 60
MAX_BASELINE_BYTES = 200_000
"""Of what commands did on the base, as the record holds it."""


class Note(msgspec.Struct, frozen=True):
    """One thing that a gate found. `line` counts from 1; 0: no line."""

    text: str
    path: str = ""
    line: int = 0


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """What one gate said of one commit."""

    name: str
    outcome: Outcome
    summary: str = ""
    """A few words: what was run, or what was found."""
    notes: tuple[Note, ...] = ()
    more: int = 0
    """Notes that there was no room for."""
    ms: int = 0
    """How long it took; 0 for those that only look."""
    sha: str = ""
    """The commit it judged; empty for the cheap gates, which stand before every push."""

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"


def capped(gate: Gate) -> Gate:
    """The gate in its size for the record; a path or text that JSON cannot hold is escaped."""
    notes = tuple(_capped(note) for note in gate.notes[:MAX_NOTES])
    more = gate.more + max(0, len(gate.notes) - MAX_NOTES)
    return replace(gate, summary=_text(gate.summary), notes=notes, more=more)


def laid_over(before: Iterable[Gate], new: Iterable[Gate]) -> tuple[Gate, ...]:
    """The results with newer ones in place of older ones of the same name, cut to what a record may hold."""
    both = {gate.name: gate for gate in (*before, *map(capped, new))}
    kept: list[Gate] = []
    room = MAX_NOTES_IN_ALL
    for gate in list(both.values())[:MAX_GATES]:
        notes = gate.notes[:room]
        kept.append(replace(gate, notes=notes, more=gate.more + len(gate.notes) - len(notes)))
        room -= len(notes)
    return tuple(kept)


def _capped(note: Note) -> Note:
    return Note(_text(note.text), _text(note.path), max(0, note.line))


def _text(text: str) -> str:
    writable = text.encode("utf-8", "backslashreplace").decode()
    return writable if len(writable) <= MAX_TEXT else writable[: MAX_TEXT - 1] + "…"


def newest(baseline: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The newest of what commands did on the base, as much as a record may hold; what is left out is run anew."""
    kept: dict[str, tuple[str, ...]] = {}
    room = MAX_BASELINE_BYTES
    for key, said in list(baseline.items())[: -MAX_BASELINES - 1 : -1]:
        room -= len(msgspec.json.encode({key: said}))
        if room < 0:
            break
        kept[key] = said
    return dict(reversed(kept.items()))
