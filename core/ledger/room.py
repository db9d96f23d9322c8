"""How much of the findings a task's record keeps.

A reviewer may hand in five hundred findings of many kilobytes, round after round, and the store keeps every record with
its last versions. So all texts together have a bound: the longest are cut first, and those of what is settled before
those of what is still to be done.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from core.tasks import Finding

MAX_FINDINGS = 600
"""Findings in one ledger."""
MAX_TEXT, MAX_NOTE, MAX_CODE, MAX_TYPE, MAX_FILE = 6_000, 1_000, 10_000, 64, 1_024
"""Characters of one finding's parts. A replacement that is too long is dropped: half of it would be wrong code."""
ROOM = 240_000
"""Characters of all texts, notes and replacements together."""
MAX_MARKS = 12
_SHORT = 200


def fitting(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings in a size that the record can bear; their order and ids stay."""
    kept = [_bounded(f) for f in _most(findings)]
    if (size := _size(kept)) > ROOM:
        kept = [f if f.is_open else _shortened(f, _SHORT) for f in kept]
        size = _size(kept)
    if size > ROOM:
        kept = [replace(f, replacement=None) for f in kept]
        limit = _limit([len(f.text) for f in kept], ROOM - sum(len(f.note) for f in kept))
        kept = [_shortened(f, limit, note=MAX_NOTE) for f in kept]
    if _size(kept) > ROOM:
        kept = [_shortened(f, _SHORT) for f in kept]
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


def _shortened(f: Finding, text: int, *, note: int = _SHORT) -> Finding:
    return replace(f, text=_cut(f.text, text), note=_cut(f.note, note), replacement=None)


def _size(findings: Sequence[Finding]) -> int:
    return sum(len(f.text) + len(f.note) + len(f.replacement or "") for f in findings)


def _limit(sizes: Sequence[int], room: int) -> int:
    """The length at which to cut so that all fit: short ones stay whole, the long ones share what is left."""
    left = room
    for n, size in enumerate(sorted(sizes)):
        share = left // (len(sizes) - n)
        if size > share:
            return max(_SHORT, share)
        left -= size
    return max(sizes, default=_SHORT)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
