"""The record of a task, and the words for where it stands. Plain data."""

from enum import StrEnum

import msgspec

from core.refs import RepoRef
from core.tasks.evidence import Gate
from core.tasks.findings import Finding, LastReview

TRIGGER_LABEL = "parallel-dev"
"""Setting this label starts a task, removing it pauses, setting it again goes on."""


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


class Scope(StrEnum):
    """Whose spending a bound counts; days are UTC days. From the narrowest to the widest."""

    STAGE = "stage"
    TASK = "task"
    SESSION = "session"
    REPOSITORY_DAY = "repository_day"
    OWNER_DAY = "owner_day"
    SERVER_DAY = "server_day"


class Milestone(msgspec.Struct, frozen=True):
    """A step of an agent's plan."""

    title: str
    done: bool = False


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    usd: float = 0.0
    tokens: int = 0


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """What may be spent at most; None is no bound of that kind. Turns bound only stages."""

    usd: float | None = None
    tokens: int | None = None
    turns: int | None = None


class Exhausted(msgspec.Struct, frozen=True, kw_only=True):
    """The bound that stopped a task, as it stood then."""

    scope: Scope
    kind: str
    """`usd`, `tokens` or `turns`."""
    spent: float
    cap: float


class StageRun(msgspec.Struct, frozen=True, kw_only=True):
    """One round of one stage."""

    stage: Stage
    round: int
    attempts: int = 1
    started_ms: int
    ended_ms: int | None = None
    outcome: str | None = None
    """`passed`, `approved`, `corrections_needed`, `failed`, `limit`, `crashed`, `cancelled`, `paused`, `asked`,
    `stopped` (a person must decide), `gates_failed` (no agent was asked); None
    while it runs, or waits for another worker after an interruption."""
    summary: str = ""
    tested: str = ""
    notes: str = ""
    """What its agent says that it ran, and what else it wants known; for the agents after it. No proof of anything."""
    epoch: int = 0
    """Under which epoch it began; with stage and round the name of what it spends."""
    cost: Cost = Cost()
    retried: tuple[str, ...] = ()
    """Why earlier attempts failed that were repeated by themselves: a `Reason` each."""
    allowed: int = 1
    """How many times it may spend its own caps: once more each time that a person lets it go on."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a task is run with, fixed when it is added."""

    branch_pattern: str = "feature/task-{id}"
    max_rounds: int = 5
    """Review rounds before a person is asked: strict 3, balanced 5, lenient 10 (the seed's caps)."""
    draft: bool = True
    """Open the pull request as a draft; false once the repository has refused one."""
    given: dict[str, str | int | float | bool] = {}
    """What the command that added the task says itself, by dotted key of `pdev.yml`; it beats every file."""
    ci: str = "every_push"
    """When agent-written code may reach the branch, and with it CI and its secrets: `every_push`, `ready` (the reviewer
    approved) or `approved` (a person with push rights did)."""
    transcripts: bool | None = None
    """What the configuration says about showing agents' transcripts; None: only in private repositories."""


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
    """Why it stands where it stands: a `Reason`, with who is behind it (`by:alice`)."""
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
    """Last commit that pdev put on the branch, or took over from there."""
    tip_sha: str = ""
    """What stands on the branch instead, put there by a person and not taken over yet; empty when it is `head_sha`.
    Only for showing: a push still expects `head_sha`, so that a person's commit is never overwritten."""
    checkpoint_sha: str = ""
    """Last commit on `refs/pdev/wip/<task>`."""
    pr: int | None = None
    pr_node: str = ""
    approved_by: str = ""
    approved_sha: str = ""
    """Who let which checkpoint reach the branch; a later checkpoint needs a new approval."""

    stages: tuple[StageRun, ...] = ()
    findings: tuple[Finding, ...] = ()
    last_review: LastReview | None = None
    allowed_round: int = 0
    """The round that a person has allowed, whatever the cap says."""
    gates: tuple[Gate, ...] = ()
    """The last result of each gate, by name."""
    gated: str = ""
    """The commit that the gates judged last, and what they judged it by."""
    baseline: dict[str, tuple[str, ...]] = {}
    """What a verify command did on the base, by base commit and command: the outcome, then the tests that failed."""
    progress: int = 0
    """Percent of the running stage, from what its agent does and says."""
    activity: str = ""
    setup: tuple[str, ...] = ()
    """Sentences about how the repository is made ready, what of it is not supported, and what was left out."""
    milestones: tuple[Milestone, ...] = ()
    """The plan of the running stage's agent."""
    cost: Cost = Cost()
    cap: Cap = Cap()
    """What its repository allowed it to spend when that was last looked at; `granted` comes on top."""
    granted: Cost = Cost()
    """What people have granted it besides."""
    grants: tuple[str, ...] = ()
    """What the newest grants came from (a comment and its line), so that none counts twice."""
    exhausted: Exhausted | None = None
    """Which bound stopped it last; only where the reason says so does it still stand."""
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
    def wip_ref(self) -> str:
        """Where its checkpoints go: outside `refs/heads`, so that no workflow starts on them."""
        return f"refs/pdev/wip/{self.id}"

    @property
    def repository(self) -> RepoRef:
        return RepoRef(self.owner_login, self.repo)

    @property
    def last_run(self) -> StageRun | None:
        return self.stages[-1] if self.stages else None

    @property
    def shown_sha(self) -> str:
        """The commit that people see at the end of the branch: check runs belong there."""
        return self.tip_sha or self.head_sha

    @property
    def shows_transcripts(self) -> bool:
        """Whether what its agents say and do is recorded and linked; a repository that turns public ends it at once."""
        return self.private if self.options.transcripts is None else self.options.transcripts

    @property
    def settled(self) -> bool:
        return self.state in SETTLED

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.is_open)

    @property
    def last_round(self) -> int:
        """The last round of review before a person is asked."""
        return max(self.options.max_rounds, self.allowed_round)


def task_id(repo_id: int, issue: int) -> str:
    """The name of the task of an issue: `<repository id>-<issue number>`, which survives a rename."""
    return f"{repo_id}-{issue}"
