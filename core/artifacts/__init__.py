"""Transcripts: what an agent said and did, and what gates and set-up put out, as a log that people can read.

A worker writes, any web process shows, and either may die at any line. What is kept has no secrets in it, has caps per
piece, transcript, task and server, and an age. `Writer` takes entries of any kind of run:

    writer = Writer(artifacts, task.id, Header(kind="gates", stage="develop", epoch=epoch, started_ms=now), redactor)
    writer.add(Entry(1.5, "command", "pytest", output))
    await writer.flush()    # about once a second
    await writer.close()
"""

from core.artifacts.cleaning import clipped
from core.artifacts.index import Artifacts
from core.artifacts.pieces import Piece, pieces
from core.artifacts.records import Caps, Entry, Header, Kind, Page, Run, Stopped, is_name
from core.artifacts.shelves import InFolder, InRedis, Shelf
from core.artifacts.writer import Writer

__all__ = [
    "Artifacts", "Caps", "Entry", "Header", "InFolder", "InRedis", "Kind", "Page", "Piece", "Run", "Shelf", "Stopped",
    "Writer", "clipped", "is_name", "pieces",
]  # fmt: skip
