"""From an Authorization header to a Caller, refusing what GitHub refuses: bad signatures, long JWTs, stale tokens."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt

from demo.hub.callers import ANONYMOUS, Caller
from demo.hub.errors import GitHubError, unauthorized
from demo.hub.state import Account, App, Installation, Token, World

LONGEST_JWT = timedelta(minutes=10)
TOKEN_LIFE = timedelta(hours=1)
_UNDECODABLE = "A JSON web token could not be decoded"


def token_in(header: str | None) -> str | None:
    """The bare token of `Bearer`, `token` or Basic (as password, as git sends it); None without a header."""
    if not header:
        return None
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() in ("bearer", "token"):
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            name, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise unauthorized() from None
        return password if password not in ("", "x-oauth-basic") else name
    raise unauthorized()


def authenticate(world: World, header: str | None, now: datetime) -> Caller:
    """Who calls. Raises 401 "Bad credentials" even where the anonymous could read: a wrong token is never ignored."""
    token = token_in(header)
    if token is None:
        return ANONYMOUS
    if token.count(".") == 2 and not token.startswith("gh"):
        return _by_jwt(world, token, now)
    known = world.tokens.get(token)
    if known is None or (known.expires_at is not None and now >= known.expires_at):
        raise unauthorized()
    return _by_token(world, known)


def _by_token(world: World, token: Token) -> Caller:
    installation = token.installation
    if installation is None:
        return Caller("user", token.account, token=token.value)
    if installation.id not in world.installations:
        raise unauthorized()
    if installation.suspended_at is not None:
        raise GitHubError(403, "This installation has been suspended")
    return Caller(
        "installation",
        token.account,
        installation.app,
        installation,
        token.permissions,
        token.repository_ids,
        token.value,
    )


def _by_jwt(world: World, token: str, now: datetime) -> Caller:
    try:
        claims: Mapping[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise unauthorized(_UNDECODABLE) from None
    issuer = str(claims.get("iss", ""))
    app = next((one for one in world.apps.values() if issuer in (str(one.id), one.client_id)), None)
    if app is None:
        raise GitHubError(404, "Integration not found")
    try:
        options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_iss": False}
        jwt.decode(token, app.public_key_pem, algorithms=["RS256"], options=options)
    except jwt.PyJWTError:
        raise unauthorized(_UNDECODABLE) from None
    _check_times(claims, now)
    return Caller("app", app.bot, app, token=token)


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    expires, issued = claims.get("exp"), claims.get("iat")
    if not isinstance(expires, int) or expires <= now.timestamp():
        raise unauthorized(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the "
            "assertion expires"
        )
    if expires > (now + LONGEST_JWT).timestamp() + 1:
        raise unauthorized("'Expiration time' claim ('exp') is too far in the future")
    if not isinstance(issued, int) or issued > now.timestamp() + 1:
        raise unauthorized(
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        )


def mint(
    world: World,
    installation: Installation,
    permissions: dict[str, str],
    repository_ids: frozenset[int] | None,
    now: datetime,
) -> Token:
    """An installation token for one hour: opaque, and long as GitHub's stateless ones are (~520 characters)."""
    value = f"ghs_{installation.app.id}_{secrets.token_urlsafe(380)}"
    token = Token(value, installation.app.bot, installation, permissions, repository_ids, now + TOKEN_LIFE)
    world.tokens[value] = token
    return token


def person_token(world: World, account: Account) -> Token:
    """A personal token that never expires."""
    token = Token(f"ghp_{secrets.token_hex(18)}", account)
    world.tokens[token.value] = token
    return token


def app_of(caller: Caller) -> App:
    """The App of a JWT caller."""
    assert caller.app is not None, "the route admits Apps only"
    return caller.app
