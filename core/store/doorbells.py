"""Doorbells: jobs for arq, and two locks that lose no ring.

A bell that rings while somebody is already at work must not be lost: whoever works checks at the end whether the
counter (or the task's version) it worked for still stands, and only then lets go, both in one script.
"""

import msgspec

from core.queue import JobRequest, facts
from core.store.scripts import Room

PLAN_LOCK_MS = 10_000
REPORT_LOCK_MS = 60_000


class Doorbells(Room):
    """The part of the store that rings."""

    async def enqueue(self, request: JobRequest, *, defer_ms: int = 0) -> bool:
        """Enqueue a job as arq stores it; False if one of that id is waiting or running.

        `defer_ms` is real time: arq knows no shifted clock.
        """
        encoded = msgspec.json.encode(facts(request))
        return bool(await self._scripts("enqueue", request.queue, request.name, request.job_id, encoded, defer_ms))

    async def poke(self) -> int:
        """Ask for a new plan."""
        return int(await self._scripts("poke"))

    async def take_plan(self, token: str, ttl_ms: int = PLAN_LOCK_MS, *, poke: int | None = None) -> int | None:
        """Become the planner and learn the poke to plan for.

        None while somebody else plans, who will see every poke up to now; and, given the `poke` of a Schedule job, when
        a plan for that poke or a later one has been made: so a burst of pokes costs few plans.
        """
        count = int(await self._scripts("take_plan", token, ttl_ms, "" if poke is None else str(poke)))
        return None if count < 0 else count

    async def end_plan(self, token: str, poke_seen: int, ttl_ms: int = PLAN_LOCK_MS) -> bool:
        """Stop planning, unless a poke came in meanwhile: False means `take_plan` and plan again, the lock is kept."""
        return bool(await self._scripts("end_plan", token, str(poke_seen), ttl_ms))

    async def take_report(self, task_id: str, token: str, ttl_ms: int = REPORT_LOCK_MS) -> bool:
        """Become the one who reports this task; False while somebody else does, who will see the newest version."""
        return bool(await self._scripts("take_report", task_id, token, ttl_ms))

    async def release_reports(self, owner: str) -> int:
        """Let others report what a dead process was reporting (tokens `<owner>:…`); its jobs are in the queue."""
        released = 0
        for name in await self._redis.zrange("pdev:tasks:unreported", 0, -1):
            holder = await self._redis.get(b"pdev:report:" + name)
            if holder and holder.startswith(f"{owner}:".encode()):
                released += await self.end_report(name.decode(), holder.decode())
        return released

    async def keep_report(self, task_id: str, token: str, ttl_ms: int = REPORT_LOCK_MS) -> bool:
        """Stay the one who reports it; False when it took so long that somebody else may have."""
        return bool(await self._scripts("keep_report", task_id, token, ttl_ms))

    async def end_report(
        self, task_id: str, token: str, version_seen: int | None = None, ttl_ms: int = REPORT_LOCK_MS
    ) -> bool:
        """Stop reporting, unless the task has changed since `version_seen`: False means report again, the lock is kept.

        None lets go in any case (after an error, when the job comes back later by itself).
        """
        seen = "" if version_seen is None else str(version_seen)
        return bool(await self._scripts("end_report", task_id, token, seen, ttl_ms))
