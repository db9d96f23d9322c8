"""Slash commands through the real door: who may, what happens, what is said, and the one reaction."""

import pytest

from core.tasks import PausedBy, Stage, State, Wish, move
from demo.hub.check_changes import press, rerequest_run, rerequest_suite
from tests.golden import golden
from tests.stories.conftest import Desk, reactions


async def test_pause_and_resume_a_queued_task(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    comment = await desk.comment(issue.number, "/pdev pause", by="developer")
    task = await desk.task(issue.number)
    assert (task.state, task.paused_by, task.reason) == (State.PAUSED, PausedBy.PERSON, "by:developer")
    assert reactions(comment) == ["+1"]
    again = await desk.comment(issue.number, "/pdev resume")
    assert (await desk.task(issue.number)).state is State.QUEUED
    assert reactions(again) == ["+1"]
    assert desk.replies(issue.number) == [], "the reaction and the sticky comment say it all"


async def test_cancel_a_running_task(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    await desk.run(issue.number)
    await desk.comment(issue.number, "Enough.\n\n/pdev cancel")
    task = await desk.task(issue.number)
    assert (task.state, task.wish, task.reason) == (State.RUNNING, Wish.CANCEL, "by:maintainer")
    await desk.comment(issue.number, "/pdev resume")
    assert (await desk.task(issue.number)).wish is Wish.NONE


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED, State.READY, State.WAITING_INPUT])
async def test_resume_goes_on_at_stage_and_round(desk: Desk, state: State) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    running = await desk.run(issue.number)
    stopped = {"stage": Stage.CORRECT, "round": 3, "crashes": 2}
    await desk.store.change(running.id, lambda t: move(t, state, desk.clock.now_ms(), **stopped), epoch=running.epoch)
    await desk.comment(issue.number, "/pdev resume")
    task = await desk.task(issue.number)
    assert (task.state, task.stage, task.round, task.crashes) == (State.QUEUED, Stage.CORRECT, 3, 0)


async def test_several_commands_and_every_mistake_in_one_answer(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    comment = await desk.comment(
        issue.number,
        "/pdev pause\n/pdev cancle\n/pdev resume soon\n/pdev explain\n```\n/pdev cancel\n```\n/pdev cancel #99",
    )
    assert (await desk.task(issue.number)).state is State.PAUSED
    assert reactions(comment) == ["confused"]
    (reply,) = desk.replies(issue.number)
    golden("stories/several-commands", reply + "\n")


async def test_cancel_of_others_and_of_all(desk: Desk) -> None:
    numbers = [(await desk.issue(str(n))).number for n in range(4)]
    for number in numbers:
        await desk.label(number)
    await desk.comment(numbers[0], f"/pdev cancel #{numbers[1]}, {numbers[2]}")
    states = [(await desk.task(number)).state for number in numbers]
    assert states == [State.QUEUED, State.CANCELLED, State.CANCELLED, State.QUEUED]
    (reply,) = desk.replies(numbers[0])
    assert f"#{numbers[1]} is cancelled" in reply
    await desk.comment(numbers[0], "/pdev cancel all")
    assert {(await desk.task(number)).state for number in numbers} == {State.CANCELLED}
    await desk.comment(numbers[0], "/pdev cancel all")
    assert "There is no task here" in desk.replies(numbers[0])[-1]


async def test_the_command_written_last_counts(desk: Desk) -> None:
    """Deliveries of comments come in any order; their ids tell which was written last."""
    issue = await desk.issue()
    await desk.label(issue.number)
    await desk.run(issue.number)
    desk.hub.hold_webhooks()
    late = await desk.by("maintainer").comment(issue.number, "/pdev cancel")
    await desk.by("maintainer").comment(issue.number, "/pdev resume")
    await desk.hub.release_webhooks(order=lambda held: reversed(held))
    await desk.settle()
    task = await desk.task(issue.number)
    assert (task.state, task.wish) == (State.RUNNING, Wish.NONE)
    assert reactions(late) == ["confused"]
    assert "this command arrived after one that was written later" in desk.replies(issue.number)[-1]


async def test_who_may_not_is_told_once(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    for _ in range(3):
        stranger = await desk.comment(issue.number, "/pdev cancel", by="stranger")
        triager = await desk.comment(issue.number, "/pdev cancel\n/pdev status", by="triager")
    assert (await desk.task(issue.number)).state is State.QUEUED
    assert reactions(stranger) == reactions(triager) == ["confused"]
    refused = [reply for reply in desk.replies(issue.number) if reply.startswith("@")]
    assert [reply.split(",")[0] for reply in refused] == ["@stranger", "@triager"]
    tables = [reply for reply in desk.replies(issue.number) if "where it stands" in reply]
    assert len(tables) == 3, "with triage rights one may ask"


async def test_strangers_get_no_help(desk: Desk) -> None:
    """Each answer costs one of 400 writes an hour; on a public repository anybody may comment."""
    issue = await desk.issue()
    for text in ("/pdev help", "/pdev nonsense", "/pdev status"):
        await desk.comment(issue.number, text, by="stranger")
    (reply,) = desk.replies(issue.number)
    assert reply.startswith("@stranger, pdev answers people with triage or push rights")


async def test_help_and_status(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    await desk.comment(issue.number, "/pdev", by="triager")
    await desk.comment(issue.number, "/pdev status", by="triager")
    helped, table = desk.replies(issue.number)
    assert "| `/pdev cancel [#… \\| all]` |" in helped
    assert f"| #{issue.number} | ⏳ Queued |" in table


async def test_an_edited_or_quoted_command_does_nothing(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    comment = await desk.comment(issue.number, "> /pdev cancel\n\nWhy?")
    await desk.by("maintainer").edit_comment(comment.id, "/pdev cancel")
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.QUEUED
    assert reactions(comment) == []


async def test_on_the_pull_request_it_means_its_issue(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    pull = await desk.pull(issue.number)
    await desk.comment(pull, "/pdev cancel")
    assert (await desk.task(issue.number)).state is State.CANCELLED


async def test_where_there_is_no_task(desk: Desk) -> None:
    issue = await desk.issue()
    comment = await desk.comment(issue.number, "/pdev cancel")
    assert reactions(comment) == ["confused"]
    (reply,) = desk.replies(issue.number)
    assert reply.startswith(f"#{issue.number} is not a task of pdev. Set the label")


async def test_a_closed_issue_is_not_resumed(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    await desk.by("maintainer").close(issue.number)
    await desk.comment(issue.number, "/pdev resume")
    assert (await desk.task(issue.number)).state is State.COMPLETED
    assert "Reopen it" in desk.replies(issue.number)[0]


async def test_resume_waits_for_what_still_blocks(desk: Desk) -> None:
    first, waiting = await desk.issue("1"), await desk.issue("2")
    await desk.by("maintainer").block(waiting.number, first.number)
    await desk.label(waiting.number)
    await desk.comment(waiting.number, "/pdev pause")
    await desk.comment(waiting.number, "/pdev resume")
    assert (await desk.task(waiting.number)).state is State.BLOCKED


@pytest.mark.parametrize("button", ["resume", "retry"])
async def test_the_buttons_of_a_failed_run(desk: Desk, button: str) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    running = await desk.run(issue.number)
    sha = await desk.branch(f"feature/task-{issue.number}")
    await desk.store.change(
        running.id, lambda t: move(t, State.FAILED, desk.clock.now_ms(), head_sha=sha), epoch=running.epoch
    )
    action = {"label": "Go", "description": "Go on", "identifier": button}
    made = (
        await desk.webs[0]
        .door(desk)
        .create_check_run(
            "pdev", sha, status="completed", conclusion="failure", external_id=running.id, actions=[action]
        )
    )
    run = desk.hub.repo.check_runs[made.id]
    await press(desk.hub, desk.hub.repo, run, button, desk.by("triager").caller)
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.FAILED
    assert desk.replies(issue.number)[0].startswith("@triager, only people with push rights can have pdev go on")
    await press(desk.hub, desk.hub.repo, run, button, desk.by("developer").caller)
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.QUEUED


@pytest.mark.parametrize("whole_suite", [False, True])
async def test_re_run(desk: Desk, whole_suite: bool) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    await desk.pull(issue.number)
    task = await desk.task(issue.number)
    made = (
        await desk.webs[0]
        .door(desk)
        .create_check_run("pdev", task.head_sha, status="completed", conclusion="success", external_id=task.id)
    )
    run = desk.hub.repo.check_runs[made.id]
    by = desk.by("developer").caller
    if whole_suite:
        await rerequest_suite(desk.hub, desk.hub.repo, run.suite, by)
    else:
        await rerequest_run(desk.hub, desk.hub.repo, run, by)
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.QUEUED
