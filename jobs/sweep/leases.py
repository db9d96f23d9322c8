"""Tasks whose worker is gone: found by their leases, taken back, and judged fairly.

A lease that ran out usually means that its owner died. After the store itself was away it means nothing: nobody could
renew. So leases get one full term to be renewed once the store is back, and one that has not been renewed since then
counts as no crash.
"""

import logging
from dataclasses import dataclass

from redis.asyncio import Redis

from core.clock import Clock
from core.store import Store
from core.tasks import Task

log = logging.getLogger(__name__)


@dataclass(slots=True)
class StoreWatch:
    """When the store was last away, as far as this process and the server know.

    Time that this process slept through (a laptop's lid, a jump of the clock) counts as away: nobody could renew then.
    """

    lease_ms: int
    back_ms: int = 0
    """When it came back, by the server's time with the clock's shift."""
    _looked_ms: int | None = None
    _is_away: bool = False

    def missed(self) -> None:
        """The store did not answer."""
        self._is_away = True

    async def look(self, redis: "Redis", clock: Clock) -> int:
        """Ask the server how long it has been up; the time now. Raises redis-py's errors."""
        seconds, micros = await redis.time()
        real = int(seconds) * 1000 + int(micros) // 1000
        now = real + clock.shift_ms
        server = await redis.info("server")
        # Whole seconds, rounded down: it started at the earliest then. A clock that jumps restarts no server.
        self.back_ms = max(self.back_ms, real - (int(server["uptime_in_seconds"]) + 1) * 1000)
        if self._is_away or (self._looked_ms is not None and now - self._looked_ms > self.lease_ms):
            self._is_away, self.back_ms = False, now
        self._looked_ms = now
        return now


async def take_back_expired(store: Store, watch: StoreWatch, now_ms: int) -> list[tuple[Task, str]]:
    """Take expired tasks from their workers; each as it stands now, with the name of what had happened to it."""
    if now_ms < watch.back_ms + watch.lease_ms:
        return []  # whoever lives renews within this time
    taken = []
    for task in await store.expired():
        found, crashed = judge(task, watch.back_ms, watch.lease_ms)
        moved = await store.interrupt(task.id, task.epoch, crashed=crashed, overdue=True)
        if moved is not None:
            log.warning("%s: %s, now %s", task.slug, found, moved.state)
            await store.note("lease.lost", moved, found=found, owner=task.owner, crashed=int(crashed))
            taken.append((moved, found))
    return taken


def judge(task: Task, back_ms: int, lease_ms: int) -> tuple[str, bool]:
    """What happened to a task whose lease has run out, and whether that counts as a crash of its work."""
    if not task.owner:
        return "never_taken_up", False
    if task.lease_exp - lease_ms < back_ms:
        return "store_was_away", False
    return "lease_ran_out", True
