"""A transcript being written: entries come in as fast as they happen, and go out in batches.

What is flushed survives its writer. Everything in between is plain text without secrets by then, whatever an agent or
a command put out.
"""

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace

from core.artifacts.cleaning import clipped
from core.artifacts.index import Artifacts
from core.artifacts.pieces import Piece, pieces
from core.artifacts.records import Entry, Header, Stopped
from core.artifacts.veil import Veil
from core.redaction import Redactor
from core.visible import visible_text

TITLE, BODY = 300, 16_000
"""Characters of an entry that are kept."""
_READ = 256_000
"""Characters of one entry that are looked at."""
_WAITING = 4 << 20
"""Characters that may wait for a store that does not answer; what comes then is counted and not kept."""
_AT_ONCE = 64_000
"""Characters that are judged in one go, before others have their turn."""


class Writer:
    """One transcript. Entries are added at any time; `flush` is called about once a second, `close` at the end.

    Neither raises for what was said. Both raise `Fenced`, after which nothing more is recorded, and redis-py's errors,
    after which the same call may be tried again: nothing is lost and nothing written twice.
    """

    def __init__(
        self, artifacts: Artifacts, task: str, header: Header, redactor: Redactor, *, fenced: bool = True
    ) -> None:
        self.header = header
        self.stopped: Stopped = ""
        self._artifacts, self._task, self._redactor, self._fenced = artifacts, task, redactor, fenced
        self._veil = Veil(redactor)
        self._new: list[Entry] = []
        self._size = 0
        self._lost = 0
        self._batch = 0
        self._ready: list[Piece] = []
        self._unsent: list[Piece] | None = None
        self._turn = asyncio.Lock()

    @property
    def waiting(self) -> int:
        """Characters that were added since the last flush."""
        return self._size

    def add(self, entry: Entry) -> None:
        """Take one thing that happened."""
        if self.stopped:
            return
        if self._size > _WAITING:
            self._lost += 1
            return
        if self._lost:
            self._new.append(Entry(entry.t, "lost", str(self._lost)))
            self._lost = 0
        entry = replace(entry, title=self._read(entry.title).replace("\n", " "), body=self._read(entry.body))
        self._new.append(entry)
        self._size += _size(entry)

    async def flush(self) -> None:
        """Write what there is, but for what may be the beginning of a secret."""
        async with self._turn:
            await self._flush(last=False)

    async def close(self) -> None:
        """Write the rest and mark the end."""
        async with self._turn:
            await self._flush(last=True)

    async def _flush(self, *, last: bool) -> None:
        if self._unsent is not None:
            await self._send(ended=False)
        while self._new:  # whoever is cancelled in here has lost nothing
            some = self._next()
            self._ready += self._prepared(some)
            await asyncio.sleep(0)
        if last:
            self._ready += self._prepared([], last=True)
        if self._ready or last:
            self._batch += 1
            self._unsent, self._ready = self._ready, []
            await self._send(ended=last)

    async def _send(self, *, ended: bool) -> None:
        outcome = await self._artifacts.append(
            self._task, self.header, self._batch, self._unsent or [], ended=ended, fenced=self._fenced
        )
        self._unsent = None
        if outcome != "kept":
            self.stopped = outcome

    def _next(self) -> list[Entry]:
        """The oldest entries, as many as are judged without holding up the loop."""
        size = count = 0
        while count < len(self._new) and size < _AT_ONCE:
            size += _size(self._new[count])
            count += 1
        some = self._new[:count]
        del self._new[:count]
        self._size -= size
        return some

    def _read(self, text: str) -> str:
        text = visible_text(text)
        if len(text) <= _READ:
            return text
        return text[: self._redactor.unfinished(text[:_READ])] + f"\n… {len(text) - _READ:,} characters were not read …"

    def _prepared(self, entries: Sequence[Entry], *, last: bool = False) -> list[Piece]:
        shown = self._veil.passed(entries, last=last)
        short = [replace(entry, title=clipped(entry.title, TITLE), body=clipped(entry.body, BODY)) for entry in shown]
        return pieces(short, self._artifacts.caps.chunk)


def _size(entry: Entry) -> int:
    return len(entry.title) + len(entry.body) + 50
