"""What has been said to a repository's people once and need not be said again under each of its tasks."""

from core.store.scripts import Room

_AGE_S = 90 * 86_400
"""Renewed whenever it would be said; a repository without a task for so long may hear it again."""


class Said(Room):
    """The part of the store that keeps pdev from repeating itself."""

    async def says(self, what: str, task_id: str) -> bool:
        """Whether it is for this task to say it: it was the first that wanted to."""
        key = f"pdev:said:{what}"
        first = await self._redis.set(key, task_id, ex=_AGE_S, nx=True, get=True)
        await self._redis.expire(key, _AGE_S)
        return first is None or first.decode() == task_id
