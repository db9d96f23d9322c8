"""Links to pages that only their holder may open: signed, for one task, for some days.

There is no sign-in that could tell who may see a transcript, so GitHub tells it: the link stands in a comment and in
check runs, which are read by those who may read the repository. It runs out, so one that was passed on does not open
the page for ever. Nothing is stored: whoever knows the secret can make and judge a link.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Self

from core.secret import Secret
from core.settings import Settings

DAYS = 7
"""A link made today opens its page for so many whole days, and until midnight (UTC) after them."""
_DAY_MS = 86_400_000
_TOKEN = re.compile(r"(?P<task>[0-9]{1,19}-[0-9]{1,19})\.(?P<day>[0-9]{1,7})\.(?P<mac>[A-Za-z0-9_-]{43})", re.ASCII)


class Forged(ValueError):
    """No link of ours, or one of another deployment."""


class Expired(ValueError):
    """A link of ours that has run out."""


@dataclass(frozen=True, slots=True)
class Links:
    """`base_url`: where people reach the web process; empty: nowhere, and no link is made."""

    base_url: str = ""
    secret: Secret = field(default_factory=lambda: Secret(""))

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(settings.base_url, settings.secret)

    @property
    def are_made(self) -> bool:
        return bool(self.base_url and self.secret)

    def to(self, task_id: str, now_ms: int) -> str:
        """The page of a task; the same all day, so that what shows it is not written anew. Empty where none is made."""
        if not self.are_made:
            return ""
        day = self.until_ms(now_ms) // _DAY_MS
        return f"{self.base_url}/t/{task_id}.{day}.{self._mac(task_id, day)}"

    def until_ms(self, now_ms: int) -> int:
        """When a link that is made now runs out."""
        return (now_ms // _DAY_MS + DAYS + 1) * _DAY_MS

    def task_of(self, token: str, now_ms: int) -> str:
        """Which task's page the token opens. Raises `Forged` and `Expired`."""
        found = _TOKEN.fullmatch(token)
        if found is None or not self.secret:
            raise Forged
        day = int(found["day"])
        if not hmac.compare_digest(found["mac"], self._mac(found["task"], day)) or str(day) != found["day"]:
            raise Forged
        if now_ms >= day * _DAY_MS:
            raise Expired
        return found["task"]

    def _mac(self, task_id: str, day: int) -> str:
        text = f"pdev: page of a task\n{task_id}\n{day}"
        mac = hmac.new(self.secret.reveal().encode(), text.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
