"""Entries as bytes and back: one JSON line each, compressed together."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from core.artifacts.records import Entry

_LONGEST = 4 << 20
"""Bytes that one piece may unfold to: a file that was tampered with shall not fill the memory."""
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Entry)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some entries, ready to be kept. `raw`: bytes before compression."""

    entries: int
    raw: int
    blob: bytes


def pieces(entries: Iterable[Entry], cap: int) -> list[Piece]:
    """The entries in order, in pieces of at most `cap` bytes before compression, or of one entry."""
    made: list[Piece] = []
    lines: list[bytes] = []
    size = 0
    for entry in entries:
        line = _encoder.encode(entry)
        if lines and size + len(line) > cap:
            made.append(_piece(lines))
            lines, size = [], 0
        lines.append(line)
        size += len(line) + 1
    return [*made, _piece(lines)] if lines else made


def unfold(blob: bytes) -> list[Entry] | None:
    """The entries of a piece; None when it is damaged."""
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(blob, _LONGEST)
        if not unpacker.eof:
            return None
        return [_decoder.decode(line) for line in text.splitlines()]
    except (zlib.error, msgspec.MsgspecError):
        return None


def _piece(lines: Sequence[bytes]) -> Piece:
    text = b"\n".join(lines)
    return Piece(len(lines), len(text), zlib.compress(text, 6))
