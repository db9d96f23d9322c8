"""What an attempt has on its bench: the task as last saved, its worktree, its pull request, an agent to call.

Every outward effect asks the lease first and is written so that doing it twice does it once: an earlier worker may have
died right after it and before saying so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from msgspec.structs import replace
from pydantic import BaseModel

from core.budget import Caps
from core.clock import Clock
from core.github import GitHub, RepoDoor
from core.messages.notes import unreadable
from core.redaction import Redactor
from core.repoconfig import Config
from core.store import Store
from core.tasks import Finding, Reason, Stage, State, Task
from jobs.agents import AgentBackend
from jobs.agents.results import FinalizerResult
from jobs.bench import configured, finishing, guide, keeping, pulls, reviews, road, since, talk
from jobs.bench.recording import Transcripts
from jobs.disk import nobody_works
from jobs.git import Cache, GitError, GitKind, Mirror, Signature, Worktree
from jobs.lease import Lease
from jobs.sandbox import Sandbox
from jobs.setup import Prepared, Setup
from jobs.stops import GaveUp, Stopped

R = TypeVar("R", bound=BaseModel)
MAX_TESTED = 2_000
"""Characters of what a stage's agent tested, and of its notes; there may be twenty rounds."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every bench of a worker shares."""

    store: Store
    github: GitHub
    clock: Clock
    git: Cache
    backend: AgentBackend
    homes: Path
    """One folder per task lives here; see `Bench.home`."""
    author: tuple[str, str]
    """Name and e-mail address of pdev's commits."""
    sandbox: Sandbox
    """Where verify commands run."""
    setup: Setup
    """What repositories are set up with."""
    transcripts: Transcripts
    """Where runs are recorded."""
    operator: Caps = field(default_factory=Caps)
    """What all repositories of an owner, and all of the server, may spend in a day."""
    redactor: Redactor = field(default_factory=Redactor)
    """Takes secrets out of what agents say; it knows the process's own."""


class Bench:
    """`async with Bench(…) as bench:` then `await bench.set_up()`."""

    def __init__(self, task: Task, lease: Lease, tools: Tools) -> None:
        self.task = task
        self.lease = lease
        self.tools = tools
        self.door: RepoDoor = tools.github.repo(task.installation_id, task.repository, repo_id=task.repo_id)
        self.config = Config()
        """The repository's configuration in force for this attempt."""
        self.default_branch = ""
        """Of the repository, known once it is set up."""
        self.sightings = 0
        """How often a good configuration of this repository had been seen when this attempt began to read it."""
        self.readied: dict[str, Prepared] = {}
        """What this attempt knows to be set up, by commit."""
        self.hearing = talk.Hearing()
        self.guide = guide.Guide()
        self.runs = 0
        """How many agents this attempt has run: with the epoch, the name of each run."""
        self.wip_sha = ""
        """What stands on the server's checkpoint ref, whoever's run put it there; a push takes its place."""
        self._mirror: Mirror | None = None
        self._fetched = False
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

    def home(self, whose: str) -> Path:
        """The HOME of one role, kept so that its agent can go on with its own conversation.

        No two roles share one: what a developer leaves there would move its own reviewer.
        """
        home = self.tools.homes / self.task.id / whose
        for folder in (home.parent, home):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return home

    async def token(self) -> str:
        return (await self.door.token()).reveal()

    async def set_up(self) -> None:
        """Branch, start commit, pull request and worktree; each is found again if it is there already.

        Raises `GaveUp` when the repository cannot be read, and `NeedsPerson` when its configuration is broken or
        somebody else's commits stand where ours should go.
        """
        started = self.tools.clock.now_ms()
        sightings = await self.tools.store.config_sightings(self.task.repo_id)
        self._mirror = await self.tools.git.repository(self.door.clone_url, self.task.repo_id)
        try:
            await self._mirror.fetch(await self.token())
        except GitError as error:
            if error.kind not in {GitKind.DENIED, GitKind.MISSING}:
                raise
            raise GaveUp(Reason.SETUP, unreadable(self.task.slug.partition("#")[0], error.text)) from error
        self._fetched = True
        await configured.configure(self, sightings)
        await road.open_road(self)
        await pulls.open_pull(self)
        self._worktree = await self._mirror.worktree(
            self.task.id, self.task.checkpoint_sha or self.task.head_sha, branch=f"pdev/{self.task.id}"
        )
        await self.tools.store.measure("worktree_ms", self.tools.clock.now_ms() - started)

    async def agent(self, kind: type[R], *, access: Literal["read", "edit"] = "edit", diff: str = "") -> R:
        """The answer of the stage's agent, checked. See `talk.ask_agent` for what is raised otherwise."""
        return await talk.ask_agent(self, kind, access=access, diff=diff)

    async def remember(self, tested: str, notes: str) -> None:
        """Keep what the stage's agent says that it tested and noticed, for the agents after it."""
        *before, last = self.task.stages
        last = replace(last, tested=tested.strip()[:MAX_TESTED], notes=notes.strip()[:MAX_TESTED])
        await self.note(stages=(*before, last))

    async def keep(self, message: str) -> None:
        """Commit what the agent left and push it to the checkpoint; see `keeping.keep`."""
        await keeping.keep(self, message)

    async def keep_unfinished(self) -> None:
        """Keep what the agent of a stage that is not done has changed, if it may change anything."""
        if self._worktree is None:
            return
        if self.task.stage in {Stage.DEVELOP, Stage.CORRECT}:
            await self.keep("Keep unfinished work")
        else:
            await self.discard()

    async def discard(self) -> None:
        """Throw away what a role that may not change anything has changed.

        Ignored files as well: a compiled module planted in a cache would be run by the next agent's tests.
        """
        await self.worktree.reset(await self.worktree.head(), ignored=True)

    async def base(self, commit: str = "") -> str:
        """The commit that the task's change (up to `commit`, or all of it) is compared with; see `since.base_of`."""
        return await since.base_of(self, commit or await self.worktree.head())

    async def diff(self) -> str:
        """The whole change of the task, readable."""
        head = await self.worktree.head()
        return (await self.mirror.diff(await self.base(head), head)).text

    async def tree(self) -> str:
        """The id of the tree that stands in the worktree's last commit: the same when the files are the same."""
        return await self.mirror.tree_of(await self.worktree.head())

    async def has_changes(self) -> bool:
        """Whether the task holds anything that its base branch does not."""
        last = self.task.checkpoint_sha or self.task.head_sha
        return bool(last) and bool(await self.mirror.changed_files(await self.base(last), last))

    def may_publish(self, *, final: bool = False) -> bool:
        """Whether agent-written code may reach the branch now; see `keeping.may_publish`."""
        return keeping.may_publish(self.task, final=final)

    async def publish(self, *, final: bool = False) -> None:
        """Bring the branch to the checkpoint, if it may go there now; see `keeping.publish`."""
        await keeping.publish(self, final=final)

    async def post_review(self, findings: tuple[Finding, ...], summary: str) -> None:
        await reviews.post_review(self, findings, summary)

    async def finish_pull(self, done: FinalizerResult) -> None:
        await finishing.finish(self, done)

    async def withdraw_if_empty(self) -> None:
        """Close the pull request and delete the branch of a task that is about to end without a change."""
        if self._fetched and self.task.head_sha and not await self.has_changes():
            await pulls.withdraw(self)
