"""What the store holds besides tasks, and how all of it is written: JSON that an older or newer pdev can read.

Unknown fields are ignored on reading and kept on writing, so two versions may run side by side during an upgrade.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from core.errors import Category, OperatorError, PdevError, Severity, Transient
from core.tasks import State, Task

FORMAT = 1
"""Goes up when an older pdev could no longer read a record; it then leaves the record alone."""

Struct = TypeVar("Struct")


class NoSuchTask(PdevError):
    """There is no record of this task: it was never added, or it ended more than 30 days ago."""

    code = "NO_SUCH_TASK"
    category = Category.STATE


class Fenced(PdevError):
    """Somebody else has the task now; whoever holds this epoch stops and writes nothing more."""

    code = "FENCED"
    category = Category.STATE
    severity = Severity.LOW

    def __init__(self, task_id: str, epoch: int) -> None:
        super().__init__(f"Task {task_id} is no longer run under epoch {epoch}.")


class NotRunning(PdevError):
    """A wish is for running tasks only; move the task itself."""

    code = "NOT_RUNNING"
    category = Category.STATE

    def __init__(self, task: Task) -> None:
        super().__init__(f"{task.slug} is {task.state}, not running.")
        self.task = task


class Contended(Transient):
    """So many others changed the same record that our change never got in."""

    code = "CONTENDED"
    category = Category.STATE


class Damaged(OperatorError):
    """A record and all of its history are unreadable."""

    code = "DAMAGED_RECORD"
    category = Category.STATE
    severity = Severity.HIGH
    usual_next_step = "Look at the keys pdev:task:<id> and pdev:task:<id>:history, or delete them and label again."


class TooNew(OperatorError):
    """A newer pdev wrote this record."""

    code = "NEWER_RECORD"
    category = Category.STATE
    severity = Severity.HIGH
    usual_next_step = "Upgrade every pdev process to the same version."


class Unwritable(PdevError):
    """A change that nobody could read back; the record stays as it was."""

    code = "UNWRITABLE_RECORD"
    category = Category.STATE
    severity = Severity.HIGH


class SessionState(StrEnum):
    OPEN = "open"
    SETTLED = "settled"
    FAILED = "failed"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One run over a set of tasks of one repository. At most one of a repository is open."""

    id: str = ""
    """`<repository id>-YYYY-MM-DD-NNN`."""
    repo_id: int
    owner: str
    repo: str
    started_ms: int
    state: SessionState = SessionState.OPEN
    ended_ms: int | None = None

    @property
    def name(self) -> str:
        """What people read: `2026-11-22-001`."""
        return self.id.partition("-")[2]


class CheckSeen(msgspec.Struct, frozen=True):
    """A check run as GitHub shows it."""

    id: int
    """0 while it is not known whether GitHub has made it."""
    digest: str
    status: str
    annotated: tuple[str, ...] = ()
    """Keys of the annotations that stand at their lines; GitHub would add them a second time."""


class Surface(msgspec.Struct, frozen=True, kw_only=True):
    """What GitHub shows of a task, as far as we know: so that nothing is written twice. Owned by the report job."""

    comment_id: int | None = None
    comment_digest: str = ""
    shown: str = ""
    """Fingerprint of what comment and check runs show together."""
    checks: dict[str, CheckSeen] = {}
    """By `<check name>@<head sha>`."""
    reported_version: int = 0
    written_ms: int = 0
    """When something was last written to GitHub for this task."""


class WorkerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A live worker as it announces itself."""

    id: str
    host: str
    pid: int
    slots: int
    """How many agents it may run in all; 0 while it drains."""
    started_ms: int
    sandbox: str
    memory_mb: float = 0.0


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the story."""

    id: str
    """Its place in the stream; give it as `since` to go on behind it."""
    name: str
    task: str
    at_ms: int
    facts: dict[str, str]


def encode_task(task: Task, before: bytes = b"") -> bytes:
    """The record, with what a newer version wrote into `before` and this one does not know.

    Raises `Unwritable` for one that could not be read back: else it would be restored from its history, which undoes
    the step (JSON has no infinity, for one: a cost that was infinite became `null`, and then what it had been before).
    """
    try:
        encoded = msgspec.json.encode(task)
        msgspec.json.decode(encoded, type=Task)
    except (ValueError, TypeError, OverflowError) as error:
        raise Unwritable(f"{task.slug} cannot be written down: {error}.") from None
    if not before:
        return encoded
    unknown = {k: v for k, v in _mapping(before).items() if k not in Task.__struct_fields__}
    return msgspec.json.encode({**_mapping(encoded), **unknown}) if unknown else encoded


def decode_task(fields: Mapping[bytes, bytes]) -> Task:
    """The task of a hash as the store keeps it. Raises ValueError (or msgspec's, a subclass) when it is damaged."""
    task = msgspec.json.decode(fields.get(b"record", b""), type=Task)
    if fields.get(b"state", b"").decode() != task.state:
        raise ValueError("record and state differ")
    return replace(
        task,
        version=int(fields[b"version"]) if b"version" in fields else _missing("version"),
        epoch=int(fields[b"epoch"]) if b"epoch" in fields else _missing("epoch"),
        owner=fields.get(b"owner", b"").decode(),
        lease_exp=int(fields.get(b"lease_exp", b"0")),
    )


def facts_of(task: Task) -> dict[str, Any]:
    """What the scripts need to know about a task without reading its record."""
    return {
        "id": task.id, "repo": str(task.repo_id), "session": task.session, "state": task.state,
        "ended": task.ended, "settled": task.settled, "wish": task.wish, "format": str(FORMAT),
    }  # fmt: skip


def schedules_differently(before: Task, after: Task) -> bool:
    """Whether the plan may look different now."""
    return (before.state, before.blockers, before.priority) != (after.state, after.blockers, after.priority)


def is_running(task: Task, epoch: int) -> bool:
    return task.state is State.RUNNING and task.epoch == epoch


def _mapping(encoded: bytes) -> dict[str, Any]:
    return msgspec.json.decode(encoded, type=dict[str, Any])


def _missing(name: str) -> int:
    raise ValueError(f"no {name}")
