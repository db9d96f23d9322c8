"""GitHub's deliveries as types that hold only the fields we use. Pure.

A payload has hundreds of fields, some of them null on a bad day. What is read here is checked once, at the door, with
GitHub's own field named in the complaint; behind it nobody looks into a dictionary. Only these types are stored, so
nothing waits in Redis that no handler reads. They keep GitHub's shape: the sweep writes the same JSON for what it
finds.
"""

import re
from collections.abc import Sequence

import msgspec
from msgspec.structs import force_setattr

from bot.payloads import (
    Account,
    Button,
    CheckRun,
    CheckSuite,
    Comment,
    Installation,
    Issue,
    IssueMark,
    Label,
    Pull,
    Pushed,
    Repository,
    ShortRepository,
)
from bot.policy import is_asked, is_priority
from core.messages.config import CHECK
from core.repoconfig import PATH
from core.tasks import TRIGGER_LABEL, Task

_TOLD_COMMITS = 2_048
"""GitHub names no more commits of a push."""


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
        if self.changes_default or task_of_pull(tasks, self.pull_request):
            return ""
        return "the pull request belongs to no task"

    @property
    def changes_default(self) -> bool:
        """Whether it has a new head that is meant for the default branch: only there the configuration counts."""
        base = self.pull_request.base
        is_news = self.action in {"opened", "reopened", "synchronize"}
        return is_news and base is not None and base.ref == self.repository.default_branch


class CheckRunEvent(RepoEvent, frozen=True, kw_only=True, omit_defaults=True):
    check_run: CheckRun
    requested_action: Button | None = None

    @property
    def asks_for_tasks(self) -> bool:
        return True

    def unowned(self, tasks: Sequence[Task]) -> str:
        if self.is_config or tasks_of_sha(tasks, self.check_run.head_sha, self.check_run.external_id):
            return ""
        return _NO_SHA

    @property
    def is_config(self) -> bool:
        """Whether it is the check of a pull request's configuration, which belongs to no task."""
        return self.check_run.name == CHECK


class CheckSuiteEvent(RepoEvent, frozen=True, kw_only=True, omit_defaults=True):
    check_suite: CheckSuite

    @property
    def asks_for_tasks(self) -> bool:
        return True

    def unowned(self, tasks: Sequence[Task]) -> str:
        return "" if tasks_of_sha(tasks, self.check_suite.head_sha) else _NO_SHA


class PushEvent(RepoEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Its commits are looked through at the door and not kept: there may be two thousand."""

    ref: str
    after: str
    deleted: bool = False
    forced: bool = False
    commits: tuple[Pushed, ...] = ()
    touches_config: bool = False
    """Whether it may have changed `.github/pdev.yml`."""

    def __post_init__(self) -> None:
        if self.commits:
            paths = (path for one in self.commits for path in (*one.added, *one.modified, *one.removed))
            touches = len(self.commits) >= _TOLD_COMMITS or PATH in paths
            force_setattr(self, "touches_config", touches)
            force_setattr(self, "commits", ())

    @property
    def changes_config(self) -> bool:
        """Whether the configuration may be another one now; a forced push tells not what it took away."""
        is_default = self.branch == self.repository.default_branch
        return is_default and not self.deleted and (self.touches_config or self.forced)

    @property
    def branch(self) -> str:
        return self.ref.removeprefix("refs/heads/")

    @property
    def asks_for_tasks(self) -> bool:
        return True

    def unowned(self, tasks: Sequence[Task]) -> str:
        if self.changes_config or any(task.branch == self.branch for task in tasks):
            return ""
        return "the branch belongs to no task"


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
