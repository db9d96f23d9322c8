"""Which command was the last to be given to a task.

Comments have growing ids, their deliveries come in any order: a "cancel" that arrives after the "resume" written
behind it must not win. So the newest comment that steered a task is remembered, and an older one changes nothing.
"""

from redis.asyncio import Redis

_AGE_S = 7 * 86_400
"""GitHub lets people redeliver for three days."""


class LastWords:
    """The newest comment of each task that held a command for it."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def is_newest(self, repo_id: int, task_id: str, comment_id: int) -> bool:
        """Remember a comment; False if one written later was heard before."""
        key = f"pdev:said:{repo_id}"
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.zadd(key, {task_id: comment_id}, gt=True)
            pipe.expire(key, _AGE_S)
            pipe.zscore(key, task_id)
            _, _, newest = await pipe.execute()
        return bool(comment_id >= newest)
