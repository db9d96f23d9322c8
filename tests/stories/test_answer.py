"""An agent asks, the task waits without a slot, and a comment goes on with it."""

import pytest

from core.tasks import Finding, Needs, Stage, State, Task, leave_stage, move
from jobs.report import Reporter
from tests.stories.conftest import Desk, reactions


async def asking(desk: Desk, question: str = "Which date format?", reason: str = "question") -> Task:
    """A task of the developer's whose agent has asked something."""
    issue = await desk.issue()
    await desk.label(issue.number, by="developer")
    running = await desk.run(issue.number)
    now = desk.clock.now_ms()

    def ask(task: Task) -> Task:
        left = leave_stage(task, "asked", now, question)
        return move(left, State.WAITING_INPUT, now, needs=Needs.ANSWER, question=question, reason=reason)

    return await desk.store.change(running.id, ask, epoch=running.epoch)


async def test_the_next_comment_of_the_person_asked_is_the_answer(desk: Desk) -> None:
    task = await asking(desk)
    others = await desk.comment(task.issue, "ISO, I would say.", by="maintainer")
    assert (await desk.task(task.issue)).state is State.WAITING_INPUT
    assert reactions(others) == []
    answer = await desk.comment(task.issue, "ISO dates, please.", by="developer")
    after = await desk.task(task.issue)
    assert (after.state, after.stage, after.question, after.needs) == (State.QUEUED, Stage.DEVELOP, "", None)
    assert reactions(answer) == ["eyes"]
    assert desk.replies(task.issue) == []


async def test_anybody_with_push_rights_answers_with_the_command(desk: Desk) -> None:
    task = await asking(desk)
    refused = await desk.comment(task.issue, "/pdev answer whatever", by="triager")
    assert reactions(refused) == ["confused"]
    assert (await desk.task(task.issue)).state is State.WAITING_INPUT
    answer = await desk.comment(task.issue, "/pdev answer ISO dates.", by="maintainer")
    assert reactions(answer) == ["+1"]
    assert (await desk.task(task.issue)).state is State.QUEUED


async def test_an_answer_twice_goes_on_once(desk: Desk) -> None:
    task = await asking(desk)
    desk.hub.hold_webhooks()
    await desk.by("developer").comment(task.issue, "ISO dates, please.")
    await desk.hub.release_webhooks(order=lambda held: [*held, *held])
    await desk.settle()
    queued = await desk.task(task.issue)
    assert queued.state is State.QUEUED
    await desk.comment(task.issue, "And no time zones.", by="developer")
    assert (await desk.task(task.issue)).version == queued.version


async def test_who_was_asked_and_may_no_longer_push_only_talks(desk: Desk) -> None:
    """Agents read nobody without push rights: going on would only ask again."""
    task = await asking(desk)
    desk.hub.repo.collaborators["developer"] = "triage"
    await desk.comment(task.issue, "ISO dates, please.", by="developer")
    assert (await desk.task(task.issue)).state is State.WAITING_INPUT


async def test_talk_elsewhere_is_not_even_stored(desk: Desk) -> None:
    await asking(desk)
    other = await desk.issue()
    await desk.by("developer").comment(other.number, "Good morning.")
    await desk.hub.settle()
    said = [one for one in desk.hub.deliveries if one.event == "issue_comment"]
    assert said
    assert "holds no command and answers no question" in (said[-1].response_body or "")


async def test_an_answer_that_nobody_asked_for(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    comment = await desk.comment(issue.number, "/pdev answer ISO dates.")
    assert reactions(comment) == ["confused"]
    (reply,) = desk.replies(issue.number)
    assert "waits for no answer: it is queued. What you wrote is read when its next stage begins." in reply


async def test_after_the_last_round_an_answer_buys_one_more(desk: Desk) -> None:
    task = await asking(desk, question="", reason="rounds")
    found = Finding(id="F2", type="naming", severity="high", text="Say why.")
    await desk.set(task.issue, stage=Stage.REVIEW, round=5, findings=(found,))
    await desk.comment(task.issue, "Hm, five rounds.", by="developer")
    assert (await desk.task(task.issue)).state is State.WAITING_INPUT
    await desk.comment(task.issue, "/pdev answer F2 is fine as it is.")
    after = await desk.task(task.issue)
    assert (after.state, after.stage, after.round, after.last_round) == (State.QUEUED, Stage.CORRECT, 5, 6)


@pytest.mark.parametrize("blocked", [False, True])
async def test_somebody_elses_pull_request_is_no_question_of_an_agent(desk: Desk, blocked: bool) -> None:
    """ "No, leave it to her" must not start the work, so only a command does; and what blocks it still blocks it."""
    issue, blocker = await desk.issue(), await desk.issue("First")
    if blocked:
        await desk.by("maintainer").block(issue.number, blocker.number)
    await desk.branch("by-hand", by="developer")
    wanted = {"title": "By hand", "head": "by-hand", "base": "main", "body": f"Fixes #{issue.number}"}
    await desk.by("developer").call("POST", "/pulls", wanted)
    await desk.label(issue.number)
    task = await desk.task(issue.number)
    await Reporter(desk.store, desk.webs[0].github, desk.clock).report(task.id)
    await desk.settle()
    (asked,) = desk.replies(issue.number)
    assert "Should pdev work on it anyway?" in asked
    assert "`/pdev resume` starts all the same; `/pdev cancel`, or removing the label, leaves it." in asked
    await desk.comment(issue.number, "No, leave it to her.")
    assert (await desk.task(issue.number)).state is State.WAITING_INPUT
    await desk.comment(issue.number, "/pdev resume")
    assert (await desk.task(issue.number)).state is (State.BLOCKED if blocked else State.QUEUED)
