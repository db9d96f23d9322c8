"""The two moments of a push that the hub must read: what was asked, and what git answered per ref.

git runs the push itself; but which refs moved (for webhooks), and GitHub's own words for a refusal, stand in the
protocol's packet lines and nowhere else.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

FLUSH = b"0000"
_LARGEST = 65515
"""Payload bytes of a side-band-64k packet, less its band byte."""


@dataclass(frozen=True, slots=True)
class Command:
    """One `old new ref` of a push; the zero sha stands for absent."""

    old: str
    new: str
    ref: str


class CommandReader:
    """Collects the first bytes of a receive-pack request until its command list is complete."""

    def __init__(self) -> None:
        self._seen = b""
        self._position = 0
        self._complete = False
        self.commands: list[Command] = []
        self.capabilities: frozenset[str] = frozenset()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; bytes after the list (the pack) are ignored."""
        if self._complete:
            return
        self._seen += chunk
        while not self._complete and len(self._seen) >= self._position + 4:
            length = int(self._seen[self._position : self._position + 4], 16)
            end = self._position + max(length, 4)
            if len(self._seen) < end:
                return
            self._take(self._seen[self._position + 4 : end], flush=length == 0)
            self._position = end

    def _take(self, line: bytes, *, flush: bool) -> None:
        if flush:
            self._complete = True
            self._seen = b""
            return
        text, _, capabilities = line.decode("utf-8", "replace").rstrip("\n").partition("\0")
        if capabilities:
            self.capabilities = frozenset(capabilities.split())
        old, _, rest = text.partition(" ")
        new, _, ref = rest.partition(" ")
        if ref:
            self.commands.append(Command(old, new, ref))


def packets(raw: bytes) -> Iterator[bytes | None]:
    """The payloads of packet lines; None for a flush."""
    position = 0
    while position + 4 <= len(raw):
        length = int(raw[position : position + 4], 16)
        if length < 4:
            yield None
            position += 4
        else:
            yield raw[position + 4 : position + length]
            position += length


def packet(payload: bytes) -> bytes:
    return f"{len(payload) + 4:04x}".encode() + payload


@dataclass(frozen=True, slots=True)
class PushReport:
    """What receive-pack answered: progress and messages (band 2) and its status lines (`ok ref`, `ng ref reason`)."""

    said: bytes
    status: tuple[bytes, ...]
    banded: bool

    @property
    def moved(self) -> frozenset[str]:
        """The refs that git accepted."""
        accepted = (line[3:].split(b"\n")[0] for line in self.status if line.startswith(b"ok "))
        return frozenset(ref.decode("utf-8", "replace") for ref in accepted)

    def reworded(self, reason: Callable[[str, str], str], said: bytes) -> bytes:
        """The same answer with `reason(ref, git's reason)` for each refused ref and `said` as the messages."""
        lines = []
        for line in self.status:
            if line.startswith(b"ng "):
                ref, _, why = line[3:].decode("utf-8", "replace").rstrip("\n").partition(" ")
                line = f"ng {ref} {reason(ref, why)}\n".encode()
            lines.append(packet(line))
        inner = b"".join(lines) + FLUSH if lines else b""
        if not self.banded:
            return inner
        return b"".join([*_banded(b"\x02", said), *_banded(b"\x01", inner), FLUSH])


def _banded(band: bytes, data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _LARGEST):
        yield packet(band + data[start : start + _LARGEST])


def read_report(raw: bytes, *, banded: bool) -> PushReport:
    """receive-pack's whole answer, with or without side bands."""
    if not banded:
        return PushReport(b"", tuple(line for line in packets(raw) if line is not None), banded=False)
    bands: dict[int, list[bytes]] = {1: [], 2: []}
    for payload in packets(raw):
        if payload:
            bands.setdefault(payload[0], []).append(payload[1:])
    status = tuple(line for line in packets(b"".join(bands[1])) if line is not None)
    return PushReport(b"".join(bands[2]), status, banded=True)
