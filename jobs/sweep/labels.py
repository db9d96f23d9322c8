"""Labels whose webhook never came.

GitHub delivers a webhook once and never again by itself. So the label is looked for on GitHub, and where no record
tells that it was seen, the same delivery is written into the inbox that GitHub would have sent, with the person who
set the label as its sender: one policy judges both, and a stranger's label starts nothing here either.
"""

import logging
from collections.abc import Iterable
from datetime import datetime

import msgspec

from core.deliveries import Delivery
from core.github import Installation, Issue, Repository, TimelineEvent
from core.refs import RepoRef
from core.tasks import TRIGGER_LABEL, State, Task, task_id
from jobs.deps import Deps

log = logging.getLogger(__name__)

_YOUNG_MS = 10_000
"""A webhook takes seconds: what was set just now is not lost."""
_OLD_MS = 29 * 86_400_000
"""Records of ended tasks are kept for 30 days; a label older than that may have been worked on and forgotten."""


class _Account(msgspec.Struct, frozen=True):
    login: str
    type: str
    id: int


class _Label(msgspec.Struct, frozen=True):
    name: str


class _Issue(msgspec.Struct, frozen=True):
    number: int
    title: str
    body: str | None
    labels: tuple[_Label, ...]
    updated_at: datetime


class _Repository(msgspec.Struct, frozen=True):
    id: int
    name: str
    owner: _Account
    private: bool
    default_branch: str


class _Installation(msgspec.Struct, frozen=True):
    id: int


class _Labeled(msgspec.Struct, frozen=True, kw_only=True):
    """`issues.labeled` in GitHub's shape, with the fields that pdev reads."""

    action: str = "labeled"
    issue: _Issue
    label: _Label
    sender: _Account
    repository: _Repository
    installation: _Installation


async def append_missed_labels(deps: Deps) -> int:
    """Write a delivery for each label that nobody has seen; how many. Raises errors of `core.errors`."""
    records = {task.id: task for task in [*await deps.store.tasks(live=False), *await deps.store.tasks()]}
    appended = 0
    for installation in await deps.github.app().installations():
        if installation.suspended_at is not None:
            continue
        labelled = await deps.github.installation(installation.id).search_labelled(TRIGGER_LABEL)
        for repository, issue in labelled:
            task = records.get(task_id(repository.id, issue.number))
            if may_be_missed(task):
                appended += await _append(deps, installation, repository, issue, task)
    return appended


def may_be_missed(task: Task | None) -> bool:
    """Whether a set label would change anything: not for a task that is at work, waits or is ready already."""
    return task is None or task.ended or task.state is State.PAUSED


def missed_event(events: Iterable[TimelineEvent], task: Task | None, now_ms: int) -> TimelineEvent | None:
    """Who set the label and when, unless the record has seen that already or it is too young or too old to tell."""
    setting = [e for e in events if e.event == "labeled" and e.label and e.label.name.lower() == TRIGGER_LABEL]
    if not setting or setting[-1].actor is None or setting[-1].created_at is None:
        return None
    last, at_ms = setting[-1], round(setting[-1].created_at.timestamp() * 1000)
    is_seen = task is not None and at_ms <= max(task.created_ms, task.updated_ms)
    return None if is_seen or not _YOUNG_MS <= now_ms - at_ms <= _OLD_MS else last


async def _append(
    deps: Deps, installation: Installation, repository: Repository, issue: Issue, task: Task | None
) -> bool:
    ref = RepoRef(repository.owner.login, repository.name)
    door = deps.github.repo(installation.id, ref, repo_id=repository.id, permissions={"issues": "read"})
    event = missed_event(await door.timeline(issue.number), task, deps.clock.now_ms())
    if event is None:
        return False
    at = event.id or round(event.created_at.timestamp()) if event.created_at else 0
    guid = f"sweep-labeled-{repository.id}-{issue.number}-{at}"
    seen = f"pdev:sweep:seen:{guid}"
    if await deps.redis.exists(seen):
        return False  # the policy has judged it, and may have refused it
    delivery = Delivery(
        guid=guid, event="issues", action="labeled", source="sweep", repo_id=repository.id, issue=issue.number,
        received_ms=deps.clock.now_ms(), body=msgspec.json.encode(_labeled(installation, repository, issue, event)),
    )  # fmt: skip
    is_new = await deps.inbox.append(delivery)
    await deps.redis.set(seen, "1", px=_OLD_MS + _YOUNG_MS)
    if is_new:
        log.warning("%s#%d: the label's webhook never came", ref, issue.number)
    return is_new


def _labeled(installation: Installation, repository: Repository, issue: Issue, event: TimelineEvent) -> _Labeled:
    owner, actor = repository.owner, event.actor
    assert actor is not None, "missed_event returns none without an actor"
    return _Labeled(
        issue=_Issue(
            number=issue.number,
            title=issue.title,
            body=issue.body,
            labels=tuple(_Label(name) for name in issue.label_names),
            updated_at=issue.updated_at,
        ),
        label=_Label(TRIGGER_LABEL),
        sender=_Account(actor.login, actor.type, actor.id),
        repository=_Repository(
            id=repository.id,
            name=repository.name,
            owner=_Account(owner.login, owner.type, owner.id),
            private=repository.private,
            default_branch=repository.default_branch,
        ),
        installation=_Installation(installation.id),
    )
