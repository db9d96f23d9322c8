"""One webhook on its way from the door to its handler.

The door stores it before it answers GitHub, the inbox hands it on; the sweep writes the same thing (`source: sweep`)
when it finds that GitHub's webhook was lost, so that one policy judges both.
"""

from typing import Literal

import msgspec


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as it is stored: the fields that we use, nothing else of the payload."""

    guid: str
    event: str
    action: str = ""
    source: Literal["webhook", "sweep"] = "webhook"
    repo_id: int
    """0 when the delivery is about no repository (an installation)."""
    issue: int
    """The issue or pull request it is about; 0 when about none."""
    received_ms: int
    body: str | bytes
    """The typed event as JSON in GitHub's shape."""

    @property
    def line(self) -> str:
        """Deliveries of one line are handled one at a time, in arrival order."""
        return f"{self.repo_id}:{self.issue}"


class _Stored(msgspec.Struct, kw_only=True):
    """The same with the body as JSON within JSON, so that it is neither escaped nor decoded twice."""

    guid: str
    event: str
    action: str = ""
    source: Literal["webhook", "sweep"] = "webhook"
    repo_id: int
    issue: int
    received_ms: int
    body: msgspec.Raw


def encode(delivery: Delivery) -> bytes:
    """Raises ValueError when the body is not JSON."""
    body = delivery.body.encode() if isinstance(delivery.body, str) else delivery.body
    msgspec.json.decode(body, type=msgspec.Raw)
    fields = {name: getattr(delivery, name) for name in Delivery.__struct_fields__}
    return msgspec.json.encode(_Stored(**fields | {"body": msgspec.Raw(body)}))


def decode(stored: bytes) -> Delivery:
    """Raises ValueError when it is damaged."""
    found = msgspec.json.decode(stored, type=_Stored)
    fields = {name: getattr(found, name) for name in Delivery.__struct_fields__}
    return Delivery(**fields | {"body": bytes(found.body)})
