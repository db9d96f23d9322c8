"""The webhook door over real HTTP with a real Valkey behind it: what gets in, and what everybody else is told."""

import asyncio
import copy
import hashlib
import hmac
import io
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from bot.events import IssuesEvent
from bot.handlers import owned
from bot.webhook import LARGE_AT_ONCE, MAX_BODY, PATH, Webhook
from core import valkey
from core.clock import ShiftedClock
from core.messages import deliveries as words
from core.metrics import Metrics
from core.secret import Secret
from core.store import Inbox, Store
from core.tasks import Task

SECRETS = ("first-secret", "second-secret")

LABELED: dict[str, Any] = {
    "action": "labeled",
    "issue": {"number": 7, "title": "Add a parser", "body": None, "labels": [{"name": "parallel-dev"}]},
    "label": {"name": "parallel-dev", "color": "ededed"},
    "repository": {"id": 1, "name": "widgets", "owner": {"login": "acme", "type": "Organization"}, "private": False},
    "sender": {"login": "maintainer", "type": "User", "id": 3},
    "installation": {"id": 5},
}  # fmt: skip


def sign(body: bytes, secret: str = SECRETS[0], algorithm: str = "sha256") -> str:
    return f"{algorithm}=" + hmac.new(secret.encode(), body, getattr(hashlib, algorithm)).hexdigest()


def webhook(store: Store, inbox: Inbox, clock: ShiftedClock, acks: list[float] | None = None) -> Webhook:
    secrets = [Secret(secret) for secret in SECRETS]
    heard = (acks if acks is not None else []).append
    return Webhook(secrets, owned(), inbox, store, clock, metrics=Metrics(), on_ack=heard, turn_s=0.05)


@dataclass
class Door:
    """Posts to the webhook; `post(headers={"X": None})` leaves a header out."""

    session: aiohttp.ClientSession
    url: str
    inbox: Inbox
    acks: list[float]

    async def post(
        self, body: bytes | dict[str, Any] = LABELED, *, event: str = "issues", guid: str = "guid-1",
        headers: dict[str, str | None] | None = None,
    ) -> tuple[int, str]:  # fmt: skip
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        usual: dict[str, str | None] = {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": guid,
            "X-Hub-Signature-256": sign(raw),
        }
        sent = {name: value for name, value in (usual | (headers or {})).items() if value is not None}
        async with self.session.post(self.url, data=io.BytesIO(raw), headers=sent) as answer:
            return answer.status, (await answer.text()).strip()


@pytest.fixture
async def door(store: Store, inbox: Inbox, clock: ShiftedClock) -> AsyncIterator[Door]:
    acks: list[float] = []
    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_post(PATH, webhook(store, inbox, clock, acks).receive)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield Door(session, str(server.make_url(PATH)), inbox, acks)


async def test_a_delivery_is_written_before_it_is_acknowledged(door: Door, clock: ShiftedClock) -> None:
    assert await door.post() == (202, words.ACCEPTED)
    (entry,) = await door.inbox.read("a", block_ms=10)
    delivery = entry.delivery
    assert (delivery.guid, delivery.event, delivery.action, delivery.repo_id, delivery.issue) == (
        "guid-1", "issues", "labeled", 1, 7,
    )  # fmt: skip
    assert abs(delivery.received_ms - clock.now_ms()) < 60_000
    event = msgspec.json.decode(delivery.body, type=IssuesEvent)
    assert (event.sender.login, event.issue.title, event.installation.id) == ("maintainer", "Add a parser", 5)
    assert b"color" not in delivery.body, "only what a handler reads is stored"
    assert len(door.acks) == 1


async def test_a_duplicate_is_answered_and_not_written_again(door: Door) -> None:
    await door.post()
    assert await door.post() == (200, words.DUPLICATE)
    assert await door.post(guid="guid-2") == (202, words.ACCEPTED)
    assert len(await door.inbox.read("a", block_ms=10)) == 1, "one line, so one head"


@pytest.mark.parametrize("secret", SECRETS)
async def test_every_secret_counts_while_it_is_being_changed(door: Door, secret: str) -> None:
    body = msgspec.json.encode(LABELED)
    assert (await door.post(body, headers={"X-Hub-Signature-256": sign(body, secret)}))[0] == 202


def test_the_signature_is_githubs() -> None:
    """The example of GitHub's documentation."""
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert sign(b"Hello, World!", "It's a Secret to Everybody") == signature


BODY = msgspec.json.encode(LABELED)


@pytest.mark.parametrize(
    ("headers", "status", "text"),
    [
        ({"X-Hub-Signature-256": None}, 401, words.NO_SIGNATURE),
        ({"X-Hub-Signature-256": None, "X-Hub-Signature": sign(BODY, algorithm="sha1")}, 401, words.NO_SIGNATURE),
        ({"X-Hub-Signature-256": sign(BODY, algorithm="sha1")}, 401, words.BAD_SIGNATURE),
        ({"X-Hub-Signature-256": sign(BODY, "wrong")}, 401, words.BAD_SIGNATURE),
        ({"X-Hub-Signature-256": sign(BODY, "")}, 401, words.BAD_SIGNATURE),
        ({"X-Hub-Signature-256": sign(BODY + b" ")}, 401, words.BAD_SIGNATURE),
        ({"X-Hub-Signature-256": sign(BODY).upper()}, 401, words.BAD_SIGNATURE),
        ({"X-Hub-Signature-256": sign(BODY)[7:]}, 401, words.BAD_SIGNATURE),
        ({"X-Hub-Signature-256": ""}, 401, words.BAD_SIGNATURE),
        ({"X-Hub-Signature-256": "sha256=é" + "0" * 63}, 401, words.BAD_SIGNATURE),
        ({"X-Hub-Signature-256": "sha256=" + "٠" * 64}, 401, words.BAD_SIGNATURE),
        ({"X-GitHub-Event": None}, 400, words.bad_header("X-GitHub-Event")),
        ({"X-GitHub-Event": "ïssues"}, 400, words.bad_header("X-GitHub-Event")),
        ({"X-GitHub-Event": "issues pdev:x"}, 400, words.bad_header("X-GitHub-Event")),
        ({"X-GitHub-Delivery": None}, 400, words.bad_header("X-GitHub-Delivery")),
        ({"X-GitHub-Delivery": "ü"}, 400, words.bad_header("X-GitHub-Delivery")),
        ({"X-GitHub-Delivery": "x" * 101}, 400, words.bad_header("X-GitHub-Delivery")),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 400, words.FORM),
        ({"Content-Type": "text/plain"}, 415, words.NOT_JSON),
        ({"Content-Type": "application/json; charset=klingon"}, 202, words.ACCEPTED),
        ({"X-Hub-Signature-256": None, "Content-Type": "text/plain"}, 401, words.NO_SIGNATURE),
    ],
)  # fmt: skip
async def test_odd_headers_get_an_answer(door: Door, headers: dict[str, str | None], status: int, text: str) -> None:
    assert await door.post(BODY, headers=headers) == (status, text)
    if status != 202:
        assert await door.inbox.size() == 0


async def test_bytes_that_are_no_text_in_a_header(door: Door) -> None:
    """A client library refuses to send them, an attacker does not."""
    head = b"X-Hub-Signature-256: sha256=\xff\xfe\x80" + b"0" * 61
    assert (await raw_post(door, head, len(BODY), BODY))[0] == 401


async def raw_post(door: Door, header: bytes, length: int, body: bytes = b"") -> tuple[int, str]:
    """A request that announces `length` bytes and sends only `body`; the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(door.url.split(":")[2].split("/")[0]))
    try:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
        head += "X-GitHub-Event: issues\r\nX-GitHub-Delivery: a\r\nConnection: close\r\n"
        writer.write(head.encode() + header + b"\r\n\r\n" + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        size = re.search(rb"(?i)content-length: (\d+)", answer)
        assert size is not None
        return int(answer.split(b" ")[1]), (await reader.readexactly(int(size[1]))).decode().strip()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def test_nothing_is_read_of_a_body_that_nobody_can_have_signed(door: Door) -> None:
    """Else everybody who finds the door fills 25 MB of memory with each request."""
    assert await raw_post(door, b"X-Unsigned: yes", MAX_BODY) == (401, words.NO_SIGNATURE)
    assert await raw_post(door, b"X-Hub-Signature-256: sha256=0", MAX_BODY) == (401, words.BAD_SIGNATURE)


async def test_only_some_large_bodies_are_held_at_once(door: Door) -> None:
    """A signature is known to be made up only when the whole body is here."""
    header = b"X-Hub-Signature-256: " + sign(b"").encode()
    waiting = {asyncio.create_task(raw_post(door, header, MAX_BODY)) for _ in range(LARGE_AT_ONCE + 1)}
    answered, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in answered] == [(503, words.BUSY)]
    assert (await door.post())[0] == 202, "what is small has no need to wait"
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.parametrize(
    ("body", "event", "status", "words_in_it"),
    [
        (b"", "issues", 400, "no JSON"),
        (b"{", "issues", 400, "no JSON"),
        (b"\xff\xfe", "issues", 400, "no JSON"),
        (b"[" * 100_000, "issues", 400, ""),
        (b"null", "issues", 400, "Expected `object`"),
        (b"[]", "issues", 400, "Expected `object`"),
        (b'{"action": 5}', "issues", 400, "$.action"),
        (b'{"action": "labeled"}', "issues", 400, "missing required field"),
        (msgspec.json.encode(LABELED | {"installation": None}), "issues", 400, "$.installation"),
        (msgspec.json.encode(LABELED | {"issue": {"number": "7"}}), "issues", 400, "$.issue.number"),
        (msgspec.json.encode(LABELED | {"label": {"name": "bug"}}), "issues", 202, "neither parallel-dev"),
        (msgspec.json.encode(LABELED | {"action": "assigned"}), "issues", 202, "Nothing to do for issues.assigned"),
        (b"{}", "star", 202, "Nothing to do for star"),
        (b'{"zen": "Keep it logically awesome."}', "ping", 200, "pong"),
    ],
)
async def test_odd_bodies_get_an_answer(door: Door, body: bytes, event: str, status: int, words_in_it: str) -> None:
    got, text = await door.post(body, event=event)
    assert got == status
    assert words_in_it in text
    assert await door.inbox.size() == 0


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a body."""
    if path:
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


@pytest.mark.parametrize("path", list(places(LABELED)), ids=lambda path: ".".join(str(part) for part in path))
async def test_whatever_is_odd_in_a_body_is_no_error_of_ours(door: Door, path: tuple[str | int, ...]) -> None:
    """Each field missing, null, of another type, or far too large."""
    for number, odd in enumerate((None, 5, -1, 1e300, "x" * 70_000, [], {}, [[]], True, "missing")):
        body = copy.deepcopy(LABELED)
        inner: Any = body
        for part in path[:-1]:
            inner = inner[part]
        if odd == "missing":
            del inner[path[-1]]
        else:
            inner[path[-1]] = odd
        status, text = await door.post(body, guid=f"g-{number}")
        assert status in {202, 400}, text
        assert text


async def test_the_label_ignores_case_as_githubs_labels_do(door: Door) -> None:
    assert (await door.post(LABELED | {"label": {"name": "Parallel-Dev"}}))[0] == 202
    assert await door.inbox.size() == 1


async def test_bodies_up_to_25_megabytes(door: Door) -> None:
    frame = len(msgspec.json.encode(LABELED | {"filler": ""}))
    body = msgspec.json.encode(LABELED | {"filler": "x" * (MAX_BODY - frame)})
    assert len(body) == MAX_BODY
    assert (await door.post(body))[0] == 202
    assert await door.post(body + b" ") == (413, words.TOO_LARGE)


async def test_a_body_of_unknown_length_is_limited_too(door: Door) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(27):
            yield b" " * 2**20

    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": sign(b"")}
    async with door.session.post(door.url, data=endless(), headers=headers) as answer:
        assert (answer.status, (await answer.text()).strip()) == (413, words.TOO_LARGE)


REPO = LABELED["repository"]
FROM = {"sender": LABELED["sender"], "installation": {"id": 5}, "repository": REPO}
RUN = {"id": 1, "name": "pdev", "head_sha": "c" * 40}
SAID = FROM | {"action": "created", "issue": {"number": 7}}


@pytest.mark.parametrize(
    ("event", "body", "stored"),
    [
        ("push", FROM | {"ref": "refs/heads/feature/task-7", "after": "b" * 40}, True),
        ("push", FROM | {"ref": "refs/heads/main", "after": "b" * 40}, False),
        ("push", FROM | {"ref": "refs/tags/feature/task-7", "after": "b" * 40}, False),
        ("check_suite", FROM | {"action": "rerequested", "check_suite": {"id": 1, "head_sha": "a" * 40}}, True),
        ("check_suite", FROM | {"action": "rerequested", "check_suite": {"id": 1, "head_sha": "c" * 40}}, False),
        ("check_suite", FROM | {"action": "requested", "check_suite": {"id": 1, "head_sha": "a" * 40}}, False),
        ("check_run", FROM | {"action": "rerequested", "check_run": RUN | {"external_id": "1-7"}}, True),
        ("check_run", FROM | {"action": "rerequested", "check_run": RUN | {"external_id": "1-77"}}, False),
        ("pull_request", FROM | {"action": "closed", "pull_request": {"number": 12, "head": {"ref": "x"}}}, True),
        ("pull_request", FROM | {"action": "closed", "pull_request": {"number": 13, "head": {"ref": "x"}}}, False),
        ("issue_comment", SAID | {"comment": {"id": 1, "body": "Hi\n/PDEV"}}, True),
        ("issue_comment", SAID | {"comment": {"id": 1, "body": "Hi"}}, False),
        ("issues", LABELED | {"label": {"name": "P0"}}, True),
        ("issues", LABELED | {"label": {"name": "P0"}, "issue": {"number": 8}}, False),
    ],
)  # fmt: skip
async def test_what_no_task_owns_is_not_stored(
    door: Door, store: Store, new_task: Callable[..., Task], event: str, body: dict[str, Any], stored: bool
) -> None:
    await store.create(new_task(branch="feature/task-7", head_sha="a" * 40, pr=12))
    status, text = await door.post(body, event=event)
    assert status == 202
    assert (text == words.ACCEPTED) is stored
    assert await door.inbox.size() == int(stored)


async def test_a_bots_comment_is_not_even_stored(door: Door) -> None:
    body = FROM | {"action": "created", "issue": {"number": 7}, "comment": {"id": 1, "body": "/pdev cancel all"}}
    await door.post(body | {"sender": {"login": "pdev[bot]", "type": "Bot"}}, event="issue_comment")
    assert await door.inbox.size() == 0


async def test_a_full_store_takes_nothing_new(door: Door, redis: "Redis") -> None:
    await redis.set("filler", b"x" * 2_000_000)
    await redis.config_set("maxmemory", str(int((await redis.info("memory"))["used_memory"]) + 100_000))
    try:
        assert await door.post() == (503, words.FULL)
    finally:
        await redis.config_set("maxmemory", "0")


async def test_a_store_that_is_away_is_said_so(door: Door, clock: ShiftedClock, unused_tcp_port: int) -> None:
    """503 makes the delivery count as failed at GitHub, which is what finds it again."""
    nowhere = valkey.connect(f"redis://127.0.0.1:{unused_tcp_port}", retries=0)
    app = web.Application()
    app.router.add_post(PATH, webhook(Store(nowhere, clock), Inbox(nowhere, clock), clock).receive)
    async with TestServer(app) as server:
        door.url = str(server.make_url(PATH))
        assert await door.post() == (503, words.UNWRITTEN)
        async with door.session.post(door.url, data=BODY, headers={
            "Content-Type": "application/json", "X-GitHub-Event": "issues", "X-GitHub-Delivery": "g",
            "X-Hub-Signature-256": sign(BODY),
        }) as answer:  # fmt: skip
            assert answer.headers["Retry-After"] == "30"
    await nowhere.aclose()


async def test_500_deliveries_at_once_are_500_entries(door: Door) -> None:
    bodies = [LABELED | {"issue": {"number": n}} for n in range(1, 501)]
    answers = await asyncio.gather(*(door.post(body, guid=f"g-{n}") for n, body in enumerate(bodies)))
    assert {status for status, _ in answers} == {202}
    assert await door.inbox.size() == 500
