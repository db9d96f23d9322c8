"""arq's books, kept clean.

arq marks a running job with a key that outlives a dead worker, and leaves the entry of a running job at the head of
its queue. Both hide work: so what a dead worker had marked is given back, and entries that mean nothing are removed.
"""

from collections.abc import Callable, Iterable

from arq.constants import in_progress_key_prefix, job_key_prefix, retry_key_prefix
from redis.asyncio import Redis

from core.queue import ATTEMPTS, CONTROL, wake_channel
from core.store import Store
from core.tasks import State

_UNMARKED = "1"
"""What arq writes before our worker puts its name there; it ends by itself within seconds."""


async def forget_jobs(redis: "Redis", queue: str, job_ids: Iterable[str]) -> None:
    """Remove jobs from arq's books: nobody will start them, and nothing of them is in anybody's way."""
    async with redis.pipeline(transaction=True) as pipe:
        for job_id in job_ids:
            pipe.zrem(queue, job_id)
            pipe.delete(job_key_prefix + job_id, in_progress_key_prefix + job_id, retry_key_prefix + job_id)
        await pipe.execute()


async def give_back_jobs(redis: "Redis", is_dead: Callable[[str], bool]) -> int:
    """Let others start at once what workers had begun who are dead (asked by worker id); how many jobs."""
    given_back = 0
    for queue in (CONTROL, ATTEMPTS):
        job_ids = await _queued(redis, queue)
        if not job_ids:
            continue
        marks = await redis.mget([in_progress_key_prefix + job_id for job_id in job_ids])
        owners = {job_id: mark.decode() for job_id, mark in zip(job_ids, marks, strict=True) if mark}
        left = [job_id for job_id, owner in owners.items() if owner != _UNMARKED and is_dead(owner)]
        if not left:
            continue
        keys = [in_progress_key_prefix + job_id for job_id in left]
        if queue == ATTEMPTS:  # arq would count the start that came to nothing as the only one allowed
            keys += [retry_key_prefix + job_id for job_id in left]
        await redis.delete(*keys)
        await redis.publish(wake_channel(queue), "")
        given_back += len(left)
    return given_back


async def forget_stale_attempts(redis: "Redis", store: Store) -> int:
    """Remove attempts under epochs that have passed; how many."""
    stale = []
    for job_id in await _queued(redis, ATTEMPTS):
        task_id, _, epoch = job_id.removeprefix("attempt:").rpartition(":")
        task = await store.task(task_id)
        if task is None or task.state is not State.RUNNING or str(task.epoch) != epoch:
            stale.append(job_id)
    if stale:
        await forget_jobs(redis, ATTEMPTS, stale)
    return len(stale)


async def is_schedule_queued(redis: "Redis") -> bool:
    """Whether somebody will look what may start."""
    return any(job_id.startswith("schedule:") for job_id in await _queued(redis, CONTROL))


async def _queued(redis: "Redis", queue: str) -> list[str]:
    return [job_id.decode() for job_id in await redis.zrange(queue, 0, -1)]
