"""A value that must not be seen.

A token in a traceback, a log line or a dataclass's repr is a token given away. What is wrapped here shows itself only
to code that asks for it by name, so a reader finds every such place by searching for `reveal`.
"""

import hmac
from typing import Any, NoReturn


class Secret:
    """A string that `repr`, `str`, format and pickle do not show. Falsy when empty."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The string itself, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)" if self._value else "Secret()"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not written anywhere")

    def __format__(self, spec: Any) -> str:
        return repr(self)
