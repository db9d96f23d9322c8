"""develop: an agent makes the change; pdev commits what passes its gates and pushes it."""

from core.messages.words import line
from core.tasks import Reason
from jobs.agents.results import DeveloperResult
from jobs.bench import Bench
from jobs.stages.step import Step
from jobs.stops import GaveUp


async def develop(bench: Bench) -> Step:
    """Raises `GaveUp` when the branch would hold nothing but its start commit."""
    done = await bench.agent(DeveloperResult)
    await bench.remember(done.tested, done.notes)
    await bench.keep(f"{first_line(done.summary)} (#{bench.task.issue})")
    if not await bench.has_changes():
        raise GaveUp(Reason.NO_CHANGE, done.summary)
    await bench.publish()
    return Step("passed", done.summary)


def first_line(summary: str) -> str:
    """A commit subject of about 72 characters, the width that git's own tools expect; it closes no other issue."""
    first = summary.strip().split("\n", 1)[0]
    return line(first, 72) or "Work on the issue"
