"""What an attempt has on its bench: the task as last saved, its worktree, its pull request, an agent to call.

Every outward effect asks the lease first and is written so that doing it twice does it once: an earlier worker may have
died right after it and before saying so.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from msgspec.structs import replace
from pydantic import BaseModel

from core.clock import Clock
from core.github import GitHub, RepoDoor
from core.store import Store
from core.tasks import Finding, Needs, Reason, Stage, State, Task
from jobs import pulls, road, talk
from jobs.agents import AgentBackend
from jobs.agents.results import FinalizerResult
from jobs.disk import nobody_works
from jobs.gates import check
from jobs.git import Cache, GitError, GitKind, Mirror, Signature, Worktree
from jobs.lease import Lease
from jobs.stops import GaveUp, NeedsPerson, Stopped

R = TypeVar("R", bound=BaseModel)

_PUSH_PAUSES_S = (0.5, 2.0, 8.0, 30.0)
"""Between tries to push while GitHub's git does not answer; together as long as the worker waits for its API."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every bench of a worker shares."""

    store: Store
    github: GitHub
    clock: Clock
    git: Cache
    backend: AgentBackend
    homes: Path
    """One HOME per task lives here, kept so that an agent can go on with its own conversation."""
    author: tuple[str, str]
    """Name and e-mail address of pdev's commits."""
    wall_s: float = 3600
    """The longest a stage's agent may run (the seed's `task_max`)."""
    idle_s: float = 300
    """Without a sign of life for this long an agent is stopped (the seed's `agent_idle`)."""


class Bench:
    """`async with Bench(…) as bench:` then `await bench.set_up()`."""

    def __init__(self, task: Task, lease: Lease, tools: Tools) -> None:
        self.task = task
        self.lease = lease
        self.tools = tools
        self.door: RepoDoor = tools.github.repo(task.installation_id, task.repository, repo_id=task.repo_id)
        self.hearing = talk.Hearing()
        self.wip_sha = ""
        """What stands on the server's checkpoint ref, whoever's run put it there; a push takes its place."""
        self._mirror: Mirror | None = None
        self._worktree: Worktree | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._mirror:
            await self._mirror.remove_worktree(self.task.id, when=partial(nobody_works, self.tools.store, self.task.id))

    @property
    def mirror(self) -> Mirror:
        assert self._mirror, "set_up() comes first"
        return self._mirror

    @property
    def worktree(self) -> Worktree:
        assert self._worktree, "set_up() comes first"
        return self._worktree

    def now_ms(self) -> int:
        return self.tools.clock.now_ms()

    def signature(self, at_ms: int | None = None) -> Signature:
        """pdev as the author; the same `at_ms` gives the same commit again."""
        return Signature(*self.tools.author, at=(at_ms or self.now_ms()) // 1000)

    async def save(self, step: Callable[[Task], Task | None]) -> Task:
        """Save the next state of the record; raises `Fenced` when another worker has it."""
        self.task = await self.tools.store.change(self.task.id, step, epoch=self.lease.grant.epoch)
        if self.task.state is not State.RUNNING:
            self.lease.let_go()
        return self.task

    async def step(self, move: Callable[..., Task], *facts: object) -> Task:
        """Save `move(task, *facts, now_ms)`."""
        return await self.save(lambda task: move(task, *facts, self.now_ms()))

    async def note(self, **fields: Any) -> Task:
        """Save facts about the task that change nothing of its state."""
        return await self.save(lambda t: replace(t, updated_ms=self.now_ms(), **fields))

    async def still_ours(self) -> None:
        """Right before an outward effect that belongs to stopping: raises `LeaseLost` if the task is not ours."""
        await self.lease.fence()

    async def fence(self) -> None:
        """Right before any other outward effect: as `still_ours`, and raises `Stopped` if we are to stop."""
        await self.still_ours()
        if self.lease.stopped.is_set():
            raise Stopped

    async def token(self) -> str:
        return (await self.door.token()).reveal()

    async def set_up(self) -> None:
        """Branch, start commit, pull request and worktree; each is found again if it is there already.

        Raises `GaveUp` when the repository cannot be read, and `NeedsPerson` when somebody else's commits
        stand where ours should go.
        """
        started = self.tools.clock.now_ms()
        self._mirror = await self.tools.git.repository(self.door.clone_url, self.task.repo_id)
        await self._mirror.fetch(await self.token())
        await road.open_road(self)
        await pulls.open_pull(self)
        self._worktree = await self._mirror.worktree(
            self.task.id, self.task.checkpoint_sha or self.task.head_sha, branch=f"pdev/{self.task.id}"
        )
        await self.tools.store.measure("worktree_ms", self.tools.clock.now_ms() - started)

    async def agent(self, kind: type[R], *, access: Literal["read", "edit"] = "edit", diff: str = "") -> R:
        """The answer of the stage's agent, checked. See `talk.ask_agent` for what is raised otherwise."""
        return await talk.ask_agent(self, kind, access=access, diff=diff)

    async def keep(self, message: str) -> None:
        """Commit what the agent left in the worktree, without what the gates refuse, and push it to the checkpoint.

        Does nothing when nothing changed, so it may be called at any time while the lease is ours.
        """
        snapshot = await self.worktree.snapshot()
        changes = await self.worktree.changed_files(await self.worktree.head(), snapshot)
        if not changes:
            return
        report = check(changes, await self.mirror.blobs(changes))
        left_out = [path for path, _ in report.left_out]
        text = f"{message}\n\nPdev-Task: {self.task.id}"
        await self.worktree.commit_all(text, author=self.signature(), snapshot=snapshot, exclude=left_out)
        sha = await self.worktree.head()
        if sha != self.task.checkpoint_sha:
            await self._push_checkpoint(sha)
        await self.note(checkpoint_sha=sha, gates={**self.task.gates, **report.outcomes})

    async def _push_checkpoint(self, sha: str) -> None:
        """The ref is ours by its name, so an answer that got lost is no conflict: what stands there is replaced."""
        ref = road.wip_ref(self.task)
        token = await self.token()  # before the question, so that nothing slow comes after it
        await self.still_ours()
        try:
            await self._push(token, sha, ref, self.wip_sha or None)
        except NeedsPerson:
            standing = (await self.mirror.remote_refs(token, ref)).get(ref)
            await self.still_ours()
            await self._push(token, sha, ref, standing)
        self.wip_sha = sha

    async def keep_unfinished(self) -> None:
        """Keep what the agent of a stage that is not done has changed, if it may change anything."""
        if self._worktree is None:
            return
        if self.task.stage in {Stage.DEVELOP, Stage.CORRECT}:
            await self.keep("Keep unfinished work")
        else:
            await self.discard()

    async def discard(self) -> None:
        """Throw away what a role that may not change anything has changed."""
        await self.worktree.reset(await self.worktree.head())

    async def diff(self) -> str:
        """The whole change of the task, readable."""
        return (await self.mirror.diff(self.task.start_sha, await self.worktree.head())).text

    async def has_changes(self) -> bool:
        """Whether the task holds anything besides its start commit."""
        last = self.task.checkpoint_sha or self.task.head_sha
        return bool(last) and bool(await self.mirror.changed_files(self.task.start_sha, last))

    def may_publish(self, *, final: bool = False) -> bool:
        """Whether agent-written code may reach the branch now, and with it the repository's CI and its secrets.

        What is there already (a person has put it there) needs nobody's leave.
        """
        if self.task.checkpoint_sha == self.task.head_sha:
            return True
        match self.task.options.ci:
            case "every_push":
                return True
            case "ready":
                return final
            case _:
                return final and bool(self.task.approved_sha) and self.task.approved_sha == self.task.checkpoint_sha

    async def publish(self, *, final: bool = False) -> None:
        """Bring the branch to the checkpoint, if it may go there now; a person's push is never overwritten.

        Raises `NeedsPerson` when somebody else moved the branch meanwhile.
        """
        sha = self.task.checkpoint_sha
        if not sha or sha == self.task.head_sha or not self.may_publish(final=final):
            return
        token = await self.token()
        await self.fence()
        await self._push(token, sha, f"refs/heads/{self.task.branch}", self.task.head_sha)
        await self.note(head_sha=sha, tip_sha="")

    async def _push(self, token: str, sha: str, ref: str, expected: str | None) -> None:
        """Push until it is there: what is given up now, an agent would have to do again."""
        try:
            for pause_s in (*_PUSH_PAUSES_S, None):
                if await self._has_pushed(token, sha, ref, expected, is_last=pause_s is None):
                    return
                await asyncio.sleep(pause_s or 0)
                await self.still_ours()
        except GitError as error:
            match error.kind:
                case GitKind.CONFLICT:
                    raise NeedsPerson(Needs.CONFLICT, Reason.BRANCH_MOVED) from error
                case GitKind.WORKFLOW_REFUSED | GitKind.REJECTED | GitKind.DENIED:
                    raise GaveUp(Reason.REFUSED, error.text) from error
                case _:
                    raise

    async def _has_pushed(self, token: str, sha: str, ref: str, expected: str | None, *, is_last: bool) -> bool:
        """A push that had its effect although its answer was lost succeeds when it is done again."""
        try:
            await self.mirror.push(token, sha, ref, expected)
        except GitError as error:
            if is_last or not error.passes:
                raise
            return False
        return True

    async def post_review(self, findings: tuple[Finding, ...], summary: str) -> None:
        await pulls.post_review(self, findings, summary)

    async def finish_pull(self, done: FinalizerResult) -> None:
        await pulls.finish(self, done)

    async def withdraw_if_empty(self) -> None:
        """Close the pull request and delete the branch of a task that is about to end without a change."""
        if self._mirror and self.task.head_sha and not await self.has_changes():
            await pulls.withdraw(self)
