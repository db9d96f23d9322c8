"""Closing, merging, dropping, reopening: GitHub tells it in two deliveries that come in either order."""

import pytest

from core.tasks import State
from tests.stories.conftest import LABEL, Desk


@pytest.mark.parametrize("first", ["issues", "pull_request"])
async def test_a_merge_in_either_order(desk: Desk, first: str) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    pull = await desk.pull(issue.number)
    desk.hub.hold_webhooks()
    await desk.by("maintainer").call("PUT", f"/pulls/{pull}/merge", {})
    held = {delivery.event for delivery in desk.hub.courier.held if delivery.action == "closed"}
    assert held == {"issues", "pull_request"}, "a merge closes the issue too"
    await desk.hub.release_webhooks(order=lambda all: sorted(all, key=lambda one: one.event != first))
    await desk.settle()
    task = await desk.task(issue.number)
    assert (task.state, task.reason) == (State.MERGED, "by:maintainer")


async def test_a_person_closes_the_issue(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    await desk.run(issue.number)
    await desk.by("reader").close(issue.number, "not_planned")
    await desk.settle()
    task = await desk.task(issue.number)
    assert (task.state, task.reason) == (State.COMPLETED, "by:reader")


async def test_a_pull_request_merged_after_somebody_closed_the_issue(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    pull = await desk.pull(issue.number)
    await desk.by("maintainer").close(issue.number)
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.COMPLETED
    await desk.by("maintainer").call("PUT", f"/pulls/{pull}/merge", {})
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.MERGED


async def test_a_blocked_issue_closed_and_reopened_is_blocked_again(desk: Desk) -> None:
    first, issue = await desk.issue(), await desk.issue()
    await desk.by("maintainer").block(issue.number, by=first.number)
    await desk.label(issue.number)
    await desk.by("maintainer").close(issue.number)
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.COMPLETED
    await desk.by("maintainer").reopen(issue.number)
    await desk.settle()
    task = await desk.task(issue.number)
    assert (task.state, task.blockers) == (State.BLOCKED, (first.number,))


async def test_closed_and_reopened_before_anybody_looked(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    desk.hub.hold_webhooks()
    await desk.by("maintainer").close(issue.number)
    await desk.by("maintainer").reopen(issue.number)
    await desk.hub.release_webhooks(order=lambda all: reversed(all))
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.QUEUED


async def test_reopening_goes_on(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    await desk.by("maintainer").close(issue.number)
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.COMPLETED
    await desk.by("maintainer").reopen(issue.number)
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.QUEUED


async def test_who_may_not_push_reopens_nothing(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    await desk.by("reader").close(issue.number)
    await desk.settle()
    await desk.by("reader").reopen(issue.number)
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.COMPLETED


async def test_a_pull_request_dropped_and_opened_again(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    pull = await desk.pull(issue.number)
    await desk.by("maintainer").call("PATCH", f"/pulls/{pull}", {"state": "closed"})
    await desk.settle()
    task = await desk.task(issue.number)
    assert (task.state, task.reason) == (State.CANCELLED, "pr_closed:maintainer")
    await desk.by("maintainer").call("PATCH", f"/pulls/{pull}", {"state": "open"})
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.QUEUED


async def test_a_pull_request_that_pdev_closes_itself_says_nothing_new(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    pull = await desk.pull(issue.number)
    await desk.webs[0].door(desk).edit_pull(pull, state="closed")
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.READY


async def test_a_push_by_a_person_lets_the_report_look_again(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    await desk.pull(issue.number)
    await desk.worked_off()
    branch = f"feature/task-{issue.number}"
    content = {"message": "Mine", "content": "YQ==", "branch": branch}
    await desk.by("developer").call("PUT", "/contents/mine.txt", content)
    await desk.settle()
    task = await desk.task(issue.number)
    assert f"report:{task.id}:{task.version}".encode() in await desk.redis.zrange("pdev:control", 0, -1)


async def test_somebody_else_works_on_it_already(desk: Desk) -> None:
    """Two pull requests for one issue help nobody; a person says whether pdev goes ahead."""
    issue = await desk.issue()
    await desk.branch("by-hand", by="developer")
    wanted = {"title": "By hand", "head": "by-hand", "base": "main", "body": f"Fixes #{issue.number}"}
    pull = await desk.by("developer").call("POST", "/pulls", wanted)
    await desk.label(issue.number)
    task = await desk.task(issue.number)
    assert task.state is State.WAITING_INPUT
    assert task.question.startswith(f"#{pull['number']} by developer is open")
    await desk.comment(issue.number, "/pdev resume")
    assert (await desk.task(issue.number)).state is State.QUEUED


async def test_a_merged_task_starts_afresh(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    pull = await desk.pull(issue.number)
    await desk.by("maintainer").call("PUT", f"/pulls/{pull}/merge", {})
    await desk.settle()
    await desk.by("maintainer").unlabel(issue.number, LABEL)
    await desk.by("maintainer").reopen(issue.number)
    await desk.label(issue.number)
    task = await desk.task(issue.number)
    assert (task.state, task.stage, task.pr, task.branch, task.round) == (State.QUEUED, "develop", None, "", 1)
