"""What a repository may decide about the work in it: every key of `.github/pdev.yml`, its bounds and its default.

The model is the only list of keys. Schema, documentation and the table of profiles are made from it, so that no key can
exist that nobody reads, and none is read that nobody can find.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.hosts import LONGEST, PATTERN

Mode = Literal["strict", "balanced", "lenient"]
ProfileName = Literal["conservative", "balanced", "aggressive", "ci"]
Command = Annotated[str, Field(min_length=1, max_length=2_000)]
Commands = Annotated[tuple[Command, ...], Field(max_length=20)]
"""Run one after the other, each with its own clock."""
Host = Annotated[
    str,
    Field(
        max_length=LONGEST,
        pattern=rf"^{PATTERN}$",
        description="a host's name, such as `packages.example.org` or `*.example.org`, without scheme, port and path",
    ),
]
Address = Annotated[
    str,
    Field(
        max_length=500,
        pattern=r"^https://[A-Za-z0-9._-]+(?::[0-9]{1,5})?/[^\s?#]*$",
        description="how addresses begin, such as `https://github.com/acme/`",
    ),
]
MOST_USD = 10_000
MOST_TOKENS = 10_000_000_000
"""What one budget may be, and what one command may grant; more is a slip of the finger."""
Percent = Annotated[int, Field(ge=0, le=100)]
Usd = Annotated[float, Field(gt=0, le=MOST_USD)]
Tokens = Annotated[int, Field(gt=0, le=MOST_TOKENS)]

ROUNDS: dict[Mode, int] = {"strict": 3, "balanced": 5, "lenient": 10}
"""Review rounds before a person is asked, by mode (the seed's caps)."""
COVERAGE: dict[Mode, int] = {"strict": 90, "balanced": 80, "lenient": 60}
"""Percent of changed lines that tests must run, by mode (the seed's thresholds); counts only where a report exists."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Review(_Part):
    """How demanding the reviewer is."""

    mode: Mode = Field("balanced", description="How demanding the reviewer is.")
    max_rounds: Annotated[int, Field(ge=1, le=20)] | None = Field(
        None, description="Review rounds before a person is asked; else strict 3, balanced 5, lenient 10."
    )
    coverage: Percent | None = Field(
        None,
        description="Percent of the changed lines in the tests' coverage report that tests must run; "
        "else strict 90, balanced 80, lenient 60.",
    )

    @property
    def rounds(self) -> int:
        return ROUNDS[self.mode] if self.max_rounds is None else self.max_rounds

    @property
    def least_coverage(self) -> int:
        return COVERAGE[self.mode] if self.coverage is None else self.coverage


class StageLimits(_Part):
    """What one stage may take before it is stopped."""

    minutes: Annotated[float, Field(gt=0, le=1_440)] = Field(40, description="The longest its agent may run.")
    retries: Annotated[int, Field(ge=0, le=10)] = Field(1, description="How often a failed attempt is repeated.")
    turns: Annotated[int, Field(ge=1, le=10_000)] | None = Field(None, description="Turns of the model.")
    usd: Usd | None = Field(None, description="US dollars for one stage.")
    tokens: Tokens | None = Field(None, description="Tokens for one stage, in and out.")


class Limits(_Part):
    """Clocks and retries (the seed's: developer 40 minutes and 2 retries, reviewer 15 and 1, …)."""

    develop: StageLimits = StageLimits(minutes=40, retries=2)
    review: StageLimits = StageLimits(minutes=15, retries=1)
    correct: StageLimits = StageLimits(minutes=20, retries=3)
    finalize: StageLimits = StageLimits(minutes=10, retries=1)
    verify_minutes: Annotated[float, Field(gt=0, le=240)] = Field(
        15, description="The longest that one verify command may run."
    )
    idle_minutes: Annotated[float, Field(gt=0, le=120)] = Field(
        5, description="An agent without a sign of life for so long is stopped."
    )
    setup_minutes: Annotated[float, Field(gt=0, le=240)] = Field(15, description="The longest that setup may run.")


class Money(_Part):
    """A budget in money, in tokens, or in both; absent means no bound of that kind."""

    usd: Usd | None = Field(None, description="US dollars.")
    tokens: Tokens | None = Field(None, description="Tokens, in and out.")


class Budget(_Part):
    """When a bound is reached the work is kept and its task pauses until somebody grants more."""

    task: Money = Money(usd=10)
    session: Money = Money()
    repository_day: Money = Money(usd=100)


class PullRequest(_Part):
    """What the finalizer's pull request gets besides title and description."""

    labels: tuple[Annotated[str, Field(min_length=1, max_length=50)], ...] = Field((), description="Labels to set.")
    reviewers: Literal["codeowners"] | tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = Field(
        (), description="Whom to ask for a review: logins, `team/SLUG`, or `codeowners`."
    )


class Config(_Part):
    """The configuration in force: every key with its value."""

    profile: ProfileName = Field("balanced", description="Which profile fills in what is not said here.")
    max_agents: Annotated[int, Field(ge=1, le=20)] = Field(5, description="Agents at work in this repository at once.")
    review: Review = Review()
    ci: Literal["every_push", "ready", "approved"] | None = Field(
        None,
        description="When agent-written code may reach the branch, and with it CI and its secrets; "
        "else `every_push` in private repositories and `approved` in public ones.",
    )
    branch: Annotated[str, Field(max_length=200, pattern=r"\{id\}")] = Field(
        "feature/task-{id}", description="Name of a task's branch; `{id}` is the issue, `{slug}` its title."
    )
    draft: bool = Field(True, description="Open pull requests as drafts.")
    setup: Literal["auto", "none"] | Commands = Field(
        "auto", description="Commands that make the repository ready, run once in the sandbox with access to `network`."
    )
    verify: Literal["auto", "none", "external"] | Commands = Field(
        "auto", description="Commands that must succeed, run by pdev in the sandbox; `external` leaves that to CI."
    )
    network: tuple[Host, ...] = Field(
        (), description="Further hosts that setup may reach, such as `packages.example.org` or `*.example.org`."
    )
    submodules: tuple[Address, ...] = Field(
        (), description="Address prefixes of submodules that are fetched; none by default."
    )
    protected: tuple[Annotated[str, Field(min_length=1, max_length=500)], ...] = Field(
        (), description="Further paths that agents may not change, as in CODEOWNERS."
    )
    limits: Limits = Limits()
    budget: Budget = Budget()
    pull_request: PullRequest = PullRequest()
    transcripts: bool | None = Field(
        None, description="Show agents' transcripts behind a link; else only in private repositories."
    )
    merge: Literal["never"] = Field("never", description="pdev merges nothing by itself.")

    def ci_of(self, *, private: bool) -> str:
        return self.ci or ("every_push" if private else "approved")

    def shows_transcripts(self, *, private: bool) -> bool:
        return private if self.transcripts is None else self.transcripts
