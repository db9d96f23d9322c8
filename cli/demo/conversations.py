"""The conversations of a review as they stand on the simulated GitHub: settled or open, and what is offered in them.

The records know what became of a finding. Whether its conversation was folded away, and whether its replacement can be
applied by a click, only the pull request shows.
"""

from collections import Counter
from dataclasses import dataclass

from core.messages.findings import finding_marker
from core.tasks import Task
from demo.hub.state import Repository


@dataclass(frozen=True, slots=True)
class Conversations:
    """How many stand on a task's pull request, by how they stand; `twice`: findings that have more than one."""

    resolved: int = 0
    open: int = 0
    suggestions: int = 0
    answered: int = 0
    """Those in which anything was said after the first comment."""
    twice: tuple[str, ...] = ()


def conversations(repo: Repository, task: Task) -> Conversations:
    """Those about the task's findings; what other people began is theirs."""
    issue = repo.issues.get(task.pr or 0)
    pull = issue.pull if issue else None
    if pull is None:
        return Conversations()
    markers = {finding_marker(task, f): f.id for f in task.findings}
    ours = [(markers[first], thread) for thread in pull.threads
            if (first := thread.comments[0].body.split("\n", 1)[0].strip()) in markers]  # fmt: skip
    return Conversations(
        resolved=sum(thread.resolved for _, thread in ours),
        open=sum(not thread.resolved for _, thread in ours),
        suggestions=sum("```suggestion\n" in thread.comments[0].body for _, thread in ours),
        answered=sum(len(thread.comments) > 1 for _, thread in ours),
        twice=tuple(name for name, times in Counter(name for name, _ in ours).items() if times > 1),
    )
