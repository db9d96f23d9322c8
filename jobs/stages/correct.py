"""correct: an agent mends the open findings; each ends as fixed or as unfixable with a reason."""

from msgspec.structs import replace

from core.messages.notes import corrected
from core.tasks import Finding, Task
from jobs.agents.results import CorrectorResult
from jobs.bench import Bench
from jobs.stages.step import Step

MAX_NOTE = 1_000
"""Characters of a corrector's note that the record keeps; there may be hundreds of findings."""


async def correct(bench: Bench) -> Step:
    """Commit and push the corrections. A finding that the agent names in neither list stays open."""
    done = await bench.agent(CorrectorResult)
    await bench.keep(f"Mend what the review found, round {bench.task.round} (#{bench.task.issue})")
    await bench.publish()
    findings = settle(bench.task, done)
    return Step("passed", corrected(bench.task.open_findings, findings), {"findings": findings})


def settle(task: Task, done: CorrectorResult) -> tuple[Finding, ...]:
    """The ledger after the corrector's answer; one that it calls both fixed and unfixable is not fixed."""
    notes = {f.id: ("fixed", f.how) for f in done.fixed} | {u.id: ("unfixable", u.why) for u in done.unfixable}
    return tuple(
        replace(f, state=notes[f.id][0], note=notes[f.id][1][:MAX_NOTE]) if f.state == "open" and f.id in notes else f
        for f in task.findings
    )
