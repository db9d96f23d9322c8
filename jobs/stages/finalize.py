"""finalize: an agent writes the pull request's title and description; pdev marks it ready for people."""

from core.messages import approval
from core.tasks import Stage
from jobs.agents.results import FinalizerResult
from jobs.bench import Bench
from jobs.stages.step import Step


async def finalize(bench: Bench) -> Step:
    """Where code waits for approval before it may reach the branch, ask for that first (outcome `asked`)."""
    if not bench.may_publish(final=True):
        return Step("asked", approval.ASKED)
    await bench.publish(final=True)
    # Where the code was kept off the branch until now, its last review found no lines to stand at.
    last = next((run for run in reversed(bench.task.stages) if run.stage is Stage.REVIEW), None)
    if last:
        await bench.post_review(bench.task.findings, last.summary)
    done = await bench.agent(FinalizerResult, access="read", diff=await bench.diff())
    await bench.discard()
    await bench.finish_pull(done)
    return Step("passed", done.title)
