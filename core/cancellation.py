"""How loops around the store learn that they were told to end, when nobody tells them.

redis-py writes under `asyncio.wait_for`, which before Python 3.12 loses a cancellation that comes just as the write is
done: the task goes on as if nobody had said anything, and whoever cancelled it waits for ever. The task itself still
knows that it was cancelled, so a loop that asks before each turn and before each pause ends all the same.
"""

import asyncio


def is_cancelled() -> bool:
    """Whether the running task was cancelled, even if the cancellation never arrived as an exception."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def pause(seconds: float) -> None:
    """Sleep, unless the task was cancelled before: then raise the `CancelledError` that was lost."""
    if is_cancelled():
        raise asyncio.CancelledError
    await asyncio.sleep(seconds)
