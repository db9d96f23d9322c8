"""When agent-written code reaches the branch: with every push, when it is reviewed, or when a person lets it."""

import base64

import pytest

from core.tasks import Needs, Stage, State, Task
from demo.hub import gitstore
from demo.hub.check_changes import press
from demo.hub.state import Pull
from demo.player import Fault, fixed, hold, swap, verdict
from tests.work.working_desk import BOT, WorkingDesk

MEND = swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+")
FAULT = Fault(type="logic", severity="high", text="Say why.", file="textkit/slug.py", line=1)


async def tip(desk: WorkingDesk, ref: str) -> str:
    return await gitstore.read_ref(desk.hub.git(desk.hub.repo), ref) or ""


async def on_branch(desk: WorkingDesk, task: Task) -> str:
    return await tip(desk, f"refs/heads/{task.branch}")


def reviews(pull: Pull) -> list[str]:
    return [review.body for review in pull.reviews if review.user.login == BOT and review.body]


async def approve(desk: WorkingDesk, number: int, by: str = "developer") -> None:
    run = await desk.check(number, "pdev")
    await press(desk.hub, desk.hub.repo, run, run.actions[0].identifier, desk.by(by).caller)
    await desk.settle()


async def test_in_public_no_round_reaches_the_branch_before_a_person_lets_it(desk: WorkingDesk) -> None:
    desk.hub.repo.private = False
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    desk.agent.plays(verdict("corrections_needed", FAULT, summary="Nearly."), role="reviewer", round=1)
    desk.agent.plays(swap("textkit/slug.py", "[a-z0-9]+", "[0-9a-z]+"), fixed("F1"), role="corrector")
    desk.agent.plays(verdict("approved", summary="Now it is good."), role="reviewer", round=2)
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.WAITING_INPUT)
        await desk.shown(issue.number)
        waits, pull = await desk.task(issue.number), desk.pr(issue.number)
        assert (waits.needs, waits.stage, waits.round) == (Needs.APPROVAL, Stage.FINALIZE, 2)
        assert await on_branch(desk, waits) == pull.head_sha == waits.start_sha
        assert await tip(desk, f"refs/pdev/wip/{waits.id}") == waits.checkpoint_sha
        assert (reviews(pull), pull.draft) == ([], True), "its lines are not in the pull request yet"
        assert "**F1** (high, logic) in `textkit/slug.py:1`: Say why." in desk.sticky(issue.number)
        assert desk.agent.scenes("finalizer") == []
        assert "only when a person with push rights approves it" in (pull.issue.body or "")
        await approve(desk, issue.number)
        await desk.until_state(issue.number, State.READY)
    ready = await desk.task(issue.number)
    assert ready.approved_by == "developer"
    assert await on_branch(desk, ready) == pull.head_sha == waits.checkpoint_sha
    (review,) = reviews(pull)
    assert review.startswith(f"<!-- pdev:review:{ready.id}:2 -->")
    assert "Now it is good." in review
    assert f"`{ready.head_sha[:7]}` approved by developer" in desk.sticky(issue.number)
    assert (pull.issue.title, pull.draft) == ("fix: mend it", False)


async def test_what_came_after_the_approval_waits_for_another(desk: WorkingDesk) -> None:
    """A worker may push a checkpoint and die before it says so: that commit nobody has looked at."""
    desk.hub.repo.private = False
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.WAITING_INPUT)
    first = await desk.task(issue.number)
    await approve(desk, issue.number)
    assert (await desk.task(issue.number)).state is State.QUEUED
    later = await add_commit(desk, first)

    async with desk.working():
        again = await desk.until_state(issue.number, State.WAITING_INPUT)
        assert (again.checkpoint_sha, again.approved_sha) == (later, first.checkpoint_sha)
        assert await on_branch(desk, again) == first.start_sha
        await desk.shown(issue.number)
        assert later[:7] in desk.sticky(issue.number)
        await approve(desk, issue.number, by="maintainer")
        await desk.until_state(issue.number, State.READY)
    ready = await desk.task(issue.number)
    assert (await on_branch(desk, ready), ready.approved_by) == (later, "maintainer")


async def add_commit(desk: WorkingDesk, task: Task) -> str:
    """A commit on top of the checkpoint, put where the next checkpoint would be."""
    owner, name = desk.by("owner"), f"scratch-{task.issue}"
    await owner.call("POST", "/git/refs", {"ref": f"refs/heads/{name}", "sha": task.checkpoint_sha})
    content = base64.b64encode(b"more\n").decode()
    made = await owner.call("PUT", "/contents/more.txt", {"message": "More", "content": content, "branch": name})
    sha = str(made["commit"]["sha"])
    ref = f"refs/pdev/wip/{task.id}"
    await gitstore.move_ref(desk.hub.git(desk.hub.repo), ref, sha, expected=task.checkpoint_sha)
    await owner.call("DELETE", f"/git/refs/heads/{name}")
    await desk.settle()
    return sha


@pytest.mark.parametrize(("ci", "published"), [("every_push", True), ("ready", False), ("approved", False)])
async def test_where_the_code_stands_while_it_is_reviewed(desk: WorkingDesk, ci: str, published: bool) -> None:
    await desk.by("owner").push("main", {".github/pdev.yml": f"ci: {ci}\n"})
    issue = await desk.issue("slugify drops numbers")
    await desk.label(issue.number)
    desk.agent.plays(MEND)
    desk.agent.plays(hold("reviewing"), role="reviewer")
    async with desk.working():
        await desk.agent.reached("reviewing")
        task = await desk.task(issue.number)
        assert await on_branch(desk, task) == (task.checkpoint_sha if published else task.start_sha)
        await desk.agent.release("reviewing")
    ended, pull = await desk.task(issue.number), desk.pr(issue.number)
    waits = ci == "approved"
    assert ended.state is (State.WAITING_INPUT if waits else State.READY)
    assert await on_branch(desk, ended) == (ended.start_sha if waits else ended.checkpoint_sha)
    assert len(reviews(pull)) == (0 if waits else 1)


async def test_a_person_who_put_the_code_there_needs_no_approval(desk: WorkingDesk) -> None:
    """Whoever may push may also take the commit from the compare page and push it: then nothing waits any more."""
    desk.hub.repo.private = False
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    async with desk.working():
        await desk.label(issue.number)
        task = await desk.until_state(issue.number, State.WAITING_INPUT)
        await desk.by("developer").call("PATCH", f"/git/refs/heads/{task.branch}", {"sha": task.checkpoint_sha})
        await desk.settle()
        await desk.comment(issue.number, "/pdev approve", by="developer")
        await desk.until_state(issue.number, State.READY)
    assert await on_branch(desk, task) == task.checkpoint_sha
