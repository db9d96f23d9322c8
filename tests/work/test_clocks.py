"""Agents that hang, run on or break off: stopped, tried again as often as their stage allows, then failed."""

import pytest

from core.tasks import Reason, Stage, State
from demo.player import edit, fail, hold, result, run, swap, wait
from tests.work.working_desk import WorkingDesk

pytestmark = pytest.mark.timeout(120)

MEND = swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+")
SHORT = "limits: {idle_minutes: 0.1, develop: {retries: 1}}"
"""Long enough for an agent to begin on a busy machine."""


async def test_an_idle_agent_is_stopped_and_the_next_goes_on_with_its_work(desk: WorkingDesk) -> None:
    await desk.configure(SHORT)
    issue = await desk.issue()
    desk.agent.plays(edit("half.txt", "half\n"), hold("for ever"), attempt=1)
    desk.agent.plays(run("grep", "half", "half.txt"), MEND, attempt=2)
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
        await desk.shown(issue.number)
    task = await desk.task(issue.number)
    assert (task.stages[0].attempts, task.stages[0].retried, task.crashes) == (2, (Reason.IDLE,), 0)
    shown = (await desk.check(issue.number, "pdev / develop")).output
    assert "An attempt failed and was repeated: The agent gave no sign of life" in str(shown)


async def test_agents_that_go_on_hanging_fail_the_task(desk: WorkingDesk) -> None:
    await desk.configure(SHORT)
    issue = await desk.issue()
    desk.agent.plays(edit("half.txt", "half\n"), hold("for ever"))
    async with desk.working():
        await desk.label(issue.number)
        task = await desk.until_state(issue.number, State.FAILED)
        await desk.shown(issue.number)
    assert (task.reason, task.stages[0].attempts) == (Reason.IDLE, 2)
    assert (await desk.check(issue.number, "pdev")).conclusion == "timed_out"
    assert (await desk.check(issue.number, "pdev / develop")).conclusion == "timed_out"
    assert await desk.wip(issue.number, "half.txt") == "half\n"


async def test_each_stage_has_its_own_clock(desk: WorkingDesk) -> None:
    """The reviewer may not take as long as the developer does; a worked second is a sign of life, and no excuse."""
    await desk.configure("limits: {review: {minutes: 0.01, retries: 0}}")
    issue = await desk.issue()
    desk.agent.plays(wait(900), MEND)
    desk.agent.plays(hold("for ever"), role="reviewer")
    async with desk.working():
        await desk.label(issue.number)
        task = await desk.until_state(issue.number, State.FAILED)
    assert (task.stage, task.reason) == (Stage.REVIEW, Reason.TIMEOUT)
    assert len(desk.agent.scenes("reviewer")) == 1


@pytest.mark.parametrize(
    ("last", "reason"),
    [(fail("The model is overloaded."), Reason.AGENT_FAILED), (result(nonsense=1), Reason.BAD_OUTPUT)],
)
async def test_what_breaks_off_is_tried_again(desk: WorkingDesk, last: object, reason: Reason) -> None:
    issue = await desk.issue()
    desk.agent.plays(edit("half.txt", "half\n"), last, attempt=1)  # type: ignore[arg-type]
    desk.agent.plays(run("grep", "half", "half.txt"), MEND, attempt=2)
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    assert (await desk.task(issue.number)).stages[0].retried == (reason,)


async def test_what_was_tried_counts_although_a_worker_dies(desk: WorkingDesk) -> None:
    """One repetition is allowed, and it is used up before the worker dies: the next failure is the last."""
    await desk.configure("limits: {develop: {retries: 1}}")
    issue = await desk.issue()
    desk.agent.plays(fail("No."), attempt=1)
    desk.agent.plays(hold("gate"), attempt=2)
    desk.agent.plays(fail("Still no."), attempt=3)
    async with desk.processes("one") as crew:
        await desk.label(issue.number)
        await desk.agent.reached("gate")
        await crew.kill("one")
        task = await desk.until_state(issue.number, State.FAILED)
    assert (task.reason, task.stages[0].attempts) == (Reason.AGENT_FAILED, 3)
    assert task.stages[0].retried == (Reason.AGENT_FAILED,)
