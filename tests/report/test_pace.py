"""When a report writes: turns at once, news soon, progress rarely; and what becomes of it when GitHub or we say no."""

import asyncio

import pytest

from core.errors import Refused
from core.tasks import PausedBy, Reason, Stage, State
from jobs.report import Reporter
from jobs.report.reporter import NEWS_MS, PROGRESS_MS, PROGRESS_SHARE_MS
from tests.report.conftest import Room

SECOND = 1000


async def working(room: Room, reporter: Reporter) -> None:
    await room.run()
    await room.commit()
    await reporter.report(room.id)


async def test_a_turn_is_shown_at_once(room: Room, reporter: Reporter) -> None:
    await working(room, reporter)
    await room.move(State.PAUSED, paused_by=PausedBy.PERSON, reason=Reason.BY.by("alice"))
    await reporter.report(room.id)
    assert "Paused by alice" in room.comment.body
    assert await room.put_off() == []


async def test_news_waits_two_seconds(room: Room, reporter: Reporter) -> None:
    await working(room, reporter)
    await room.leave(stage=Stage.REVIEW)
    await room.enter()
    await reporter.report(room.id)
    assert "Running: develop" in room.comment.body
    assert not await room.is_shown()
    (due,) = await room.put_off()
    assert 0 < due <= NEWS_MS + SECOND
    room.clock.advance(milliseconds=NEWS_MS)
    await reporter.report(room.id)
    assert "Running: review" in room.comment.body
    assert await room.is_shown()


ALONE = max(PROGRESS_MS, PROGRESS_SHARE_MS)
"""The pace of the only task that runs."""


async def test_progress_waits_long_and_is_two_writes(room: Room, reporter: Reporter) -> None:
    await working(room, reporter)
    await room.set(progress=50, activity="reading")
    room.clock.advance(milliseconds=NEWS_MS)
    await reporter.report(room.id)
    (due,) = await room.put_off()
    assert ALONE - NEWS_MS - SECOND < due <= ALONE - NEWS_MS + SECOND
    room.clock.advance(milliseconds=ALONE - NEWS_MS)
    room.calls.clear()
    await reporter.report(room.id)
    assert "50 %" in room.comment.body
    (stage,) = (run for run in room.hub.repo.check_runs.values() if run.name == "pdev / develop")
    base = f"/repos/{room.hub.repo.full_name}"
    assert room.writes == [f"PATCH {base}/issues/comments/{room.comment.id}", f"PATCH {base}/check-runs/{stage.id}"]


async def test_fifty_running_tasks_stay_below_the_hour_s_writes(room: Room, reporter: Reporter) -> None:
    """Of 400 writes an hour progress may use three quarters; the rest is for what people wait for."""
    await working(room, reporter)
    await room.redis.zadd("pdev:leases", {f"other-{n}": 9e15 for n in range(49)})
    room.calls.clear()
    for percent in range(60):
        room.clock.advance(minutes=1)
        await room.set(progress=percent)
        await reporter.report(room.id)
    assert 0 < 50 * len(room.writes) <= 300


async def test_the_more_tasks_run_the_rarer_is_progress(room: Room, reporter: Reporter) -> None:
    await working(room, reporter)
    others = [f"other-{n}" for n in range(4)]
    await room.redis.zadd("pdev:leases", dict.fromkeys(others, 9e15))
    await room.set(progress=50)
    room.clock.advance(milliseconds=PROGRESS_MS)
    await reporter.report(room.id)
    assert "50 %" not in room.comment.body
    room.clock.advance(milliseconds=5 * PROGRESS_SHARE_MS - PROGRESS_MS)
    await reporter.report(room.id)
    assert "50 %" in room.comment.body


async def test_many_rings_are_one_job(room: Room, reporter: Reporter) -> None:
    """An agent that reports every second leaves a job or two behind, not hundreds."""
    await working(room, reporter)
    for n in range(20):
        await room.set(progress=n)
        await reporter.report(room.id)
    assert 1 <= len(await room.put_off()) <= 3


async def test_a_job_that_puts_itself_off_comes_back(room: Room, reporter: Reporter) -> None:
    """The name of the job that runs is taken until it has ended."""
    await working(room, reporter)
    await room.set(progress=50)
    await reporter.report(room.id)
    before = await room.put_off()
    await reporter.report(room.id)  # as if by that very job
    assert len(await room.put_off()) == len(before) + 1


async def test_our_budget_is_spent(room: Room, reporter: Reporter) -> None:
    poor = await room.reporter(writes_an_hour=4)
    await room.run()
    sha = await room.commit()
    await poor.report(room.id)
    assert set(room.checks(sha)) == {"pdev", "pdev / develop"}  # three writes: of four, nine tenths for a question
    await room.leave(stage=Stage.REVIEW)
    await room.enter()
    room.clock.advance(milliseconds=NEWS_MS)
    await poor.report(room.id)
    assert "Running: develop" in room.comment.body
    assert not await room.is_shown()
    (due,) = await room.put_off()
    assert 0 < due <= 3_601 * SECOND
    room.clock.advance(hours=1)
    await poor.report(room.id)
    assert "Running: review" in room.comment.body


async def test_the_budget_ends_between_comment_and_checks(room: Room) -> None:
    """What was written is remembered, what is missing is written without waiting once that is possible."""
    poor = await room.reporter(writes_an_hour=2)
    await room.run()
    sha = await room.commit()
    await poor.report(room.id)
    assert room.checks(sha) == {}
    assert not await room.is_shown()
    room.calls.clear()
    await (await room.reporter()).report(room.id)
    assert set(room.checks(sha)) == {"pdev", "pdev / develop"}
    assert await room.is_shown()
    assert [call for call in room.writes if "comments" in call] == []


@pytest.mark.parametrize(("status", "headers"), [(502, {}), (403, {"Retry-After": "7"})])
async def test_github_is_away(room: Room, reporter: Reporter, status: int, headers: dict[str, str]) -> None:
    room.hub.fail("POST", "/comments", status=status, headers=headers, times=9)
    await reporter.report(room.id)
    (due,) = await room.put_off()
    assert 0 < due <= 9 * SECOND
    room.hub.faults.planned.clear()
    room.clock.advance(seconds=8)
    await reporter.report(room.id)
    assert room.comment


async def test_the_issue_was_deleted(room: Room, reporter: Reporter) -> None:
    """Nobody reads a comment any more, but the pull request's checks end."""
    await working(room, reporter)
    sha = (await room.task()).head_sha
    await room.hub.as_user("owner").delete_issue(1)
    await room.move(State.CANCELLED, reason=Reason.ISSUE_DELETED.by("owner"))
    await reporter.report(room.id)
    assert {run.conclusion for run in room.checks(sha).values()} == {"cancelled"}
    assert await room.is_shown()


@pytest.mark.parametrize("how", ["removed", "suspended", "no right"])
async def test_the_app_has_no_access(room: Room, how: str) -> None:
    """It ends quietly, and the sweep does not ring for ever."""
    owner = room.hub.as_user("owner")
    if how == "removed":
        await owner.choose_repositories(remove=[room.hub.repo])
    elif how == "suspended":
        await owner.suspend_app()
    else:
        room.hub.fail(None, "/issues/1/comments", status=403, message="Resource not accessible by integration", times=9)
    await (await room.reporter()).report(room.id)
    assert room.comments == []
    assert await room.put_off() == []
    assert await room.is_shown()


async def test_what_github_refuses_is_told_and_lets_go(room: Room, reporter: Reporter) -> None:
    await room.run()
    await room.set(head_sha="d" * 40)  # no commit of this repository
    with pytest.raises(Refused):
        await reporter.report(room.id)
    assert not await room.is_shown()
    await room.commit()
    await reporter.report(room.id)
    assert await room.is_shown()


async def test_a_task_that_is_gone(room: Room, reporter: Reporter) -> None:
    room.calls.clear()
    await reporter.report("1-999")
    assert room.calls == []
    assert await room.redis.keys("pdev:report:*") == []


async def test_a_report_that_is_cancelled_lets_go(room: Room, reporter: Reporter) -> None:
    room.hub.slow("/comments", seconds=5, times=1)
    showing = asyncio.create_task(reporter.report(room.id))
    async with asyncio.timeout(60):
        while room.hub.faults.delays[0].times != 0:  # noqa: ASYNC110 - the hub has no event for it
            await asyncio.sleep(0.005)
    showing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await showing
    assert await room.redis.keys("pdev:report:*") == []


async def test_a_simple_task_costs_few_writes(room: Room, reporter: Reporter) -> None:
    """Label to merge at a realistic pace: what GitHub counts against its 500 content writes an hour."""
    room.calls.clear()
    await reporter.report(room.id)

    async def minutes(number: int) -> None:
        for percent in range(10, 100, 100 // (number * 2)):
            room.clock.advance(seconds=30)
            await room.set(progress=percent)
            await reporter.report(room.id)

    await room.run()
    await room.commit()
    await room.set(pr=2)
    await reporter.report(room.id)
    begun = len(room.writes)
    await minutes(5)
    progress = len(room.writes) - begun
    for outcome, stage in (("passed", Stage.REVIEW), ("approved", Stage.FINALIZE)):
        await room.leave(outcome, stage=stage)
        if outcome == "passed":
            await room.commit("two")
        await room.enter()
        await reporter.report(room.id)
        room.clock.advance(seconds=30)
    await room.leave()
    await room.move(State.READY)
    await reporter.report(room.id)
    await room.move(State.MERGED, reason=Reason.BY.by("alice"))
    await reporter.report(room.id)
    reads = [call for call in room.calls if call.startswith("GET ")]
    assert progress <= 20
    assert len(room.writes) - progress <= 20, room.writes
    assert len(reads) <= 2, reads
