"""Pushes to the branches of tasks."""

from bot.events import PushEvent
from bot.handlers.case import Case


async def on_push(event: PushEvent, case: Case) -> str:
    """A person pushed to a task's branch: the commits stay, and the check runs belong on the new head."""
    shown = [task for task in await case.store.tasks(repo_id=case.repo_id) if task.branch == event.branch]
    for task in shown:
        await case.show(task)
    return f"shown again: {len(shown)}"
