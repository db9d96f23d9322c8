"""Everything a job may use, put together once when the worker starts.

Job functions stay thin and testable because nothing is found through globals: what reaches GitHub, Redis, git or an
agent is a field here, and a test builds the same record with its own parts.
"""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError, ConnectionError, ReadOnlyError, TimeoutError, WatchError

from core.artifacts import Artifacts
from core.clock import Clock
from core.errors import StoreAway
from core.github import GitHub
from core.metrics import Metrics
from core.settings import Settings
from core.store import Inbox, Store, WorkerInfo
from core.tasks import Task
from jobs.lease import Lease

STORE_AWAY = (ConnectionError, TimeoutError, BusyLoadingError, ReadOnlyError, WatchError, OSError, StoreAway)
"""What a Redis that is away, restarting, loading or failing over looks like from here."""

Work = Callable[[Task, Lease], Coroutine[Any, Any, None]]
"""The pipeline: works on the task until it has moved it out of `running`, or until `lease.stopped`."""


@dataclass(frozen=True, slots=True)
class Deps:
    """The parts of one worker process."""

    settings: Settings
    clock: Clock
    redis: "Redis"
    store: Store
    inbox: Inbox
    github: GitHub
    metrics: Metrics
    worker: WorkerInfo
    """Who we are; `worker.id` owns our leases and marks our jobs."""
    work: Work
    report: Callable[[str], Awaitable[None]]
    """Makes GitHub show what the record of this task (by id) says."""
    clear_disk: Callable[[], Awaitable[int]] | None = None
    """Removes worktrees that dead workers left on this machine; how many."""
    artifacts: Artifacts | None = None
    """Where transcripts are kept, for the sweep to tidy."""
