"""Commands that only ask: they change nothing, and their answer is words."""

from collections.abc import Awaitable, Callable, Mapping

from bot.commands import help_rows
from bot.handlers.case import Case
from bot.handlers.configs import answer
from core.messages import Outcome, help_table, outcome, status
from core.messages.transcripts import logs, logs_no_address, logs_off


async def on_help(case: Case) -> str:
    return help_table(help_rows())


async def on_status(case: Case) -> str:
    return status(await case.store.tasks(repo_id=case.repo_id))


async def on_logs(case: Case) -> str:
    """A fresh link to the transcripts of the task of this issue, or of the one behind this pull request."""
    tasks = {task.issue: task for task in await case.all_tasks()}
    task = tasks.get(case.issue) or next((task for task in tasks.values() if task.pr == case.issue), None)
    if task is None:
        return outcome(Outcome("no_task", case.issue))
    if not task.shows_transcripts:
        return logs_off(task)
    links, now = case.desk.links, case.now_ms
    if not links.are_made:
        return logs_no_address(task)
    runs = await case.desk.artifacts.runs(task.id)
    return logs(task, links.to(task.id, now), len(runs), links.until_ms(now))


ASKED: Mapping[str, Callable[[Case], Awaitable[str]]] = {
    "help": on_help,
    "status": on_status,
    "logs": on_logs,
    "config": answer,
}
"""By the command's name: what to answer."""
