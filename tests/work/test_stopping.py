"""People stop an agent while it works: cancel, pause, the label. Work is kept, and what is empty is cleared away."""

import asyncio
from pathlib import Path

import pytest

from core.tasks import Needs, PausedBy, State
from demo.hub import gitstore
from demo.player import ask, done, edit, hold, swap
from tests.stories.conftest import LABEL, reactions
from tests.work.working_desk import WorkingDesk

HALF = swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+")


async def test_cancel_while_the_agent_works(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(HALF, hold("gate"))
    async with desk.working():
        await desk.label(issue.number)
        await desk.agent.reached("gate")
        comment = await desk.comment(issue.number, "/pdev cancel")
        await desk.until_state(issue.number, State.CANCELLED)
    task = await desk.task(issue.number)
    assert task.reason == "by:maintainer"
    assert "eyes" in reactions(comment) or "+1" in reactions(comment) or "rocket" in reactions(comment)
    assert (await desk.check(issue.number, "pdev")).conclusion == "cancelled"
    assert (await desk.check(issue.number, "pdev / develop")).conclusion == "cancelled"
    assert "Cancelled" in desk.sticky(issue.number)
    assert "[a-z0-9]" in await desk.wip(issue.number, "textkit/slug.py"), "the half work is kept"
    assert desk.pr(issue.number).open
    assert desk.pr(issue.number).head_sha == task.start_sha, "half work does not reach the branch"


async def test_cancel_before_anything_changed_clears_up(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(hold("gate"))
    async with desk.working():
        await desk.label(issue.number)
        await desk.agent.reached("gate")
        await desk.comment(issue.number, "/pdev cancel")
        await desk.until_state(issue.number, State.CANCELLED)
    assert not desk.pr(issue.number).open
    assert await desk.refs(issue.number) == []
    assert desk.hub.repo.issues[issue.number].state == "open"


async def test_an_agent_that_changes_nothing_fails_and_leaves_nothing(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(done("There is nothing to do here."))
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.FAILED)
    task = await desk.task(issue.number)
    assert task.reason == "no_change"
    assert not desk.pr(issue.number).open
    assert await desk.refs(issue.number) == []
    assert "There is nothing to do here." in desk.sticky(issue.number)
    assert "closed" in desk.sticky(issue.number)


async def test_what_ended_empty_can_be_resumed(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(done("Nothing."))
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.FAILED)
        await desk.rest()
        desk.agent.plays(HALF)
        await desk.comment(issue.number, "/pdev resume")
        await desk.until_state(issue.number, State.READY)
    closed, opened = desk.pulls(issue.number)
    assert (closed.open, opened.open) == (False, True)
    assert (await desk.task(issue.number)).pr == opened.number


@pytest.mark.parametrize("how", ["command", "label"])
async def test_a_pause_keeps_the_work_and_going_on_continues_it(desk: WorkingDesk, how: str) -> None:
    issue = await desk.issue()
    desk.agent.plays(HALF, hold("gate"))
    async with desk.working():
        await desk.label(issue.number)
        await desk.agent.reached("gate")
        if how == "command":
            await desk.comment(issue.number, "/pdev pause")
        else:
            await desk.by("maintainer").unlabel(issue.number, LABEL)
        task = await desk.until_state(issue.number, State.PAUSED)
        await desk.rest()
        assert task.paused_by is PausedBy.PERSON
        assert task.reason == {"command": "by:maintainer", "label": "label_removed:maintainer"}[how]
        assert "Paused" in desk.sticky(issue.number)
        assert (await desk.check(issue.number, "pdev")).conclusion == "action_required"
        assert "[a-z0-9]+" in await desk.wip(issue.number, "textkit/slug.py")

        desk.agent.plays(swap("textkit/slug.py", "[a-z0-9]+", "[a-z0-9]+(?:x)?"))
        if how == "command":
            await desk.comment(issue.number, "/pdev resume")
        else:
            await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    task = await desk.task(issue.number)
    assert [(s.stage, s.outcome) for s in task.stages if s.outcome != "paused"] == [
        ("develop", "passed"), ("review", "approved"), ("finalize", "passed"),
    ]  # fmt: skip
    assert "[a-z0-9]+(?:x)?" in await desk.by("reader").read("textkit/slug.py", task.branch)
    assert len(desk.agent.scenes("developer")) == 2


async def test_closing_the_issue_ends_the_work(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(HALF, hold("gate"))
    async with desk.working():
        await desk.label(issue.number)
        await desk.agent.reached("gate")
        await desk.by("maintainer").close(issue.number)
        await desk.until_state(issue.number, State.COMPLETED)
    assert (await desk.check(issue.number, "pdev")).conclusion == "neutral"


async def test_a_question_is_answered_by_a_comment(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(edit("notes.txt", "so far"), ask("Which numbers, @stranger?"), attempt=1)
    desk.agent.plays(HALF, round=1, attempt=1)
    desk.agent.plays(edit("notes.txt", "so far"), ask("Which numbers, @stranger?"))
    async with desk.working():
        await desk.label(issue.number)
        task = await desk.until_state(issue.number, State.WAITING_INPUT)
        await desk.rest()
        assert (task.needs, task.question) == (Needs.ANSWER, "Which numbers, @stranger?")
        assert "@maintainer, please answer" in desk.sticky(issue.number)
        assert "@stranger" not in desk.sticky(issue.number), "an agent mentions nobody"
        assert (await desk.check(issue.number, "pdev / develop")).conclusion == "action_required"
        desk.agent.plays(HALF)
        await desk.comment(issue.number, "All of them.\n\n/pdev resume")
        await desk.until_state(issue.number, State.READY)
    kept = await gitstore.read_blob(
        desk.hub.git(desk.hub.repo), f"{(await desk.task(issue.number)).head_sha}:notes.txt"
    )
    assert kept == b"so far", "what was done before the question is kept"


async def test_what_a_dead_worker_left_on_the_disk_is_cleared(desk: WorkingDesk) -> None:
    """Its task went on elsewhere, or was cancelled before anybody took it over."""
    issue = await desk.issue()
    desk.agent.plays(HALF, hold("gate"))
    async with desk.working(rests=False):
        await desk.label(issue.number)
        await desk.agent.reached("gate")
    (left,) = desk.data.glob("git/repos/*/trees/task-*")
    assert (await desk.task(issue.number)).state is State.QUEUED, "handed back, and its build products are kept"
    await desk.comment(issue.number, "/pdev cancel")
    async with desk.working():
        await desk.until(lambda: _is_gone(left), "the worktree stays")


async def _is_gone(path: Path) -> bool:
    return not await asyncio.to_thread(path.exists)
