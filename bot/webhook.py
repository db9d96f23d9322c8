"""One delivery from GitHub: verify, look whether anybody needs it, write it down, answer.

GitHub waits ten seconds and never tries again by itself. So nothing is worked on here, "202" is said only when the
delivery is on disk, and everything else gets an answer that explains itself in the App's list of recent deliveries.
gidgethub's own check accepts SHA-1 and unsigned deliveries and turns odd headers into a 500, so it is not used.
"""

import asyncio
import hmac
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from aiohttp import web
from redis.exceptions import RedisError

from bot.events import Event
from core import log
from core.clock import Clock
from core.deliveries import Delivery
from core.errors import PdevError
from core.messages import deliveries as words
from core.metrics import Metrics
from core.secret import Secret
from core.store import Inbox, Store
from core.tasks import Task

_log = log.get("bot.webhook")

PATH = "/api/github/webhooks"
MAX_BODY = 25 * 1024 * 1024
"""Bytes; GitHub delivers nothing larger."""
BODY_SECONDS = 10
"""GitHub hangs up after ten seconds."""
LARGE = 1024 * 1024
LARGE_AT_ONCE = 4
"""Bodies over `LARGE` bytes, or of unknown length, that are held at once; others wait for their turn unread.

Whoever can reach the door can make up a signature, which is known to be one only when the whole body is here."""
TURN_SECONDS = 3
"""How long a large body waits for its turn."""
STORE_SECONDS = 6
RETRY_AFTER_S = 30

_GUID = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,99}", re.ASCII)
_EVENT = re.compile(r"[a-z][a-z_]{0,63}", re.ASCII)
_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}", re.ASCII)


class _Envelope(msgspec.Struct):
    action: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What GitHub is told. `written`: the delivery is in the inbox now."""

    status: int
    text: str
    written: bool = False


class Refused(Exception):
    """The delivery ends here."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.answer = Answer(status, text)


class Webhook:
    """`receive` is the aiohttp handler of `PATH`.

    `owned`: the type of each (event, action) that a handler wants. An empty `secrets` would accept nothing.
    """

    def __init__(
        self,
        secrets: Sequence[Secret],
        owned: Mapping[tuple[str, str], type[Event]],
        inbox: Inbox,
        store: Store,
        clock: Clock,
        *,
        metrics: Metrics,
        on_ack: Callable[[float], None],
        turn_s: float = TURN_SECONDS,
    ) -> None:
        """`on_ack` gets the milliseconds that each written delivery took to answer."""
        self._turn_s = turn_s
        self._secrets = [secret.reveal().encode() for secret in secrets if secret]
        self._owned = owned
        self._events = {event for event, _ in owned}
        self._inbox, self._store, self._clock = inbox, store, clock
        self._on_ack = on_ack
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._answered = metrics.counter("pdev_deliveries_total", "Deliveries answered, by status.", ["status"])
        self._seconds = metrics.seconds("pdev_ack_seconds", "Time to answer a delivery that was written down.")

    async def receive(self, request: web.Request) -> web.Response:
        began = time.perf_counter()
        try:
            answer = await self._answer(request)
        except Refused as refused:
            answer = refused.answer
        except (RedisError, OSError, TimeoutError, PdevError) as error:
            _log.warning("delivery not written", problem=f"{type(error).__name__}: {error}")
            answer = Answer(503, words.UNWRITTEN)
        if answer.written:
            took = time.perf_counter() - began
            self._seconds.observe(took)
            self._on_ack(took * 1000)
        self._answered.labels(str(answer.status)).inc()
        headers = {"Retry-After": str(RETRY_AFTER_S)} if answer.status == 503 else None
        return web.Response(status=answer.status, text=answer.text + "\n", headers=headers)

    async def _answer(self, request: web.Request) -> Answer:
        given = _signature(request)
        length = request.content_length
        if length is not None and length <= LARGE:
            return await self._answer_signed(request, given)
        if length is not None and length > MAX_BODY:
            raise Refused(413, words.TOO_LARGE)
        try:
            async with asyncio.timeout(self._turn_s):
                await self._large.acquire()
        except TimeoutError:
            raise Refused(503, words.BUSY) from None
        try:
            return await self._answer_signed(request, given)
        finally:
            self._large.release()

    async def _answer_signed(self, request: web.Request, given: str) -> Answer:
        body = await _body(request)
        self._verify(given, body)
        name = _header(request, "X-GitHub-Event", _EVENT)
        guid = _header(request, "X-GitHub-Delivery", _GUID)
        _must_be_json(request)
        if name == "ping":
            return Answer(200, words.PONG)
        if name not in self._events:
            return Answer(202, words.unowned(name, ""))
        event = self._decode(name, body)
        if await self._store.memory_pressure():
            raise Refused(503, words.FULL)
        if why := event.unowned(await self._tasks(event)):
            return Answer(202, words.unowned(name, event.action, why))
        return await self._write(name, guid, event)

    def _verify(self, given: str, body: bytes) -> None:
        """Raise 401 unless one of the secrets signed the body."""
        # Every secret is tried, so that the time tells nothing about which one it was.
        signed = [hmac.compare_digest(given, f"sha256={hmac.digest(s, body, 'sha256').hex()}") for s in self._secrets]
        if not any(signed):
            raise Refused(401, words.BAD_SIGNATURE)

    def _decode(self, name: str, body: bytes) -> Event:
        """The typed event; raises the answer for a body that is none, or one that nobody handles."""
        try:
            action = msgspec.json.decode(body, type=_Envelope).action
            wanted = self._owned.get((name, action))
            if wanted is None:
                raise Refused(202, words.unowned(name, action))
            return msgspec.json.decode(body, type=wanted)
        except msgspec.ValidationError as error:
            raise Refused(400, words.unexpected_shape(name, str(error))) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Refused(400, words.BROKEN) from None

    async def _tasks(self, event: Event) -> list[Task]:
        if not event.asks_for_tasks or event.repository is None:
            return []
        repo = event.repository.id
        return await self._store.tasks(repo_id=repo) + await self._store.tasks(repo_id=repo, live=False)

    async def _write(self, name: str, guid: str, event: Event) -> Answer:
        delivery = Delivery(
            guid=guid,
            event=name,
            action=event.action,
            repo_id=event.repository.id if event.repository else 0,
            issue=event.issue_number,
            received_ms=self._clock.now_ms(),
            body=msgspec.json.encode(event),
        )
        async with asyncio.timeout(STORE_SECONDS):
            new = await self._inbox.append(delivery)
        return Answer(202, words.ACCEPTED, written=True) if new else Answer(200, words.DUPLICATE)


def _signature(request: web.Request) -> str:
    """What the body must be signed with; raises 401 for none, before a byte of the body is read."""
    # Header bytes beyond ASCII arrive as surrogates, which neither compare_digest nor the log would take.
    given = request.headers.get("X-Hub-Signature-256")
    if given is None:
        raise Refused(401, words.NO_SIGNATURE)
    if not _SIGNATURE.fullmatch(given):
        raise Refused(401, words.BAD_SIGNATURE)
    return given


async def _body(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise Refused(413, words.TOO_LARGE) from None
    except TimeoutError:
        raise Refused(408, words.TOO_SLOW) from None


def _header(request: web.Request, name: str, pattern: re.Pattern[str]) -> str:
    value = request.headers.get(name, "")
    if not pattern.fullmatch(value):
        raise Refused(400, words.bad_header(name))
    return value


def _must_be_json(request: web.Request) -> None:
    if request.content_type == "application/x-www-form-urlencoded":
        raise Refused(400, words.FORM)
    if request.content_type != "application/json":
        raise Refused(415, words.NOT_JSON)
