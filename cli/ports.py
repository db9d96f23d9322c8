"""Ports that somebody else has: the most usual reason why a server does not start, told in words."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import OperatorError

_REASONS = {
    errno.EADDRINUSE: "something else listens there",
    errno.EACCES: "this user may not listen there",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


@contextmanager
def told_if_taken(port: int, setting: str, host: str = "127.0.0.1") -> Iterator[None]:
    """While a server starts: raises `OperatorError` when it cannot listen. `setting` is what chooses the port."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REASONS:
            raise
        raise OperatorError(
            f"pdev cannot listen on port {port} of {host}: {_REASONS[error.errno]}.",
            f"End what listens there, or choose another port with {setting}.",
            code="PORT_TAKEN",
        ) from error
