"""What a task is, the states it may be in, and the legal ways from one to the next. Pure.

Web, scheduler, workers and sweep all change tasks, often at the same moment. They agree by going through the
functions here, each of which takes a task and returns the next one or raises `IllegalMove`; the store then saves the
result with a compare-and-set. `docs/design.md` draws `MOVES`, and a test holds the drawing equal to it.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from core.refs import RepoRef


class State(StrEnum):
    """Where a task stands."""

    BLOCKED = "blocked"
    QUEUED = "queued"
    RUNNING = "running"
    WAITING_INPUT = "waiting_input"
    WAITING_CHECKS = "waiting_checks"
    PAUSED = "paused"
    READY = "ready"
    MERGED = "merged"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({State.MERGED, State.COMPLETED, State.FAILED, State.CANCELLED})
SETTLED = ENDED | {State.READY}
"""A task is settled when it is ready or has ended; a session closes when all its tasks are settled."""

_OUTSIDE = {State.MERGED, State.COMPLETED, State.CANCELLED, State.PAUSED}
"""What people can bring about from outside at any time: merge the PR, close the issue, cancel, pause."""

MOVES: Mapping[State, frozenset[State]] = {
    State.BLOCKED: frozenset({State.QUEUED, State.FAILED, *_OUTSIDE}),
    State.QUEUED: frozenset({State.RUNNING, State.BLOCKED, State.FAILED, *_OUTSIDE}),
    State.RUNNING: frozenset(
        {State.QUEUED, State.WAITING_INPUT, State.WAITING_CHECKS, State.READY, State.FAILED, *_OUTSIDE}
    ),
    State.WAITING_INPUT: frozenset({State.QUEUED, State.FAILED, *_OUTSIDE}),
    State.WAITING_CHECKS: frozenset({State.QUEUED, State.READY, State.FAILED, *_OUTSIDE}),
    State.PAUSED: frozenset({State.QUEUED, State.BLOCKED, *_OUTSIDE} - {State.PAUSED}),
    State.READY: frozenset({State.QUEUED, *_OUTSIDE}),
    State.MERGED: frozenset({State.QUEUED}),
    State.COMPLETED: frozenset({State.QUEUED}),
    State.FAILED: frozenset({State.QUEUED, State.BLOCKED, State.CANCELLED, State.MERGED, State.COMPLETED}),
    State.CANCELLED: frozenset({State.QUEUED, State.BLOCKED, State.MERGED, State.COMPLETED}),
}
"""Every legal move. Every end can be resumed, so every end leads back to queued."""


class Stage(StrEnum):
    """One agent role at work on a task."""

    DEVELOP = "develop"
    REVIEW = "review"
    CORRECT = "correct"
    FINALIZE = "finalize"


class Needs(StrEnum):
    """What a task in `waiting_input` waits for."""

    ANSWER = "answer"
    CONFLICT = "conflict"
    CRASH = "crash"
    APPROVAL = "approval"


class PausedBy(StrEnum):
    PERSON = "person"
    BUDGET = "budget"
    INSTALLATION = "installation"


class Wish(StrEnum):
    """What people asked of a task that is running; its worker obeys at once and moves it itself."""

    NONE = ""
    CANCEL = "cancel"
    PAUSE = "pause"


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """The issue as it was when a permitted person set the task going; later edits by others never reach an agent."""

    actor: str
    at_ms: int
    delivery: str
    title: str
    body: str


class StageRun(msgspec.Struct, frozen=True, kw_only=True):
    """One round of one stage."""

    stage: Stage
    round: int
    attempts: int = 1
    started_ms: int
    ended_ms: int | None = None
    outcome: str | None = None
    """`passed`, `corrections_needed`, `failed`, `cancelled`, `paused`, `asked`, `limit`; None while it runs."""
    summary: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the reviewer wants changed."""

    id: str
    type: str
    severity: str
    text: str
    file: str = ""
    line: int = 0
    round: int = 1
    state: str = "open"
    """`open`, `fixed` or `unfixable`."""
    note: str = ""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    usd: float = 0.0
    tokens: int = 0


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a task is run with, fixed when it is added."""

    branch_pattern: str = "feature/task-{id}"
    max_rounds: int = 5
    """Review rounds before a person is asked: strict 3, balanced 5, lenient 10 (the seed's caps)."""
    draft: bool = True
    """Open the pull request as a draft; false once the repository has refused one."""
    ci: str = "every_push"
    """When agent-written code may reach the branch, and with it CI and its secrets: `every_push`, `ready` (the reviewer
    approved) or `approved` (a person with push rights did)."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One issue at work: the record that is the truth about it.

    `version`, `epoch`, `owner`, `lease_exp` and `wish` are kept beside the record in the store and laid over it on
    reading: a heartbeat or a cancel touches them without rewriting the rest.
    """

    id: str
    installation_id: int
    repo_id: int
    owner_login: str
    repo: str
    private: bool = False
    issue: int
    session: str
    trigger: Trigger
    options: Options = Options()

    state: State = State.QUEUED
    stage: Stage = Stage.DEVELOP
    round: int = 1
    needs: Needs | None = None
    paused_by: PausedBy | None = None
    reason: str = ""
    """Why it stands where it stands, as a code that `core/messages` words: `by:alice`, `crashed`, `no_change`, …"""
    question: str = ""
    blockers: tuple[int, ...] = ()
    """Open issues of the same repository that it waits for."""
    priority: int = 1
    """0 low, 1 normal, 2 high, 3 urgent."""

    branch: str = ""
    base: str = ""
    base_sha: str = ""
    start_sha: str = ""
    head_sha: str = ""
    """Last commit that pdev put on the branch."""
    checkpoint_sha: str = ""
    """Last commit on `refs/pdev/wip/<task>`."""
    pr: int | None = None
    pr_node: str = ""
    approved_by: str = ""
    approved_sha: str = ""
    """Who let which checkpoint reach the branch; a later checkpoint needs a new approval."""

    stages: tuple[StageRun, ...] = ()
    findings: tuple[Finding, ...] = ()
    gates: dict[str, str] = {}
    """Gate name to outcome: `passed`, or `left_out: <what>`."""
    progress: int = 0
    """Percent of the running stage, as the agent reports it."""
    activity: str = ""
    cost: Cost = Cost()
    crashes: int = 0

    created_ms: int
    queued_ms: int
    updated_ms: int = 0
    started_ms: int | None = None
    settled_ms: int | None = None

    version: int = 0
    epoch: int = 0
    owner: str = ""
    lease_exp: int = 0
    wish: Wish = Wish.NONE

    @property
    def slug(self) -> str:
        """`owner/repo#7`."""
        return f"{self.owner_login}/{self.repo}#{self.issue}"

    @property
    def repository(self) -> RepoRef:
        return RepoRef(self.owner_login, self.repo)

    @property
    def settled(self) -> bool:
        return self.state in SETTLED

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.state == "open")


def task_id(repo_id: int, issue: int) -> str:
    """The name of the task of an issue: `<repository id>-<issue number>`, which survives a rename."""
    return f"{repo_id}-{issue}"


class IllegalMove(Exception):
    """A move that `MOVES` does not allow; the caller read a task that has moved on."""

    def __init__(self, task: Task, to: State) -> None:
        super().__init__(f"{task.slug} cannot go from {task.state} to {to}")
        self.task, self.to = task, to


def move(task: Task, to: State, now_ms: int, **fields: object) -> Task:
    """The task in its next state.

    Fields that only made sense in the old state (what it needed, who paused it, the wish, the lease's owner) are
    cleared unless given.
    """
    if to not in MOVES[task.state]:
        raise IllegalMove(task, to)
    cleared: dict[str, object] = {
        "needs": None, "paused_by": None, "reason": "", "question": "", "wish": Wish.NONE,
        "settled_ms": now_ms if to in SETTLED else None,
    }  # fmt: skip
    if to is not State.RUNNING:
        cleared |= {"owner": "", "lease_exp": 0, "activity": ""}
    if to is State.QUEUED:
        cleared |= {"queued_ms": now_ms}
    return replace(task, **{**cleared, **fields, "state": to, "updated_ms": now_ms})


def enter_stage(task: Task, now_ms: int) -> Task:
    """Note that an attempt at the current stage and round begins; a second attempt counts, it does not start anew."""
    runs, last = task.stages, task.stages[-1] if task.stages else None
    if last and last.stage is task.stage and last.round == task.round and last.outcome is None:
        runs = (*runs[:-1], replace(last, attempts=last.attempts + 1))
    else:
        runs = (*runs, StageRun(stage=task.stage, round=task.round, started_ms=now_ms))
    return replace(task, stages=runs, progress=0, activity="", updated_ms=now_ms)


def leave_stage(task: Task, outcome: str, now_ms: int, summary: str = "") -> Task:
    """Note how the running stage ended."""
    last = replace(task.stages[-1], ended_ms=now_ms, outcome=outcome, summary=summary)
    return replace(task, stages=(*task.stages[:-1], last), progress=100, updated_ms=now_ms)


MAX_CRASHES = 3
"""After three crashes a person is asked (Sidekiq Pro's poison-pill number)."""


def interrupted(task: Task, now_ms: int, *, crashed: bool) -> Task:
    """What becomes of a running task whose worker is gone: it goes on elsewhere, or a person looks at it."""
    if task.wish is Wish.CANCEL:
        return move(task, State.CANCELLED, now_ms, reason=task.reason)
    if task.wish is Wish.PAUSE:
        return move(task, State.PAUSED, now_ms, reason=task.reason, paused_by=PausedBy.PERSON)
    crashes = task.crashes + crashed
    if crashes >= MAX_CRASHES:
        return move(task, State.WAITING_INPUT, now_ms, needs=Needs.CRASH, reason="crashed", crashes=crashes)
    return move(task, State.QUEUED, now_ms, crashes=crashes)


def resumed(task: Task, now_ms: int) -> Task:
    """Back in the queue at its stage and round, with its crashes forgiven; blocked again if it still waits."""
    to = State.BLOCKED if task.blockers else State.QUEUED
    return move(task, to, now_ms, crashes=0)
