"""The HTTP side: headers, conditional requests, planned failures. What a call means is decided in `dispatch`."""

import asyncio
import hashlib
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec
from aiohttp import web
from multidict import CIMultiDict

from demo.hub.auth import authenticate
from demo.hub.callers import ANONYMOUS, Caller
from demo.hub.dispatch import dispatch
from demo.hub.errors import GitHubError
from demo.hub.faults import Fault
from demo.hub.observers import Exchange
from demo.hub.routing import Answer, Route

if TYPE_CHECKING:
    from demo.hub.hub import Hub

API_VERSIONS = ("2022-11-28", "2026-03-10")
LARGEST_BODY = 100 * 1024 * 1024


class Server:
    """One aiohttp site on loopback; REST at `/` and, for clients in Enterprise mode, at `/api/v3`."""

    def __init__(self, hub: "Hub") -> None:
        self.hub = hub
        self._runner: web.AppRunner | None = None

    async def start(self, port: int) -> int:
        """Listen on 127.0.0.1; 0 takes a free port. Returns the port."""
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/{tail:.*}", self.handle)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        bound: int = self._runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        raw_path = _without_prefix(request.rel_url.raw_path)
        for_people = "text/html" in request.headers.get("Accept", "")
        found = self.hub.table.find(request.method, raw_path, for_people=for_people)
        if found is not None and found[0].raw:
            return await self._raw(request, raw_path, found[0], found[1])
        if not request.headers.get("User-Agent"):
            return web.Response(
                status=403, text="Request forbidden by administrative rules. Please send a User-Agent.\n"
            )
        caller, answer = await self._answer(request, raw_path, content=bool(found and found[0].content))
        response = self._respond(request, caller, answer)
        self.hub.observe(await _exchange(request, raw_path, response))
        return response

    async def _raw(
        self, request: web.Request, raw_path: str, route: Route, params: Mapping[str, str]
    ) -> web.StreamResponse:
        """git and pages. A fault after the effect lets the handler do everything and hides its answer."""
        if waiting := self.hub.faults.delay(raw_path):
            await asyncio.sleep(waiting)
        fault = self.hub.faults.strike(request.method, raw_path)
        if fault is not None and not fault.after_effect:
            return _fault_in_words(fault)
        response: web.StreamResponse = await route.handler(self.hub, request, params)
        if fault is None:
            return response
        if response.prepared:
            self.hub.problem(
                f"{request.method} {raw_path}: its answer is streamed, so none can be lost after the effect"
            )
            return response
        return _fault_in_words(fault)

    async def _answer(self, request: web.Request, raw_path: str, *, content: bool) -> tuple[Caller, Answer]:
        hub, caller = self.hub, ANONYMOUS
        body = await request.read()
        try:
            if waiting := hub.faults.delay(raw_path):
                await asyncio.sleep(waiting)
            fault = hub.faults.strike(request.method, raw_path)
            if fault is not None and not fault.after_effect:
                raise fault.error()
            _check_version(request)
            caller = authenticate(hub.world, request.headers.get("Authorization"), hub.now())
            if not raw_path.startswith("/rate_limit"):
                hub.limits.charge(caller, content=content)
            answer = await dispatch(hub, caller, request.method, raw_path, request.query, request.headers, body)
            if fault is not None:
                raise fault.error()
        except GitHubError as refusal:
            answer = Answer(refusal.status, refusal.body(), refusal.headers)
        except Exception:
            hub.problem(f"{request.method} {raw_path}: {traceback.format_exc()}")
            answer = Answer(500, GitHubError(500, "Server Error").body())
        return caller, answer

    def _respond(self, request: web.Request, caller: Caller, answer: Answer) -> web.Response:
        hub = self.hub
        headers = CIMultiDict(
            {
                "Server": "github.com",
                "X-GitHub-Request-Id": uuid4().hex[:24].upper(),
                "X-GitHub-Media-Type": "github.v3; format=json",
                "Vary": "Accept, Authorization, Cookie, X-GitHub-OTP",
                **hub.limits.headers(caller),
            }
        )
        headers.update(answer.headers or {})
        if answer.status == 204:
            return web.Response(status=204, headers=headers)
        payload = answer.raw if answer.raw is not None else msgspec.json.encode(answer.data)
        if request.method in ("GET", "HEAD") and answer.status == 200:
            tag = f'W/"{hashlib.sha256(payload).hexdigest()}"'
            headers.update({"ETag": tag, "Cache-Control": "private, max-age=60, s-maxage=60"})
            if request.headers.get("If-None-Match") == tag:
                hub.limits.refund(caller)
                headers.update(hub.limits.headers(caller))
                return web.Response(status=304, headers=headers)
        headers["Content-Type"] = answer.content_type
        return web.Response(status=answer.status, body=payload, headers=headers)


def _fault_in_words(fault: Fault) -> web.Response:
    return web.Response(status=fault.status, text=f"{fault.error().message}\n", headers=fault.headers)


def _check_version(request: web.Request) -> None:
    version = request.headers.get("X-GitHub-Api-Version", API_VERSIONS[0])
    if version not in API_VERSIONS:
        raise GitHubError(400, f"Version {version} of the API is not supported.")


async def _exchange(request: web.Request, raw_path: str, response: web.Response) -> Exchange:
    query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
    sent = response.body if isinstance(response.body, bytes) else b""
    content_type = response.headers.get("Content-Type", "")
    return Exchange(request.method, raw_path + query, await request.read(), response.status, sent, content_type)


def _without_prefix(raw_path: str) -> str:
    """Enterprise clients ask `/api/v3/…` and `/api/graphql`."""
    if raw_path.startswith("/api/v3/"):
        return raw_path.removeprefix("/api/v3")
    return "/graphql" if raw_path == "/api/graphql" else raw_path
