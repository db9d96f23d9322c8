"""Pushes to the branches of tasks: a person's commits stay, and what GitHub shows moves on to them."""

from msgspec.structs import replace

from bot.events import PushEvent
from bot.handlers import configs
from bot.handlers.case import Case
from core.tasks import Task


async def on_push(event: PushEvent, case: Case) -> str:
    """Check runs hang on a commit: on a new head, whoever pushed it, they must be made anew."""
    tasks = [task for task in await case.store.tasks(repo_id=case.repo_id) if task.branch == event.branch]
    told = [await show_on_tip(case, task) for task in tasks]
    if event.changes_config:
        told.append(await configs.on_changed(case))
    return "; ".join(told) or "no task is at work there"


async def show_on_tip(case: Case, task: Task) -> str:
    """Note what stands on the branch now. GitHub is asked, because a push may be told late, twice or out of order."""
    if task.pr is None:  # its worker has only begun the branch, and looks itself before it opens the pull request
        await case.show(task)
        return "shown again"
    tip = (await case.door.pull(task.pr)).head.sha

    def noted(task: Task) -> Task | None:
        news = "" if tip == task.head_sha else tip
        return None if news == task.tip_sha else replace(task, tip_sha=news)

    task = await case.store.change(task.id, noted)
    await case.show(task)
    return f"shown on {task.shown_sha[:7]}"
