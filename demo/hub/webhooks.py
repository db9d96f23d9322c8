"""Webhook deliveries: built from state, signed, sent beside the answer, logged, sent again on request.

A real receiver sees deliveries late, twice, out of order or never; here each of these is a switch, so that a story can
ask for it instead of waiting for bad luck.
"""

import asyncio
import hashlib
import hmac
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any

import aiohttp
import msgspec

from demo.hub.render.people import account_json, organization_json
from demo.hub.render.repos import repository_json
from demo.hub.state import Account, App, Installation, Repository, World, node_id
from demo.hub.urls import Urls

ANSWER_WITHIN_S = 10.0
"""GitHub cuts the connection after ten seconds and counts the delivery as failed."""

LARGEST_PAYLOAD = 25 * 1024 * 1024
"""What is larger is not delivered at all, and no log says so."""

ALWAYS = frozenset(
    {"installation", "installation_repositories", "installation_target", "github_app_authorization", "ping"}
)
_NEEDS = {
    "issues": "issues",
    "issue_comment": "issues",
    "issue_dependencies": "issues",
    "sub_issues": "issues",
    "label": "metadata",
    "repository": "metadata",
    "push": "contents",
    "create": "contents",
    "delete": "contents",
    "pull_request": "pull_requests",
    "pull_request_review": "pull_requests",
    "pull_request_review_comment": "pull_requests",
    "pull_request_review_thread": "pull_requests",
    "check_run": "checks",
    "check_suite": "checks",
    "status": "statuses",
}


@dataclass(slots=True, eq=False)
class Delivery:
    """One attempt to deliver; a redelivery is another record with the same `guid`."""

    id: int
    guid: str
    event: str
    action: str | None
    app: App
    installation_id: int | None
    repository_id: int | None
    body: bytes
    redelivery: bool = False
    delivered_at: datetime | None = None
    ack_ms: float = 0.0
    status: str = "pending"
    status_code: int = 0
    request_headers: dict[str, str] = field(default_factory=dict)
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str | None = None

    @property
    def payload(self) -> dict[str, Any]:
        answer: dict[str, Any] = msgspec.json.decode(self.body)
        return answer


@dataclass(slots=True)
class Mishap:
    """So many deliveries (of one event, or any) that are lost or repeated."""

    times: int
    event: str | None = None

    def strikes(self, event: str) -> bool:
        if self.times <= 0 or self.event not in (None, event):
            return False
        self.times -= 1
        return True


def sign(secret: str, body: bytes) -> str:
    """`sha256=<hex>` over the raw bytes, as `X-Hub-Signature-256` carries it."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Courier:
    """Carries what happened to the Apps that listen."""

    def __init__(
        self,
        world: World,
        urls: Urls,
        now: Callable[[], datetime],
        new_guid: Callable[[], str],
        observe: Callable[[Delivery], None] = lambda _: None,
    ) -> None:
        self.world, self.urls, self.now, self.new_guid, self.observe = world, urls, now, new_guid, observe
        self.log: list[Delivery] = []
        self.lost: list[Delivery] = []
        self.held: list[Delivery] = []
        self.losses: list[Mishap] = []
        self.repeats: list[Mishap] = []
        self.holding = False
        self._session: aiohttp.ClientSession | None = None
        self._in_flight: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN_S))

    async def stop(self) -> None:
        for task in self._in_flight:
            task.cancel()
        await asyncio.gather(*self._in_flight, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def announce(
        self,
        event: str,
        payload: Mapping[str, Any],
        *,
        repo: Repository | None = None,
        sender: Account | None = None,
        installation: Installation | None = None,
        only: App | None = None,
    ) -> None:
        """Tell every App that listens (or `only` that one).

        `repo`, `sender`, `organization` and `installation` are added here. `installation` names the one concerned
        where there is no repository (`installation` events).
        """
        listeners = [installation] if installation else list(self.world.installations_on(repo)) if repo else []
        for one in listeners:
            if (only is None or one.app is only) and self._listens(one, event):
                self.post(one.app, event, self._dress(payload, repo, sender, one), installation=one, repo=repo)

    def post(
        self,
        app: App,
        event: str,
        payload: Mapping[str, Any],
        *,
        installation: Installation | None = None,
        repo: Repository | None = None,
    ) -> None:
        """Make one delivery of a complete payload and send it (or hold, lose, repeat it)."""
        delivery = Delivery(
            id=self.world.new_id(),
            guid=self.new_guid(),
            event=event,
            action=payload.get("action"),
            app=app,
            installation_id=installation.id if installation else None,
            repository_id=repo.id if repo else None,
            body=msgspec.json.encode(payload),
        )
        self.observe(delivery)
        if not app.hook.url or not app.hook.active:
            return
        if len(delivery.body) > LARGEST_PAYLOAD or any(mishap.strikes(event) for mishap in self.losses):
            self.lost.append(delivery)
        elif self.holding:
            self.held.append(delivery)
        else:
            self._send(delivery)
            if any(mishap.strikes(event) for mishap in self.repeats):
                self._send(delivery)

    def redeliver(self, delivery: Delivery) -> Delivery:
        """The same body under the same GUID once more."""
        again = Delivery(
            id=self.world.new_id(),
            guid=delivery.guid,
            event=delivery.event,
            action=delivery.action,
            app=delivery.app,
            installation_id=delivery.installation_id,
            repository_id=delivery.repository_id,
            body=delivery.body,
            redelivery=True,
        )
        self._send(again)
        return again

    async def release(self, order: Callable[[list[Delivery]], Iterable[Delivery]] | None = None) -> None:
        """Send what was held, one after the other, in the order that `order` makes of it (default: as it happened)."""
        self.holding, waiting = False, self.held
        self.held = []
        for delivery in order(list(waiting)) if order else waiting:
            self.log.append(delivery)
            await self._deliver(delivery)

    async def settle(self) -> None:
        """Wait until no delivery is under way, also those that the receivers' answers caused."""
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    def _send(self, delivery: Delivery) -> None:
        self.log.append(delivery)
        task = asyncio.get_running_loop().create_task(self._deliver(delivery))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    def _listens(self, installation: Installation, event: str) -> bool:
        if event in ALWAYS:
            return True
        if installation.suspended_at is not None:
            return False
        held = {"metadata": "read", **installation.permissions}
        if event in ("check_run", "check_suite") and held.get("checks") == "write":
            return True
        return event in installation.events and _NEEDS.get(event, "metadata") in held

    def _dress(
        self, payload: Mapping[str, Any], repo: Repository | None, sender: Account | None, installation: Installation
    ) -> dict[str, Any]:
        dressed = dict(payload)
        if repo is not None:
            dressed["repository"] = repository_json(self.urls, repo)
            if repo.owner.type == "Organization":
                dressed["organization"] = organization_json(self.urls, repo.owner)
        if sender is not None:
            dressed["sender"] = account_json(self.urls, sender)
        dressed.setdefault("installation", {"id": installation.id, "node_id": node_id("IN", installation.id)})
        return dressed

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        hook = delivery.app.hook
        headers = {
            "Content-Type": "application/json",
            "Accept": "*/*",
            "User-Agent": "GitHub-Hookshot/0a1b2c3",
            "X-GitHub-Event": delivery.event,
            "X-GitHub-Delivery": delivery.guid,
            "X-GitHub-Hook-ID": str(delivery.app.id),
            "X-GitHub-Hook-Installation-Target-ID": str(delivery.app.id),
            "X-GitHub-Hook-Installation-Target-Type": "integration",
        }
        if hook.secret:
            headers["X-Hub-Signature-256"] = sign(hook.secret, delivery.body)
            old = hmac.new(hook.secret.encode(), delivery.body, hashlib.sha1).hexdigest()
            headers["X-Hub-Signature"] = f"sha1={old}"  # GitHub still sends it; nobody may rely on it
        return headers

    async def _deliver(self, delivery: Delivery) -> None:
        """Post and write down what came back; a receiver that is away or slow is a failed delivery, not our error."""
        assert self._session is not None, "the hub is not started"
        delivery.request_headers, delivery.delivered_at = self._headers(delivery), self.now()
        url, started = delivery.app.hook.url or "", perf_counter()
        try:
            await _exchange(self._session, url, delivery, started)
        except TimeoutError:
            delivery.status = "timed out"
        except aiohttp.ClientError:
            delivery.status = "failed to connect to host"


async def _exchange(session: aiohttp.ClientSession, url: str, delivery: Delivery, started: float) -> None:
    async with session.post(
        url, data=io.BytesIO(delivery.body), headers=delivery.request_headers, allow_redirects=False
    ) as answer:
        delivery.ack_ms = (perf_counter() - started) * 1000
        delivery.status_code = answer.status
        delivery.response_headers = dict(answer.headers)
        delivery.response_body = (await answer.read()).decode(errors="replace")
        delivery.status = "OK" if answer.status < 400 else f"Invalid HTTP Response: {answer.status}"
