"""`/pdev logs`: a fresh link, or why there is none and how to have one."""

import re

import aiohttp
from msgspec.structs import replace

from core.artifacts import Artifacts, Entry, Header, Writer
from core.redaction import Redactor
from tests.stories.conftest import BASE_URL, Desk


async def record(desk: Desk, number: int) -> None:
    task = await desk.task(number)
    header = Header(stage="develop", epoch=task.epoch, started_ms=1)
    writer = Writer(Artifacts(desk.redis, desk.clock, desk.store), task.id, header, Redactor(), fenced=False)
    writer.add(Entry(0, "text", body="Looking around"))
    await writer.close()


async def labelled(desk: Desk, *, private: bool) -> int:
    desk.hub.repo.private = private
    number = (await desk.issue()).number
    await desk.label(number)
    return number


async def test_a_fresh_link_opens_the_page(desk: Desk) -> None:
    number = await labelled(desk, private=True)
    await record(desk, number)
    comment = await desk.comment(number, "/pdev logs", by="triager")
    (said,) = desk.replies(number)
    found = re.search(r"\(" + re.escape(BASE_URL) + r"(/t/[^)]+)\): 1 transcript", said)
    assert found is not None
    assert [reaction.content for reaction in comment.reactions] == ["+1"]
    async with aiohttp.ClientSession() as session, session.get(desk.webs[0].server.make_url(found[1])) as page:
        assert page.status == 200
        assert "Looking around" in await page.text()


async def test_on_its_pull_request_it_means_the_same(desk: Desk) -> None:
    number = await labelled(desk, private=True)
    pull = await desk.pull(number)
    await desk.comment(pull, "/pdev logs")
    assert f"[Transcripts of #{number}]({BASE_URL}/t/" in desk.replies(pull)[-1]


async def test_in_public_repositories_it_says_how_to_switch_them_on(desk: Desk) -> None:
    number = await labelled(desk, private=False)
    await desk.comment(number, "/pdev logs")
    (said,) = desk.replies(number)
    assert "/t/" not in said
    assert "`transcripts: true`" in said
    task = await desk.task(number)
    await desk.set(number, options=replace(task.options, transcripts=True))
    await desk.comment(number, "/pdev logs")
    assert "Nothing is recorded yet".lower() in desk.replies(number)[-1].lower()
    assert "/t/" in desk.replies(number)[-1]


async def test_without_a_task_or_the_right_there_is_no_link(desk: Desk) -> None:
    desk.hub.repo.private = True
    number = (await desk.issue()).number
    await desk.comment(number, "/pdev logs")
    assert "is not a task of pdev" in desk.replies(number)[-1]
    other = await labelled(desk, private=True)
    await desk.comment(other, "/pdev logs", by="reader")
    assert "/t/" not in "".join(desk.replies(other))


async def test_a_repository_that_turns_public_shuts_the_links_that_stand_there(desk: Desk) -> None:
    number = await labelled(desk, private=True)
    await record(desk, number)
    await desk.comment(number, "/pdev logs")
    found = re.search(r"\(" + re.escape(BASE_URL) + r"(/t/[^)]+)\)", desk.replies(number)[-1])
    assert found is not None
    await desk.set(number, private=False)  # as `repository.publicized` has it
    async with aiohttp.ClientSession() as session, session.get(desk.webs[0].server.make_url(found[1])) as page:
        assert page.status == 404
        assert "Looking around" not in await page.text()
