"""What an agent says and does can be read: while it works, after its worker's death, and nowhere it must not."""

import re

import aiohttp

from core.artifacts import Artifacts, Run
from core.links import Links
from core.secret import Secret
from core.tasks import State, task_id
from demo.player import edit, hold, progress, run, say
from jobs.sweep import Sweep
from tests.stories.conftest import BASE_URL, SECRET
from tests.work.working_desk import WorkingDesk

EVIL = "<script>alert(1)</script> @everyone"
TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3


def artifacts(desk: WorkingDesk) -> Artifacts:
    return Artifacts(desk.redis, desk.clock, desk.store)


async def runs(desk: WorkingDesk, number: int) -> list[Run]:
    return await artifacts(desk).runs(task_id(desk.hub.repo.id, number))


def linked(desk: WorkingDesk, number: int) -> str:
    """Where the comment on the issue leads."""
    found = re.search(r"\]\(" + re.escape(BASE_URL) + r"(/t/[^)]+)\)", desk.sticky(number))
    assert found is not None, desk.sticky(number)
    return found[1]


async def page(desk: WorkingDesk, where: str, status: int = 200) -> str:
    server = desk.webs[0].server
    async with aiohttp.ClientSession() as session, session.get(server.make_url(where)) as answer:
        assert answer.status == status
        return await answer.text()


async def test_a_run_is_shown_on_the_page_and_in_its_check_run(desk: WorkingDesk) -> None:
    issue = (await desk.issue()).number
    desk.agent.plays(
        say("I look at the slugs."), say(f"token {TOKEN[:20]}"), say(TOKEN[20:]), say(EVIL),
        run("echo", "``` and out"), edit("a.py", "x = 1\n"), progress(80, "nearly"),
    )  # fmt: skip
    async with desk.working():
        await desk.label(issue)
        await desk.until_state(issue, State.READY)
        await desk.shown(issue)
    where = linked(desk, issue)
    found = await runs(desk, issue)
    assert [(one.header.stage, one.ended) for one in found] == [
        ("develop", True), ("review", True), ("finalize", True),
    ]  # fmt: skip
    seen = await page(desk, f"{where}?run={found[0].id}")
    for text in ("I look at the slugs.", "echo ``` and out", "80 % nearly", "It is mended.", "&lt;script&gt;"):
        assert text in seen, text
    assert "<script" not in seen
    assert TOKEN[20:] not in seen
    check = await desk.check(issue, "pdev / develop")
    assert check.details_url == f"{BASE_URL}{where}?stage=develop"
    assert "I look at the slugs." in await page(desk, f"{where}?stage=develop")
    assert (await desk.check(issue, "pdev")).details_url == BASE_URL + where
    assert check.output is not None
    text = check.output.text or ""
    assert "I look at the slugs." in text
    assert TOKEN[20:] not in text
    fence = re.search(r"^(`{4,})text$", text, re.MULTILINE)
    assert fence is not None, "longer than any row of backticks within"
    assert text.rstrip().endswith(f"\n{fence[1]}")
    assert EVIL in text.partition(fence[0])[2]
    summary = (await desk.check(issue, "pdev")).output
    assert summary is not None
    assert summary.text is None


async def test_a_killed_worker_leaves_what_it_had_flushed(desk: WorkingDesk) -> None:
    issue = (await desk.issue()).number
    desk.agent.plays(say("Half way there."), hold("gate"), attempt=1)
    desk.agent.plays(say("Once more."), edit("a.py", "x = 1\n"), attempt=2)
    async with desk.processes("one") as crew:
        await desk.label(issue)
        await desk.agent.reached("gate")

        async def is_flushed() -> bool:
            return any(run.entries >= 3 for run in await runs(desk, issue))

        await desk.until(is_flushed, "nothing is flushed while the agent works")
        await crew.kill("one")
        await desk.until_state(issue, State.READY)
        await desk.agent.release("gate")
    await desk.shown(issue)
    first, second, *_ = await runs(desk, issue)
    assert (first.ended, first.header.attempt) == (False, 1)
    assert (second.ended, second.header.attempt) == (True, 2)
    where = linked(desk, issue)
    broken = await page(desk, f"{where}?run={first.id}")
    assert "Half way there." in broken
    assert "It breaks off here" in broken
    assert "Once more." in await page(desk, f"{where}?run={second.id}")
    text = (await desk.check(issue, "pdev / develop")).output
    assert text is not None
    assert "Once more." in (text.text or "")
    assert "Half way" not in (text.text or "")


async def test_a_public_repository_shows_nothing_unless_it_says_so(desk: WorkingDesk) -> None:
    desk.hub.repo.private = False
    issue = (await desk.issue()).number
    desk.agent.plays(say("I look at the slugs."), edit("a.py", "x = 1\n"))
    async with desk.working():
        await desk.label(issue)
        await desk.until_state(issue, State.WAITING_INPUT)
        await desk.shown(issue)
    assert await runs(desk, issue) == []
    assert "/t/" not in desk.sticky(issue)
    check = await desk.check(issue, "pdev / develop")
    assert check.details_url is None
    assert check.output is not None
    assert check.output.text is None
    link = Links(BASE_URL, Secret(SECRET)).to(task_id(desk.hub.repo.id, issue), desk.clock.now_ms())
    assert "Transcripts are off here" in await page(desk, link.removeprefix(BASE_URL), 404)
    await desk.comment(issue, "/pdev logs")
    assert "transcripts: true" in desk.replies(issue)[-1]

    await desk.configure("verify: none\ntranscripts: true\n")
    other = (await desk.issue()).number
    desk.agent.plays(say("For all to read."), edit("b.py", "x = 1\n"), issue=other)
    async with desk.working():
        await desk.label(other)
        await desk.until_state(other, State.WAITING_INPUT)
        await desk.shown(other)
    (first, *_) = await runs(desk, other)
    assert "For all to read." in await page(desk, f"{linked(desk, other)}?run={first.id}")


async def test_a_link_is_renewed_without_a_write_of_its_own_and_runs_out(desk: WorkingDesk) -> None:
    issue = (await desk.issue()).number
    desk.agent.plays(edit("a.py", "x = 1\n"))
    async with desk.working():
        await desk.label(issue)
        await desk.until_state(issue, State.READY)
        await desk.shown(issue)
        before = len([seen for seen in desk.exchanges if seen.method != "GET"])
        await desk.ring(issue, later_s=3 * 86_400)
        writes = [seen for seen in desk.exchanges if seen.method != "GET"][before:]
        assert [f"{seen.method} {seen.path}" for seen in writes if "access_tokens" not in seen.path] == []
    where = linked(desk, issue)
    await page(desk, where)
    desk.clock.advance(days=5.1)
    assert "/pdev logs" in await page(desk, where, 410)
    await desk.comment(issue, "/pdev logs")
    found = re.search(r"\(" + re.escape(BASE_URL) + r"(/t/[^)]+)\)", desk.replies(issue)[-1])
    assert found is not None
    assert ">Prompt<" in await page(desk, found[1])
    async with desk.parts("sweeper", 1, None, {}) as deps:
        assert (await Sweep(deps).look_at_records())["transcripts_aged"] == 1
    assert await runs(desk, issue) == []
    assert "No transcript of it is kept now" in await page(desk, found[1])
