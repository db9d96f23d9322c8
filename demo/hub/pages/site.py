"""The frame of every page: who is signed in, which repository is meant, what a refusal looks like, what must not run.

The pages are one more client of the hub: what a form asks for goes through the same door as a REST call of the person
who is signed in, so that rights, limits and webhooks cannot differ. There are no passwords; a form is accepted only
from the pages themselves (Origin and Host), and a page may run nothing (Content-Security-Policy).
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from demo.hub.callers import ANONYMOUS, Caller
from demo.hub.errors import GitHubError, not_found
from demo.hub.pages.markdown import Place, rendered
from demo.hub.pages.views import standing
from demo.hub.routing import raw_route
from demo.hub.state import Account, Repository, ReviewComment

if TYPE_CHECKING:
    from demo.hub.hub import Hub

COOKIE = "hub_user"
NOBODY = "-"
"""The cookie of somebody who chose to be nobody."""
_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; form-action 'self'; base-uri 'none'"
)
_SAFE_HEADERS = {
    "Content-Security-Policy": f"{_POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_STEPS = (("year", 31_536_000), ("month", 2_592_000), ("day", 86_400), ("hour", 3_600), ("minute", 60))


def ago(then: datetime, now: datetime) -> str:
    """ "3 minutes ago", as people read it; the exact time stands in the tooltip."""
    seconds = int((now - then).total_seconds())
    for name, size in _STEPS:
        if seconds >= size:
            count = seconds // size
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "now" if seconds < 10 else f"{seconds} seconds ago"


def label_style(color: str) -> str:
    """The CSS of a label; black or white letters, whichever can be read. Anything but six hex digits is grey."""
    if not re.fullmatch(r"[0-9a-fA-F]{6}", color):
        color = "ededed"
    red, green, blue = (int(color[at : at + 2], 16) for at in (0, 2, 4))
    is_light = red * 0.299 + green * 0.587 + blue * 0.114 > 150
    return f"background:#{color};color:{'#1f2328' if is_light else '#ffffff'}"


def hue(login: str) -> int:
    """A colour (0 to 359 degrees) that stays with a login, for its round picture."""
    return sum(ord(letter) * (at + 7) for at, letter in enumerate(login)) * 47 % 360


@dataclass(slots=True)
class Visit:
    """One look at a page: by whom, of what. `repo` is set where the path names one that the person may see."""

    hub: "Hub"
    request: web.Request
    params: Mapping[str, str]
    caller: Caller
    found: Repository | None = None
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def repo(self) -> Repository:
        assert self.found is not None, "the path names no repository"
        return self.found

    @property
    def me(self) -> Account | None:
        return self.caller.account

    @property
    def watching(self) -> bool:
        """Whether the page loads itself again, as `?watch` asks."""
        return self.request.method == "GET" and "watch" in self.request.query

    @property
    def base(self) -> str:
        """The path of the repository's own page."""
        return f"/{self.repo.full_name}"

    def number(self, name: str) -> int:
        return int(self.params[name])

    def said(self, name: str) -> str:
        """A field of the submitted form, with the line ends a REST client would send."""
        return self.form.get(name, "").replace("\r\n", "\n").strip()

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Call the REST API as the person who is signed in; the answer's data. Raises GitHubError as REST would."""
        answer = await self.hub.perform(self.caller, method, path, body)
        return answer.data

    async def ask_repo(self, method: str, path: str, body: Any = None) -> Any:
        """`ask` about this repository."""
        return await self.ask(method, f"/repos/{self.repo.full_name}{path}", body)

    def markdown(self, text: str | None, toggle: str | None = None) -> Markup:
        """A text of this repository; `toggle` is where its checkboxes are sent to (signed-in people only)."""
        repo = self.base if self.found else ""
        return rendered(text, Place(repo=repo, toggle=toggle if self.me else None))

    def review_markdown(self, comment: ReviewComment) -> Markup:
        """A comment on lines of code, with what its suggestions would replace."""
        last, first = comment.original_line, comment.original_start_line or comment.original_line
        new = [line[1:] for line in comment.diff_hunk.splitlines()[1:] if not line.startswith(("-", "\\"))]
        meant = new[-(last - first + 1) :] if last and first and comment.side == "RIGHT" else []
        return rendered(comment.body, Place(repo=self.base, replaces=tuple(meant)))

    def show(self, template: str, *, status: int = 200, **facts: Any) -> web.Response:
        """The page made of a template and facts."""
        people = sorted((one for one in self.hub.world.accounts.values() if one.type == "User"), key=lambda o: o.login)
        given = {"visit": self, "me": self.me, "people": people, "now": self.hub.now(), "repo": self.found, **facts}
        html = _TEMPLATES.get_template(template).render(given)
        return web.Response(status=status, text=html, content_type="text/html", headers=_SAFE_HEADERS)

    def go(self, path: str) -> web.Response:
        """Send the browser to another page of the hub (303: a form that was sent is not sent again)."""
        return web.Response(status=303, headers={"Location": path, **_SAFE_HEADERS})


def _environment() -> Environment:
    templates = Environment(
        loader=PackageLoader("demo.hub.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"ago": ago, "label_style": label_style, "standing": standing}
    return templates


_TEMPLATES = _environment()
Page = Callable[[Visit], Awaitable[web.Response]]


def page(method: str, template: str) -> Callable[[Page], Page]:
    """Register `async def handler(visit) -> Response` for a path of the site."""

    def register(handler: Page) -> Page:
        async def answer(hub: "Hub", request: web.Request, params: Mapping[str, str]) -> web.StreamResponse:
            return await _visited(handler, hub, request, params)

        raw_route(method, template)(answer)
        return handler

    return register


async def _visited(handler: Page, hub: "Hub", request: web.Request, params: Mapping[str, str]) -> web.Response:
    visit = Visit(hub, request, params, _signed_in(hub, request))
    try:
        _only_from_here(hub, request)
        if request.method == "POST":
            sent = await request.post()
            visit.form = {name: value for name, value in sent.items() if isinstance(value, str)}
        if "repo" in params:
            moved = _find(visit)
            if moved is not None:
                return visit.go(moved)
        return await handler(visit)
    except GitHubError as refusal:
        return _refused(visit, refusal)


def _refused(visit: Visit, refusal: GitHubError) -> web.Response:
    """A page for people; for a program that strayed here (no `text/html` in Accept) GitHub's JSON and a note."""
    if "text/html" in visit.request.headers.get("Accept", "text/html"):
        return visit.show("refused.html", status=refusal.status, refusal=refusal)
    if refusal.status == 404:
        visit.hub.unknown_routes.append(f"{visit.request.method} {visit.request.path}")
    return web.json_response(refusal.body(), status=refusal.status)


def _find(visit: Visit) -> str | None:
    """Set the repository of the path, or answer where it moved to. Raises 404."""
    owner, name = visit.params["owner"], visit.params["repo"]
    world = visit.hub.world
    repo = world.repo(owner, name)
    if repo is None and (known := world.repos.get(world.former_names.get(f"{owner}/{name}".lower(), 0))):
        rest = visit.request.path.split("/", 3)[3:]
        return "/".join([f"/{known.full_name}", *rest])
    if repo is None or not visit.caller.may_see(repo):
        raise not_found()
    visit.found = repo
    return None


def _signed_in(hub: "Hub", request: web.Request) -> Caller:
    account = hub.world.account(request.cookies.get(COOKIE, hub.visitor))
    return ANONYMOUS if account is None or account.type != "User" else Caller("user", account)


def _only_from_here(hub: "Hub", request: web.Request) -> None:
    """Refuse other names for this machine (DNS rebinding) and forms of other sites. Raises 403."""
    here = urlsplit(hub.urls.html)
    ours = {here.netloc, f"localhost:{here.port}"}
    if request.host not in ours:
        raise GitHubError(403, f"These pages are served to http://{here.netloc} only, not to {request.host!r}")
    if request.method == "POST" and urlsplit(request.headers.get("Origin", "")).netloc != request.host:
        raise GitHubError(403, "This form did not come from the hub's own pages")
