"""A client that speaks plain HTTP to the hub, as anybody: the stories here go over the wire."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt
import pytest

from core.clock import ShiftedClock
from demo.hub import Hub


@dataclass(slots=True)
class Reply:
    status: int
    data: Any
    headers: Mapping[str, str]


@dataclass(slots=True)
class Wire:
    """`await wire.call("GET", "/app", token)`; tokens come from `jwt()`, `installation()` and `hub.users`."""

    hub: Hub
    clock: ShiftedClock
    session: aiohttp.ClientSession

    async def call(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """A path, or a whole address that an answer named."""
        url = path if path.startswith("http") else self.hub.api_url + path
        sent = dict(headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        async with self.session.request(method, url, json=body, headers=sent, allow_redirects=False) as answer:
            text = await answer.text()
            data = json.loads(text) if text and "json" in answer.headers["Content-Type"] else text
            return Reply(answer.status, data, answer.headers)

    def jwt(self, **claims: Any) -> str:
        """Our App's JSON web token, with claims changed at will."""
        now = int(self.clock.now().timestamp())
        given = {"iat": now - 60, "exp": now + 540, "iss": str(self.hub.app_id)} | claims
        return jwt.encode(given, self.hub.private_key_pem, algorithm="RS256")

    async def installation(self, **wish: Any) -> str:
        """A new installation token, narrowed to the wish."""
        path = f"/app/installations/{self.hub.installation_id}/access_tokens"
        reply = await self.call("POST", path, self.jwt(), wish)
        assert reply.status == 201, reply
        return str(reply.data["token"])


@pytest.fixture
async def wire(hub: Hub, clock: ShiftedClock) -> AsyncIterator[Wire]:
    async with aiohttp.ClientSession() as session:
        yield Wire(hub, clock, session)
