"""Issues and what hangs on them. A pull request is an issue with a `pull`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from demo.hub.state.base import Account, Reaction

if TYPE_CHECKING:
    from demo.hub.state.installed import App
    from demo.hub.state.pulls import Pull
    from demo.hub.state.world import Repository


@dataclass(slots=True, eq=False)
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str | None = None
    default: bool = False


@dataclass(slots=True, eq=False)
class Milestone:
    id: int
    number: int
    title: str


@dataclass(slots=True, eq=False)
class Comment:
    """An issue comment; `number` is the issue's."""

    id: int
    number: int
    user: Account
    body: str
    created_at: datetime
    updated_at: datetime
    app: "App | None" = None
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class TimelineEvent:
    """One line of an issue's history. `more` holds the keys that only this kind of event has (`label`, `rename`, …)."""

    id: int
    event: str
    actor: Account
    created_at: datetime
    app: "App | None" = None
    commit_id: str | None = None
    comment: Comment | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Issue:
    id: int
    number: int
    repo: "Repository"
    title: str
    body: str | None
    user: Account
    created_at: datetime
    updated_at: datetime
    state: Literal["open", "closed"] = "open"
    state_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: Account | None = None
    labels: list[Label] = field(default_factory=list)
    assignees: list[Account] = field(default_factory=list)
    milestone: Milestone | None = None
    locked: bool = False
    lock_reason: str | None = None
    comments: list[Comment] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    timeline: list[TimelineEvent] = field(default_factory=list)
    app: "App | None" = None
    pull: "Pull | None" = None
    parent: "Issue | None" = None
    sub_issues: list["Issue"] = field(default_factory=list)
    blocked_by: list["Issue"] = field(default_factory=list)
    blocking: list["Issue"] = field(default_factory=list)
    deleted: bool = False
    moved_to: "Issue | None" = None
    """Where a transferred issue lives now."""

    def has_label(self, name: str) -> bool:
        """Label names are compared as GitHub does: without case."""
        return any(label.name.lower() == name.lower() for label in self.labels)
