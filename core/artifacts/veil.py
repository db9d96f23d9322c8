"""Hides secrets in what arrives piece by piece.

An agent's token may come in two events, a private key in forty lines, and a batch may end between any two of them. So
each piece is judged together with what came before, and one that ends with what may be the beginning of a secret waits
for the next.
"""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from core.artifacts.records import Entry
from core.redaction import HIDDEN, Redactor, merged

Spans = list[tuple[int, int]]

_CONTEXT = 8_192
"""Characters that are looked back: a private key of 8,192 bits has some 6,400."""

_STREAMS: tuple[Callable[[Entry], tuple[str, str]], ...] = (
    lambda entry: (entry.title, entry.body),
    lambda entry: ("", entry.body),
    lambda entry: (entry.title, ""),
)
"""A secret may go on in the next text, headlines between them or not."""


class Veil:
    """One transcript's stream of entries; they come out in order, a little later than they went in."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._context = ["" for _ in _STREAMS]
        self._waiting: list[Entry] = []

    def passed(self, entries: Sequence[Entry], *, last: bool = False) -> list[Entry]:
        """What can be judged by now, without its secrets; with `last` everything."""
        entries = [*self._waiting, *entries]
        streams = [[of(entry) for entry in entries] for of in _STREAMS]
        judged = [self._judged(*stream) for stream in zip(self._context, streams, strict=True)]
        ready = len(entries) if last else min(first_open for _, first_open in judged)
        self._waiting = entries[ready:]
        self._context = [
            (before + "".join(part for piece in pieces[:ready] for part in piece))[-_CONTEXT:]
            for before, pieces in zip(self._context, streams, strict=True)
        ]
        return [_veiled(entry, [found[n] for found, _ in judged]) for n, entry in enumerate(entries[:ready])]

    def _judged(self, before: str, pieces: Sequence[tuple[str, str]]) -> tuple[list[tuple[Spans, Spans]], int]:
        """Where the secrets of each entry's title and body stand, and the first entry that must wait."""
        parts = [part for piece in pieces for part in piece]
        starts, end = [], len(before)
        for part in parts:
            starts.append(end)
            end += len(part)
        text = before + "".join(parts)
        places = [(at, at + len(part)) for at, part in zip(starts, parts, strict=True)]
        seen = _cut(self._redactor.spans(text, starts), places)
        open_at = self._redactor.unfinished(text)
        first = next((n for n, (at, end) in enumerate(places) if end > max(at, open_at)), len(parts))
        return list(zip(seen[::2], seen[1::2], strict=True)), first // 2


def _cut(spans: Spans, places: Sequence[tuple[int, int]]) -> list[Spans]:
    """The spans as each piece of the text sees them."""
    seen: list[Spans] = []
    first = 0
    for start, end in places:
        mine: Spans = []
        while first < len(spans) and spans[first][1] <= start:
            first += 1
        at = first
        while start < end and at < len(spans) and spans[at][0] < end:
            mine.append((max(spans[at][0], start) - start, min(spans[at][1], end) - start))
            at += 1
        seen.append(mine)
    return seen


def _veiled(entry: Entry, found: Sequence[tuple[Spans, Spans]]) -> Entry:
    titles = merged(span for spans, _ in found for span in spans)
    bodies = merged(span for _, spans in found for span in spans)
    if not titles and not bodies:
        return entry
    return replace(entry, title=_hide(entry.title, titles), body=_hide(entry.body, bodies))


def _hide(text: str, spans: Spans) -> str:
    shown, at = [], 0
    for start, end in spans:
        shown += [text[at:start], HIDDEN]
        at = end
    return "".join([*shown, text[at:]])
