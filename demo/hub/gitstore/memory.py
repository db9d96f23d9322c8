"""What git said about objects that are named in full: it never changes, and most of it is asked again and again.

Every webhook and every answer about a pull request carries its size and its mergeability. Without this, a story of the
hub would mostly wait for git processes that repeat themselves.
"""

import re
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
_NAMES = re.compile(r"[0-9a-f]{40}(?:\.{2,3}[0-9a-f]{40})?")
_MOST = 4_096


class Memory(Generic[T]):
    """The newest answers, by what was asked; the oldest are forgotten."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, asked: Hashable) -> T | None:
        if (known := self._known.get(asked)) is not None:
            self._known.move_to_end(asked)
        return known

    def put(self, asked: Hashable, told: T) -> None:
        self._known[asked] = told
        while len(self._known) > self._most:
            self._known.popitem(last=False)


def is_lasting(*names: str) -> bool:
    """Whether all of them are full shas, or two joined by dots: nobody can move those."""
    return all(_NAMES.fullmatch(name) for name in names)
