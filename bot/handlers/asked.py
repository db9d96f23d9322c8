"""Commands that only ask: they change nothing, and their answer is words."""

from collections.abc import Awaitable, Callable, Mapping

from bot.commands import help_rows
from bot.handlers.case import Case
from bot.handlers.configs import answer
from core.messages import help_table, status


async def on_help(case: Case) -> str:
    return help_table(help_rows())


async def on_status(case: Case) -> str:
    return status(await case.store.tasks(repo_id=case.repo_id))


ASKED: Mapping[str, Callable[[Case], Awaitable[str]]] = {"help": on_help, "status": on_status, "config": answer}
"""By the command's name: what to answer."""
