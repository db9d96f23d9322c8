"""The root of it all: accounts, repositories, Apps, installations, tokens."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from demo.hub.state.base import Account, Role, Team
from demo.hub.state.checks import CheckRun, CheckSuite, Status
from demo.hub.state.installed import App, Installation, Token
from demo.hub.state.issues import Comment, Issue, Label, Milestone
from demo.hub.state.pulls import Pull


@dataclass(slots=True, eq=False)
class Repository:
    """`git_dir` is the bare repository that git itself serves; everything else GitHub keeps beside it."""

    id: int
    owner: Account
    name: str
    git_dir: Path
    created_at: datetime
    updated_at: datetime
    private: bool = False
    description: str | None = None
    default_branch: str = "main"
    archived: bool = False
    drafts_available: bool = True
    allow_auto_merge: bool = True
    delete_branch_on_merge: bool = False
    pushed_at: datetime | None = None
    collaborators: dict[str, Role] = field(default_factory=dict)
    """Lower-case login to role; people who are not here have none (and read, where the repository is public)."""
    teams: dict[str, Team] = field(default_factory=dict)
    """By slug: the organisation's teams that have access."""
    labels: dict[str, Label] = field(default_factory=dict)
    """By lower-case name."""
    milestones: dict[int, Milestone] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    """Issues and pull requests share the numbers."""
    comments: dict[int, Comment] = field(default_factory=dict)
    check_suites: dict[int, CheckSuite] = field(default_factory=dict)
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    protection: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Branch name to what `GET …/protection` answers."""
    rules: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Branch name to what `GET …/rules/branches/…` answers."""
    last_number: int = 0

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    def pulls(self) -> Iterator[Pull]:
        """Every pull request, oldest first."""
        return (issue.pull for issue in self.issues.values() if issue.pull is not None)

    def pull(self, number: int) -> Pull | None:
        issue = self.issues.get(number)
        return issue.pull if issue else None

    def next_number(self) -> int:
        self.last_number += 1
        return self.last_number


@dataclass(slots=True, eq=False)
class World:
    accounts: dict[str, Account] = field(default_factory=dict)
    """By lower-case login."""
    repos: dict[int, Repository] = field(default_factory=dict)
    former_names: dict[str, int] = field(default_factory=dict)
    """Lower-case `owner/name` that a repository had before a rename or transfer, to its id."""
    apps: dict[int, App] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    last_id: int = 1000
    """Database ids start far from issue numbers, so that mistaking one for the other is noticed."""

    def new_id(self) -> int:
        self.last_id += 7
        return self.last_id

    def account(self, login: str) -> Account | None:
        return self.accounts.get(login.lower())

    def repo(self, owner: str, name: str) -> Repository | None:
        wanted = f"{owner}/{name}".lower()
        return next((repo for repo in self.repos.values() if repo.full_name.lower() == wanted), None)

    def installations_on(self, repo: Repository) -> Iterator[Installation]:
        """Installations that cover the repository, suspended ones too."""
        for installation in self.installations.values():
            everywhere = installation.repository_selection == "all" and installation.account is repo.owner
            if everywhere or repo.id in installation.repository_ids:
                yield installation
