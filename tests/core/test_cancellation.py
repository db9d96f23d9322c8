"""A loop around the store ends whenever it is told to, also in the moments in which redis-py loses the word."""

import asyncio
import contextlib

from redis.asyncio import Redis

from core.cancellation import is_cancelled, pause


async def test_nobody_is_cancelled_unasked() -> None:
    assert not is_cancelled()
    assert not await asyncio.create_task(_asked())


async def test_a_task_knows_that_it_was_told_to_end_after_the_word_was_lost() -> None:
    async def lose() -> bool:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return is_cancelled()
        return False

    task = asyncio.create_task(lose())
    await asyncio.sleep(0)
    task.cancel()
    assert await task


async def test_nobody_sleeps_over_a_word_that_was_lost() -> None:
    async def lose_and_sleep() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await pause(3600)

    task = asyncio.create_task(lose_and_sleep())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task}, timeout=10)
    assert task.cancelled()


async def test_a_loop_ends_at_whatever_moment_it_is_cancelled(redis: "Redis") -> None:
    """Without the question about one in seventy of these loops goes on for ever (Python 3.11, redis-py 5.3)."""

    async def loop() -> None:
        while not is_cancelled():
            await redis.incr("turns")

    for turns in range(600):
        task = asyncio.create_task(loop())
        for _ in range(turns % 150):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task}, timeout=10)
        assert task.done(), f"cancelled after {turns % 150} turns of the event loop, it goes on"
    assert int(await redis.get("turns")) > 0


async def _asked() -> bool:
    return is_cancelled()
