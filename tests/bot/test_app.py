"""The web process as a whole: what operators and passers-by see, and that it starts and ends cleanly."""

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace
from redis.asyncio import Redis

from bot.app import make_app, run_web
from bot.webhook import PATH
from core import valkey
from core.clock import ShiftedClock
from core.github import GitHub
from core.metrics import Metrics
from core.secret import Secret
from core.settings import WEB_NEEDS, Settings
from core.store import Store
from core.tasks import State, Task, enter_stage, move
from tests.bot.test_webhook import LABELED, sign

Client = TestClient


def github(session: aiohttp.ClientSession, clock: ShiftedClock, key: str) -> GitHub:
    """A door that these tests never go through."""
    return GitHub(
        app_id="1", private_key=Secret(key), api_url="http://127.0.0.1:1", server_url="http://127.0.0.1:1",
        session=session, redis=None, clock=clock,
    )  # fmt: skip


@pytest.fixture
async def client(redis: "Redis", clock: ShiftedClock, private_key_pem: str) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        app = make_app(
            secrets=[Secret("first-secret")], redis=redis, github=github(session, clock, private_key_pem), clock=clock,
            metrics=Metrics(), server_url="https://github.example",
        )  # fmt: skip
        async with TestClient(TestServer(app)) as client:
            yield client


async def text(client: Client, path: str, status: int = 200) -> str:
    async with client.get(path) as answer:
        assert answer.status == status
        return await answer.text()


async def test_what_operators_look_at(client: Client) -> None:
    assert await text(client, "/healthz") == "ok\n"
    assert await text(client, "/readyz") == "ready: the store answers. 0 deliveries wait.\n"
    async with client.post(PATH, data=b"{}") as answer:
        assert answer.status == 401
    assert 'pdev_deliveries_total{status="401"} 1.0' in await text(client, "/metrics")


async def test_not_ready_without_a_store(clock: ShiftedClock, private_key_pem: str, unused_tcp_port: int) -> None:
    nowhere = valkey.connect(f"redis://127.0.0.1:{unused_tcp_port}", retries=0)
    async with aiohttp.ClientSession() as session:
        app = make_app(
            secrets=[], redis=nowhere, github=github(session, clock, private_key_pem), clock=clock, metrics=Metrics()
        )
        async with TestClient(TestServer(app)) as client:
            assert "Look whether Redis runs" in await text(client, "/readyz", 503)
            assert await text(client, "/healthz") == "ok\n"
    await nowhere.aclose()


async def test_the_front_page_says_what_this_is(client: Client) -> None:
    page = await text(client, "/")
    assert "GitHub App" in page
    assert PATH in page
    assert 'href="https://github.example"' in page


async def test_a_task_has_a_page(
    client: Client, store: Store, clock: ShiftedClock, new_task: Callable[..., Task]
) -> None:
    evil = "<script>alert(1)</script>"
    task = new_task(pr=12)
    task = replace(task, trigger=replace(task.trigger, title=evil))
    running = enter_stage(replace(task, state=State.RUNNING), clock.now_ms())
    await store.create(move(running, State.READY, clock.now_ms()))
    page = await text(client, "/t/1-7")
    assert "Ready: pull request #12 waits for your review" in page
    assert "https://github.example/acme/widgets/pull/12" in page
    assert evil not in page
    assert "&lt;script&gt;" in page
    async with client.get("/t/1-7") as answer:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_private_repositories_have_no_page(client: Client, store: Store, new_task: Callable[..., Task]) -> None:
    await store.create(new_task(private=True))
    hidden = await text(client, "/t/1-7", 404)
    assert hidden == await text(client, "/t/1-8", 404), "nobody can tell it from one that does not exist"
    await text(client, "/t/../x", 404)


async def test_the_process_starts_serves_and_ends(
    valkey_url: str, redis: "Redis", clock: ShiftedClock, private_key_pem: str, store: Store
) -> None:
    environ = {
        "APP_ID": "1", "PRIVATE_KEY": private_key_pem, "WEBHOOK_SECRET": "first-secret, second-secret",
        "REDIS_URL": valkey_url, "PORT": "0", "HOST": "127.0.0.1", "GITHUB_API_URL": "http://127.0.0.1:1",
        "PDEV_DATA_DIR": "/nowhere",
    }  # fmt: skip
    settings = Settings.from_environ(environ, needs=WEB_NEEDS)
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    async with aiohttp.ClientSession() as session:
        running = asyncio.create_task(
            run_web(settings, session=session, redis=redis, stop=stop, clock=clock, on_ready=ready.set_result)
        )
        address = await ready
        body = b'{"action": "x"}'
        headers = {
            "Content-Type": "application/json", "X-GitHub-Event": "issues", "X-GitHub-Delivery": "g",
            "X-Hub-Signature-256": sign(body, "second-secret"),
        }  # fmt: skip
        async with session.post(address + PATH, data=body, headers=headers) as answer:
            assert answer.status == 202
        stop.set()
        await running


async def test_how_long_answers_took_is_kept(
    redis: "Redis", clock: ShiftedClock, private_key_pem: str, store: Store
) -> None:
    async with aiohttp.ClientSession() as session:
        app = make_app(
            secrets=[Secret("first-secret")], redis=redis, github=github(session, clock, private_key_pem), clock=clock,
            metrics=Metrics(),
        )  # fmt: skip
        async with TestClient(TestServer(app)) as client:
            for number in range(3):
                body = msgspec.json.encode(LABELED | {"action": "edited", "issue": {"number": number + 1}})
                headers = {
                    "Content-Type": "application/json", "X-GitHub-Event": "issues", "X-GitHub-Delivery": f"g{number}",
                    "X-Hub-Signature-256": sign(body),
                }  # fmt: skip
                async with client.post(PATH, data=body, headers=headers) as answer:
                    assert answer.status == 202
    assert len(await store.measures("ack_ms")) == 3
