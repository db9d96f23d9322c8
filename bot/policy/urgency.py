"""How urgent an issue is, read from its labels, whatever a team calls them."""

import re

_PRIORITIES = {
    "p0": 3, "p1": 2, "p2": 1, "p3": 0,
    "urgent": 3, "critical": 3, "high": 2, "normal": 1, "medium": 1, "low": 0,
}  # fmt: skip
NORMAL_PRIORITY = 1
_VAGUE = {"high", "normal", "medium", "low", "critical"}
_PRIORITY = re.compile(r"(?P<prefix>priority[:/ -] ?)?(?P<word>[a-z0-9]+)", re.ASCII)


def priority(labels: tuple[str, ...]) -> int:
    """Of the highest priority label: `P0`–`P3`, `priority: high`, `priority/high`, `urgent` …; normal without one."""
    found = [level for label in labels if (level := _priority_of(label)) is not None]
    return max(found, default=NORMAL_PRIORITY)


def is_priority(label: str) -> bool:
    return _priority_of(label) is not None


def _priority_of(label: str) -> int | None:
    match = _PRIORITY.fullmatch(label.strip().lower())
    if match is None:
        return None
    # A bare "high" or "low" may mean anything; "P1" and "urgent" may not.
    return _PRIORITIES.get(match["word"]) if match["prefix"] or match["word"] not in _VAGUE else None
