"""The App's credentials: its JWT, and installation tokens that can do as little as possible.

A token lives for an hour and is minted for one repository and the permissions of the calls at hand, so a leaked one
opens little. Tokens stay in this process's memory (never in Redis), are renewed five minutes early, and one mint
serves everybody who waits for it. All times are the clock's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import jwt

from core.clock import Clock
from core.errors import BadCredentials, Transient
from core.github.answers import MintedToken
from core.secret import Secret

# GitHub: `exp` at most 10 minutes ahead, `iat` a minute back in case our clock is fast.
_JWT_BACK_S, _JWT_AHEAD_S, _JWT_RENEW_S = 60, 480, 420
_RENEW_EARLY_MS = 5 * 60_000
_USABLE_MS = 30_000
# Replicas of GitHub may not know a token for some seconds after it was minted (octokit waits 5 s as well).
_YOUNG_MS = 5_000


class AppKey:
    """Signs the App's JWT and keeps it for seven minutes."""

    def __init__(self, app_id: str, private_key: Secret, clock: Clock) -> None:
        self.app_id = app_id
        self._private_key = private_key
        self._clock = clock
        self._jwt = ""
        self._made_s = 0

    def jwt(self) -> str:
        now = self._clock.now_ms() // 1000
        if not self._jwt or not 0 <= now - self._made_s < _JWT_RENEW_S:
            claims = {"iat": now - _JWT_BACK_S, "exp": now + _JWT_AHEAD_S, "iss": self.app_id}
            try:
                self._jwt = jwt.encode(claims, self._private_key.reveal(), algorithm="RS256")
            except jwt.InvalidKeyError as error:
                raise BadCredentials("The App's private key is no RSA key.") from error
            self._made_s = now
        return self._jwt


@dataclass(frozen=True, slots=True)
class Scope:
    """What a token is for: one repository by id, else by name, else the whole installation."""

    installation_id: int
    permissions: tuple[tuple[str, str], ...]
    repo_id: int | None = None
    repo_name: str = ""

    def body(self) -> dict[str, object]:
        """What GitHub is asked for."""
        wanted: dict[str, object] = {"permissions": dict(self.permissions)}
        if self.repo_id is not None:
            wanted["repository_ids"] = [self.repo_id]
        elif self.repo_name:
            wanted["repositories"] = [self.repo_name]
        return wanted


@dataclass(slots=True)
class Token:
    """A minted token. `is_proven` once GitHub accepted it: from then on a 404 is a 404."""

    value: Secret
    minted_ms: int
    expires_ms: int
    is_proven: bool = False

    def is_young(self, now_ms: int) -> bool:
        return not self.is_proven and now_ms - self.minted_ms < _YOUNG_MS


class Tokens:
    """All tokens of this process."""

    def __init__(self, mint: Callable[[Scope], Awaitable[MintedToken]], clock: Clock) -> None:
        self._mint = mint
        self._clock = clock
        self._known: dict[Scope, Token] = {}
        self._minting: dict[Scope, asyncio.Task[Token]] = {}

    async def get(self, scope: Scope) -> Token:
        """A token that is good for at least five minutes (30 s when GitHub mints none just now)."""
        known = self._known.get(scope)
        left = known.expires_ms - self._clock.now_ms() if known else 0
        if known and left > _RENEW_EARLY_MS:
            return known
        try:
            return await asyncio.shield(self._minting.get(scope) or self._begin(scope))
        except Transient:
            if known and left > _USABLE_MS:
                return known
            raise

    def forget(self, scope: Scope, token: Token) -> None:
        """GitHub did not accept this token: the next `get` mints another."""
        if self._known.get(scope) is token:
            del self._known[scope]

    def _begin(self, scope: Scope) -> asyncio.Task[Token]:
        minting = asyncio.create_task(self._make(scope), name=f"mint token for installation {scope.installation_id}")
        self._minting[scope] = minting
        minting.add_done_callback(lambda done: self._end(scope, done))
        return minting

    def _end(self, scope: Scope, done: asyncio.Task[Token]) -> None:
        del self._minting[scope]
        if not done.cancelled():
            done.exception()  # whoever still waits gets it from the shield; otherwise nobody asks

    async def _make(self, scope: Scope) -> Token:
        minted = await self._mint(scope)
        now = self._clock.now_ms()
        self._known = {other: token for other, token in self._known.items() if token.expires_ms > now}
        token = Token(Secret(minted.token), now, int(minted.expires_at.timestamp() * 1000))
        self._known[scope] = token
        return token
