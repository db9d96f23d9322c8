"""What somebody beside the hub may watch: every exchange and every delivery, as they went over the wire.

The suite attaches a judge here, so that no story can pass with an answer that GitHub would never give.
"""

from collections.abc import Callable
from dataclasses import dataclass

from demo.hub.webhooks import Delivery


@dataclass(frozen=True, slots=True)
class Exchange:
    """One REST or GraphQL call. `path` is as sent, query included; bodies are the raw bytes, empty without one.

    `content_type` is the answer's; a 304 or 204 has none.
    """

    method: str
    path: str
    request_body: bytes
    status: int
    response_body: bytes
    content_type: str


Observer = Callable[[Exchange | Delivery], None]
