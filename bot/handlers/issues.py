"""What happens to issues: the label that starts, pauses and goes on; closing, reopening, vanishing; relations.

Deliveries come late, twice and in any order. So each handler asks GitHub how the issue stands now, and takes from the
delivery only what can be learnt nowhere else: who did it, and the text as it was at that moment.
"""

import asyncio
import re
from functools import partial

from msgspec.structs import replace

from bot import policy
from bot.effects import Judge, judged, with_blockers
from bot.events import DependencyEvent, IssuesEvent
from bot.handlers import configs
from bot.handlers.case import Case
from bot.policy import Ignore, LabelFacts, Refuse, Resume, Start
from core.configured import options_of
from core.errors import NotFound
from core.github import Issue, Pull
from core.messages import asks_about_pull, text_was_fixed
from core.repoconfig import Broken, Effective
from core.store import NoSuchTask
from core.tasks import TRIGGER_LABEL, Options, Reason, State, Task, Trigger

_CLOSES = r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\s*:?\s+#{number}\b"
"""GitHub's closing keywords."""


async def on_labeled(event: IssuesEvent, case: Case) -> str:
    if event.label is None or event.label.name.lower() != TRIGGER_LABEL:
        return await _on_priority(event, case)
    if event.sender.is_bot:
        return policy.Why.BOT
    try:
        issue = await case.door.issue(case.issue)
    except NotFound:
        return "the issue is gone"
    person, blocking, pulls = await asyncio.gather(
        case.person(event.sender), case.door.blocked_by(case.issue), _foreign_pulls(case)
    )
    blockers = open_blockers(blocking, case)
    facts = partial(
        LabelFacts, by=person, labelled=_is_labelled(issue), closed=issue.state == "closed", is_pull=issue.is_pull
    )

    def judge(task: Task | None) -> policy.Decision:
        return policy.on_label(facts(task=task, foreign_pull=bool(pulls), seen=_was_found(task, event, case)))

    before = await case.task()
    decision, started, config = judge(before), False, None
    if isinstance(decision, Start | Resume):
        config = await configs.in_force_now(case)
    if isinstance(decision, Start) and config is not None:
        task = new_task(event, case, blockers, pulls if decision.ask else [], policy.priority(issue.label_names))
        started = await case.store.create(configs.fitted(task, config, case))
    if not started and (before or isinstance(decision, Start)):
        prepare = partial(_renewed, event=event, case=case, blockers=blockers, config=config)
        decision = (await judged(case.store, case.task_id(), judge, case.now_ms, prepare)).decision
    if isinstance(decision, Refuse):
        await case.refuse(person, decision)
    elif (task_now := await case.task()) and task_now.trigger.delivery == case.delivery.guid:
        await case.door.react_to_issue(case.issue, "eyes")
    return _told(decision)


def _is_labelled(issue: Issue) -> bool:
    return any(name.lower() == TRIGGER_LABEL for name in issue.label_names)


def _was_found(task: Task | None, event: IssuesEvent, case: Case) -> bool:
    """Whether the sweep has started the task from this very label, because the delivery was late."""
    if task is None or case.delivery.source == "sweep" or not task.trigger.delivery.startswith("sweep"):
        return False
    return _event_ms(event, case) <= task.trigger.at_ms


def _event_ms(event: IssuesEvent, case: Case) -> int:
    at = event.issue.updated_at
    return round(at.timestamp() * 1000) if at else case.delivery.received_ms


def _told(decision: policy.Decision) -> str:
    return decision.why if isinstance(decision, Ignore | Refuse) else type(decision).__name__.lower()


def open_blockers(issues: list[Issue], case: Case) -> tuple[int, ...]:
    """The open ones of this repository. GitHub tells no repository when an issue of another one closes."""
    here = f"/repos/{case.door.ref}".lower()
    return tuple(
        sorted(
            issue.number
            for issue in issues
            if issue.state == "open" and (not issue.repository_url or issue.repository_url.lower().endswith(here))
        )
    )


async def _foreign_pulls(case: Case) -> list[tuple[int, str]]:
    """Open pull requests of others that would close the issue: number and author."""
    closes = re.compile(_CLOSES.format(number=case.issue), re.IGNORECASE | re.ASCII)
    found: list[Pull] = [pull for pull in await case.door.pulls() if closes.search(pull.body or "")]
    if not found:
        return []
    own = await case.desk.own_login()
    return [(pull.number, pull.user.login) for pull in found if pull.user and pull.user.login != own]


def trigger_of(event: IssuesEvent, case: Case) -> Trigger:
    """The text as it was when the label was set: an edit while we look it up must not reach an agent."""
    return Trigger(
        actor=event.sender.login,
        at_ms=_event_ms(event, case),
        delivery=case.delivery.guid,
        title=event.issue.title,
        body=event.issue.body or "",
    )


def new_task(
    event: IssuesEvent, case: Case, blockers: tuple[int, ...], pulls: list[tuple[int, str]], priority: int
) -> Task:
    """The record of a labelled issue; `pulls` that others have open for it make it ask first."""
    now = case.now_ms
    state = State.WAITING_INPUT if pulls else State.BLOCKED if blockers else State.QUEUED
    return Task(
        id=case.task_id(),
        installation_id=case.installation_id,
        repo_id=case.repo_id,
        owner_login=event.repository.owner_login,
        repo=event.repository.name,
        private=event.repository.private,
        issue=case.issue,
        session="",
        trigger=trigger_of(event, case),
        options=Options(ci=policy.default_ci(private=event.repository.private)),
        state=state,
        question=asks_about_pull(pulls) if pulls else "",
        reason=Reason.FOREIGN_PULL if pulls else "",
        blockers=blockers,
        priority=priority,
        created_ms=now,
        queued_ms=now,
        updated_ms=now,
    )


def _renewed(
    task: Task, *, event: IssuesEvent, case: Case, blockers: tuple[int, ...], config: Effective | Broken | None
) -> Task:
    """Setting the label again is a new trigger: whoever set it has seen the text as it is now."""
    private = event.repository.private
    options = replace(task.options, ci=policy.default_ci(private=private))
    if isinstance(config, Effective):
        options = options_of(config.config, task.options, private=private, task=task)
    return replace(
        task,
        trigger=trigger_of(event, case),
        private=private,
        options=options,
        blockers=blockers,
        priority=policy.priority(tuple(label.name for label in event.issue.labels)),
        installation_id=case.installation_id,
    )


async def on_unlabeled(event: IssuesEvent, case: Case) -> str:
    if event.label is None or event.label.name.lower() != TRIGGER_LABEL:
        return await _on_priority(event, case)
    issue = await case.door.issue(case.issue)
    by = policy.Person(event.sender.login, event.sender.is_bot)
    return await _judged(case, lambda task: policy.on_unlabel(task, by, labelled=_is_labelled(issue)))


async def _on_priority(event: IssuesEvent, case: Case) -> str:
    """A priority label came or went; whoever may label may say what is urgent."""
    issue = await case.door.issue(case.issue)
    wanted = policy.priority(issue.label_names)
    try:
        await case.store.change(case.task_id(), lambda t: None if t.priority == wanted else replace(t, priority=wanted))
    except NoSuchTask:
        return policy.Why.NO_TASK
    return f"priority {wanted}"


async def on_closed(event: IssuesEvent, case: Case) -> str:
    """Closed by a person, or by the merge of its pull request, whose own delivery may come later."""
    task = await case.task()
    issue, pull = await asyncio.gather(case.door.issue(case.issue), _pull_of(task, case))
    by = policy.Person(event.sender.login, event.sender.is_bot)
    closed, merged = issue.state == "closed", pull is not None and pull.is_merged
    told = await _judged(case, lambda t: policy.on_closed(t, by, closed=closed, merged=merged))
    if closed:
        await release_dependents(case)
    return told


async def _pull_of(task: Task | None, case: Case) -> Pull | None:
    return await case.door.pull(task.pr) if task and task.pr else None


async def release_dependents(case: Case) -> None:
    """Nobody waits any longer for the issue of this delivery."""
    for task in await case.all_tasks():
        if case.issue in task.blockers:
            await wait_for(case, task, tuple(n for n in task.blockers if n != case.issue))


async def wait_for(case: Case, task: Task, blockers: tuple[int, ...]) -> None:
    """Let a task wait for exactly these issues."""
    await case.store.change(task.id, lambda t: with_blockers(t, blockers, policy.on_blockers(t, blockers), case.now_ms))


async def on_reopened(event: IssuesEvent, case: Case) -> str:
    issue, person, waiting = await asyncio.gather(
        case.door.issue(case.issue), case.person(event.sender), case.door.blocking(case.issue)
    )
    if issue.state == "open":
        for number in open_blockers(waiting, case):
            if dependent := await case.store.task(case.task_id(number)):
                await wait_for(case, dependent, tuple(sorted({*dependent.blockers, case.issue})))
    labelled = _is_labelled(issue) and issue.state == "open"
    return await _judged(case, lambda task: policy.on_reopened(task, person, labelled=labelled))


async def on_edited(event: IssuesEvent, case: Case) -> str:
    """The agents keep working from the text they were started with; whoever edits it should know."""
    task = await case.task()
    if task is None or task.settled or event.sender.is_bot:
        return policy.Why.STAYS
    if (event.issue.title, event.issue.body or "") == (task.trigger.title, task.trigger.body):
        return policy.Why.STAYS
    await case.say(case.issue, f"edited:{task.trigger.delivery}", [text_was_fixed(task.trigger.actor)], look_first=True)
    return "told that the text was fixed when the label was set"


async def on_deleted(event: IssuesEvent, case: Case) -> str:
    return await _on_gone(case, Reason.ISSUE_DELETED.by(event.sender.login))


async def on_transferred(event: IssuesEvent, case: Case) -> str:
    return await _on_gone(case, Reason.ISSUE_TRANSFERRED.by(event.sender.login))


async def _on_gone(case: Case, reason: str) -> str:
    told = await _judged(case, lambda task: policy.on_gone(task, reason))
    await release_dependents(case)
    return told


async def on_dependency(event: DependencyEvent, case: Case) -> str:
    """An issue waits for another, or no longer does."""
    task = await case.task()
    if task is None:
        return policy.Why.NO_TASK
    blockers = open_blockers(await case.door.blocked_by(case.issue), case)
    await wait_for(case, task, blockers)
    return f"waits for {len(blockers)} issues"


async def _judged(case: Case, judge: Judge) -> str:
    try:
        return _told((await judged(case.store, case.task_id(), judge, case.now_ms)).decision)
    except NoSuchTask:
        return policy.Why.NO_TASK
