"""A person pushes to a task's branch: the commits stay, and what pdev shows moves on to them."""

import base64

from core.tasks import Needs, State
from demo.hub import gitstore
from demo.player import hold, swap
from tests.work.working_desk import WorkingDesk

MEND = swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+")
NAMES = {"pdev", "pdev / develop", "pdev / review", "pdev / finalize"}


async def push(desk: WorkingDesk, number: int, path: str = "mine.txt") -> str:
    """A developer's commit on the task's branch; its sha."""
    branch = (await desk.task(number)).branch
    content = {"message": "Mine", "content": base64.b64encode(b"mine\n").decode(), "branch": branch}
    made = await desk.by("developer").call("PUT", f"/contents/{path}", content)
    await desk.settle()
    return str(made["commit"]["sha"])


async def on_branch(desk: WorkingDesk, number: int) -> str:
    branch = (await desk.task(number)).branch
    return await gitstore.read_ref(desk.hub.git(desk.hub.repo), f"refs/heads/{branch}") or ""


async def test_a_commit_on_a_ready_task_gets_its_own_check_runs(desk: WorkingDesk) -> None:
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    async with desk.working():
        await desk.label(issue.number)
        ready = await desk.until_state(issue.number, State.READY)
        await desk.shown(issue.number)
        theirs = await push(desk, issue.number)
        await desk.until_check(issue.number, "pdev", "completed", sha=theirs, conclusion="success")
        await desk.shown(issue.number)
    task = await desk.task(issue.number)
    assert (task.state, task.head_sha, task.tip_sha) == (State.READY, ready.head_sha, theirs)
    drawn = {(run.name, run.status, run.conclusion) for run in desk.checks(task) if run.head_sha == theirs}
    verified_nothing = ("pdev / gates", "completed", "neutral")
    assert drawn == {(name, "completed", "success") for name in NAMES} | {verified_nothing}
    assert await on_branch(desk, issue.number) == theirs, "nothing is pushed over it"


async def test_a_commit_while_an_agent_works_takes_the_open_check_runs_along(desk: WorkingDesk) -> None:
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    desk.agent.plays(hold("reviewing"), role="reviewer")
    async with desk.working():
        await desk.label(issue.number)
        await desk.agent.reached("reviewing")
        ours = (await desk.task(issue.number)).head_sha
        await desk.until_check(issue.number, "pdev / review", "in_progress", sha=ours)
        theirs = await push(desk, issue.number)
        await desk.until_check(issue.number, "pdev / review", "in_progress", sha=theirs)
        await desk.until_check(issue.number, "pdev", "in_progress", sha=theirs)
        for open_before in ("pdev", "pdev / review"):
            await desk.until_check(issue.number, open_before, "completed", sha=ours, conclusion="neutral")
        assert (await desk.check(issue.number, "pdev / develop", ours)).conclusion == "success"
        await desk.agent.release("reviewing")
    assert await on_branch(desk, issue.number) == theirs, "nothing is pushed over it"
    task = await desk.task(issue.number)
    assert task.state is State.READY


async def test_a_commit_that_pdev_takes_over_is_its_own_head_from_then_on(desk: WorkingDesk) -> None:
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    theirs = await push(desk, issue.number)
    async with desk.working():
        await desk.comment(issue.number, "/pdev resume")
        await desk.until_state(issue.number, State.READY)
    task = await desk.task(issue.number)
    assert (task.head_sha, task.tip_sha) == (theirs, "")
    assert "mine.txt" in await desk.changed(issue.number)


async def test_a_push_back_to_our_commit_is_ours_again(desk: WorkingDesk) -> None:
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    async with desk.working():
        await desk.label(issue.number)
        ready = await desk.until_state(issue.number, State.READY)
        await push(desk, issue.number)
        ref = f"/git/refs/heads/{ready.branch}"
        await desk.by("developer").call("PATCH", ref, {"sha": ready.head_sha, "force": True})
        await desk.settle()
        assert (await desk.task(issue.number)).tip_sha == ""


async def test_a_commit_in_the_way_of_ours_is_not_pushed_over(desk: WorkingDesk) -> None:
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND, hold("developing"))
    async with desk.working():
        await desk.label(issue.number)
        await desk.agent.reached("developing")
        theirs = await push(desk, issue.number)
        await desk.agent.release("developing")
        task = await desk.until_state(issue.number, State.WAITING_INPUT)
        await desk.shown(issue.number)
    assert (task.needs, await on_branch(desk, issue.number)) == (Needs.CONFLICT, theirs)
    assert (await desk.check(issue.number, "pdev", theirs)).conclusion == "action_required"
