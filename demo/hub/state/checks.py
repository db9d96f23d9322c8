"""Check suites, check runs and commit statuses: all three hang on a sha, never on a branch."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from demo.hub.state.base import Account

if TYPE_CHECKING:
    from demo.hub.state.installed import App


@dataclass(slots=True, eq=False)
class Annotation:
    path: str
    start_line: int
    end_line: int
    annotation_level: str
    message: str
    title: str | None = None
    raw_details: str | None = None
    start_column: int | None = None
    end_column: int | None = None


@dataclass(slots=True, eq=False)
class CheckOutput:
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[Annotation] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class CheckAction:
    label: str
    description: str
    identifier: str


@dataclass(slots=True, eq=False)
class CheckSuite:
    """One per (sha, App), made by a push or by the first check run on a sha."""

    id: int
    app: "App"
    head_sha: str
    created_at: datetime
    updated_at: datetime
    head_branch: str | None = None
    before: str | None = None
    status: str = "queued"
    conclusion: str | None = None
    rerequestable: bool = True


@dataclass(slots=True, eq=False)
class CheckRun:
    id: int
    suite: CheckSuite
    name: str
    head_sha: str
    status: str
    started_at: datetime
    conclusion: str | None = None
    completed_at: datetime | None = None
    external_id: str = ""
    details_url: str | None = None
    output: CheckOutput = field(default_factory=CheckOutput)
    actions: list[CheckAction] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Status:
    id: int
    sha: str
    state: str
    context: str
    creator: Account
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    target_url: str | None = None
