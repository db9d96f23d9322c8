"""Workers: which are alive and how many agents they may run."""

import msgspec

from core.schedule import Capacity
from core.store.records import WorkerInfo
from core.store.scripts import Room


class Workers(Room):
    """The part of the store that counts slots."""

    async def announce(self, worker: WorkerInfo, ttl_ms: int) -> bool:
        """Say that a worker lives; say it again before `ttl_ms` are over, in real time whatever the clock's shift.

        True when that is news: it is new, or was given up since it last said so (frozen, or the store was away).
        """
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(f"pdev:worker:{worker.id}", msgspec.json.encode(worker), px=ttl_ms, get=True)
            pipe.sadd("pdev:workers", worker.id)
            before, _ = await pipe.execute()
        return before is None

    async def retire(self, worker_id: str) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(f"pdev:worker:{worker_id}")
            pipe.srem("pdev:workers", worker_id)
            await pipe.execute()

    async def workers(self) -> list[WorkerInfo]:
        """The live ones, oldest first."""
        ids = sorted(await self._redis.smembers("pdev:workers"))  # type: ignore[misc]
        if not ids:
            return []
        found = await self._redis.mget([b"pdev:worker:" + name for name in ids])
        if dead := [name for name, worker in zip(ids, found, strict=True) if worker is None]:
            await self._forget(dead)
        live = [msgspec.json.decode(worker, type=WorkerInfo) for worker in found if worker]
        return sorted(live, key=lambda w: (w.started_ms, w.id))

    async def capacity(self) -> Capacity:
        slots = sum(worker.slots for worker in await self.workers())
        return Capacity(slots=slots, taken=await self._redis.zcard("pdev:leases"))

    async def _forget(self, dead: list[bytes]) -> None:
        """Drop names whose announcement ran out; one that announces itself meanwhile adds itself again each time."""
        await self._redis.srem("pdev:workers", *dead)  # type: ignore[misc]
