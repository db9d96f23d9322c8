"""What a transcript is made of. Plain data, written as JSON."""

import re
from dataclasses import dataclass
from typing import Literal

import msgspec

Kind = Literal["agent", "gates", "setup"]
Stopped = Literal["", "memory", "full"]
"""Why nothing more was recorded: the store's memory ran low, or all transcripts together reached their cap."""

DAY_MS = 86_400_000
_NAME = re.compile(r"[0-9a-z][0-9a-z._-]{0,99}", re.ASCII)


def is_name(text: str) -> bool:
    """Whether a task or a run may be called so: it becomes part of a key, a path and an address."""
    return _NAME.fullmatch(text) is not None and ".." not in text


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """Which piece of work a transcript tells of. `epoch` and `started_ms` make it the only one of its name."""

    kind: Kind = "agent"
    stage: str = ""
    round: int = 1
    attempt: int = 1
    epoch: int = 0
    started_ms: int = 0

    @property
    def run(self) -> str:
        """The transcript's name among those of its task."""
        return f"{self.epoch}.{self.started_ms}.{self.kind}.{self.stage or 'task'}.{self.round}"


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened: a headline and, behind it, the whole of it. `t`: seconds since the run began."""

    t: float
    kind: str
    title: str = ""
    body: str = ""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A transcript as the list of a task shows it. Sizes in bytes: `raw` as it is read, `size` as it is kept."""

    id: str
    header: Header
    entries: int = 0
    raw: int = 0
    size: int = 0
    dropped_entries: int = 0
    dropped_raw: int = 0
    """From its middle, when it grew over its cap."""
    heads: int = 0
    """Pieces before the gap."""
    first: int = 0
    """The number of the first piece behind the gap; `heads` while there is none."""
    pieces: int = 0
    """One more than the number of the last piece."""
    ended: bool = False
    stopped: Stopped = ""
    written_ms: int = 0


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a transcript that is read at once."""

    entries: tuple[Entry, ...] = ()
    start: int = 0
    next: int | None = None
    """Where to read on; None at the end."""
    gap_at: int | None = None
    """Before which of `entries` the dropped ones are missing."""
    damaged: int = 0
    """Pieces that could not be read."""


@dataclass(frozen=True, slots=True)
class Caps:
    """How much is kept, in bytes, and for how long."""

    chunk: int = 64 << 10
    """Of one piece before it is compressed; a longer entry is a piece of its own."""
    transcript: int = 4 << 20
    """Of one transcript before compression: half of it is the beginning, half the end."""
    task: int = 8 << 20
    """Of all transcripts of a task, as kept; the oldest make room."""
    server: int = 256 << 20
    """Of all transcripts, as kept."""
    runs: int = 200
    """Transcripts of one task."""
    age_ms: int = 7 * DAY_MS
    """After the task has settled."""
    longest_ms: int = 90 * DAY_MS
    """After the last word, whatever becomes of the task."""
