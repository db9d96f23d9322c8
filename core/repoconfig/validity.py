"""Asking the model: which of these values it does not accept."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from core.repoconfig.keys import KEYS, nested
from core.repoconfig.model import Config


def mistakes_of(values: Mapping[str, Any]) -> Iterator[tuple[str, int | None]]:
    """Dotted name, and the entry of a list where only that is wrong, of each value that the model refuses.

    JSON, because there a list is a list and nothing is taken for something else: `"5"` is no number.
    """
    try:
        Config.model_validate_json(json.dumps(nested(values), allow_nan=False), strict=True)
    except ValidationError as error:
        yield from _where(error, values)


def _where(error: ValidationError, values: Mapping[str, Any]) -> Iterator[tuple[str, int | None]]:
    found: dict[str, set[int | None]] = {}
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        key = _key([str(part) for part in one["loc"]])
        # pydantic puts the shape that it tried between a key and the entry of a list
        entry = one["loc"][-1] if isinstance(one["loc"][-1], int) and isinstance(values.get(key), list) else None
        found.setdefault(key, set()).add(entry)
    for key, entries in found.items():
        inside: list[int | None] = [*sorted(entry for entry in entries if entry is not None)]
        for entry in inside or [None]:
            yield key, entry


def _key(parts: list[str]) -> str:
    return next(name for n in range(len(parts), 0, -1) if (name := ".".join(parts[:n])) in KEYS)
