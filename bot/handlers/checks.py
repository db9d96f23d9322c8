"""Buttons and "Re-run" on our check runs.

GitHub only reports the press and sets the suite back to queued: it never changes the run itself. So whatever is
decided, the report draws the check runs again.
"""

from functools import partial

from bot import policy
from bot.effects import judged
from bot.events import CheckRunEvent, CheckSuiteEvent, tasks_of_sha
from bot.handlers.case import Case
from bot.policy import Refuse, Why
from core.messages import not_yet
from core.tasks import Task

BUTTONS = {"retry", "resume"}
"""What this version's buttons mean: go on from the last checkpoint."""


async def on_run_rerequested(event: CheckRunEvent, case: Case) -> str:
    return await _go_on(
        tasks_of_sha(await case.all_tasks(), event.check_run.head_sha, event.check_run.external_id), case
    )


async def on_suite_rerequested(event: CheckSuiteEvent, case: Case) -> str:
    return await _go_on(tasks_of_sha(await case.all_tasks(), event.check_suite.head_sha), case)


async def on_button(event: CheckRunEvent, case: Case) -> str:
    tasks = await _tasks(event, case)
    pressed = event.requested_action.identifier if event.requested_action else ""
    if pressed in BUTTONS:
        return await _go_on(tasks, case)
    for task in tasks:
        await case.say(task.issue, f"button:{case.delivery.guid}", [not_yet(pressed)])
        await case.show(task)
    return f"no button of this version: {pressed}"


async def _tasks(event: CheckRunEvent, case: Case) -> list[Task]:
    return tasks_of_sha(await case.all_tasks(), event.check_run.head_sha, event.check_run.external_id)


async def _go_on(tasks: list[Task], case: Case) -> str:
    if not tasks:
        return Why.NO_TASK
    person = await case.person(case.event.sender)
    if person.is_bot:
        return Why.BOT
    told = [await _resume(task, person, case) for task in tasks]
    return ", ".join(told)


async def _resume(task: Task, person: policy.Person, case: Case) -> str:
    if not person.may_push:
        await case.refuse(person, Refuse(Why.NO_PUSH_RIGHT), issue=task.issue, what="go on")
        await case.show(task)
        return Why.NO_PUSH_RIGHT
    issue = await case.door.issue(task.issue)
    judge = partial(policy.on_resume, closed=issue.state == "closed")
    verdict = await judged(case.store, task.id, judge, case.now_ms)
    if isinstance(verdict.decision, Refuse):
        await case.refuse(person, verdict.decision, issue=task.issue)
    await case.show(verdict.task)
    return type(verdict.decision).__name__.lower()
