"""From (caller, method, path, body) to an answer. HTTP and the people of a story come through the same door."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from demo.hub.callers import Caller, may_use
from demo.hub.context import Context
from demo.hub.errors import DOCUMENTATION, GitHubError, not_for_integrations, not_found, unauthorized, unprocessable
from demo.hub.routing import Answer, Route
from demo.hub.state import Repository

if TYPE_CHECKING:
    from demo.hub.hub import Hub

_BY_ID = re.compile(r"/repositories/(\d+)(/.*)?")


async def dispatch(
    hub: "Hub",
    caller: Caller,
    method: str,
    raw_path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    body: bytes,
) -> Answer:
    """Find the route, check the rights, read the body, let the handler act. Raises GitHubError."""
    raw_path = _by_name(hub, raw_path)
    found = hub.table.find("GET" if method == "HEAD" else method, raw_path)
    if found is None or found[0].raw:
        hub.unknown_routes.append(f"{method} {raw_path}")
        raise not_found()
    route, params = found
    _admit(route, caller)
    ctx = Context(hub, caller, method, raw_path, params, query, headers)
    if "owner" in params and "repo" in params:
        ctx.found = hub.world.repo(params["owner"], params["repo"])
        if ctx.found is None:
            return _moved(ctx)
        may_use(caller, ctx.found, route.needs, route.role, writes=method not in ("GET", "HEAD"))
    if route.body is None:
        _expect_nothing(hub, route, body)
        return _of(await route.handler(ctx))
    return _of(await route.handler(ctx, read_body(hub, route, body)))


def _of(answer: Any) -> Answer:
    assert isinstance(answer, Answer)
    return answer


def _by_name(hub: "Hub", raw_path: str) -> str:
    """`/repositories/{id}/…`, where redirects lead, is `/repos/{owner}/{repo}/…`."""
    match = _BY_ID.fullmatch(raw_path)
    repo = hub.world.repos.get(int(match[1])) if match else None
    return raw_path if match is None or repo is None else f"/repos/{repo.full_name}{match[2] or ''}"


def _admit(route: Route, caller: Caller) -> None:
    if caller.kind in route.callers:
        lacking = route.needs and not any(caller.holds(option) for option in route.needs)
        if caller.kind == "installation" and lacking and "{repo}" not in route.template:
            raise not_for_integrations()
        return
    if caller.kind == "anonymous":
        raise unauthorized("Requires authentication")
    if "app" in route.callers:
        raise unauthorized("A JSON web token could not be decoded")
    raise not_for_integrations()


def _moved(ctx: Context) -> Answer:
    """A renamed repository answers with its lasting address: 301 to readers, 307 to writers (it keeps the body)."""
    former = f"{ctx.params['owner']}/{ctx.params['repo']}".lower()
    repo = ctx.world.repos.get(ctx.world.former_names.get(former, 0))
    if repo is None or not ctx.caller.may_see(repo):
        raise not_found()
    rest = ctx.path.split("/", 4)[4:]
    asked = f"?{urlencode(ctx.query)}" if ctx.query else ""
    location = "/".join([f"{ctx.urls.api}/repositories/{repo.id}", *rest]) + asked
    status, words = (301, "Moved Permanently") if ctx.method in ("GET", "HEAD") else (307, "Temporary Redirect")
    body = {"message": words, "url": location, "documentation_url": DOCUMENTATION}
    return Answer(status, body, {"Location": location})


def _expect_nothing(hub: "Hub", route: Route, body: bytes) -> None:
    if body.strip() not in (b"", b"{}"):
        hub.problem(f"{route.method} {route.template}: a body that GitHub does not know: {body[:200]!r}")


def read_body(hub: "Hub", route: Route, body: bytes) -> Any:
    """The typed body. 400 where it is no JSON object, 422 where fields are missing, wrong or (strict hub) unknown."""
    try:
        given = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise GitHubError(400, "Problems parsing JSON") from None
    if given is None or isinstance(given, str | int | float):
        raise GitHubError(400, "Body should be a JSON object")
    if isinstance(given, dict) and isinstance(route.body, type) and issubclass(route.body, msgspec.Struct):
        known = {one.encode_name for one in msgspec.structs.fields(route.body)}
        for name in sorted(given.keys() - known):
            hub.problem(f"{route.method} {route.template}: unknown field {name!r}")
            if hub.strict:
                raise unprocessable(f'Invalid request.\n\n"{name}" is not a permitted key.')
            del given[name]
    try:
        return msgspec.convert(given, route.body, strict=True)
    except msgspec.ValidationError as wrong:
        raise unprocessable(f"Invalid request.\n\n{_in_githubs_words(str(wrong))}") from None


def _in_githubs_words(words: str) -> str:
    missing = re.fullmatch(r"Object missing required field `(\w+)`.*", words)
    return f'"{missing[1]}" wasn\'t supplied.' if missing else words


def visible_repo(hub: "Hub", caller: Caller, full_name: str) -> Repository | None:
    """The repository with this name, if the caller may know that it exists."""
    owner, _, name = full_name.partition("/")
    repo = hub.world.repo(owner, name)
    return repo if repo is not None and caller.may_see(repo) else None
