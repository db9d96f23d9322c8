"""correct: an agent mends the open findings; each ends as fixed or as unfixable with a reason."""

from core import ledger
from core.messages.notes import corrected
from core.tasks import Finding, Task
from jobs.agents.results import CorrectorResult
from jobs.bench import Bench
from jobs.stages.step import Step


async def correct(bench: Bench) -> Step:
    """Commit and push the corrections. A finding that the agent names in neither list stays open."""
    done = await bench.agent(CorrectorResult)
    await bench.remember(done.tested, done.notes)
    last = bench.task.last_review
    what = "the gates" if last and last.outcome == "gates_failed" else "the review"
    await bench.keep(f"Mend what {what} found, round {bench.task.round} (#{bench.task.issue})")
    await bench.publish()
    findings = settle(bench.task, done)
    return Step("passed", corrected(bench.task.open_findings, findings), {"findings": findings})


def settle(task: Task, done: CorrectorResult) -> tuple[Finding, ...]:
    """The ledger after the corrector's answer; one that it calls both fixed and unfixable is not fixed."""
    fixed, unfixable = {f.id: f.how for f in done.fixed}, {u.id: u.why for u in done.unfixable}
    return ledger.corrected(task.findings, fixed, unfixable, round_=task.round, commit=task.checkpoint_sha)
