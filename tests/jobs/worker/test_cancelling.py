"""The worker's loops end at whatever moment they are cancelled: a deaf one would hold up every shutdown."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from jobs.deps import Deps
from jobs.sweep import Sweep
from jobs.worker.ears import Ears

Loop = Callable[[Deps], Awaitable[None]]


async def listening(deps: Deps) -> None:
    heard: list[str] = []
    await Ears(deps.redis, {"news": heard.append, "news:*": heard.append}).listen()


async def sweeping(deps: Deps) -> None:
    await Sweep(deps).run()


@pytest.mark.parametrize("loop", [listening, sweeping])
async def test_a_loop_ends_at_whatever_moment_it_is_cancelled(loop: Loop, deps: Deps, redis: "Redis") -> None:
    for turns in range(150):
        task = asyncio.ensure_future(loop(deps))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task}, timeout=10)
        assert task.done(), f"cancelled after {turns} turns of the event loop, it goes on"
        assert task.cancelled() or task.exception() is None
