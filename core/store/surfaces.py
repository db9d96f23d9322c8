"""Surfaces: what GitHub shows of each task, remembered so that nothing is written twice."""

import zlib

import msgspec

from core.store.records import Surface
from core.store.scripts import Room

_AGE_MS = 90 * 86_400_000
"""Longer than a settled task is kept; a forgotten surface is found again on GitHub by its marker."""
_OUTPUT_AGE_MS = 7 * 86_400_000


class Surfaces(Room):
    """The part of the store that belongs to the report job."""

    async def surface(self, task_id: str) -> Surface:
        """An empty one for a task of which nothing was shown yet, or whose memory is damaged: GitHub is asked then."""
        found = await self._redis.get(f"pdev:surface:{task_id}")
        try:
            return msgspec.json.decode(found, type=Surface) if found else Surface()
        except msgspec.DecodeError:
            return Surface()

    async def save_surface(self, task_id: str, surface: Surface) -> None:
        """Remember it; a task whose newest version it shows leaves `unreported`."""
        encoded = msgspec.json.encode(surface)
        await self._scripts("save_surface", task_id, encoded, _AGE_MS, str(surface.reported_version))

    async def keep_output(self, task_id: str, name: str, text: str) -> None:
        """Keep the end of what pdev's own commands printed, for the next report; too long for the record."""
        key = f"pdev:output:{task_id}:{name}"
        if text:
            await self._redis.set(key, zlib.compress(text.encode("utf-8", "replace")), px=_OUTPUT_AGE_MS)
        else:
            await self._redis.delete(key)

    async def output(self, task_id: str, name: str) -> str:
        """What `keep_output` kept; empty when there is nothing, or it is too old."""
        found = await self._redis.get(f"pdev:output:{task_id}:{name}")
        return zlib.decompress(found).decode() if found else ""

    async def unreported(self, older_than_ms: int = 0) -> list[str]:
        """Ids of tasks whose newest version GitHub does not show yet, longest waiting first: for the sweep.

        `older_than_ms`: only those that last changed so long ago that their report job must have been lost.
        """
        until = self._clock.now_ms() - older_than_ms
        found = await self._redis.zrangebyscore("pdev:tasks:unreported", "-inf", until)
        return [name.decode() for name in found]
