"""What happens to the pull requests of tasks: merged, dropped, opened again, pushed to."""

from bot import policy
from bot.effects import Judge, judged
from bot.events import PullEvent, task_of_pull
from bot.handlers import configs
from bot.handlers.case import Case
from bot.handlers.pushes import show_on_tip
from bot.policy import Why
from core.github import Pull
from core.tasks import Task


async def on_closed(event: PullEvent, case: Case) -> str:
    """Merged, or closed by somebody who does not want it. GitHub is asked: it may be open again by now."""
    found = await _found(event, case)
    if found is None:
        return Why.NO_TASK
    task, pull = found
    own = event.sender.login == await case.desk.own_login()
    by = policy.Person(event.sender.login, event.sender.is_bot)

    def judge(task: Task) -> policy.Decision:
        if pull.is_merged:
            return policy.on_closed(task, by, closed=True, merged=True)
        if pull.state == "open":
            return policy.Ignore(Why.OPEN_AGAIN)
        return policy.on_pull_dropped(task, by, own=own)

    return await _judged(task, judge, case)


async def on_opened(event: PullEvent, case: Case) -> str:
    return await configs.check_pull(event, case)


async def on_reopened(event: PullEvent, case: Case) -> str:
    checked = await configs.check_pull(event, case)
    found = await _found(event, case)
    if found is None:
        return checked
    task, pull = found
    person = await case.person(event.sender)
    issue = await case.door.issue(task.issue)
    wanted = pull.state == "open" and issue.state == "open"
    return await _judged(task, lambda t: policy.on_reopened(t, person, labelled=wanted), case)


async def on_synchronize(event: PullEvent, case: Case) -> str:
    """Check runs hang on a commit: on a new head they must be made anew."""
    task = task_of_pull(await case.all_tasks(), event.pull_request)
    shown = await show_on_tip(case, task) if task else Why.NO_TASK
    return f"{shown}; {await configs.check_pull(event, case)}"


async def _found(event: PullEvent, case: Case) -> tuple[Task, Pull] | None:
    """The task, and its pull request as it is now."""
    task = task_of_pull(await case.all_tasks(), event.pull_request)
    return (task, await case.door.pull(event.pull_request.number)) if task else None


async def _judged(task: Task, judge: Judge, case: Case) -> str:
    return type((await judged(case.store, task.id, judge, case.now_ms)).decision).__name__.lower()
