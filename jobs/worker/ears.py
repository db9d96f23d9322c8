"""One subscription for everything that should happen now rather than at the next look.

New jobs and people's wishes are published. Publications are hints: one may be lost with a connection, so every
listener also looks by itself now and then, and is told to look again each time the subscription is (re)made.
"""

import logging
from collections.abc import Callable, Mapping

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from core.cancellation import is_cancelled, pause
from jobs.deps import STORE_AWAY

log = logging.getLogger(__name__)

_AGAIN_S = 0.2
"""Seconds between two tries to subscribe while the store is away."""


class Ears:
    """Hears channels (exact names, or a pattern that ends in `*`) and calls who asked, with the channel's name.

    A listener is called with an empty name when publications may have been missed.
    """

    def __init__(self, redis: "Redis", listeners: Mapping[str, Callable[[str], None]]) -> None:
        self._redis = redis
        self._listeners = dict(listeners)

    async def listen(self) -> None:
        """Listen until cancelled, through every restart of the store."""
        while True:
            pubsub = self._redis.pubsub()
            try:
                await self._hear(pubsub)
            except STORE_AWAY as error:
                log.warning("subscription lost (%s), subscribing again", type(error).__name__)
            finally:
                await pubsub.aclose()  # type: ignore[no-untyped-call]
            await pause(_AGAIN_S)

    async def _hear(self, pubsub: PubSub) -> None:
        exact = [name for name in self._listeners if not name.endswith("*")]
        patterns = [name for name in self._listeners if name.endswith("*")]
        await pubsub.subscribe(*exact)
        await pubsub.psubscribe(*patterns)
        while not is_cancelled():
            # A read without a timeout would never notice a peer that is gone without a word.
            message = await pubsub.get_message(timeout=5)
            if message is None:
                await pubsub.ping()
            elif message["type"] in ("subscribe", "psubscribe"):
                self._listeners[_text(message["channel"])]("")
            elif message["type"] == "message":
                self._listeners[_text(message["channel"])](_text(message["channel"]))
            elif message["type"] == "pmessage":
                self._listeners[_text(message["pattern"])](_text(message["channel"]))


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name
