"""GitHub's deliveries as types that hold only the fields we use. Pure.

A payload has hundreds of fields, some of them null on a bad day. What is read here is checked once, at the door, with
GitHub's own field named in the complaint; behind it nobody looks into a dictionary. Only these types are stored, so
nothing waits in Redis that no handler reads. They keep GitHub's shape: the sweep writes the same JSON for what it
finds.
"""

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from bot.policy import is_asked, is_priority
from core.tasks import TRIGGER_LABEL, Task


class Account(msgspec.Struct, frozen=True, omit_defaults=True):
    login: str
    type: str = "User"

    @property
    def is_bot(self) -> bool:
        return self.type == "Bot" or self.login.endswith("[bot]")


class Installation(msgspec.Struct, frozen=True):
    id: int


class Repository(msgspec.Struct, frozen=True, omit_defaults=True):
    id: int
    name: str
    owner: Account | None = None
    full_name: str = ""
    private: bool = False
    default_branch: str = ""

    @property
    def owner_login(self) -> str:
        """From the full name where GitHub leaves the owner out, as it may for pushes."""
        return self.owner.login if self.owner else self.full_name.partition("/")[0]


class Label(msgspec.Struct, frozen=True):
    name: str


class PullMark(msgspec.Struct, frozen=True):
    """Stands in an issue that is a pull request."""


class Issue(msgspec.Struct, frozen=True, omit_defaults=True):
    number: int
    title: str = ""
    body: str | None = None
    labels: tuple[Label, ...] = ()
    pull_request: PullMark | None = None
    updated_at: datetime | None = None


class IssueMark(msgspec.Struct, frozen=True):
    number: int


class Comment(msgspec.Struct, frozen=True, omit_defaults=True):
    id: int
    user: Account | None = None
    body: str = ""
    created_at: datetime | None = None


class Branch(msgspec.Struct, frozen=True, omit_defaults=True):
    ref: str
    sha: str = ""


class Pull(msgspec.Struct, frozen=True, omit_defaults=True):
    number: int
    head: Branch
    merged: bool | None = False


class CheckRun(msgspec.Struct, frozen=True, omit_defaults=True):
    id: int
    name: str
    head_sha: str
    external_id: str | None = None


class CheckSuite(msgspec.Struct, frozen=True):
    id: int
    head_sha: str


class Button(msgspec.Struct, frozen=True):
    """The button of a check run that somebody pressed."""

    identifier: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every delivery may hold."""

    action: str = ""
    sender: Account
    installation: Installation | None = None
    repository: Repository | None = None

    @property
    def issue_number(self) -> int:
        """What the inbox keeps in order: the issue or pull request it is about; 0 when it is about none."""
        return 0

    @property
    def asks_for_tasks(self) -> bool:
        """Whether `unowned` looks at the repository's tasks."""
        return False

    def unowned(self, tasks: Sequence[Task]) -> str:
        """Why nobody here needs this delivery, judged with the repository's tasks; "" when somebody does."""
        return ""


class RepoEvent(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A delivery about one repository, as all but those about the installation itself are."""

    installation: Installation
    repository: Repository


class IssuesEvent(RepoEvent, frozen=True, kw_only=True, omit_defaults=True):
    issue: Issue
    label: Label | None = None

    @property
    def issue_number(self) -> int:
        return self.issue.number

    @property
    def asks_for_tasks(self) -> bool:
        return self.label is not None and is_priority(self.label.name)

    def unowned(self, tasks: Sequence[Task]) -> str:
        if self.action not in {"labeled", "unlabeled"}:
            return ""
        name = self.label.name if self.label else ""
        # GitHub's labels ignore case.
        if name.lower() == TRIGGER_LABEL:
            return ""
        if is_priority(name) and any(task.issue == self.issue.number for task in tasks):
            return ""
        return "the label is neither parallel-dev nor a priority of a task"


class CommentEvent(RepoEvent, frozen=True, kw_only=True, omit_defaults=True):
    issue: Issue
    comment: Comment

    @property
    def issue_number(self) -> int:
        return self.issue.number

    @property
    def asks_for_tasks(self) -> bool:
        return not self.sender.is_bot and not self._may_command

    @property
    def _may_command(self) -> bool:
        return "/pdev" in self.comment.body.lower()

    def unowned(self, tasks: Sequence[Task]) -> str:
        if self.sender.is_bot:
            return "a bot wrote the comment"
        asked = any(
            task.issue == self.issue_number and task.trigger.actor == self.sender.login and is_asked(task)
            for task in tasks
        )
        return "" if self._may_command or asked else "the comment holds no command and answers no question"


class PullEvent(RepoEvent, frozen=True, kw_only=True, omit_defaults=True):
    pull_request: Pull

    @property
    def issue_number(self) -> int:
        return self.pull_request.number

    @property
    def asks_for_tasks(self) -> bool:
        return True

    def unowned(self, tasks: Sequence[Task]) -> str:
        return "" if task_of_pull(tasks, self.pull_request) else "the pull request belongs to no task"


class CheckRunEvent(RepoEvent, frozen=True, kw_only=True, omit_defaults=True):
    check_run: CheckRun
    requested_action: Button | None = None

    @property
    def asks_for_tasks(self) -> bool:
        return True

    def unowned(self, tasks: Sequence[Task]) -> str:
        return "" if tasks_of_sha(tasks, self.check_run.head_sha, self.check_run.external_id) else _NO_SHA


class CheckSuiteEvent(RepoEvent, frozen=True, kw_only=True, omit_defaults=True):
    check_suite: CheckSuite

    @property
    def asks_for_tasks(self) -> bool:
        return True

    def unowned(self, tasks: Sequence[Task]) -> str:
        return "" if tasks_of_sha(tasks, self.check_suite.head_sha) else _NO_SHA


class PushEvent(RepoEvent, frozen=True, kw_only=True, omit_defaults=True):
    ref: str
    after: str
    deleted: bool = False

    @property
    def branch(self) -> str:
        return self.ref.removeprefix("refs/heads/")

    @property
    def asks_for_tasks(self) -> bool:
        return True

    def unowned(self, tasks: Sequence[Task]) -> str:
        return "" if any(task.branch == self.branch for task in tasks) else "the branch belongs to no task"


class DependencyEvent(RepoEvent, frozen=True, kw_only=True, omit_defaults=True):
    """`blocked_issue` waits for another, or no longer does."""

    blocked_issue: IssueMark | None = None

    @property
    def issue_number(self) -> int:
        return self.blocked_issue.number if self.blocked_issue else 0

    @property
    def asks_for_tasks(self) -> bool:
        return True

    def unowned(self, tasks: Sequence[Task]) -> str:
        known = any(task.issue == self.issue_number for task in tasks)
        return "" if known else "the issue that waits is no task"


class RepositoryEvent(RepoEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A repository has a new name or a new owner."""

    @property
    def asks_for_tasks(self) -> bool:
        return True

    def unowned(self, tasks: Sequence[Task]) -> str:
        return "" if tasks else "the repository has no task"


class ShortRepository(msgspec.Struct, frozen=True):
    """As installation events name repositories."""

    id: int = 0
    full_name: str = ""


class InstallationEvent(Event, frozen=True, kw_only=True, omit_defaults=True):
    installation: Installation
    repositories: tuple[ShortRepository, ...] | None = None
    repositories_added: tuple[ShortRepository, ...] = ()
    repositories_removed: tuple[ShortRepository, ...] = ()


_TASK_ID = re.compile(r"\d+-\d+(?!\d)", re.ASCII)
_NO_SHA = "the commit belongs to no task"


def task_of_pull(tasks: Sequence[Task], pull: Pull) -> Task | None:
    """Whose pull request it is; by its branch while the record does not know the number yet."""
    by_number = next((task for task in tasks if task.pr == pull.number), None)
    unnumbered = (task for task in tasks if task.pr is None and task.branch)
    return by_number or next((task for task in unnumbered if task.branch == pull.head.ref), None)


def tasks_of_sha(tasks: Sequence[Task], sha: str, external_id: str | None = None) -> list[Task]:
    """Whose check run it is: it carries the task's id, or hangs on a commit of the task's branch."""
    named = _TASK_ID.match(external_id or "")
    by_id = [task for task in tasks if named and task.id == named[0]]
    return by_id or [
        task for task in tasks if sha and sha in {task.head_sha, task.tip_sha, task.start_sha, task.checkpoint_sha}
    ]
