"""What agents may cost: stopped at a bound with their work kept, told how to grant more, and going on with it."""

from core.tasks import PausedBy, Reason, Scope, State
from demo.player import edit, hold, run, spend, swap
from tests.stories.conftest import reactions
from tests.work.working_desk import WorkingDesk

MEND = swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+")


async def test_the_task_budget_is_spent_and_a_grant_goes_on(desk: WorkingDesk) -> None:
    await desk.configure("budget: {task: {usd: 2}}")
    issue = await desk.issue()
    desk.agent.plays(edit("half.txt", "half\n"), spend(tokens_in=900, usd=2.5), hold("for ever"), attempt=1)
    desk.agent.plays(run("grep", "half", "half.txt"), MEND, spend(tokens_in=50, usd=0.25), attempt=2)
    async with desk.working():
        await desk.label(issue.number)
        task = await desk.until_state(issue.number, State.PAUSED)
        assert (task.paused_by, task.reason) == (PausedBy.BUDGET, Reason.BUDGET)
        assert task.exhausted
        assert (task.exhausted.scope, task.exhausted.spent) == (Scope.TASK, 2.5)
        assert (task.cost.usd, task.stages[0].cost.usd, task.stages[0].outcome) == (2.5, 2.5, "paused")
        assert await desk.wip(issue.number, "half.txt") == "half\n"
        await desk.shown(issue.number)
        assert "Paused, this task's budget is spent" in desk.sticky(issue.number)
        assert "This task has spent $2.50 of the $2.00" in desk.sticky(issue.number)
        assert "/pdev budget +5usd" in desk.sticky(issue.number)
        assert (await desk.check(issue.number, "pdev")).conclusion == "action_required"

        comment = await desk.comment(issue.number, "/pdev resume")
        assert reactions(comment) == ["confused"]
        assert "nothing has changed" in desk.replies(issue.number)[-1]
        comment = await desk.comment(issue.number, "/pdev budget +0.25usd")
        assert "cannot go on yet" in desk.replies(issue.number)[-1]
        assert (await desk.task(issue.number)).state is State.PAUSED
        comment = await desk.comment(issue.number, "/pdev budget +1usd")
        assert reactions(comment) == ["+1"]
        await desk.until_state(issue.number, State.READY)
    task = await desk.task(issue.number)
    assert (task.granted.usd, task.cost.usd, task.stages[0].attempts) == (1.25, 2.75, 2)
