"""One at a time, in this process and among all others, also after a death.

Eight concurrent fetches into one cache failed seventy times of eighty; behind one lock, never. The lock is a file, so
other workers on the machine take part, and its descriptor is handed to the git process that works under it: when a
worker is killed, the lock is free only once its orphaned git has ended too.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path

_LOOK_AGAIN_S = 0.02


@contextlib.asynccontextmanager
async def exclusive(path: Path, turn: asyncio.Lock) -> AsyncIterator[int]:
    """Hold the lock file at `path`; yields its descriptor, to be passed on to child processes.

    `turn` is this process's own queue for the same file, so that only one of us waits for the others.
    """
    async with turn:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Other processes hold it: nothing to await, and a thread inside flock could not be cancelled.
            while not _taken(descriptor):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_AGAIN_S)
            yield descriptor
        finally:
            os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
