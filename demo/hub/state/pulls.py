"""What a pull request has beyond its issue. Commits and trees are git's: only names and object ids stand here."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from demo.hub.state.base import Account, Reaction, Team

if TYPE_CHECKING:
    from demo.hub.state.installed import App
    from demo.hub.state.issues import Issue
    from demo.hub.state.world import Repository


@dataclass(slots=True, eq=False)
class AutoMerge:
    enabled_by: Account
    merge_method: Literal["merge", "squash", "rebase"]
    commit_title: str | None = None
    commit_message: str | None = None


@dataclass(slots=True, eq=False)
class Pull:
    """`id` differs from the issue's id; the number is the issue's."""

    id: int
    issue: "Issue"
    head_repo: "Repository"
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    draft: bool = False
    merged: bool = False
    merged_at: datetime | None = None
    merged_by: Account | None = None
    merge_commit_sha: str | None = None
    maintainer_can_modify: bool = False
    auto_merge: AutoMerge | None = None
    requested_reviewers: list[Account] = field(default_factory=list)
    requested_teams: list[Team] = field(default_factory=list)
    reviews: list["Review"] = field(default_factory=list)
    review_comments: list["ReviewComment"] = field(default_factory=list)
    threads: list["ReviewThread"] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.issue.number

    @property
    def open(self) -> bool:
        return self.issue.state == "open"


@dataclass(slots=True, eq=False)
class Review:
    id: int
    user: Account
    body: str
    state: Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"]
    commit_id: str
    submitted_at: datetime | None
    app: "App | None" = None


@dataclass(slots=True, eq=False)
class ReviewComment:
    id: int
    review_id: int | None
    user: Account
    body: str
    path: str
    commit_id: str
    original_commit_id: str
    diff_hunk: str
    created_at: datetime
    updated_at: datetime
    line: int | None = None
    """Where it stands in the diff of the newest commit; None once that diff does not show the line any more."""
    start_line: int | None = None
    original_line: int | None = None
    """Where it stood in the diff that it was written on."""
    original_start_line: int | None = None
    original_position: int | None = None
    side: Literal["LEFT", "RIGHT"] = "RIGHT"
    start_side: Literal["LEFT", "RIGHT"] | None = None
    position: int | None = None
    in_reply_to_id: int | None = None
    subject_type: Literal["line", "file"] = "line"
    app: "App | None" = None
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class ReviewThread:
    id: int
    comments: list[ReviewComment]
    resolved: bool = False
    resolved_by: Account | None = None
    outdated: bool = False
