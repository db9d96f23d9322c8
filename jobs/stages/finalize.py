"""finalize: an agent writes the pull request's title and description; pdev marks it ready for people."""

from contextlib import suppress

from pydantic import ValidationError

from core.messages import approval
from core.tasks import LastAnswer, Stage
from jobs.agents.results import FinalizerResult
from jobs.bench import Bench
from jobs.stages.step import Step


async def finalize(bench: Bench) -> Step:
    """Where code waits for approval before it may reach the branch, ask for that first (outcome `asked`).

    What the agent hands in is saved before it is shown, and forgotten with the stage's end.
    """
    if not bench.may_publish(final=True):
        return Step("asked", approval.ASKED)
    await bench.publish(final=True)
    # Where the code was kept off the branch until now, its last review found no lines to stand at.
    last = next((run for run in reversed(bench.task.stages) if run.stage is Stage.REVIEW), None)
    if last:
        await bench.post_review(bench.task.findings, last.summary)
    done = await _answer(bench)
    await bench.finish_pull(done)
    return Step("passed", done.title, {"last_answer": None})


async def _answer(bench: Bench) -> FinalizerResult:
    """The agent's, or what an earlier worker had from it for the same tree and could not show to its end."""
    tree, last = await bench.tree(), bench.task.last_answer
    if last and (last.round, last.tree) == (bench.task.round, tree):
        with suppress(ValidationError):  # of a version whose answers had another form
            return FinalizerResult.model_validate_json(last.said)
    done = await bench.agent(FinalizerResult, access="read", diff=await bench.diff())
    await bench.discard()
    await bench.note(last_answer=LastAnswer(round=bench.task.round, tree=tree, said=done.model_dump_json()))
    return done
