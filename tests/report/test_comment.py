"""One sticky comment per issue, ever."""

import asyncio

from core.store import Surface
from core.tasks import PausedBy, Reason, State
from jobs.report import Reporter
from tests.report.conftest import BOT, Room


async def test_it_is_written_once_and_edited(room: Room, reporter: Reporter) -> None:
    await reporter.report(room.id)
    first = room.comment.id
    assert "next in line" in room.comment.body or "Queued" in room.comment.body
    await room.run()
    await reporter.report(room.id)
    assert room.comment.id == first
    assert "Running: develop" in room.comment.body
    assert await room.is_shown()


async def test_nothing_new_writes_nothing(room: Room, reporter: Reporter) -> None:
    await reporter.report(room.id)
    written = len(room.writes)
    room.clock.advance(hours=1)
    await reporter.report(room.id)
    assert len(room.writes) == written


async def test_an_answer_that_got_lost(room: Room, reporter: Reporter) -> None:
    """GitHub has written the comment and says 502: it is found by its marker, not written again."""
    room.hub.fail("POST", "/comments", status=502, after_effect=True)
    await reporter.report(room.id)
    assert not await room.is_shown()
    assert await room.put_off()
    await room.run()
    await reporter.report(room.id)
    assert "Running: develop" in room.comment.body
    assert await room.is_shown()


async def test_a_store_that_forgot(room: Room, reporter: Reporter) -> None:
    await reporter.report(room.id)
    await room.store.save_surface(room.id, Surface())
    await room.run()
    await reporter.report(room.id)
    assert "Running: develop" in room.comment.body


async def test_somebody_deleted_it(room: Room, reporter: Reporter) -> None:
    await reporter.report(room.id)
    await room.hub.as_user("maintainer").delete_comment(room.comment.id)
    await room.run()
    await reporter.report(room.id)
    assert "Running: develop" in room.comment.body
    await room.move(State.PAUSED, paused_by=PausedBy.PERSON, reason=Reason.BY.by("alice"))
    await reporter.report(room.id)
    assert "Paused by alice" in room.comment.body


async def test_two_reporters_at_once(room: Room, reporter: Reporter) -> None:
    other = await room.reporter()
    await asyncio.gather(*(one.report(room.id) for one in (reporter, other) * 5))
    assert len(room.comments) == 1
    await room.run()
    await room.commit()
    await asyncio.gather(*(one.report(room.id) for one in (other, reporter) * 5))
    assert len(room.comments) == 1
    assert set(room.checks((await room.task()).head_sha)) == {"pdev", "pdev / develop"}


async def test_a_slow_reporter_that_was_overtaken(room: Room, reporter: Reporter) -> None:
    """GitHub was so slow that the right to report ran out: the slow one writes no second comment."""
    await reporter.report(room.id)
    await room.hub.as_user("maintainer").delete_comment(room.comment.id)
    await room.store.save_surface(room.id, Surface())
    await room.hub.as_user("stranger").comment(1, f"<!-- pdev:task:{room.id} -->")
    room.hub.slow("/app", seconds=0.3, times=1)  # whose comment it is, is asked after the comments were read
    slow = asyncio.create_task(reporter.report(room.id))
    await struck(room)
    await room.redis.delete(f"pdev:report:{room.id}")
    await (await room.reporter()).report(room.id)
    await slow
    assert room.comment.user.login == BOT
    assert await room.put_off()


async def struck(room: Room) -> None:
    """Until a call has met its delay."""
    async with asyncio.timeout(60):
        while room.hub.faults.delays[0].times != 0:  # noqa: ASYNC110 - the hub has no event for it
            await asyncio.sleep(0.005)


async def test_a_change_during_the_report_is_shown_as_well(room: Room, reporter: Reporter) -> None:
    room.hub.slow("/comments", seconds=0.2, times=1)
    showing = asyncio.create_task(reporter.report(room.id))
    await struck(room)
    await room.run()
    await showing
    assert "Running: develop" in room.comment.body
    assert await room.is_shown()


async def test_a_person_who_copies_the_marker_keeps_his_comment(room: Room, reporter: Reporter) -> None:
    copied = await room.hub.as_user("stranger").comment(1, f"<!-- pdev:task:{room.id} -->\n\nI am pdev!")
    await reporter.report(room.id)
    assert copied.body.endswith("I am pdev!")
    assert [comment.user.login for comment in room.comments] == ["stranger", BOT]
    await room.store.save_surface(room.id, Surface())
    await room.run()
    await reporter.report(room.id)
    assert copied.body.endswith("I am pdev!")
    assert "Running: develop" in room.comment.body


async def test_the_operators_notice(room: Room) -> None:
    await (await room.reporter(notice="Agents run without a sandbox here.")).report(room.id)
    assert room.comment.body.endswith("_Agents run without a sandbox here._\n")
