"""What ties a child process to its parent: on Linux it gets SIGTERM when the parent dies, however that dies.

Our children have sessions of their own, so that Ctrl-C reaches only the parent, which ends them in order. Without a
lifeline they would stay behind whenever the parent is killed with -9 or by the kernel.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def lifeline() -> Callable[[], None] | None:
    """The `preexec_fn` of a child that is to end with this process; None where there is no such thing.

    Start the child in the main thread: Linux sends the signal when the *thread* that started it ends.
    """
    if sys.platform != "linux":
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def in_child() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return in_child
