"""Talking with the stage's agent: what it is told, what it reports meanwhile, what its answer means.

An agent reports far more often than anybody reads, so its progress is saved at most once a second, which is also what
wakes the report. What it costs is charged meanwhile (`jobs/bench/purse`) and saved with the progress.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import BaseModel

from core.errors import BudgetSpent, UserError
from core.messages.words import plain
from core.tasks import ROLES, Reason, Task
from jobs.agents import About, Bounds, RunResult, RunSpec, RunStatus, answer_schema
from jobs.bench import secrecy
from jobs.bench.guide import override, read_guide, refused
from jobs.bench.listener import Listener
from jobs.bench.purse import Purse
from jobs.bench.recording import recorded
from jobs.lease import StopReason
from jobs.prompts import BadTemplate, Material, Said, prompt
from jobs.setup import Prepared, prepared, verify_commands
from jobs.stops import AgentCrashed, Asked, GaveUp, Stopped

if TYPE_CHECKING:
    from core.github import RepoDoor
    from jobs.bench import Bench

R = TypeVar("R", bound=BaseModel)

PUSH_RIGHTS = frozenset({"admin", "maintain", "write"})
_COMMAND = re.compile(
    r"^[ \t]*/pdev\b(?:[ \t]+(?:answer|fix)\b[.,:;!]?(?P<text>[^\n]*)|[^\n]*)", re.MULTILINE | re.IGNORECASE
)
_GAVE_UP: dict[RunStatus, Reason] = {
    RunStatus.TIMEOUT: Reason.TIMEOUT,
    RunStatus.IDLE: Reason.IDLE,
    RunStatus.BAD_OUTPUT: Reason.BAD_OUTPUT,
}


async def ask_agent(bench: Bench, kind: type[R], *, access: Literal["read", "edit"], diff: str) -> R:
    """Run the agent of the task's stage and return its answer.

    Raises `Stopped` (people or the lease said stop), `Asked` (it has a question), `GaveUp` (it failed, or its time was
    over), `OutOfBudget` and `AgentCrashed` (its process died; to be tried again).
    """
    if bench.lease.stopped.is_set():
        raise Stopped
    ready = await prepared(bench)
    purse = await Purse.opened(bench)
    text = await _prompt(bench, kind, diff)
    spec = _spec(bench, kind, access, text, purse.bounds, ready)
    async with purse, recorded(bench, text) as recording, Listener(bench, purse, recording) as listener:
        result = await bench.tools.backend.run(spec, listener.hear, bench.lease.stopped)
        result = secrecy.result(bench.tools.redactor, result)
        recording.end(result)
        await purse.settle(result)
    if bench.lease.why is StopReason.LOST:
        raise Stopped
    await bench.note(activity="", **purse.facts())
    await purse.judge(result)
    return _judge(bench, result)


async def _prompt(bench: Bench, kind: type[R], diff: str) -> str:
    """What the agent is told; raises `GaveUp` when the repository's own text for its role cannot be used."""
    guide = await read_guide(bench)
    verify = await verify_commands(bench, await bench.base())
    guide.verify = () if isinstance(verify, str) else verify
    try:
        material = Material(
            schema=answer_schema(kind),
            config=bench.config,
            diff=diff,
            comments=await heard(bench.door, bench.task, bench.hearing),
            guidance=guide.guidance,
            verify=guide.verify,
            override=override(guide, ROLES[bench.task.stage]),
        )
        return prompt(bench.task, material)
    except BadTemplate as bad:
        raise refused(guide, bad) from bad


def _spec(
    bench: Bench, kind: type[R], access: Literal["read", "edit"], text: str, bounds: Bounds, ready: Prepared
) -> RunSpec[R]:
    task, run = bench.task, bench.task.stages[-1]
    home = bench.home(ROLES[task.stage])
    return RunSpec(
        run_id=f"{task.id}.{task.epoch}.{task.stage}.{task.round}",
        role=ROLES[task.stage],
        about=About(
            task=task.id, issue=task.issue, round=task.round, attempt=run.attempts, title=task.trigger.title,
            repository=f"{task.owner_login}/{task.repo}",
        ),
        prompt=text,
        answer=kind,
        worktree=bench.worktree.path,
        home=home,
        metadata=(bench.worktree.common_dir,),
        access=access,
        bounds=bounds,
        around=ready.around,
    )  # fmt: skip


def _judge(bench: Bench, result: RunResult[R]) -> R:
    if result.status is RunStatus.OK:
        if result.question:
            raise Asked(result.question)
        assert result.answer is not None, "an agent that is done has answered or asked"
        return result.answer
    if result.status is RunStatus.CANCELLED or bench.lease.stopped.is_set():
        raise Stopped
    if result.status is RunStatus.CRASHED:
        raise AgentCrashed(plain(result.error, 500))
    raise GaveUp(_GAVE_UP.get(result.status, Reason.AGENT_FAILED), result.error or result.text)


@dataclass(slots=True)
class Hearing:
    """What an attempt has learnt about the people who speak, so that GitHub is not asked again at every stage."""

    may_push: dict[str, bool] = field(default_factory=dict)
    acknowledged: set[int] = field(default_factory=set)


async def heard(door: RepoDoor, task: Task, hearing: Hearing) -> list[Said]:
    """What people with push rights have said on the issue and its pull request since the task was triggered.

    Commands are left out, except for the words of an answer. Each such comment gets 👀, so that its writer knows that
    the next stage reads it.
    """
    said: list[Said] = []
    numbers = [task.issue, *([task.pr] if task.pr else [])]
    since = datetime.fromtimestamp(task.trigger.at_ms // 1000, UTC)  # GitHub tells whole seconds
    comments = [comment for number in numbers for comment in await door.comments(number, since=since)]
    for comment in sorted(comments, key=lambda comment: comment.id):
        author, words = comment.user, spoken(comment.body)
        if not author or author.type == "Bot" or comment.created_at < since or not words:
            continue
        if await _may_push(door, author.login, hearing):
            said.append(Said(author.login, words))
            await _acknowledge(door, comment.id, hearing)
    return said


def spoken(body: str) -> str:
    """A comment without its commands; what stands behind `/pdev answer` stays, because it is meant for an agent."""
    return _COMMAND.sub(lambda match: match["text"] or "", body.replace("\r\n", "\n")).strip()


async def _may_push(door: RepoDoor, login: str, hearing: Hearing) -> bool:
    known = hearing.may_push
    if login not in known:
        known[login] = await door.permission(login) in PUSH_RIGHTS
    return known[login]


async def _acknowledge(door: RepoDoor, comment_id: int, hearing: Hearing) -> None:
    """A reaction is not worth an attempt: the comment may be gone by now, or our budget."""
    if comment_id in hearing.acknowledged:
        return
    hearing.acknowledged.add(comment_id)
    with contextlib.suppress(UserError, BudgetSpent):
        await door.react_to_comment(comment_id, "eyes", budget="question")
