"""Reports and transcripts: the link, the end of the log, and not one write more because of them."""

from core.artifacts import Artifacts, Entry, Header, Writer
from core.links import Links
from core.redaction import Redactor
from core.secret import Secret
from core.tasks import Stage
from jobs.report import Reporter, Shown
from tests.report.conftest import Room

LINKS = Links("https://pdev.example", Secret("s" * 32))


def artifacts(room: Room) -> Artifacts:
    return Artifacts(room.redis, room.clock, room.store)


async def reporter(room: Room, links: Links = LINKS) -> Reporter:
    return await room.reporter(transcripts=Shown(artifacts(room), links))


async def write(room: Room, *texts: str, stage: str = "develop", number: int = 1) -> None:
    task = await room.task()
    header = Header(stage=stage, round=number, epoch=task.epoch, started_ms=room.clock.now_ms())
    writer = Writer(artifacts(room), room.id, header, Redactor())
    for text in texts:
        writer.add(Entry(1, "text", body=text))
    await writer.close()


async def test_a_stage_that_ended_shows_the_end_of_its_log(room: Room) -> None:
    report = (await reporter(room)).report
    await room.set(private=True)
    await room.run()
    sha = await room.commit()
    await write(room, "one.", "two.")
    await report(room.id)
    develop = room.checks(sha)["pdev / develop"]
    link = LINKS.to(room.id, room.clock.now_ms())
    assert (develop.details_url, develop.output.text) == (f"{link}?stage=develop", None), "it is not over"
    assert f"({link})" in room.comment.body

    await room.leave(stage=Stage.REVIEW)
    room.clock.advance(seconds=30)
    await report(room.id)
    text = room.checks(sha)["pdev / develop"].output.text
    assert "Agent: two." in text
    assert link in text


async def test_each_round_shows_its_own(room: Room) -> None:
    report = (await reporter(room)).report
    await room.set(private=True, stage=Stage.REVIEW)
    await room.run()
    sha = await room.commit()
    await write(room, "the first round", stage="review")
    await room.leave("corrections_needed", round=2)
    await room.enter()
    await write(room, "the second round", stage="review", number=2)
    await room.leave("approved")
    await report(room.id)
    text = room.checks(sha)["pdev / review"].output.text
    assert "the second round" in text
    assert "the first round" not in text


async def test_a_renewed_link_alone_is_not_written(room: Room) -> None:
    report = (await reporter(room)).report
    await room.set(private=True)
    await room.run()
    await room.commit()
    await room.leave(stage=Stage.REVIEW)
    await report(room.id)
    before = list(room.writes)
    room.clock.advance(days=3)
    await report(room.id)
    assert room.writes == before
    await room.enter()
    await report(room.id)
    assert f"({LINKS.to(room.id, room.clock.now_ms())})" in room.comment.body, "what is written carries the newest"


async def test_nothing_of_it_in_public_repositories_or_without_an_address(room: Room) -> None:
    await room.run()
    sha = await room.commit()
    await write(room, "one.")
    await room.leave(stage=Stage.REVIEW)
    await (await reporter(room)).report(room.id)
    develop = room.checks(sha)["pdev / develop"]
    assert (develop.details_url, develop.output.text) == (None, None)
    assert "/t/" not in room.comment.body

    await room.set(private=True)
    other = await room.commit("two")
    room.clock.advance(seconds=60)
    await (await reporter(room, Links())).report(room.id)
    develop = room.checks(other)["pdev / develop"]
    assert develop.details_url is None
    assert "one." in develop.output.text, "the log's end needs no address"
    assert "/t/" not in room.comment.body
