"""A label becomes a pull request that is ready: everything that GitHub shows on the way, exactly once."""

import sys
from pathlib import Path

from core.tasks import Stage, State
from demo.hub import gitstore
from demo.player import done, hold, progress, run, say, swap
from tests.work.working_desk import BOT, WorkingDesk
from tests.work.working_desk import run as run_here

MEND = (
    swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+"),
    run("python3", "-m", "unittest", "-q", "tests.test_slug"),
    done("Keep the numbers.\n\nThey were lost."),
)


async def test_a_label_becomes_a_pull_request_whose_tests_pass(desk: WorkingDesk, tmp_path: Path) -> None:
    issue = await desk.issue("slugify drops numbers", "See `tests/test_slug.py`.")
    desk.agent.plays(*MEND)
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    task, pull = await desk.task(issue.number), desk.pr(issue.number)

    assert (task.branch, task.base) == (f"feature/task-{issue.number}", "main")
    assert [(s.stage, s.round, s.attempts, s.outcome) for s in task.stages] == [
        (Stage.DEVELOP, 1, 1, "passed"), (Stage.REVIEW, 1, 1, "approved"), (Stage.FINALIZE, 1, 1, "passed"),
    ]  # fmt: skip
    assert (pull.draft, pull.head_ref, pull.head_sha) == (False, task.branch, task.head_sha)
    assert pull.issue.title == "fix: mend it"
    assert (pull.issue.body or "").startswith(f"Closes #{issue.number}\n")
    assert desk.eyes(issue.number) == 1
    assert "Ready" in desk.sticky(issue.number)

    git = desk.hub.git(desk.hub.repo)
    change = await gitstore.read_commit(git, pull.head_sha)
    start = await gitstore.read_commit(git, change.parents[0])
    assert start.sha == task.start_sha
    assert start.message.startswith(f"Start work on #{issue.number}")
    assert change.message.startswith(f"Keep the numbers. (#{issue.number})\n")
    assert {who.name for c in (start, change) for who in (c.author, c.committer)} == {BOT}

    tree = await desk.clone(task.branch, tmp_path / "checkout")
    await run_here(sys.executable, "-m", "unittest", "-q", "tests.test_slug", cwd=tree)


async def test_what_github_shows_while_the_agent_works(desk: WorkingDesk) -> None:
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(say("Looking …"), progress(40, "reading the tests"), hold("developing"), *MEND)
    desk.agent.plays(hold("reviewing"), role="reviewer")
    async with desk.working():
        await desk.label(issue.number)
        await desk.agent.reached("developing")
        await desk.until_check(issue.number, "pdev / develop", "in_progress")
        begun, pull = await desk.task(issue.number), desk.pr(issue.number)
        assert (pull.draft, pull.head_sha) == (True, begun.start_sha)
        assert pull.issue.title == f"slugify drops numbers (#{issue.number})"
        assert (await desk.check(issue.number, "pdev")).status == "in_progress"
        assert "Running: develop" in desk.sticky(issue.number)

        await desk.agent.release("developing")
        await desk.agent.reached("reviewing")
        await desk.until_check(issue.number, "pdev / review", "in_progress")
        for name in ("pdev", "pdev / develop"):
            await desk.until_check(issue.number, name, "completed", sha=begun.start_sha, conclusion="neutral")
        assert (await desk.check(issue.number, "pdev / develop")).conclusion == "success"
        assert pull.draft
        await desk.agent.release("reviewing")
    task = await desk.task(issue.number)
    shown = {(r.name, r.head_sha): r.conclusion for r in desk.checks(task)}
    assert shown == {
        ("pdev", begun.start_sha): "neutral",
        ("pdev / develop", begun.start_sha): "neutral",
        ("pdev", task.head_sha): "success",
        ("pdev / develop", task.head_sha): "success",
        ("pdev / gates", task.head_sha): "neutral",  # nothing is verified here
        ("pdev / review", task.head_sha): "success",
        ("pdev / finalize", task.head_sha): "success",
    }


async def test_a_queued_task_leaves_no_trace_in_the_repository(desk: WorkingDesk) -> None:
    first, second = await desk.issue("One"), await desk.issue("Two")
    desk.agent.plays(hold("first"), swap("README.md", "#", "##"), issue=first.number)
    desk.agent.plays(swap("README.md", "#", "##"), issue=second.number)
    async with desk.working(slots=1):
        await desk.label(first.number)
        await desk.agent.reached("first")
        await desk.label(second.number)
        await desk.shown(second.number)
        assert "Queued, next in line" in desk.sticky(second.number)
        assert desk.eyes(second.number) == 1
        assert desk.pulls(second.number) == []
        assert await desk.by("developer").tip(f"feature/task-{second.number}") is None
        await desk.agent.release("first")
    assert {t.state for t in await desk.tasks()} == {State.READY}
