"""Buttons and "Re-run" on our check runs.

GitHub only reports the press and sets the suite back to queued: it never changes the run itself. So whatever is
decided, the report draws the check runs again.
"""

from collections.abc import Callable
from functools import partial

from bot import policy
from bot.effects import Judge, judged
from bot.events import CheckRunEvent, CheckSuiteEvent, tasks_of_sha
from bot.handlers import configs
from bot.handlers.case import Case
from bot.handlers.comments import UNDONE, told
from bot.handlers.grants import purses_of
from bot.policy import Ignore, Person, Purses, Refuse, Why
from core.messages import not_yet, outcome
from core.tasks import Task

BUTTONS = {"retry", "resume"}
"""What means: go on from the last checkpoint."""
APPROVE = "approve"
"""Begins the name of the button that lets a commit reach the branch; behind a colon stands how the commit begins."""

Wanted = Callable[[Person, bool, Purses | None], Judge]
"""What the press means, given who pressed, whether the issue is closed, and what was spent."""


async def on_run_rerequested(event: CheckRunEvent, case: Case) -> str:
    if event.is_config:
        return await configs.check_again(event, case)
    return await _do(_resume, "go on", await _tasks(event, case), case)


async def on_suite_rerequested(event: CheckSuiteEvent, case: Case) -> str:
    return await _do(_resume, "go on", tasks_of_sha(await case.all_tasks(), event.check_suite.head_sha), case)


async def on_button(event: CheckRunEvent, case: Case) -> str:
    tasks = await _tasks(event, case)
    pressed = event.requested_action.identifier if event.requested_action else ""
    name, _, shown = pressed.partition(":")
    if name == APPROVE:
        return await _do(partial(_approve, shown=shown), "approve code", tasks, case)
    if name in BUTTONS:
        return await _do(_resume, "go on", tasks, case)
    for task in tasks:
        await case.say(task.issue, f"button:{case.delivery.guid}", [not_yet(pressed)])
        await case.show(task)
    return f"no button of this version: {pressed}"


async def _tasks(event: CheckRunEvent, case: Case) -> list[Task]:
    return tasks_of_sha(await case.all_tasks(), event.check_run.head_sha, event.check_run.external_id)


def _resume(_: Person, closed: bool, purses: Purses | None) -> Judge:
    return partial(policy.on_resume, closed=closed, purses=purses)


def _approve(person: Person, closed: bool, _: Purses | None, shown: str) -> Judge:
    return partial(policy.on_approve, by=person.login, closed=closed, shown=shown)


async def _do(wanted: Wanted, what: str, tasks: list[Task], case: Case) -> str:
    if not tasks:
        return Why.NO_TASK
    person = await case.person(case.event.sender)
    if person.is_bot:
        return Why.BOT
    return ", ".join([await _one(wanted, what, task, person, case) for task in tasks])


async def _one(wanted: Wanted, what: str, task: Task, person: Person, case: Case) -> str:
    if not person.may_push:
        await case.refuse(person, Refuse(Why.NO_PUSH_RIGHT), issue=task.issue, what=what)
        await case.show(task)
        return Why.NO_PUSH_RIGHT
    closed = (await case.door.issue(task.issue)).state == "closed"
    verdict = await judged(case.store, task.id, wanted(person, closed, await purses_of(task.issue, case)), case.now_ms)
    done = told(verdict.decision, verdict.task)
    if done.code in UNDONE and not isinstance(verdict.decision, Ignore):
        await case.say(task.issue, f"button:{case.delivery.guid}", [outcome(done)])
    await case.show(verdict.task)
    return done.code
