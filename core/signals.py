"""SIGTERM and SIGINT as something to wait for: whoever runs until it is told to end, ends in its own order.

Python's answer to SIGINT is an exception at any line, and to SIGTERM a death without goodbye.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def told_to_end() -> Iterator[asyncio.Event]:
    """Within it, both signals set the event instead of ending the process. For the main thread, in a running loop."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for signum in _SIGNALS:
        loop.add_signal_handler(signum, told.set)
    try:
        yield told
    finally:
        for signum in _SIGNALS:
            loop.remove_signal_handler(signum)
