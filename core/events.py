"""The names of what happens, each with who says it and who listens.

One stream per server carries them (`pdev:events`, capped); timelines, metrics and tests read it. An event is a hint
and a story, never the truth: the record is.
"""

from typing import NamedTuple


class EventKind(NamedTuple):
    producer: str
    consumers: tuple[str, ...]


EVENTS: dict[str, EventKind] = {
    "session.started": EventKind("core/store", ("pages", "metrics")),
    "session.all_tasks_complete": EventKind("core/store", ("pages", "metrics")),
    "task.created": EventKind("core/store", ("pages", "metrics")),
    "task.status_changed": EventKind("core/store", ("jobs/report", "pages", "metrics")),
    "task.restored": EventKind("core/store", ("metrics",)),
    "agent.launching": EventKind("jobs/scheduler", ("pages",)),
    "agent.started": EventKind("jobs/pipeline", ("pages", "metrics")),
    "agent.progress": EventKind("jobs/pipeline", ("jobs/report", "pages")),
    "agent.completed": EventKind("jobs/pipeline", ("jobs/report", "pages", "metrics")),
    "agent.failed": EventKind("jobs/pipeline", ("jobs/report", "pages", "metrics")),
    "config.changed": EventKind("core/store", ("jobs/scheduler", "metrics")),
    "lease.lost": EventKind("jobs/sweep", ("metrics", "pages")),
}
