"""A task begins again where an earlier run has left its marks: after a merge, and after its record was lost."""

import pytest

from core.tasks import State
from demo.hub import gitstore
from demo.player import done, edit, hold, swap
from tests.stories.conftest import LABEL
from tests.work.working_desk import WorkingDesk

MEND = swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+")


@pytest.mark.parametrize("method", ["merge", "squash"])
async def test_a_merged_issue_that_is_labelled_again_is_worked_on_again(desk: WorkingDesk, method: str) -> None:
    issue = await desk.issue()
    desk.agent.plays(MEND)
    async with desk.working():
        await desk.label(issue.number)
        first = await desk.until_state(issue.number, State.READY)
        await desk.rest()
        await desk.by("maintainer").merge(first.pr or 0, method)
        await desk.until_state(issue.number, State.MERGED)
        await desk.settle()
        desk.agent.plays(edit("more.txt", "more\n"))
        await desk.by("maintainer").reopen(issue.number)
        await desk.by("maintainer").unlabel(issue.number, LABEL)
        await desk.settle()
        await desk.label(issue.number)
        again = await desk.until_state(issue.number, State.READY)
    assert again.pr != first.pr
    assert await desk.changed(issue.number) == ["more.txt"]
    assert await desk.wip(issue.number, "more.txt") == "more\n"


async def test_after_its_record_was_lost_a_task_goes_on_with_its_branch_and_pull_request(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(MEND, hold("gate"))
    desk.agent.plays(hold("reviewing"), role="reviewer", round=1)
    async with desk.working(rests=False):
        await desk.label(issue.number)
        await desk.agent.reached("gate")
        await desk.agent.release("gate")
        await desk.agent.reached("reviewing")
        before = await desk.task(issue.number)
        await desk.shown(issue.number)
        await desk.redis.flushall()
    desk.clock.advance(seconds=60)
    await desk.by("maintainer").unlabel(issue.number, LABEL)
    desk.agent.plays(done("It is mended already."))
    desk.agent.plays(role="reviewer")
    async with desk.working():
        await desk.label(issue.number)
        after = await desk.until_state(issue.number, State.READY)
    assert (after.pr, after.branch, after.start_sha) == (before.pr, before.branch, before.start_sha)
    assert len(desk.pulls(issue.number)) == 1
    assert await desk.changed(issue.number) == ["textkit/slug.py"]
    tip = await gitstore.read_ref(desk.hub.git(desk.hub.repo), f"refs/heads/{after.branch}")
    assert tip == after.head_sha == after.checkpoint_sha
