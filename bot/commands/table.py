"""The commands as data: what each takes, who may use it, what it does, and whether this version does it yet."""

from dataclasses import dataclass
from enum import StrEnum
from typing import get_args

from core.messages import CommandRow
from core.repoconfig.model import Mode, ProfileName
from core.tasks import Stage

MODES: tuple[str, ...] = get_args(Mode)
"""How demanding the reviewer is."""
PRIORITIES = ("low", "normal", "high", "urgent")
"""In the order of `Task.priority`."""


class Right(StrEnum):
    """What a person needs in the repository to use a command."""

    TRIAGE = "triage"
    """To ask: answers cost content writes, so on a public repository not everybody may have them."""
    PUSH = "push"
    """To change what runs: an agent's work ends up in the repository."""


class Takes(StrEnum):
    """What may stand behind a command's name, as its usage shows it."""

    NOTHING = ""
    ISSUES = "[#…]"
    ISSUES_OR_ALL = "[#… | all]"
    ISSUE = "#…"
    STAGE = "[stage]"
    MODE = f"[{' | '.join(get_args(Mode))}]"
    TEXT = "…"
    MONEY = "+5usd | +200ktokens"
    PRIORITY = "low | normal | high | urgent"


WORDS: dict[Takes, tuple[str, ...]] = {
    Takes.STAGE: tuple(stage.value for stage in Stage),
    Takes.MODE: MODES,
    Takes.PRIORITY: PRIORITIES,
}
"""The words that a command takes where it takes one of a few."""
REQUIRED = frozenset({Takes.ISSUE, Takes.TEXT, Takes.MONEY, Takes.PRIORITY})


@dataclass(frozen=True, slots=True)
class Option:
    """A `--word` with or without a value; `choices` empty means any value, `number` a whole one above 0."""

    name: str
    flag: str
    short: str = ""
    value: str = ""
    choices: tuple[str, ...] = ()
    number: bool = False

    @property
    def usage(self) -> str:
        shown = "|".join(self.choices) if self.choices and len(self.choices) < 4 else self.value
        return f"[{self.short or self.flag}{f' {shown}' if shown else ''}]"


@dataclass(frozen=True, slots=True)
class Spec:
    """One command."""

    name: str
    takes: Takes
    right: Right
    help: str
    options: tuple[Option, ...] = ()
    works: bool = False
    """Whether this version does it; the others are understood and answered plainly."""


_RUN_OPTIONS = (
    Option("max_agents", "--max-agents", "-m", "N", number=True),
    Option("review", "--review", "-r", "MODE", MODES),
    Option("profile", "--profile", "-p", "PROFILE", get_args(ProfileName)),
    Option("branch", "--branch", "-b", "PATTERN"),
    Option("base", "--base", value="BRANCH"),
    Option("dry_run", "--dry-run"),
)

TABLE: tuple[Spec, ...] = (
    Spec("help", Takes.NOTHING, Right.TRIAGE, "Show this table.", works=True),
    Spec(
        "run",
        Takes.ISSUES_OR_ALL,
        Right.PUSH,
        "Work on this issue, on these issues, or on every open labelled one; `--dry-run` only shows the plan.",
        _RUN_OPTIONS,
    ),
    Spec("status", Takes.NOTHING, Right.TRIAGE, "Show every task of this repository and where it stands.", works=True),
    Spec("explain", Takes.NOTHING, Right.TRIAGE, "Say why this task runs or does not run."),
    Spec(
        "resume",
        Takes.ISSUES,
        Right.PUSH,
        "Go on from the last checkpoint, at the stage and round it was in.",
        works=True,
    ),
    Spec("retry", Takes.STAGE, Right.PUSH, "Run a stage again from its start."),
    Spec("pause", Takes.NOTHING, Right.PUSH, "Stop at the next checkpoint; work is kept.", works=True),
    Spec(
        "cancel",
        Takes.ISSUES_OR_ALL,
        Right.PUSH,
        "End this task, these tasks, or all of this repository; work is kept.",
        works=True,
    ),
    Spec(
        "answer",
        Takes.TEXT,
        Right.PUSH,
        "Answer the agent's question; it goes on and reads this. `waive F1` or `waive all` lets findings be.",
        works=True,
    ),
    Spec("fix", Takes.TEXT, Right.PUSH, "Tell the corrector what to change."),
    Spec("review", Takes.MODE, Right.PUSH, "Review this task's pull request again."),
    Spec(
        "budget",
        Takes.MONEY,
        Right.PUSH,
        "Grant this task more money or tokens; if its session or its repository's day is spent, grant those more.",
        works=True,
    ),
    Spec("priority", Takes.PRIORITY, Right.PUSH, "Move this task up or down the queue."),
    Spec(
        "depends",
        Takes.ISSUE,
        Right.PUSH,
        "Let this issue wait for another; `--drop` ends the waiting.",
        (Option("drop", "--drop"),),
    ),
    Spec("rebase", Takes.NOTHING, Right.PUSH, "Bring the branch up to date with its base now."),
    Spec("approve", Takes.NOTHING, Right.PUSH, "Let waiting code reach the branch, where CI runs it.", works=True),
    Spec("logs", Takes.NOTHING, Right.TRIAGE, "Give a fresh link to the transcripts.", works=True),
    Spec(
        "cleanup",
        Takes.NOTHING,
        Right.PUSH,
        "Show which branches and worktrees could go; `--force` removes them.",
        (Option("force", "--force"),),
    ),
    Spec(
        "config",
        Takes.NOTHING,
        Right.TRIAGE,
        "Show the configuration in force and where each value comes from.",
        works=True,
    ),
)

BY_NAME: dict[str, Spec] = {spec.name: spec for spec in TABLE}

MEANT: dict[str, str] = {
    "stop": "cancel", "abort": "cancel", "kill": "cancel", "start": "run", "go": "run", "continue": "resume",
    "unpause": "resume", "restart": "retry", "rerun": "retry", "why": "explain", "usage": "help", "commands": "help",
}  # fmt: skip
"""Words of other bots for what we call otherwise; spelling alone would not lead from one to the other."""


def usage(spec: Spec) -> str:
    """`/pdev cancel [#… | all]`."""
    parts = ("/pdev", spec.name, spec.takes.value, *(option.usage for option in spec.options))
    return " ".join(part for part in parts if part)


def help_rows() -> list[CommandRow]:
    """The table as `core/messages` prints it."""
    return [CommandRow(usage(spec), spec.help, spec.right is Right.PUSH, spec.works) for spec in TABLE]
