"""What the simulated GitHub shows at the end, held against the records: the eyes of a person who trusts neither.

Whatever a worker's death or a repeated webhook did twice stands on GitHub for everybody to see, while the records look
well. So the demo's report counts there, and compares with a table of its own instead of the code that drew it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from core.messages.sticky import marker
from core.tasks import State, Task
from demo.hub.state import App, CheckRun, Repository

SUMMARY = "pdev"
_CONCLUSIONS: dict[State, set[str]] = {
    State.READY: {"success"},
    State.MERGED: {"success"},
    State.COMPLETED: {"neutral"},
    State.FAILED: {"failure", "timed_out", "skipped"},
    State.CANCELLED: {"cancelled"},
    State.WAITING_INPUT: {"action_required"},
    State.PAUSED: {"action_required"},
}
"""What the summary check run may say in a state; in the others it is not completed."""


def disagreements(repo: Repository, app: App, tasks: Iterable[Task]) -> list[str]:
    """A sentence for everything that GitHub shows twice, still shows as running, or shows otherwise than the record."""
    ours = [run for run in repo.check_runs.values() if run.suite.app is app]
    found = list(_check_runs_shown_twice(ours))
    for task in tasks:
        mine = [run for run in ours if run.external_id.startswith(f"{task.id}/")]
        found += [f"#{task.issue}: {problem}" for problem in _of_task(repo, task, mine)]
    return found


def _check_runs_shown_twice(runs: list[CheckRun]) -> Iterator[str]:
    for (name, sha), times in Counter((run.name, run.head_sha) for run in runs).items():
        if times > 1:
            yield f"{times} check runs {name!r} on {sha[:7]}"


def _of_task(repo: Repository, task: Task, runs: list[CheckRun]) -> Iterator[str]:
    pulls = sum(pull.head_ref == task.branch for pull in repo.pulls())
    if pulls > 1:
        yield f"{pulls} pull requests of {task.branch}"
    comments = sum(comment.body.startswith(marker(task)) for comment in repo.issues[task.issue].comments)
    if comments != 1:
        yield f"{comments} comments that say where it stands"
    if task.settled:
        for run in runs:
            if run.status != "completed":
                yield f"check run {run.name!r} on {run.head_sha[:7]} is {run.status}, but the task is {task.state}"
    if task.shown_sha:
        yield from _of_summary(task, runs)


def _of_summary(task: Task, runs: list[CheckRun]) -> Iterator[str]:
    shown = next((run for run in runs if run.name == SUMMARY and run.head_sha == task.shown_sha), None)
    if shown is None:
        yield f"no check run {SUMMARY!r} on {task.shown_sha[:7]}"
    elif (said := shown.conclusion) not in _CONCLUSIONS.get(task.state, {None}):
        yield f"check run {SUMMARY!r} says {said or shown.status}, but the task is {task.state}"
