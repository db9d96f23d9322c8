"""REST: our App, its installations and their tokens."""

from typing import Any

import msgspec

from demo.hub.auth import app_of, mint
from demo.hub.context import Context
from demo.hub.errors import GitHubError, not_found, unprocessable
from demo.hub.installing import (
    register_from_manifest,
    resume_installation,
    suspend_installation,
    uninstall,
)
from demo.hub.render import app_json, installation_json, repository_json
from demo.hub.routing import APP_ONLY, EVERYBODY, Answer, Body, route
from demo.hub.state import Installation, Repository, stamp

MOST_REPOSITORIES = 500
_LEVELS = {"read": 1, "write": 2, "admin": 3}


class TokenWish(Body):
    repositories: list[str] | None = None
    repository_ids: list[int] | None = None
    permissions: dict[str, str] = msgspec.field(default_factory=dict)


def _own(ctx: Context) -> Installation:
    """The installation of the path, if it is of the App that calls."""
    installation = ctx.world.installations.get(ctx.number("installation_id"))
    if installation is None or installation.app is not app_of(ctx.caller):
        raise not_found()
    return installation


def _covered(ctx: Context, installation: Installation) -> list[Repository]:
    return [repo for repo in ctx.world.repos.values() if installation in ctx.world.installations_on(repo)]


@route("GET", "/app", callers=APP_ONLY)
async def get_app(ctx: Context) -> Answer:
    app = app_of(ctx.caller)
    return Answer(200, {**app_json(ctx.urls, app), "installations_count": len(ctx.hub.installations_of(app))})


@route("GET", "/apps/{app_slug}", callers=EVERYBODY)
async def get_by_slug(ctx: Context) -> Answer:
    app = next((one for one in ctx.world.apps.values() if one.slug == ctx.params["app_slug"]), None)
    if app is None:
        raise not_found()
    return Answer(200, app_json(ctx.urls, app))


@route("GET", "/app/installations", callers=APP_ONLY)
async def list_installations(ctx: Context) -> Answer:
    """Suspended ones too."""
    found = ctx.hub.installations_of(app_of(ctx.caller))
    return ctx.page(found, lambda one: _listed(ctx, one))


def _listed(ctx: Context, installation: Installation) -> dict[str, Any]:
    """GitHub describes the account of this list, and of no other, as a user and an enterprise at once."""
    answer, account = installation_json(ctx.urls, installation), installation.account
    since = stamp(account.created_at)
    both = {"name": account.name or account.login, "slug": account.login, "created_at": since, "updated_at": since}
    return answer | {"account": answer["account"] | both}


@route("GET", "/app/installations/{installation_id}", callers=APP_ONLY)
async def get_installation(ctx: Context) -> Answer:
    return Answer(200, installation_json(ctx.urls, _own(ctx)))


@route("DELETE", "/app/installations/{installation_id}", callers=APP_ONLY)
async def delete_installation(ctx: Context) -> Answer:
    uninstall(ctx.hub, _own(ctx), ctx.actor)
    return Answer(204)


@route("PUT", "/app/installations/{installation_id}/suspended", callers=APP_ONLY)
async def suspend(ctx: Context) -> Answer:
    suspend_installation(ctx.hub, _own(ctx), ctx.actor)
    return Answer(204)


@route("DELETE", "/app/installations/{installation_id}/suspended", callers=APP_ONLY)
async def unsuspend(ctx: Context) -> Answer:
    resume_installation(ctx.hub, _own(ctx), ctx.actor)
    return Answer(204)


def _installation_on(ctx: Context, repo: Repository | None, login: str | None = None) -> Answer:
    app = app_of(ctx.caller)
    for one in ctx.hub.installations_of(app):
        here = one in ctx.world.installations_on(repo) if repo else one.account.login.lower() == (login or "").lower()
        if here:
            return Answer(200, installation_json(ctx.urls, one))
    raise not_found()


@route("GET", "/repos/{owner}/{repo}/installation", callers=APP_ONLY)
async def repository_installation(ctx: Context) -> Answer:
    return _installation_on(ctx, ctx.repo)


@route("GET", "/orgs/{org}/installation", callers=APP_ONLY)
async def organization_installation(ctx: Context) -> Answer:
    return _installation_on(ctx, None, ctx.params["org"])


@route("GET", "/users/{username}/installation", callers=APP_ONLY)
async def user_installation(ctx: Context) -> Answer:
    return _installation_on(ctx, None, ctx.params["username"])


@route("POST", "/app/installations/{installation_id}/access_tokens", callers=APP_ONLY, body=TokenWish)
async def create_token(ctx: Context, body: TokenWish) -> Answer:
    """One hour; narrowed to repositories and permissions on wish; 422 for more than was granted."""
    installation = _own(ctx)
    if installation.suspended_at is not None:
        raise GitHubError(403, "This installation has been suspended")
    covered = _covered(ctx, installation)
    chosen = _chosen(covered, body)
    permissions = _narrowed(installation.permissions, body.permissions)
    ids = frozenset(repo.id for repo in chosen) if chosen is not None else None
    token = mint(ctx.world, installation, permissions, ids, ctx.hub.now())
    answer: dict[str, Any] = {
        "token": token.value,
        "expires_at": stamp(token.expires_at or ctx.hub.now()),
        "permissions": permissions,
        "repository_selection": installation.repository_selection if chosen is None else "selected",
    }
    if chosen is not None:
        answer["repositories"] = [repository_json(ctx.urls, repo) for repo in chosen]
    return Answer(201, answer)


def _chosen(covered: list[Repository], wish: TokenWish) -> list[Repository] | None:
    """None: no wish, so all that the installation covers."""
    if wish.repositories is None and wish.repository_ids is None:
        return None
    names, ids = wish.repositories or [], wish.repository_ids or []
    if len(names) + len(ids) > MOST_REPOSITORIES:
        raise unprocessable(f"At most {MOST_REPOSITORIES} repositories can be named.")
    chosen = [repo for repo in covered if repo.name in names or repo.id in ids]
    if len(chosen) != len(set(names)) + len(set(ids)):
        raise unprocessable(
            "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
    return chosen


def _narrowed(granted: dict[str, str], wish: dict[str, str]) -> dict[str, str]:
    """An empty wish is no wish (as recorded from GitHub)."""
    if not wish:
        return dict(granted)
    for name, level in wish.items():
        if _LEVELS.get(level, 9) > _LEVELS.get(granted.get(name, ""), 1 if name == "metadata" else 0):
            raise unprocessable("The permissions requested are not granted to this installation.")
    return {"metadata": "read", **wish}


@route("GET", "/installation/repositories", callers=frozenset({"installation"}))
async def list_repositories(ctx: Context) -> Answer:
    found = [repo for repo in ctx.world.repos.values() if ctx.caller.covers(repo)]
    answer = ctx.page(found, lambda one: repository_json(ctx.urls, one), under="repositories")
    narrowed = ctx.caller.repository_ids is not None
    selection = (
        "selected" if narrowed or ctx.caller.installation is None else ctx.caller.installation.repository_selection
    )
    answer.data["repository_selection"] = selection
    return answer


@route("DELETE", "/installation/token", callers=frozenset({"installation"}))
async def revoke_token(ctx: Context) -> Answer:
    """From now on it is 401."""
    ctx.world.tokens.pop(ctx.caller.token or "", None)
    return Answer(204)


@route("POST", "/app-manifests/{code}/conversions", callers=EVERYBODY)
async def convert_manifest(ctx: Context) -> Answer:
    """Once per code: the App with its key, secret and webhook secret, which GitHub shows only here."""
    manifest = ctx.hub.manifests.pop(ctx.params["code"], None)
    if manifest is None:
        raise not_found()
    app, key = register_from_manifest(ctx.hub, manifest)
    return Answer(
        201,
        {
            **app_json(ctx.urls, app),
            "client_secret": app.client_secret,
            "webhook_secret": app.hook.secret,
            "pem": key,
        },
    )
