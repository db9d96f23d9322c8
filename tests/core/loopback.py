"""A GitHub of a few lines for what the hub does not do on purpose: odd statuses, odd redirects, odd headers.

It mints tokens, writes down every request, and answers each path with the replies a test has laid out for it; the
last reply of a path stays.
"""

import json
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiohttp import web

from core.clock import Clock


@dataclass(frozen=True, slots=True)
class Reply:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any

    @property
    def credential(self) -> str:
        return self.headers["authorization"].removeprefix("Bearer ")


class Loopback:
    """The server's state; `asked` leaves out the minting of tokens, which is in `minted`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.asked: list[Asked] = []
        self.minted: list[Asked] = []
        self.mint_replies: deque[Reply] = deque()
        self._replies: dict[tuple[str, str], deque[Reply]] = defaultdict(deque)

    def on(self, method: str, path: str, *replies: Reply) -> None:
        """`path` as it is on the wire (percent-encoded), without query."""
        self._replies[method, path].extend(replies)

    def paths(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.asked]

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.Response:
        text = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        path, _, query = request.raw_path.partition("?")
        asked = Asked(request.method, path, query, headers, json.loads(text) if text else None)
        if path.endswith("/access_tokens"):
            self.minted.append(asked)
            return _response(self.mint_replies.popleft() if self.mint_replies else self._token())
        self.asked.append(asked)
        waiting = self._replies.get((request.method, path))
        if not waiting:
            return _response(Reply(404, {"message": "Not Found"}))
        return _response(waiting.popleft() if len(waiting) > 1 else waiting[0])

    def _token(self) -> Reply:
        expires = self.clock.now() + timedelta(hours=1)
        token = {"token": f"ghs_token{len(self.minted)}", "expires_at": f"{expires:%Y-%m-%dT%H:%M:%SZ}"}
        return Reply(201, token)


def _response(reply: Reply) -> web.Response:
    body = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
    if reply.status in (204, 304):
        return web.Response(status=reply.status, headers=reply.headers)
    return web.Response(status=reply.status, text=body, headers=reply.headers, content_type=reply.content_type)
