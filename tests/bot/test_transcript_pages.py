"""The pages behind signed links: who gets in, and that nothing an agent writes is more than text."""

import re
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace
from redis.asyncio import Redis

from bot.app import make_app
from core.artifacts import Artifacts, Caps, Entry, Header, Writer
from core.clock import ShiftedClock
from core.links import Links
from core.metrics import Metrics
from core.redaction import Redactor
from core.secret import Secret
from core.store import Store
from core.tasks import Stage, StageRun, State, Task
from tests.bot.test_app import Client, github

EVIL = "<script>alert(1)</script>"
LINKS = Links("", Secret("s" * 32))


@pytest.fixture
def artifacts(redis: "Redis", clock: ShiftedClock, store: Store) -> Artifacts:
    return Artifacts(redis, clock, store, caps=Caps(transcript=500_000))


@pytest.fixture
async def client(
    redis: "Redis", clock: ShiftedClock, private_key_pem: str, artifacts: Artifacts
) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        app = make_app(
            secrets=[], redis=redis, github=github(session, clock, private_key_pem), clock=clock, metrics=Metrics(),
            server_url="https://github.example", artifacts=artifacts, links=LINKS,
        )  # fmt: skip
        async with TestClient(TestServer(app)) as client:
            yield client


def stage(name: Stage, number: int, outcome: str | None, started_ms: int) -> StageRun:
    return StageRun(stage=name, round=number, outcome=outcome, started_ms=started_ms)


@pytest.fixture
async def task(store: Store, new_task: Callable[..., Task]) -> Task:
    """In its second review."""
    stages = (
        stage(Stage.DEVELOP, 1, "passed", 1), stage(Stage.REVIEW, 1, "corrections_needed", 5),
        stage(Stage.CORRECT, 1, "passed", 9), stage(Stage.REVIEW, 2, None, 12),
    )  # fmt: skip
    task = new_task(private=True, stages=stages, stage=Stage.REVIEW, round=2, pr=12, epoch=3)
    task = replace(task, trigger=replace(task.trigger, title=f"Mend {EVIL}"))
    await store.create(task)
    return task


async def write(
    artifacts: Artifacts, *entries: Entry, stage: str = "develop", started_ms: int = 2, ends: bool = True, **fields: int
) -> str:
    """A transcript of task 1-7; its name."""
    header = Header(stage=stage, epoch=3, started_ms=started_ms, **fields)  # type: ignore[arg-type]
    writer = Writer(artifacts, "1-7", header, Redactor(), fenced=False)
    for entry in entries:
        writer.add(entry)
        if writer.waiting > 50_000:
            await writer.flush()
    await (writer.close() if ends else writer.flush())
    return header.run


def path(clock: ShiftedClock, links: Links = LINKS, query: str = "") -> str:
    return replace_base(links).to("1-7", clock.now_ms()).removeprefix("http://x") + query


def replace_base(links: Links) -> Links:
    return Links("http://x", links.secret)


async def text(client: Client, where: str, status: int = 200) -> str:
    async with client.get(where) as answer:
        assert answer.status == status
        return await answer.text()


def body(page: str) -> str:
    """What a person sees of it, roughly."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.partition("</head>")[2]))


async def test_a_transcript_is_read(client: Client, task: Task, artifacts: Artifacts, clock: ShiftedClock) -> None:
    await write(
        artifacts,
        Entry(0, "prompt", "12 characters", "Mend it."),
        Entry(3, "text", body="I look at the parser."),
        Entry(65, "tool_call", "run: pytest -q", '{"code": 1}'),
        Entry(3700, "end", "ok · 2 turns"),
    )
    page = await text(client, path(clock))
    seen = body(page)
    assert "Mend &lt;script&gt;" in seen
    assert "develop, round 1 passed · attempt 1" in seen
    assert "review, round 1 corrections needed · no transcript" in seen
    assert "1:05" in seen
    assert "1:01:40" in seen
    assert '<details><summary><span class="kind">Tool</span> run: pytest -q</summary>' in page
    assert "https://github.example/acme/widgets/issues/7" in page
    assert "https://github.example/acme/widgets/pull/12" in page


async def test_nothing_an_agent_writes_is_more_than_text(
    client: Client, task: Task, artifacts: Artifacts, clock: ShiftedClock
) -> None:
    kinds = ("text", "tool_call", "tool_result", "error", "plan", "lost", 'x" onload="y', EVIL)
    await write(
        artifacts,
        *(
            Entry(n, kind, f"</summary></details>{EVIL}", f"</pre>{EVIL}\x1b[31m<img src=x>")
            for n, kind in enumerate(kinds)
        ),
    )
    page = await text(client, path(clock))
    assert "<script" not in page
    assert "<img" not in page
    assert "\x1b" not in page
    assert 'onload="' not in page
    assert page.count("&lt;script&gt;") >= 2 * len(kinds)
    assert page.count("<details") == page.count("</details>") == 2


async def test_the_headers_let_a_page_do_nothing(
    client: Client, task: Task, artifacts: Artifacts, clock: ShiftedClock
) -> None:
    await write(artifacts, Entry(0, "text", body="x"))
    async with client.get(path(clock)) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Cache-Control"] == "no-store"
        page = await answer.text()
    assert "style=" not in page
    assert "<script" not in page


async def test_who_gets_in(client: Client, task: Task, artifacts: Artifacts, clock: ShiftedClock) -> None:
    await write(artifacts, Entry(0, "text", body="the secret plan"))
    good = path(clock)
    assert "the secret plan" in await text(client, good)
    for wrong in (good[:-1] + ("A" if good[-1] != "A" else "B"), path(clock, Links("", Secret("other" * 8))), "/t/x"):
        page = await text(client, wrong, 404)
        assert "plan" not in page
        assert "/pdev logs" in page
    clock.advance(days=8.1)
    expired = await text(client, good, 410)
    assert "/pdev logs" in expired
    assert "Mend" not in expired
    assert "the secret plan" in await text(client, path(clock))


async def test_a_repository_that_turns_public_closes_its_pages(
    client: Client, task: Task, artifacts: Artifacts, clock: ShiftedClock, store: Store
) -> None:
    await write(artifacts, Entry(0, "text", body="the secret plan"))
    await store.change(task.id, lambda t: replace(t, private=False))
    page = await text(client, path(clock), 404)
    assert "the secret plan" not in page
    assert "Transcripts are off here" in page
    await store.change(task.id, lambda t: replace(t, options=replace(t.options, transcripts=True)))
    assert "the secret plan" in await text(client, path(clock))
    await store.change(task.id, lambda t: replace(t, private=True, options=replace(t.options, transcripts=False)))
    await text(client, path(clock), 404)


async def test_a_long_one_is_read_page_by_page(
    client: Client, task: Task, artifacts: Artifacts, clock: ShiftedClock
) -> None:
    await write(artifacts, *(Entry(n, "output", f"step {n}", f"{n} " * 1_500) for n in range(200)), stage="correct")
    where, seen, pages = "", [], 0
    while True:
        page = await text(client, path(clock, query=where))
        seen += [int(n) for n in re.findall(r"</span> step (\d+)</summary>", page)]
        pages += 1
        on = re.search(r'href="(\?run=[^"]+&amp;from=\d+)">Read on', page)
        if on is None:
            break
        where = on[1].replace("&amp;", "&")
    (run,) = await artifacts.runs("1-7")
    assert pages > 1
    assert len(seen) == len(set(seen)) == 200 - run.dropped_entries
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert seen[-1] == 199
    end = await text(client, path(clock, query=f"?run={run.id}&from=end"))
    assert "step 199<" in end
    assert "step 0<" not in end
    gap = re.compile(f"{run.dropped_entries} entries in the middle were not kept")
    first_pages = [await text(client, path(clock, query=f"?run={run.id}&from={n}")) for n in (0, run.heads)]
    assert any(gap.search(page) for page in first_pages)


@pytest.mark.parametrize(
    "query", ["?run=x", "?run=../..", "?from=-1", "?from=99999999999", "?from=²", "?from=x&run=%00"]
)
async def test_any_question_has_an_answer(
    client: Client, task: Task, artifacts: Artifacts, clock: ShiftedClock, query: str
) -> None:
    await write(artifacts, Entry(0, "text", body="the plan"))
    assert "the plan" in await text(client, path(clock, query=query))


async def test_every_attempt_has_its_own(client: Client, task: Task, artifacts: Artifacts, clock: ShiftedClock) -> None:
    first = await write(
        artifacts, Entry(0, "text", body="killed in the middle"), stage="review", started_ms=6, ends=False
    )
    await write(artifacts, Entry(0, "text", body="second try"), stage="review", started_ms=7, attempt=2)
    await write(artifacts, Entry(0, "text", body="once more"), stage="review", started_ms=8, attempt=2)
    await write(artifacts, Entry(0, "text", body="another round"), stage="review", started_ms=13, round=2)
    page = await text(client, path(clock))
    seen = body(page)
    assert "another round" in seen
    assert "review, round 1 corrections needed · attempt 1 · attempt 2 · attempt 2, run 2" in seen
    assert "review, round 2 interrupted · attempt 1" in seen
    earlier = body(await text(client, path(clock, query=f"?run={first}")))
    assert "killed in the middle" in earlier
    assert "It breaks off here" in earlier


async def test_one_that_is_being_written_says_so(
    client: Client, artifacts: Artifacts, clock: ShiftedClock, store: Store, new_task: Callable[..., Task]
) -> None:
    task = new_task(private=True, state=State.RUNNING, epoch=3, stages=(stage(Stage.DEVELOP, 1, None, 1),))
    await store.create(task)
    assert "No transcript yet" in body(await text(client, path(clock)))
    stored = await store.task("1-7")
    assert stored is not None
    header = Header(stage="develop", epoch=stored.epoch, started_ms=2)
    writer = Writer(artifacts, "1-7", header, Redactor(), fenced=False)
    writer.add(Entry(0, "text", body="so far"))
    await writer.flush()
    assert "It is being written" in body(await text(client, path(clock)))


async def test_why_it_stopped_is_said(
    client: Client, task: Task, clock: ShiftedClock, store: Store, redis: "Redis", artifacts: Artifacts
) -> None:
    full = Artifacts(redis, clock, store, caps=Caps(server=1))
    await write(full, Entry(0, "text", body="x" * 100))
    assert "had reached their cap" in body(await text(client, path(clock)))
