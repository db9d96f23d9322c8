"""A worker process that is frozen past its lease: whoever takes over finishes, and the frozen one changes nothing."""

import os
import signal

import pytest

from core.tasks import State
from demo.player import Fault, edit, verdict
from tests.work.working_desk import BOT, WorkingDesk

pytestmark = pytest.mark.timeout(120)

FAULT = Fault("Say why.", "one.txt", 1)


async def test_a_worker_that_wakes_up_too_late_posts_no_review(desk: WorkingDesk) -> None:
    """It is frozen after it has seen that no review is there yet, and wakes up when another worker's stands there."""
    issue = await desk.issue()
    desk.agent.plays(edit("one.txt", "x\n"))
    desk.agent.plays(verdict("corrections_needed", FAULT), role="reviewer", round=1)
    desk.agent.plays(edit("two.txt", "x\n"), role="corrector")
    desk.hub.slow("/reviews", seconds=1, times=1)
    async with desk.processes("one", slots=1) as crew:
        await desk.label(issue.number)

        async def is_asking() -> bool:
            return desk.hub.faults.delays[0].times == 0

        await desk.until(is_asking, "nobody asks for the reviews")
        frozen = await crew.pid("one")
        assert frozen
        os.kill(frozen, signal.SIGSTOP)
        try:
            crew.supervisors["two"] = await crew.children.start("two", "worker", "--id", "two")
            ready = await desk.until_state(issue.number, State.READY)
        finally:
            os.kill(frozen, signal.SIGCONT)

        async def has_noticed() -> bool:
            return f"lease of {ready.id} lost" in crew.logs()

        await desk.until(has_noticed, "it does not notice that its lease is gone")
    task, pull = await desk.task(issue.number), desk.pr(issue.number)
    assert (task.version, task.crashes, task.state) == (ready.version, 0, State.READY)
    # GitHub makes an empty review of each answer in a thread.
    marks = [review.body.splitlines()[0] for review in pull.reviews if review.user.login == BOT and review.body]
    assert marks == [f"<!-- pdev:review:{task.id}:{round_} -->" for round_ in (1, 2)]
