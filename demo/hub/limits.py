"""Rate limits: counted for everybody on every call, refused where a story or the real number says so."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from demo.hub.callers import Caller
from demo.hub.errors import GitHubError

PER_HOUR = 5_000
ANONYMOUS_PER_HOUR = 60
CONTENT_PER_MINUTE = 80
CONTENT_PER_HOUR = 500


@dataclass(slots=True)
class Window:
    """One caller's hour."""

    limit: int
    resets_at: datetime
    used: int = 0

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    def as_json(self) -> dict[str, int | str]:
        return {
            "limit": self.limit,
            "used": self.used,
            "remaining": self.remaining,
            "reset": int(self.resets_at.timestamp()),
        }


@dataclass(slots=True)
class Limits:
    """`enforce_content` refuses above GitHub's 80 a minute and 500 an hour; else writes are only counted."""

    now: Callable[[], datetime]
    enforce_content: bool = False
    windows: dict[str, Window] = field(default_factory=dict)
    content: list[tuple[datetime, str]] = field(default_factory=list)
    """(when, bucket) of every call that created content."""
    requests: int = 0
    _secondary: list[int] = field(default_factory=list)
    _exhaust_after: int | None = None
    _exhaust_for: float = 3600.0

    def plan_exhaustion(self, after: int, reset_in: float) -> None:
        self._exhaust_after, self._exhaust_for = after, reset_in

    def plan_secondary(self, retry_after: int, times: int) -> None:
        self._secondary += [retry_after] * times

    def window(self, caller: Caller) -> Window:
        """The caller's current hour; a new one when the last is over."""
        key, now = bucket(caller), self.now()
        window = self.windows.get(key)
        if window is None or now >= window.resets_at:
            limit = ANONYMOUS_PER_HOUR if caller.kind == "anonymous" else PER_HOUR
            window = self.windows[key] = Window(limit, now + timedelta(hours=1))
        return window

    def charge(self, caller: Caller, *, content: bool) -> None:
        """Count one call, or raise the 403 that GitHub would send."""
        self.requests += 1
        window = self.window(caller)
        self._exhaust(window)
        if window.remaining == 0:
            raise GitHubError(403, f"API rate limit exceeded for {_spell(caller)}.")
        window.used += 1
        if self._secondary:
            raise _secondary(self._secondary.pop(0))
        if content:
            self._charge_content(bucket(caller))

    def refund(self, caller: Caller) -> None:
        """A conditional request that was answered 304 is free."""
        window = self.window(caller)
        window.used = max(0, window.used - 1)

    def headers(self, caller: Caller) -> dict[str, str]:
        window = self.window(caller)
        return {
            "X-RateLimit-Limit": str(window.limit),
            "X-RateLimit-Remaining": str(window.remaining),
            "X-RateLimit-Used": str(window.used),
            "X-RateLimit-Reset": str(int(window.resets_at.timestamp())),
            "X-RateLimit-Resource": "core",
        }

    def _exhaust(self, window: Window) -> None:
        if self._exhaust_after is None:
            return
        if self._exhaust_after > 0:
            self._exhaust_after -= 1
            return
        self._exhaust_after = None
        window.used, window.resets_at = window.limit, self.now() + timedelta(seconds=self._exhaust_for)

    def _charge_content(self, key: str) -> None:
        now = self.now()
        self.content.append((now, key))
        if not self.enforce_content:
            return
        mine = [when for when, whose in self.content if whose == key and now - when < timedelta(hours=1)]
        minute = sum(now - when < timedelta(minutes=1) for when in mine)
        if minute > CONTENT_PER_MINUTE or len(mine) > CONTENT_PER_HOUR:
            self.content.pop()
            raise _secondary(60)


def bucket(caller: Caller) -> str:
    """Whose hour a call counts against."""
    if caller.installation is not None:
        return f"installation {caller.installation.id}"
    if caller.kind == "app" and caller.app is not None:
        return f"app {caller.app.id}"
    return f"user {caller.account.login}" if caller.account else "anonymous"


def _spell(caller: Caller) -> str:
    if caller.installation is not None:
        return f"installation ID {caller.installation.id}"
    return f"user ID {caller.account.id}" if caller.account else "127.0.0.1"


def _secondary(retry_after: int) -> GitHubError:
    words = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    return GitHubError(403, words, headers={"Retry-After": str(retry_after)})
