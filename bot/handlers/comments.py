"""Slash commands in comments: who may, what becomes of each, one reaction, and at most one comment in answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from msgspec.structs import replace

from bot import policy
from bot.commands import Command, CommandError, Right, parse, usage
from bot.effects import Judge, Prepare, judged
from bot.events import CommentEvent
from bot.handlers.asked import ASKED
from bot.handlers.case import Case
from bot.handlers.grants import grant, purses_of
from bot.policy import Approve, Ask, Decision, Hold, Ignore, Move, Person, Refuse, Resume, Unwish, Why
from core import ledger
from core.errors import NotFound
from core.messages import Outcome, issues, mistake, mistakes, not_yet, outcome, state_name
from core.messages.budget import still_spent
from core.store import NoSuchTask
from core.tasks import State, Task, Wish

_SILENT = {"cancelled", "cancelling", "paused", "pausing", "resumed", "kept", "blocked", "done", "approved"}
"""Outcomes that the reaction and the sticky comment tell by themselves, when the command stood on that issue."""


@dataclass(slots=True)
class Answers:
    """What there is to say to one comment."""

    parts: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    refused: Refuse | None = None
    what: str = ""

    @property
    def all_well(self) -> bool:
        return not self.errors and self.refused is None and not any(o.code in UNDONE for o in self.outcomes)

    def words(self, here: int) -> list[str]:
        """The parts of the comment; none when a reaction is enough."""
        spoken = [o for o in self.outcomes if o.code not in _SILENT or o.issue != here]
        listed = [outcome(o) for o in spoken]
        text = listed if len(listed) < 2 else ["\n".join(f"- {line}" for line in listed)]
        return [*self.parts, *text, *([mistakes(self.errors)] if self.errors else [])]


UNDONE = {
    "already", "no_task", "nothing", "closed", "no_access", "overtaken", "nothing_waits", "newer_waits",
    "needs_approval", "no_question", "no_finding", "budget", "unbounded",
}  # fmt: skip


async def on_created(event: CommentEvent, case: Case) -> str:
    if event.sender.is_bot:
        return Why.BOT
    found = parse(event.comment.body)
    if not found:
        return await _plain(event, case)
    person = await case.person(event.sender)
    answers = Answers()
    for item in found:
        if isinstance(item, Command):
            await _obey(item, event.comment.id, person, answers, case)
        elif person.may_triage:
            answers.errors.append(_mistake(item))
        else:
            answers.refused = Refuse(Why.NO_TRIAGE_RIGHT)
    await _answer(event, person, answers, case)
    return ", ".join(item.name if isinstance(item, Command) else item.mistake for item in found)


async def _plain(event: CommentEvent, case: Case) -> str:
    """A comment without a command: an agent that asked its writer something goes on, and reads it."""
    task = await case.task()
    if task is None or not policy.is_asked(task):
        return "the comment holds no command"
    person = await case.person(event.sender)
    verdict = await judged(case.store, task.id, partial(policy.on_plain_comment, by=person), case.now_ms)
    if isinstance(verdict.decision, Ignore):
        return verdict.decision.why
    await case.door.react_to_comment(event.comment.id, "eyes", budget="question")
    return "answered the agent's question"


def _mistake(error: CommandError) -> str:
    return mistake(error.mistake.value, error.line, error.word, error.near, error.usage)


async def _answer(event: CommentEvent, person: Person, answers: Answers, case: Case) -> None:
    """Words first: the sweep runs a comment without a reaction again, and a marker keeps words from coming twice."""
    if words := answers.words(case.issue):
        await case.say(case.issue, f"comment:{event.comment.id}", words)
    if answers.refused:
        await case.refuse(person, answers.refused, what=answers.what)
    await case.door.react_to_comment(event.comment.id, "+1" if answers.all_well else "confused", budget="question")


async def _obey(command: Command, comment: int, person: Person, answers: Answers, case: Case) -> None:
    """Do one command, if this person may and this version can."""
    spec = command.spec
    if spec.right is Right.PUSH and not person.may_push:
        answers.refused, answers.what = Refuse(Why.NO_PUSH_RIGHT), f"do `/pdev {spec.name}`"
    elif not person.may_triage:
        answers.refused = Refuse(Why.NO_TRIAGE_RIGHT)
    elif not spec.works:
        answers.parts.append(not_yet(usage(spec)))
    elif command.name in ASKED:
        answers.parts.append(await ASKED[command.name](case))
    else:
        answers.outcomes += [
            await grant(command, n, f"{comment}:{command.line}", case)
            if command.name == "budget"
            else await _steer(command, n, comment, person, case)
            for n in await _targets(command, case)
        ]
        if command.everything and not answers.outcomes:
            answers.outcomes.append(Outcome("nothing", case.issue))


async def _targets(command: Command, case: Case) -> Sequence[int]:
    """The issues that a command is about: those it names, all that have not ended, or the one it stands on."""
    if command.everything:
        return [task.issue for task in await case.store.tasks(repo_id=case.repo_id)]
    if command.issues:
        return command.issues
    # On a pull request of ours it means the issue behind it.
    behind = next((task.issue for task in await case.all_tasks() if task.pr == case.issue), None)
    return [behind or case.issue]


async def _steer(command: Command, issue: int, comment: int, person: Person, case: Case) -> Outcome:
    """Do to one task what the command says."""
    if not await case.desk.said.is_newest(case.repo_id, case.task_id(issue), comment):
        return Outcome("overtaken", issue)
    try:
        judge = await _judge(command, issue, person, case)
        verdict = await judged(case.store, case.task_id(issue), judge, case.now_ms, _prepared(command, person))
    except NoSuchTask:
        return Outcome("no_task", issue)
    if case.tries and (isinstance(verdict.decision, Ignore) or verdict.decision == Refuse(Why.NO_QUESTION)):
        # An earlier try did it and died before it could say so.
        return Outcome("done", issue, state_name(verdict.task))
    return told(verdict.decision, verdict.task)


def _prepared(command: Command, person: Person) -> Prepare | None:
    """What an answer changes in the task before it goes on: findings that its writer lets be."""
    waiver = ledger.wish(command.text) if command.name == "answer" else None
    if waiver is None:
        return None
    return lambda task: replace(
        task, findings=ledger.waived(task.findings, waiver, by=person.login, round_=task.round)
    )  # fmt: skip


async def _judge(command: Command, issue: int, person: Person, case: Case) -> Judge:
    name = command.name
    if name in {"cancel", "pause"}:
        return partial(policy.on_cancel if name == "cancel" else policy.on_pause, by=person.login)
    closed = await _is_closed(issue, case)
    match name:
        case "approve":
            return partial(policy.on_approve, by=person.login, closed=closed)
        case "answer":
            return partial(policy.on_answer, closed=closed, waiver=ledger.wish(command.text))
        case _:
            return partial(policy.on_resume, closed=closed, purses=await purses_of(issue, case))


async def _is_closed(issue: int, case: Case) -> bool:
    try:
        return (await case.door.issue(issue)).state == "closed"
    except NotFound:
        return True


def told(decision: Decision, task: Task) -> Outcome:
    """A decision on a task in the words of `core/messages`."""
    match decision:
        case Move(State.CANCELLED | State.PAUSED as to):
            return Outcome(to.value, task.issue)
        case Hold():
            return Outcome("paused", task.issue)
        case Ask(wish):
            return Outcome("cancelling" if wish is Wish.CANCEL else "pausing", task.issue)
        case Unwish():
            return Outcome("kept", task.issue)
        case Resume() if task.state is State.BLOCKED:
            return Outcome(
                "blocked", task.issue, f"{issues(task.blockers)} {'is' if len(task.blockers) == 1 else 'are'}"
            )
        case Resume():
            return Outcome("resumed", task.issue, f"{task.stage.value}, round {task.round}")
        case Approve():
            return Outcome("approved", task.issue, f"`{task.approved_sha[:7]}`")
        case Refuse(why):
            return Outcome(why.value, task.issue, still_spent(task) if why is Why.BUDGET else state_name(task))
        case Ignore():
            return Outcome("already", task.issue, state_name(task))
        case _:
            raise AssertionError(decision)
