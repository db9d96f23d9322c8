"""What every story needs: a running hub with a judge beside it.

The judge holds every exchange and delivery against GitHub's published description; a story whose hub said anything that
GitHub would not say fails at its end, and so does one that asked for a route which the hub does not have.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import settings
from redis.asyncio import Redis

from core import valkey
from core.clock import ShiftedClock
from demo.hub import Hub
from demo.hub.seed import new_key
from tests.yardstick.judge import Judge

settings.register_profile("pdev", deadline=None)  # nothing is asserted about time: the machine may be busy
settings.register_profile("deep", deadline=None, max_examples=5_000, stateful_step_count=120)
settings.load_profile("pdev")


_LONGEST_FIRST = ("machine", "work", "setup", "stories")
"""Folders of tests that take seconds each: begun last, one of them would keep a single core busy at the end."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(places)))


@pytest.fixture(scope="session")
def private_key_pem() -> str:
    """The App's key, made once: an RSA key costs a tenth of a second."""
    return new_key()


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server, one for each process of the suite."""
    with valkey.start(tmp_path_factory.mktemp("valkey")) as server:
        yield server.url


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator["Redis"]:
    """A client of that server, which is empty."""
    client = valkey.connect(valkey_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def clock() -> ShiftedClock:
    """The time of a story; `advance` moves it."""
    return ShiftedClock()


@pytest.fixture
def judge() -> Judge:
    """The yardstick as an observer; `problems` is empty while all is well."""
    return Judge()


@pytest.fixture
def files() -> dict[str, str | bytes] | None:
    """What the repository holds at first; None: a README."""
    return None


@pytest.fixture
async def hub(
    tmp_path: Path, clock: ShiftedClock, private_key_pem: str, judge: Judge, files: dict[str, str | bytes] | None
) -> AsyncIterator[Hub]:
    """A running hub. At the end nothing may be amiss; a story that provokes something clears the list it provoked."""
    running = Hub(tmp_path / "hub", now=clock.now, private_key_pem=private_key_pem, files=files)
    running.observers.append(judge)
    await running.start()
    yield running
    await running.settle()
    await running.stop()
    _nothing("GitHub would not say so", judge.problems)
    _nothing("the hub noticed", running.problems)
    _nothing("the hub has no such route", running.unknown_routes)
    _nothing(
        "planned to fail and never asked for (clear `hub.faults.planned` if that is the point)", running.faults.in_vain
    )


def _nothing(what: str, found: list[str]) -> None:
    if found:
        pytest.fail("\n  ".join([f"{what}:", *dict.fromkeys(found)]), pytrace=False)


@dataclass(slots=True)
class Received:
    """One delivery as a receiver saw it."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> str:
        return self.headers["X-GitHub-Event"]

    @property
    def payload(self) -> dict[str, Any]:
        return msgspec.json.decode(self.body, type=dict[str, Any])


@dataclass(slots=True)
class Mailbox:
    """A webhook receiver that says 202 and keeps everything; `names` is `event.action` in order of arrival."""

    received: list[Received] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [
            f"{one.event}.{action}" if (action := one.payload.get("action")) else one.event for one in self.received
        ]

    async def take(self, request: web.Request) -> web.Response:
        self.received.append(Received(request.headers, await request.read()))
        return web.Response(status=202)


@pytest.fixture
async def mailbox(hub: Hub) -> AsyncIterator[Mailbox]:
    """Where the hub's deliveries go."""
    box = Mailbox()
    app = web.Application()
    app.router.add_post("/", box.take)
    async with TestServer(app) as server:
        hub.webhook_url = str(server.make_url("/"))
        yield box
        await hub.settle()
