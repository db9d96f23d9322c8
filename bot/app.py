"""The web process: routes, start and end. Every collaborator is an argument, so a test can hand in its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress

import aiohttp
from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.handlers import Desk, owned
from bot.inbox import Consumer, DeadLetters, Pace
from bot.pages import Pages, TranscriptPages
from bot.said import LastWords
from bot.webhook import MAX_BODY, PATH, Webhook
from core import log
from core.artifacts import Artifacts
from core.cancellation import is_cancelled
from core.clock import Clock, SystemClock
from core.github import GitHub
from core.links import Links
from core.messages import deliveries as words
from core.metrics import CONTENT_TYPE, Metrics
from core.secret import Secret
from core.settings import Settings
from core.store import Inbox, Store

_log = log.get("bot.app")

GITHUB_PATIENCE_S = 8.0
"""Seconds that one call waits for GitHub; shorter than a handler's, so that the reason is still told."""


class Acks:
    """How long answers to deliveries took, in milliseconds: kept aside and written once a second, not per delivery."""

    EVERY_S = 1.0
    MOST = 200

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[float] = []

    def add(self, milliseconds: float) -> None:
        if len(self._waiting) < self.MOST:
            self._waiting.append(milliseconds)

    async def write(self) -> None:
        waiting, self._waiting = self._waiting, []
        with suppress(RedisError, OSError):
            for milliseconds in waiting:
                await self._store.measure("ack_ms", milliseconds)

    async def keep_writing(self) -> None:
        while not is_cancelled():
            await asyncio.sleep(self.EVERY_S)
            await self.write()


def make_app(
    *,
    secrets: Sequence[Secret],
    redis: "Redis",
    github: GitHub,
    clock: Clock,
    metrics: Metrics,
    server_url: str = "https://github.com",
    pace: Pace | None = None,
    artifacts: Artifacts | None = None,
    links: Links | None = None,
) -> web.Application:
    """The application, with its consumer of the inbox: it starts and ends with the application.

    `artifacts` and `links`: where transcripts are, and who may open their pages; without links nobody may.
    `secrets`: any of them may have signed a delivery; `server_url`: where GitHub's pages are, for links. `redis`,
    and the session behind `github`, stay the caller's to close.
    """
    pace = pace or Pace()
    unreadable = metrics.counter("pdev_deliveries_unreadable_total", "Stored deliveries that were damaged.")
    store, inbox = Store(redis, clock), Inbox(redis, clock, on_unreadable=unreadable.inc)
    acks = Acks(store)
    artifacts, links = artifacts or Artifacts(redis, clock, store), links or Links()
    desk = Desk(store, LastWords(redis), github, clock, artifacts=artifacts, links=links)
    consumer = Consumer(inbox, desk, DeadLetters(redis), metrics, pace)
    webhook = Webhook(secrets, owned(), inbox, store, clock, metrics=metrics, on_ack=acks.add)

    async def alive(request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def ready(request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(2):
                waiting = await inbox.size()
        except (RedisError, OSError, TimeoutError):
            return web.Response(status=503, text=words.NOT_READY + "\n")
        return web.Response(text=f"{words.READY} {waiting} deliveries wait.\n")

    async def numbers(request: web.Request) -> web.Response:
        return web.Response(body=metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    async def running(app: web.Application) -> AsyncIterator[None]:
        consumer.start()
        writing = asyncio.create_task(acks.keep_writing())
        yield
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await consumer.close(pace.grace_s)
        await acks.write()

    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_post(PATH, webhook.receive)
    _add_pages(app, Pages(store, server_url, PATH), TranscriptPages(store, artifacts, links, clock, server_url))
    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/metrics", numbers)
    app.cleanup_ctx.append(running)
    return app


def _add_pages(app: web.Application, pages: Pages, transcripts: TranscriptPages) -> None:
    app.router.add_get("/", pages.home)
    app.router.add_get("/t/{task:[0-9]+-[0-9]+}", pages.task)
    app.router.add_get("/t/{token}", transcripts.show)


async def run_web(
    settings: Settings,
    *,
    session: aiohttp.ClientSession,
    redis: "Redis",
    stop: asyncio.Event,
    clock: Clock | None = None,
    metrics: Metrics | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until `stop` is set, then answer what has begun and end.

    `on_ready` gets the address that is listened to, of interest when PORT is 0. `session` and `redis` stay the
    caller's to close.
    """
    clock, metrics = clock or SystemClock(), metrics or Metrics()
    app = make_app(
        secrets=settings.webhook_secrets,
        redis=redis,
        github=GitHub.from_settings(
            settings, session=session, redis=redis, clock=clock, metrics=metrics, patience_s=GITHUB_PATIENCE_S
        ),
        clock=clock,
        metrics=metrics,
        server_url=settings.github_server_url,
        artifacts=Artifacts.from_settings(settings, redis, clock, Store(redis, clock)),
        links=Links.from_settings(settings),
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=10)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        await site.start()
        host, port = runner.addresses[0][:2]
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        _log.info("web process ready", address=address)
        if on_ready is not None:
            on_ready(address)
        await stop.wait()
    finally:
        await runner.cleanup()
