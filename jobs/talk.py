"""Talking with the stage's agent: what it is told, what it reports meanwhile, what its answer means.

An agent reports far more often than anybody reads, so its progress is saved at most once a second, which is also what
wakes the report. What it cost is saved with its answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from msgspec.structs import replace
from pydantic import BaseModel

from core.messages.words import plain
from core.tasks import Cost, Stage
from jobs.agents import About, AgentEvent, Bounds, Role, RunResult, RunSpec, RunStatus, answer_schema
from jobs.lease import StopReason
from jobs.prompts import Said, prompt
from jobs.stops import AgentCrashed, Asked, GaveUp, Stopped

if TYPE_CHECKING:
    from jobs.bench import Bench

R = TypeVar("R", bound=BaseModel)

ROLES: dict[Stage, Role] = {
    Stage.DEVELOP: "developer",
    Stage.REVIEW: "reviewer",
    Stage.CORRECT: "corrector",
    Stage.FINALIZE: "finalizer",
}
PUSH_RIGHTS = frozenset({"admin", "maintain", "write"})
_ANSWER = re.compile(r"^ {0,3}/pdev\s+answer\b[.,:;!]?(?P<words>.*?)(?=^ {0,3}/pdev\b|\Z)", re.I | re.M | re.S)
_SAVE_EVERY_S = 1.0
_GAVE_UP: dict[RunStatus, str] = {
    RunStatus.TIMEOUT: "timeout",
    RunStatus.IDLE: "idle",
    RunStatus.BAD_OUTPUT: "bad_output",
    RunStatus.LIMIT_TURNS: "limit",
    RunStatus.LIMIT_USD: "limit",
    RunStatus.LIMIT_TOKENS: "limit",
}


async def ask_agent(bench: Bench, kind: type[R], *, access: Literal["read", "edit"], diff: str) -> R:
    """Run the agent of the task's stage and return its answer.

    Raises `Stopped` (people or the lease said stop), `Asked` (it has a question), `GaveUp` (it failed, or a limit was
    reached) and `AgentCrashed` (its process died; to be tried again).
    """
    if bench.lease.stopped.is_set():
        raise Stopped
    listener = _Listener(bench, spent=bench.task.cost)
    text = prompt(bench.task, schema=answer_schema(kind), diff=diff, comments=await heard(bench))
    spec = _spec(bench, kind, access, text)
    result = await bench.tools.backend.run(spec, listener.hear, bench.lease.stopped)
    if bench.lease.why is StopReason.LOST:
        raise Stopped
    await bench.note(cost=listener.total(result), activity="")
    return _judge(bench, result)


def _spec(bench: Bench, kind: type[R], access: Literal["read", "edit"], text: str) -> RunSpec[R]:
    task, run = bench.task, bench.task.stages[-1]
    home = bench.tools.homes / task.id
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
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
        bounds=Bounds(wall_s=bench.tools.wall_s, idle_s=bench.tools.idle_s),
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
    raise GaveUp(_GAVE_UP.get(result.status, "agent_failed"), result.error or result.text)


async def heard(bench: Bench) -> list[Said]:
    """What people with push rights have said on the issue and its pull request since the task was triggered.

    Commands are left out, except for the words of an answer. Each such comment gets 👀, so that its writer knows that
    the next stage reads it.
    """
    task, said = bench.task, list[Said]()
    numbers = [task.issue, *([task.pr] if task.pr else [])]
    comments = [comment for number in numbers for comment in await bench.door.comments(number)]
    for comment in sorted(comments, key=lambda comment: comment.id):
        # GitHub tells whole seconds: what was said in the second of the label counts as said after it.
        author, is_new = comment.user, comment.created_at.timestamp() >= task.trigger.at_ms // 1000
        text = spoken(comment.body)
        if not author or author.type == "Bot" or not is_new or not text:
            continue
        if await bench.door.permission(author.login) in PUSH_RIGHTS:
            said.append(Said(author.login, text))
            await bench.door.react_to_comment(comment.id, "eyes")
    return said


def spoken(body: str) -> str:
    """What a comment says to agents: all of it, what stands behind `/pdev answer`, or nothing when it only commands."""
    if not body.lstrip().lower().startswith("/pdev"):
        return body
    answer = _ANSWER.search(body)
    return answer["words"].strip() if answer else ""


@dataclass(slots=True)
class _Listener:
    """Follows one run."""

    bench: Bench
    spent: Cost
    saved_at: float = float("-inf")

    async def hear(self, event: AgentEvent) -> None:
        percent = event.data.get("percent")
        if event.kind not in {"progress", "text", "tool_call", "plan"} or event.t - self.saved_at < _SAVE_EVERY_S:
            return
        if self.bench.lease.stopped.is_set():
            return
        self.saved_at = event.t
        progress = min(99, max(0, int(percent))) if isinstance(percent, int | float) else self.bench.task.progress
        await self.bench.note(progress=progress, activity=event.title[:200])
        await self.bench.tools.store.note("agent.progress", self.bench.task, percent=progress)

    def total(self, result: RunResult[R]) -> Cost:
        """What the task has cost with this run."""
        return replace(
            self.spent,
            usd=round(self.spent.usd + (result.cost_usd or 0.0), 6),
            tokens=self.spent.tokens + result.usage.total,
        )
