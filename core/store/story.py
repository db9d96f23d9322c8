"""The story and the figures: an event stream and lists of measured times, both capped."""

import time
from collections.abc import Sequence

from core.store.records import Event
from core.store.scripts import Room
from core.tasks import Task

_MEASURES = 2000
_MEASURE_AGE_S = 7 * 86_400
_PRESSURE = 0.8
_PRESSURE_AGE_S = 1.0


class Story(Room):
    """The part of the store that is read by pages, metrics and tests; a hint, never the truth."""

    _pressure = (float("-inf"), False)

    async def note(self, event: str, task: Task | None = None, **facts: str | int | float) -> None:
        """Write an event of `core.events.EVENTS`. Facts only: no text of people, no secret."""
        flat = [str(part) for pair in facts.items() for part in pair]
        await self._scripts("note", event, task.id if task else "", *flat)

    async def events(self, since: str = "", count: int = 1000) -> list[Event]:
        """Events behind the one with id `since` (all that are kept when empty), oldest first, at most `count`."""
        found = await self._redis.xrange("pdev:events", min=f"({since}" if since else "-", count=count)
        return [_event(name.decode(), fields) for name, fields in found]

    async def measure(self, name: str, value_ms: float) -> None:
        """Keep a measured time (the newest 2,000 for a week): `dispatch_ms`, `worktree_ms`, `ack_ms`, …"""
        key = f"pdev:measure:{name}"
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.rpush(key, repr(float(value_ms)))
            pipe.ltrim(key, -_MEASURES, -1)
            pipe.expire(key, _MEASURE_AGE_S)
            await pipe.execute()

    async def measures(self, name: str) -> list[float]:
        """What was measured, oldest first."""
        values: Sequence[bytes] = await self._redis.lrange(f"pdev:measure:{name}", 0, -1)  # type: ignore[misc]
        return [float(value) for value in values]

    async def memory_pressure(self) -> bool:
        """Whether the server uses more than 80 % of the memory it may; asked at most once a second.

        Then no attempt starts and deliveries get 503, so that what is running can still be saved.
        """
        asked, answer = self._pressure
        if time.monotonic() - asked > _PRESSURE_AGE_S:
            info = await self._redis.info("memory")
            limit = int(info.get("maxmemory", 0))
            answer = limit > 0 and int(info["used_memory"]) > _PRESSURE * limit
            self._pressure = (time.monotonic(), answer)
        return answer


def _event(event_id: str, fields: dict[bytes, bytes]) -> Event:
    texts = {name.decode(): value.decode() for name, value in fields.items()}
    return Event(id=event_id, name=texts.pop("event"), task=texts.pop("task"), at_ms=int(texts.pop("at")), facts=texts)
