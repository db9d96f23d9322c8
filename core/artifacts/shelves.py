"""Where the pieces of transcripts lie: beside the records in Redis, or in a directory that all processes share.

The list of what there is stays in Redis in both cases, so that a writer that was fenced off is refused and a piece
counts exactly once, by one script. What a shelf keeps for a piece is a payload: the piece itself, or its file's name.
"""

import asyncio
import os
import shutil
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from core.artifacts.records import is_name

_ORPHAN_S = 3_600
"""A file that nothing points to may be on its way for as long as a worker tries; after this it is left over."""


class Shelf(Protocol):
    """A place for pieces."""

    @property
    def in_redis(self) -> bool:
        """Whether pieces take Redis's memory."""

    async def put(self, task: str, run: str, name: str, blob: bytes) -> bytes:
        """Keep a piece; the payload by which it is found again. Done twice it does the same."""

    async def get(self, payloads: Sequence[bytes]) -> list[bytes]:
        """The pieces; an empty one stands for what is gone."""

    async def drop(self, payloads: Iterable[bytes]) -> None:
        """Forget pieces; those that are gone already do not matter."""

    async def drop_runs(self, task: str, runs: Iterable[str]) -> None: ...

    async def drop_task(self, task: str) -> None: ...

    async def tidy(self, tasks: Collection[str], now_s: float) -> int:
        """Remove what belongs to none of these tasks; how many of others there were."""


class InRedis:
    """The payload is the piece."""

    in_redis = True

    async def put(self, task: str, run: str, name: str, blob: bytes) -> bytes:
        return blob

    async def get(self, payloads: Sequence[bytes]) -> list[bytes]:
        return list(payloads)

    async def drop(self, payloads: Iterable[bytes]) -> None:
        """It went with its list."""

    async def drop_runs(self, task: str, runs: Iterable[str]) -> None:
        """They went with their lists."""

    async def drop_task(self, task: str) -> None:
        """It went with its lists."""

    async def tidy(self, tasks: Collection[str], now_s: float) -> int:
        return 0


class InFolder:
    """One file per piece, `<folder>/<task>/<run>/<name>`, for nobody but the user whom pdev runs as."""

    in_redis = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, task: str, run: str, name: str, blob: bytes) -> bytes:
        return await asyncio.to_thread(self._write, task, run, name, blob)

    async def get(self, payloads: Sequence[bytes]) -> list[bytes]:
        return await asyncio.to_thread(lambda: [self._read(payload) for payload in payloads])

    async def drop(self, payloads: Iterable[bytes]) -> None:
        def remove() -> None:
            for payload in payloads:
                if path := self._path(payload):
                    path.unlink(missing_ok=True)

        await asyncio.to_thread(remove)

    async def drop_runs(self, task: str, runs: Iterable[str]) -> None:
        for run in runs:
            await self._remove(self._folder / task / run)

    async def drop_task(self, task: str) -> None:
        await self._remove(self._folder / task)

    async def tidy(self, tasks: Collection[str], now_s: float) -> int:
        return await asyncio.to_thread(self._tidy, tasks, now_s)

    def _write(self, task: str, run: str, name: str, blob: bytes) -> bytes:
        assert all(is_name(part) for part in (task, run, name))
        home = self._folder / task / run
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(home / f".{name}", "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(blob)
        (home / f".{name}").replace(home / name)  # a reader sees all of it or nothing
        return f"{task}/{run}/{name}".encode()

    def _read(self, payload: bytes) -> bytes:
        path = self._path(payload)
        try:
            return path.read_bytes() if path else b""
        except OSError:
            return b""

    def _path(self, payload: bytes) -> Path | None:
        parts = payload.decode("ascii", "replace").split("/")
        return self._folder.joinpath(*parts) if len(parts) == 3 and all(is_name(part) for part in parts) else None

    async def _remove(self, path: Path) -> None:
        await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)

    def _tidy(self, tasks: Collection[str], now_s: float) -> int:
        removed = 0
        for home in self._folder.iterdir() if self._folder.is_dir() else ():
            if home.name in tasks or not is_name(home.name) or not home.is_dir() or home.is_symlink():
                continue
            if now_s - home.stat().st_mtime > _ORPHAN_S:
                shutil.rmtree(home, ignore_errors=True)
                removed += 1
        return removed
