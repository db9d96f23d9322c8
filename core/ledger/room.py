"""How much of the findings a task's record keeps.

A reviewer may hand in five hundred findings of many kilobytes, round after round, and the store keeps every record with
its last versions. So all of them together have a bound: the longest are cut first, and those of what is settled before
those of what is still to be done.
"""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from core.tasks import Finding

MAX_FINDINGS = 600
"""Findings in one ledger."""
MAX_TEXT, MAX_NOTE, MAX_CODE, MAX_TYPE, MAX_FILE = 6_000, 1_000, 10_000, 64, 255
"""Characters of one finding's parts. A replacement that is too long is dropped: half of it would be wrong code."""
ROOM = 600_000
"""Bytes of all findings together, as the record holds them; what `MAX_FINDINGS` of the shortest need must fit in."""
MAX_MARKS = 12
_SHORT = 200
_FEW_MARKS = 3
_LEAST = {"file": 255, "type": 64, "note": 100}
"""Bytes that these parts keep where there is the least room."""


def fitting(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings in a size that the record can bear; their order and ids stay."""
    kept = [_bounded(f) for f in _most(findings)]
    if sum(map(_size, kept)) > ROOM:
        kept = [f if f.is_open else _shortened(f) for f in kept]
    if sum(map(_size, kept)) > ROOM:
        kept = [replace(f, replacement=None) for f in kept]
        limit = _limit([_size(f) for f in kept], ROOM)
        kept = [_within(f, limit) for f in kept]
    return tuple(kept)


def _most(findings: Sequence[Finding]) -> list[Finding]:
    """All of them, or the open ones and the newest of the settled; what is left over of those is told nowhere."""
    excess = len(findings) - MAX_FINDINGS
    if excess <= 0:
        return list(findings)
    order = sorted(range(len(findings)), key=lambda n: (findings[n].is_open, n if not findings[n].is_open else -n))
    gone = set(order[:excess])
    return [f for n, f in enumerate(findings) if n not in gone]


def _bounded(f: Finding) -> Finding:
    code = f.replacement if f.replacement is None or len(f.replacement) <= MAX_CODE else None
    return replace(
        f, text=_cut(f.text, MAX_TEXT), note=_cut(f.note, MAX_NOTE), type=_cut(f.type, MAX_TYPE),
        file=f.file[:MAX_FILE], replacement=code, history=f.history[-MAX_MARKS:],
    )  # fmt: skip


def _shortened(f: Finding) -> Finding:
    return replace(f, text=_cut(f.text, _SHORT), note=_cut(f.note, _SHORT), replacement=None)


def _within(f: Finding, limit: int) -> Finding:
    """The finding in at most `limit` bytes: its text gives way first, as far as it is long, then all else."""
    excess = _size(f) - limit
    if excess <= 0:
        return f
    text = _bytes(f.text)
    if text - excess < _SHORT:
        parts = {part: _cut_bytes(getattr(f, part), room) for part, room in _LEAST.items()}
        f = replace(f, history=f.history[-_FEW_MARKS:], **parts)
        excess = _size(f) - limit
    return replace(f, text=_cut_bytes(f.text, text - excess)) if excess > 0 else f


def _size(f: Finding) -> int:
    return len(msgspec.json.encode(f)) + 1


def _bytes(text: str) -> int:
    """What the text takes in JSON, which escapes some characters."""
    return len(msgspec.json.encode(text)) - 2


def _limit(sizes: Sequence[int], room: int) -> int:
    """The size at which to cut so that all fit: short ones stay whole, the long ones share what is left."""
    left = room
    for n, size in enumerate(sorted(sizes)):
        share = left // (len(sizes) - n)
        if size > share:
            return share
        left -= size
    return max(sizes, default=0)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _cut_bytes(text: str, limit: int) -> str:
    """The longest beginning that takes at most `limit` bytes in JSON, with a mark where something is missing."""
    if _bytes(text) <= limit:
        return text
    low, high = 0, min(len(text), max(0, limit))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _bytes(text[:middle]) + 3 <= limit else (low, middle - 1)
    return text[:low] + "…"
