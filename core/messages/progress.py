"""How far a task's running stage is, in the words of comment and check run."""

from core.messages import words
from core.tasks import Milestone, State, Task


def checklist(task: Task, indent: str = "") -> list[str]:
    """The milestones of the running stage's plan, one line each; none once the stage has ended."""
    run = task.last_run
    if run is None or run.outcome is not None:
        return []
    return [f"{indent}- [{'x' if one.done else ' '}] {_title(one)}" for one in task.milestones]


def live(task: Task) -> str:
    """What the check run of the running stage shows and the task's history does not: how far, at what, the plan."""
    if task.state is not State.RUNNING:
        return ""
    doing = words.line(task.activity, 200)
    now = f"{words.bar(task.progress)} of this stage" + (f" · {doing}" if doing else "")
    return "\n\n".join(part for part in (now, "\n".join(checklist(task))) if part)


def _title(one: Milestone) -> str:
    return words.line(one.title) or "…"
