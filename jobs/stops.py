"""Why work stops before its stage is done: one exception per reason, raised anywhere, read in `jobs/pipeline` alone."""

from core.tasks import Exhausted, Needs, Reason


class Stop(Exception):
    """The work stops here, and that is no accident."""


class Stopped(Stop):
    """The lease says so: people asked, another worker took over, or this one is to shut down."""


class Asked(Stop):
    """The agent cannot go on without an answer."""

    def __init__(self, question: str) -> None:
        super().__init__(question)
        self.question = question


class GaveUp(Stop):
    """The stage cannot be finished; `why` is a sentence of detail."""

    def __init__(self, reason: Reason, why: str = "") -> None:
        super().__init__(f"{reason}: {why}" if why else reason)
        self.reason, self.why = reason, why
        self.is_put_away = False
        """Whether all was done that can be done to keep the work."""


class AgentCrashed(Exception):
    """The agent's process died without an answer; counted like a crash of the worker, so that it is tried again."""


class NeedsPerson(Stop):
    """A person must decide first: `needs` says what, `told` is what the reason's own words do not say."""

    def __init__(self, needs: Needs | None, reason: Reason, told: str = "") -> None:
        super().__init__(f"{needs}: {reason}")
        self.needs, self.reason, self.told = needs, reason, told


class OutOfBudget(Stop):
    """Nothing may be spent any more: `exhausted` is the bound, None where there should be one and is none."""

    def __init__(self, exhausted: Exhausted | None) -> None:
        super().__init__(f"{exhausted.scope}: {exhausted.kind}" if exhausted else "nothing bounds it")
        self.exhausted = exhausted


class Refilled(Stop):
    """The agent was stopped at a bound that somebody has raised meanwhile: it goes on at once."""
