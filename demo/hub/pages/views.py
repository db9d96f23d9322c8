"""What a page shows of the world's records: which runs count, how they stand together, what happened in which order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from demo.hub.gitstore import Commit
from demo.hub.state import CheckRun, Issue, Pull, Repository, Review, ReviewThread, Status

Standing = Literal["success", "failure", "pending", "neutral", "attention"]

_STANDINGS: dict[str, Standing] = {
    "success": "success",
    "failure": "failure",
    "error": "failure",
    "timed_out": "failure",
    "startup_failure": "failure",
    "action_required": "attention",
    "cancelled": "neutral",
    "neutral": "neutral",
    "skipped": "neutral",
    "stale": "neutral",
    "pending": "pending",
}
_WORST_FIRST: Sequence[Standing] = ("failure", "attention", "pending", "success", "neutral")
# Comments, reviews and commits are shown as themselves, not as a line about them.
_SHOWN_OTHERWISE = {"commented", "reviewed", "committed", "line-commented", "mentioned", "subscribed"}


def standing(thing: CheckRun | Status) -> Standing:
    """How one check or status stands, in the five colours of the pages."""
    if isinstance(thing, CheckRun):
        return "pending" if thing.status != "completed" else _STANDINGS.get(thing.conclusion or "", "neutral")
    return _STANDINGS.get(thing.state, "pending")


def latest_runs(repo: Repository, sha: str) -> list[CheckRun]:
    """The newest check run of each App and name on a commit, by name."""
    newest: dict[tuple[int, str], CheckRun] = {}
    for run in sorted(repo.check_runs.values(), key=lambda one: one.id):
        if run.head_sha == sha:
            newest[run.suite.app.id, run.name] = run
    return sorted(newest.values(), key=lambda one: one.name)


def latest_statuses(repo: Repository, sha: str) -> list[Status]:
    """The newest status of each context on a commit."""
    newest = {one.context: one for one in sorted(repo.statuses, key=lambda one: one.id) if one.sha == sha}
    return sorted(newest.values(), key=lambda one: one.context)


def together(things: Iterable[CheckRun | Status]) -> Standing | None:
    """The colour of several checks: the worst one decides; None without any."""
    seen = {standing(one) for one in things}
    return next((one for one in _WORST_FIRST if one in seen), None)


def commit_standing(repo: Repository, sha: str) -> Standing | None:
    return together([*latest_runs(repo, sha), *latest_statuses(repo, sha)])


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of a conversation: a `comment`, an `event`, a `review` with its line comments, or a `commit`."""

    kind: Literal["comment", "event", "review", "commit"]
    at: datetime
    item: Any
    threads: Sequence[ReviewThread] = ()


def conversation(issue: Issue, commits: Sequence[Commit] = ()) -> list[Happening]:
    """Everything that happened on an issue or pull request, oldest first."""
    found = [Happening("comment", one.created_at, one) for one in issue.comments]
    found += [Happening("event", one.created_at, one) for one in issue.timeline if one.event not in _SHOWN_OTHERWISE]
    found += [Happening("commit", one.committer.date, one) for one in commits]
    if issue.pull is not None:
        said = [one for one in issue.pull.reviews if one.state != "PENDING"]
        found += [_reviewed(issue.pull, one) for one in said if not _is_only_an_answer(issue.pull, one)]
        known = {one.id for one in issue.pull.reviews}
        alone = [one for one in issue.pull.review_comments if one.review_id not in known and one.in_reply_to_id is None]
        threads = {one.comments[0].id: one for one in issue.pull.threads}
        found += [Happening("review", one.created_at, None, [threads[one.id]]) for one in alone if one.id in threads]
    return sorted(found, key=lambda one: one.at)


def _reviewed(pull: Pull, review: Review) -> Happening:
    begun = [one for one in pull.threads if one.comments[0].review_id == review.id]
    return Happening("review", review.submitted_at or pull.issue.created_at, review, begun)


def _is_only_an_answer(pull: Pull, review: Review) -> bool:
    """GitHub makes a small review around each answer in a thread; it stands in the thread and nowhere else."""
    own = [one for one in pull.review_comments if one.review_id == review.id]
    return not review.body.strip() and bool(own) and all(one.in_reply_to_id for one in own)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many issues and pull requests are open and closed."""

    issues_open: int
    issues_closed: int
    pulls_open: int
    pulls_closed: int


def tally(repo: Repository) -> Tally:
    shown = [one for one in repo.issues.values() if not one.deleted and one.moved_to is None]

    def count(is_pull: bool, state: str) -> int:
        return sum((one.pull is not None) == is_pull and one.state == state for one in shown)

    return Tally(count(False, "open"), count(False, "closed"), count(True, "open"), count(True, "closed"))


def listed(repo: Repository, *, pulls: bool, state: str = "open", label: str = "") -> list[Issue]:
    """Issues or pull requests, newest first; `state` open, closed or all; `label` narrows."""
    return [
        one
        for one in sorted(repo.issues.values(), key=lambda each: -each.number)
        if (one.pull is not None) == pulls
        and state in ("all", one.state)
        and not one.deleted
        and one.moved_to is None
        and (not label or one.has_label(label))
    ]
