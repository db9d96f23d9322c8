"""REST: people and their rights, limits, and what GitHub says about itself."""

from demo.hub.context import Context
from demo.hub.errors import not_found, unauthorized
from demo.hub.render import account_json, permissions_json, profile_json
from demo.hub.routing import EVERYBODY, Answer, route
from demo.hub.state import Account, Repository, Role

_LEGACY: dict[Role | None, str] = {
    "admin": "admin",
    "maintain": "write",
    "write": "write",
    "triage": "read",
    "read": "read",
    None: "none",
}


def _role(repo: Repository, account: Account) -> Role | None:
    if account is repo.owner:
        return "admin"
    return repo.collaborators.get(account.login.lower())


def _account(ctx: Context) -> Account:
    account = ctx.world.account(ctx.params["username"])
    if account is None:
        raise not_found()
    return account


@route("GET", "/users/{username}", callers=EVERYBODY)
async def get_user(ctx: Context) -> Answer:
    return Answer(200, profile_json(ctx.urls, _account(ctx)))


@route("GET", "/user", callers=frozenset({"user", "anonymous"}))
async def get_me(ctx: Context) -> Answer:
    """Installation tokens are nobody: GitHub answers them 403."""
    if ctx.caller.kind == "anonymous":
        raise unauthorized("Requires authentication")
    return Answer(200, profile_json(ctx.urls, ctx.actor))


@route("GET", "/repos/{owner}/{repo}/collaborators", needs={"metadata": "read"}, role="write")
async def list_collaborators(ctx: Context) -> Answer:
    people = [ctx.world.accounts[login] for login in ctx.repo.collaborators]
    return ctx.page(
        people,
        lambda one: (
            account_json(ctx.urls, one)
            | {"permissions": permissions_json(_role(ctx.repo, one)), "role_name": _role(ctx.repo, one)}
        ),
    )


@route("GET", "/repos/{owner}/{repo}/collaborators/{username}", needs={"metadata": "read"}, role="write")
async def is_collaborator(ctx: Context) -> Answer:
    if _role(ctx.repo, _account(ctx)) is None:
        raise not_found()
    return Answer(204)


@route("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", needs={"metadata": "read"}, role="read")
async def permission(ctx: Context) -> Answer:
    """`permission` is the legacy scale (maintain is write, triage is read); `role_name` tells the truth.

    Strangers have `read` on a public repository and `none` on a private one.
    """
    account = _account(ctx)
    role = _role(ctx.repo, account)
    if role is None and not ctx.repo.private:
        role = "read"
    user = account_json(ctx.urls, account) | {"permissions": permissions_json(role), "role_name": role or "none"}
    return Answer(200, {"permission": _LEGACY[role], "role_name": role or "none", "user": user})


@route("GET", "/rate_limit", callers=EVERYBODY)
async def rate_limit(ctx: Context) -> Answer:
    """Free of charge."""
    window = ctx.hub.limits.window(ctx.caller).as_json()
    other = window | {"used": 0, "remaining": window["limit"]}
    resources = {"core": window, "search": other | {"limit": 30, "remaining": 30}, "graphql": other}
    return Answer(200, {"resources": resources, "rate": window})


@route("GET", "/meta", callers=EVERYBODY)
async def meta(ctx: Context) -> Answer:
    """`hooks` is where deliveries come from."""
    here = ["127.0.0.1/32"]
    return Answer(
        200, {"verifiable_password_authentication": False, "hooks": here, "web": here, "api": here, "git": here}
    )
