"""The Lua scripts that make one change one change.

What must never come apart (a record, its history, its event, the doorbell it rings) is written by one script; the
server runs each as a whole. They lie beside this module as text, each behind `prelude.lua`.
"""

from functools import cache
from importlib import resources
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from core.clock import Clock

Argument = str | int | bytes


@cache
def text(name: str) -> str:
    """The source of a script, prelude included."""
    folder = resources.files(__package__)
    return "\n".join((folder / f"{part}.lua").read_text(encoding="utf-8") for part in ("prelude", name))


class Scripts:
    """Runs scripts by digest and sends their text again when a restarted server has forgotten it."""

    def __init__(self, redis: "Redis", clock: Clock) -> None:
        self._redis, self._clock = redis, clock
        self._known: dict[str, AsyncScript] = {}

    async def __call__(self, name: str, *arguments: Argument) -> Any:
        if name not in self._known:
            self._known[name] = self._redis.register_script(text(name))
        return await self._known[name](args=[self._clock.shift_ms, *arguments])


class Room:
    """What every part of the store is made with."""

    def __init__(self, redis: "Redis", clock: Clock) -> None:
        self._redis, self._clock = redis, clock
        self._scripts = Scripts(redis, clock)
