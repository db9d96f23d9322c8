"""Agent-written code reaches a branch, and with it CI and its secrets, only when the team chose so."""

import aiohttp
import pytest

from core.tasks import Finding, Needs, Stage, StageRun, State, Task, move
from demo.hub.check_changes import press
from demo.hub.state import CheckRun
from jobs.report import Reporter
from tests.golden import golden
from tests.stories.conftest import LABEL, Desk, reactions

STAGES = tuple(
    StageRun(stage=stage, round=number, started_ms=0, ended_ms=60_000, outcome=outcome)
    for stage, number, outcome in (
        (Stage.DEVELOP, 1, "passed"), (Stage.REVIEW, 1, "corrections_needed"), (Stage.CORRECT, 1, "passed"),
        (Stage.REVIEW, 2, "approved"), (Stage.FINALIZE, 2, "asked"),
    )
)  # fmt: skip
FINDINGS = (
    Finding(
        id="F1",
        type="logic",
        severity="high",
        text="It loses #3.",
        file="first.txt",
        line=1,
        state="fixed",
        note="Kept.",
    ),
)


async def checkpoint(desk: Desk, number: int, name: str) -> str:
    """A commit that stands where checkpoints do: on a ref that is no branch."""
    sha = await desk.branch(name)
    owner = desk.by("owner")
    await owner.call("POST", "/git/refs", {"ref": f"refs/pdev/wip/{number}-{name}", "sha": sha})
    await owner.call("DELETE", f"/git/refs/heads/{name}")
    return sha


async def waiting(desk: Desk) -> Task:
    """A labelled issue whose reviewed change waits for approval, shown on GitHub as a worker shows it."""
    issue = await desk.issue()
    await desk.label(issue.number)
    running = await desk.run(issue.number)
    branch = f"feature/task-{issue.number}"
    start = await desk.branch(branch)
    pull = await desk.webs[0].door(desk).create_pull("Do it", branch, "main", f"Closes #{issue.number}", False)
    sha = await checkpoint(desk, issue.number, "first")
    now = desk.clock.now_ms()
    facts = {
        "stage": Stage.FINALIZE, "branch": branch, "start_sha": start, "head_sha": start, "checkpoint_sha": sha,
        "pr": pull.number, "round": 2, "stages": STAGES, "findings": FINDINGS,
    }  # fmt: skip
    await desk.store.change(
        running.id,
        lambda t: move(t, State.WAITING_INPUT, now, needs=Needs.APPROVAL, reason="approval", **facts),
        epoch=running.epoch,
    )
    await desk.settle()
    return await shown(desk, issue.number)


async def shown(desk: Desk, number: int) -> Task:
    """Let the worker's report write what it has to say."""
    task = await desk.task(number)
    await Reporter(desk.store, desk.webs[0].github, desk.clock).report(task.id)
    await desk.settle()
    return task


def summary(desk: Desk, task: Task) -> CheckRun:
    (run,) = [run for run in desk.hub.repo.check_runs.values() if run.name == "pdev" and run.head_sha == task.head_sha]
    return run


async def press_approve(desk: Desk, run: CheckRun, by: str, identifier: str = "") -> None:
    pressed = identifier or run.actions[0].identifier
    await press(desk.hub, desk.hub.repo, run, pressed, desk.by(by).caller)
    await desk.settle()


@pytest.mark.parametrize(("private", "ci"), [(False, "approved"), (True, "every_push")])
async def test_the_repository_decides_how_code_reaches_its_branches(desk: Desk, private: bool, ci: str) -> None:
    desk.hub.repo.private = private
    issue = await desk.issue()
    await desk.label(issue.number)
    assert (await desk.task(issue.number)).options.ci == ci


async def test_a_repository_that_was_made_public_asks_from_then_on(desk: Desk) -> None:
    desk.hub.repo.private = True
    issue = await desk.issue()
    await desk.label(issue.number)
    await desk.by("maintainer").unlabel(issue.number, LABEL)
    await desk.settle()
    desk.hub.repo.private = False
    await desk.label(issue.number)
    assert (await desk.task(issue.number)).options.ci == "approved"


async def test_a_repository_made_public_in_mid_work_asks_too(desk: Desk) -> None:
    repo = desk.hub.repo
    repo.private = True
    issue = await desk.issue()
    await desk.label(issue.number)
    await desk.run(issue.number)
    repo.private = False
    desk.hub.courier.announce("repository", {"action": "publicized"}, repo=repo, sender=desk.by("owner").caller.actor)
    await desk.settle()
    task = await desk.task(issue.number)
    assert (task.options.ci, task.private, task.state) == ("approved", False, State.RUNNING)


@pytest.mark.parametrize("is_told", [True, False])
async def test_what_was_made_private_is_shown_to_nobody(desk: Desk, is_told: bool) -> None:
    """Ended tasks too; and the next delivery tells as well, should the one about it be lost."""
    repo = desk.hub.repo
    old, new = await desk.issue(), await desk.issue()
    for issue in (old, new):
        await desk.label(issue.number)
    await desk.by("owner").delete_issue(old.number)
    await desk.settle()
    assert not (await desk.task(old.number)).private
    repo.private = True
    if is_told:
        owner = desk.by("owner").caller.actor
        desk.hub.courier.announce("repository", {"action": "privatized"}, repo=repo, sender=owner)
    else:
        await desk.by("maintainer").unlabel(new.number, LABEL)
    await desk.settle()
    assert [(await desk.task(issue.number)).private for issue in (old, new)] == [True, True]


async def test_what_waits_is_said_and_linked(desk: Desk) -> None:
    task = await waiting(desk)
    (comment,) = [c for c in desk.hub.repo.issues[task.issue].comments if c.user.login == "pdev[bot]"]
    links = [word for word in comment.body.replace("(", " ").replace(")", " ").split() if word.startswith("http")]
    assert len(links) == 2
    async with aiohttp.ClientSession() as browser:
        pages = [await (await browser.get(link, raise_for_status=True)).text() for link in links]
    assert "first.txt" in pages[0], "the change can be read before anybody approves it"
    assert "Approve" in pages[1]
    names = {task.start_sha: "START", task.checkpoint_sha: "CHECKPOINT", task.checkpoint_sha[:7]: "COMMIT"}
    text = comment.body.replace(desk.hub.html_url, "https://github.example").replace(task.id, "ID")
    for sha, name in names.items():
        text = text.replace(sha, name)
    golden("stories/waits-for-approval", text)


async def test_the_button_approves_the_commit_it_was_shown_for(desk: Desk) -> None:
    task = await waiting(desk)
    run = summary(desk, task)
    assert (run.conclusion, [action.label for action in run.actions]) == ("action_required", ["Approve"])
    await press_approve(desk, run, by="triager")
    assert (await desk.task(task.issue)).state is State.WAITING_INPUT
    assert desk.replies(task.issue)[-1].startswith("@triager, only people with push rights can have pdev approve code")
    await press_approve(desk, run, by="developer")
    after = await desk.task(task.issue)
    assert (after.state, after.stage) == (State.QUEUED, Stage.FINALIZE)
    assert (after.approved_by, after.approved_sha) == ("developer", task.checkpoint_sha)


async def test_a_later_commit_needs_another_approval(desk: Desk) -> None:
    task = await waiting(desk)
    old = summary(desk, task).actions[0].identifier
    later = await checkpoint(desk, task.issue, "second")
    await desk.set(task.issue, checkpoint_sha=later)
    await press_approve(desk, summary(desk, task), by="developer", identifier=old)
    still = await desk.task(task.issue)
    assert (still.state, still.approved_sha) == (State.WAITING_INPUT, "")
    assert "a newer commit than the one that button was for" in desk.replies(task.issue)[-1]
    desk.clock.advance(seconds=30)  # reports keep a pace
    await shown(desk, task.issue)
    await press_approve(desk, summary(desk, task), by="developer")
    assert (await desk.task(task.issue)).approved_sha == later


@pytest.mark.parametrize("on_the_pull_request", [False, True])
async def test_the_command_approves_too(desk: Desk, on_the_pull_request: bool) -> None:
    task = await waiting(desk)
    where = task.pr if on_the_pull_request else task.issue
    assert where is not None
    refused = await desk.comment(where, "/pdev approve", by="triager")
    assert reactions(refused) == ["confused"]
    assert (await desk.task(task.issue)).approved_sha == ""
    comment = await desk.comment(where, "Looks harmless.\n/pdev approve", by="developer")
    assert reactions(comment) == ["+1"]
    after = await desk.task(task.issue)
    assert (after.state, after.approved_by, after.approved_sha) == (State.QUEUED, "developer", task.checkpoint_sha)
    twice = await desk.comment(where, "/pdev approve", by="maintainer")
    assert reactions(twice) == ["confused"]
    assert (await desk.task(task.issue)).approved_by == "developer"


async def test_where_nothing_waits_it_says_so(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    comment = await desk.comment(issue.number, "/pdev approve")
    assert reactions(comment) == ["confused"]
    assert "has nothing that waits for approval: it is queued" in desk.replies(issue.number)[-1]
    task = await desk.task(issue.number)
    assert (task.state, task.approved_sha) == (State.QUEUED, "")


async def test_going_on_does_not_approve(desk: Desk) -> None:
    task = await waiting(desk)
    comment = await desk.comment(task.issue, "/pdev resume")
    assert reactions(comment) == ["confused"]
    assert "press Approve on its check `pdev` or write `/pdev approve`" in desk.replies(task.issue)[-1]
    assert (await desk.task(task.issue)).state is State.WAITING_INPUT


async def test_an_approval_in_a_quotation_or_by_a_stranger_does_nothing(desk: Desk) -> None:
    task = await waiting(desk)
    await desk.comment(task.issue, "> /pdev approve\n\nWhat does that do?", by="maintainer")
    await desk.comment(task.issue, "/pdev approve", by="stranger")
    after = await desk.task(task.issue)
    assert (after.state, after.approved_sha) == (State.WAITING_INPUT, "")
