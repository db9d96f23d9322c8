"""Whether two findings are the same one.

Agents give a finding of an earlier round a new id, other words or another line: by carelessness, or because the
corrector moved the code. Taken for a new one each time, it would never be seen to come back. What decides is the place
and the words; none of it is exact, so a wrong guess must do no harm: at worst a finding is told under an older id.
"""

import re
from collections.abc import Mapping, Sequence

from core.tasks import Finding

_WORD = re.compile(r"\w+")
_MOST_WORDS = 80
_NEAR, _NEARBY = 3, 12
"""Lines between two places that corrections may have moved apart."""
_SAME_TYPE, _SAME_PLACE, _ANYWHERE = 0.2, 0.4, 0.7
"""How alike the words must be (0 to 1): same type and all but same line; same neighbourhood; only the same file."""


def words_of(text: str) -> frozenset[str]:
    """The words that tell one finding from another, in no order."""
    return frozenset(word.casefold() for word in _WORD.findall(text)[:_MOST_WORDS])


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """From 0 (no word in common) to 1 (the same words)."""
    return len(one & other) / len(one | other) if one or other else 1.0


def match(new: Finding, known: Sequence[Finding], words: Mapping[str, frozenset[str]]) -> Finding | None:
    """The known finding that this is, if any; `words` holds those of each known one by id."""
    said = words_of(new.text)
    scores = [(_score(new, old, likeness(said, words[old.id])), old) for old in known if old.file == new.file]
    best = max(scores, key=lambda scored: scored[0], default=None)
    return best[1] if best and best[0] > 0 else None


def _score(new: Finding, old: Finding, alike: float) -> float:
    """How sure it is that they are the same; 0 when they are not."""
    apart = _apart(new, old)
    if apart is None:
        needed = _ANYWHERE
    elif apart <= _NEAR and new.type.casefold() == old.type.casefold():
        needed = _SAME_TYPE
    elif apart <= _NEARBY:
        needed = _SAME_PLACE
    else:
        needed = _ANYWHERE
    if alike < needed:
        return 0.0
    return 1 + alike + (0.0 if apart is None else 1 / (1 + apart))


def _apart(new: Finding, old: Finding) -> int | None:
    """Lines between the two; None where one of them has no line."""
    if not (new.file and new.line and old.line):
        return None
    first, last = sorted((new, old), key=lambda f: f.line)
    return max(0, last.line - max(first.line, first.end_line))
