"""The time, from one place.

Leases, budgets and ages decide what happens next, so a test must be able to jump a day without waiting for it: every
collaborator receives a `Clock`, and nobody else reads the wall clock. Durations that only measure (how long did this
take) use `time.perf_counter` or `time.monotonic` where they are taken.
"""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where a collaborator gets the wall-clock time."""

    @property
    def shift_ms(self) -> int:
        """Milliseconds to add to a server's own time (Redis `TIME`) so that both agree; 0 in production."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""

    def now_ms(self) -> int:
        """The current time in milliseconds since the Unix epoch."""


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clock."""

    shift_ms: int = 0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


@dataclass(slots=True)
class ShiftedClock:
    """The machine's clock, moved forward by hand: what the desk hands out so that a story can jump a day."""

    shift: timedelta = field(default_factory=timedelta)

    @property
    def shift_ms(self) -> int:
        return round(self.shift.total_seconds() * 1000)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.shift

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.shift_ms

    def advance(self, **by: float) -> None:
        """Move forward; the keywords are those of `timedelta` (`seconds=…`, `hours=…`)."""
        self.shift += timedelta(**by)
