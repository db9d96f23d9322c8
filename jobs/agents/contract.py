"""What pdev expects of a coding agent, whichever it is.

The stages hand over a `RunSpec` and get a `RunResult`; everything that differs between agents (protocols, flags, how
they count money) ends at an `AgentBackend`. Limits of time, output and money are enforced out here, by the host: an
agent's own limits are a courtesy.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, Literal, Protocol

from core.tasks import Role
from jobs.agents.results import Answer
from jobs.sandbox import Surroundings

Access = Literal["read", "edit", "full"]
Cap = Literal["turn_limit", "usd", "schema", "resume", "interrupt", "permission_cb", "price"]
"""`price`: it says what its runs cost. Without, money bounds nothing and a bound on tokens is asked for."""
EventKind = Literal[
    "started", "text", "tool_call", "tool_result", "file_change", "permission", "usage", "retry", "error", "ended",
    "progress", "plan", "invalid", "near_limit",
]  # fmt: skip


class RunStatus(StrEnum):
    """How a run ended."""

    OK = "ok"
    MODEL_ERROR = "model_error"  # the agent said that it failed
    DENIED = "denied"
    LIMIT_TURNS = "limit_turns"
    LIMIT_USD = "limit_usd"
    LIMIT_TOKENS = "limit_tokens"
    TIMEOUT = "timeout"
    IDLE = "idle"
    CANCELLED = "cancelled"
    BAD_OUTPUT = "bad_output"  # too much of it, or not the answer that was asked for
    CRASHED = "crashed"  # its process died


@dataclass(frozen=True, slots=True)
class About:
    """Which piece of work a run belongs to; facts for logs and for the scripted agent."""

    task: str
    issue: int
    round: int
    attempt: int
    title: str = ""
    repository: str = ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a run may use; None: no limit. Times in seconds, output in bytes.

    `idle_s` is the longest silence (seed default 300), `wall_s` the longest run (seed default 3600). When the share
    `near` of a bound is used up, the agent is told, once per bound.
    """

    wall_s: float = 3600
    idle_s: float = 300
    turns: int | None = None
    usd: float | None = None
    tokens: int | None = None
    output: int = 64 << 20
    near: float = 0.8
    """From this share of any of them on, the agent is told to come to an end."""


@dataclass(frozen=True, slots=True)
class RunSpec(Generic[Answer]):
    """One agent run. Nothing in it is secret.

    `home` is the folder of this role in this task, kept between runs for `resume`. `metadata` and `read_only` are shown
    read-only, and so is the worktree with the access `read`: a backend passes that on as `SandboxSpec.frozen`.
    `around` is what setup made. `repairs`: so many answers that do not fit are given back to the agent, within the
    same bounds.
    """

    run_id: str
    role: Role
    about: About
    prompt: str
    answer: type[Answer]
    worktree: Path
    home: Path
    metadata: tuple[Path, ...] = ()
    read_only: tuple[Path, ...] = ()
    access: Access = "edit"
    system_append: str = ""
    model: str | None = None
    resume: str | None = None
    bounds: Bounds = Bounds()
    repairs: int = 2
    around: Surroundings = field(default_factory=Surroundings)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one run."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    @property
    def total(self) -> int:
        return self.input + self.output + self.cache_read + self.cache_write

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
        )


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """Something the agent did or said, or was told (`invalid`, `near_limit`).

    `t`: seconds since the run began. `raw`: the line it came from, if any.
    """

    seq: int
    t: float
    kind: EventKind
    id: str = ""
    tool: str = ""
    title: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    raw: str = ""
    usage: Usage = Usage()
    usd: float = 0.0
    turns: int = 0
    """What it used since the event before; zeros for most."""


@dataclass(frozen=True, slots=True)
class RunResult(Generic[Answer]):
    """How a run ended. With status `ok` there is either `answer` or `question`. Money and tokens count in any case.

    `misfits`: how many answers did not fit, whether one did in the end or not.
    """

    status: RunStatus
    answer: Answer | None = None
    question: str | None = None
    text: str = ""  # the last thing it said
    error: str = ""
    exit_code: int | None = None
    session_id: str | None = None
    turns: int = 0
    usage: Usage = Usage()
    cost_usd: float | None = None
    seconds: float = 0.0
    misfits: int = 0


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether a backend can be used here; `detail` says what was found or what is missing."""

    usable: bool
    version: str = ""
    detail: str = ""


OnEvent = Callable[[AgentEvent], Awaitable[None]]


class AgentBackend(Protocol):
    """A coding agent that can be run."""

    @property
    def name(self) -> str:
        """Its name in settings and reports."""

    @property
    def caps(self) -> frozenset[Cap]:
        """What it enforces or offers itself."""

    async def check(self) -> Probe:
        """Whether its program is here and works."""

    async def run(self, spec: RunSpec[Answer], on_event: OnEvent, cancel: asyncio.Event) -> RunResult[Answer]:
        """Run it to its end. Every event is awaited in order; what `on_event` raises ends the run and is passed on.

        An answer that does not fit is given back with its problems (`notices.Invalid`) as often as `spec.repairs`
        says: where the agent listens, while it runs; else as the next turn of the same conversation (`claude --resume`,
        `codex exec resume`, a second ACP prompt). All turns are one run: they share its bounds, its tally and its
        events, and after one misfit too many it ends as `bad_output`. `notices.NearLimit` is told once per bound, where
        there is a way to. An agent that listens to nothing keeps nobody waiting.

        Setting `cancel` ends it at once. Never raises for anything the agent does: that is in the result.
        """
