"""What the web process and the workers ask each other to do: arq jobs as frozen dataclasses, ids and facts only.

A job is a doorbell. Losing one costs time and nothing else, because every job reads the record and decides from it; a
sweep rings again. So a job never carries a token, a prompt or a payload.
"""

from dataclasses import dataclass
from typing import ClassVar

CONTROL = "pdev:control"
"""Queue of short jobs: schedule, report, sweep."""
ATTEMPTS = "pdev:attempts"
"""Queue of granted attempts; as many run at once as the worker has slots."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Look which tasks may start now."""

    name: ClassVar[str] = "schedule"
    queue: ClassVar[str] = CONTROL
    poke: int

    @property
    def job_id(self) -> str:
        return f"schedule:{self.poke}"


@dataclass(frozen=True, slots=True)
class Report:
    """Make GitHub show what the record of one task says."""

    name: ClassVar[str] = "report"
    queue: ClassVar[str] = CONTROL
    task: str
    version: int

    @property
    def job_id(self) -> str:
        return f"report:{self.task}:{self.version}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Work on a task under the epoch that was granted."""

    name: ClassVar[str] = "attempt"
    queue: ClassVar[str] = ATTEMPTS
    task: str
    epoch: int
    granted_ms: int

    @property
    def job_id(self) -> str:
        return f"attempt:{self.task}:{self.epoch}"


type_of: dict[str, type[Schedule] | type[Report] | type[Attempt]] = {c.name: c for c in (Schedule, Report, Attempt)}
JobRequest = Schedule | Report | Attempt
