"""Which function answers which call, with the rights it asks for written beside the path.

Rights in the decorator mean that no handler can forget them, and that a test can compare the table with GitHub's own.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote

import msgspec
from aiohttp import web

from demo.hub.callers import CallerKind
from demo.hub.state import Role

JSON = "application/json; charset=utf-8"
Needs = Mapping[str, str] | tuple[Mapping[str, str], ...]

PEOPLE_AND_INSTALLATIONS: frozenset[CallerKind] = frozenset({"anonymous", "user", "installation"})
APP_ONLY: frozenset[CallerKind] = frozenset({"app"})
EVERYBODY: frozenset[CallerKind] = PEOPLE_AND_INSTALLATIONS | APP_ONLY


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """Base of request bodies: the fields GitHub knows for one call. Where absent and null differ, use `UNSET`."""


@dataclass(slots=True)
class Answer:
    """`data` is sent as JSON unless `raw` is given (diffs, raw files)."""

    status: int = 200
    data: Any = None
    headers: Mapping[str, str] | None = None
    raw: bytes | None = None
    content_type: str = JSON


class Handler(Protocol):
    """`(ctx)` or `(ctx, body)`, as the route says."""

    def __call__(self, *given: Any) -> Awaitable[Answer]: ...


RawHandler = Callable[[Any, web.Request, Mapping[str, str]], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table. `content` marks calls that count as content creation for the secondary limit."""

    method: str
    template: str
    pattern: re.Pattern[str]
    handler: Callable[..., Awaitable[Any]]
    needs: tuple[Mapping[str, str], ...] = ()
    role: Role | None = None
    callers: frozenset[CallerKind] = PEOPLE_AND_INSTALLATIONS
    body: Any = None
    content: bool = False
    raw: bool = False

    @property
    def literal(self) -> int:
        """How many characters of the path are fixed: the route with more of them wins."""
        return len(re.sub(r"\{[^}]*\}", "", self.template))


ROUTES: list[Route] = []


_NO_OWNER = r"(?!/(?:app|app-manifests|apps|installation|orgs|repos|repositories|search|user|users)/)"
"""First words of REST paths: pages of owners live on the same origin and must not swallow them."""


def _compile(template: str) -> re.Pattern[str]:
    """`{name}` is one segment, `{name+}` any number; names that end in `_id` or `_number` are digits."""

    def spell(match: re.Match[str]) -> str:
        name, many = match[1], match[2]
        if name.endswith(("_id", "_number")):
            return rf"(?P<{name}>\d+)"
        return rf"(?P<{name}>{'.+' if many else '[^/]+'})"

    escaped = re.sub(r"\{(\w+)(\+?)\}", spell, template.replace(".", r"\."))
    return re.compile((_NO_OWNER if template.startswith("/{owner}/") else "") + escaped + "/?")


def route(
    method: str,
    template: str,
    *,
    needs: Needs = (),
    role: Role | None = None,
    callers: frozenset[CallerKind] = PEOPLE_AND_INSTALLATIONS,
    body: Any = None,
    content: bool = False,
) -> Callable[[Callable[..., Awaitable[Answer]]], Callable[..., Awaitable[Answer]]]:
    """Register `async def handler(ctx) -> Answer`, or `(ctx, body)` where `body` (a `Body` class or a union) is given.

    `needs`: permissions an installation token must hold (a tuple: one of several sets). `role`: what a person must at
    least be on the repository. Paths with `{owner}` and `{repo}` have the repository found and checked beforehand.
    """
    options = needs if isinstance(needs, tuple) else (needs,)

    def register(handler: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]:
        ROUTES.append(Route(method, template, _compile(template), handler, options, role, callers, body, content))
        return handler

    return register


def raw_route(method: str, template: str) -> Callable[[RawHandler], RawHandler]:
    """Register `async def handler(hub, request, params) -> StreamResponse`: pages and git; no JSON, no limits."""

    def register(handler: RawHandler) -> RawHandler:
        ROUTES.append(Route(method, template, _compile(template), handler, callers=EVERYBODY, raw=True))
        return handler

    return register


class RouteTable:
    """The routes in order of precedence: the longest literal path first, as in GitHub's description."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = sorted(routes, key=lambda one: -one.literal)

    def find(self, method: str, raw_path: str, *, for_people: bool = False) -> tuple[Route, dict[str, str]] | None:
        """`raw_path` is still percent-encoded, so that `heads%2Fmain` can be one segment.

        REST and pages share one origin here: of two equally literal paths (`/apps/{slug}`) `for_people` picks the page.
        """
        chosen: tuple[Route, dict[str, str]] | None = None
        for one in self.routes:
            if chosen is not None and one.literal < chosen[0].literal:
                break
            if one.method in (method, "*") and (match := one.pattern.fullmatch(raw_path)):
                found = one, {name: unquote(value) for name, value in match.groupdict().items()}
                if one.raw == for_people:
                    return found
                chosen = chosen or found
        return chosen
