"""What the web process and the workers ask each other to do: arq jobs as frozen dataclasses, ids and facts only.

A job is a doorbell. Losing one costs time and nothing else, because every job reads the record and decides from it; a
sweep rings again. So a job never carries a token, a prompt or a payload.
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import msgspec

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
    due_s: int = 0
    """For a report put off: the second for which it is due, so that many put off to the same second are one."""

    @property
    def job_id(self) -> str:
        return f"report:{self.task}:at:{self.due_s}" if self.due_s else f"report:{self.task}:{self.version}"


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

JOB_AGE_MS = 86_400_000
"""How long arq keeps a job that nobody starts: a day, arq's own default. The sweep rings again."""


def wake_channel(queue: str) -> str:
    """Where a worker listens so that it need not wait for its next poll."""
    return f"{queue}:wake"


def facts(request: JobRequest) -> dict[str, str | int]:
    """What the job's function receives as keyword arguments."""
    return asdict(request)


def request(name: str, facts: dict[str, str | int]) -> JobRequest:
    """The dataclass again, in the worker. Raises KeyError for a job that this version does not know."""
    return type_of[name](**facts)  # type: ignore[arg-type]


def serialize(job: dict[str, Any]) -> bytes:
    """arq's `job_serializer`: JSON, because arq's default would run code that somebody wrote into Redis."""
    return msgspec.json.encode(job)


def deserialize(job: bytes) -> dict[str, Any]:
    """arq's `job_deserializer`."""
    return msgspec.json.decode(job, type=dict[str, Any])
