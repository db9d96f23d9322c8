"""The consumer of the inbox: every stored delivery reaches its handler, in order, however often processes die.

GitHub was told "accepted", so nobody else will ever ask again. An entry is deleted when its handler is done, put back
while GitHub or the store is away, and taken over from a process that died. What fails again and again is laid aside,
with a line in the log and a word to whoever asked, so that it does not hold up the rest of its issue.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.handlers import Desk, handle, tell
from core import deliveries, log
from core.errors import OperatorError, PdevError, Transient, UserError
from core.messages import gave_up
from core.metrics import Metrics
from core.store import Entry, Inbox

_log = log.get("bot.inbox")

LOCK_MS = 30_000
MAX_TRIES = 5
FIRST_WAIT_MS, LONGEST_WAIT_MS = 1_000, 60_000
PATIENT_MS = 3_600_000
"""An outage of GitHub or the store is waited for at least this long, however many tries that takes."""
_AT_ONCE = 32
_BLOCK_MS = 1_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things may take; tests have less patience."""

    patience_s: float = 10.0
    """One try; then the entry is put back, so that a slow GitHub holds up nobody else."""
    claim_idle_ms: int = 30_000
    """An entry that a process has had for so long is taken over: no try takes that long, so the process is dead."""
    look_every_s: float = 0.5
    """How often put back entries are looked for; abandoned ones a tenth as often."""


AWAY = (Transient, OperatorError, TimeoutError, RedisError, OSError)
"""What passes, or is mended by whoever runs pdev: the delivery itself is fine."""


class DeadLetters:
    """Deliveries that were given up: the newest 1,000, for whoever looks into it."""

    KEY = "pdev:inbox:dead"

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def add(self, delivery: deliveries.Delivery) -> None:
        """Keep it, and forget its GUID: after the cause is mended, "Redeliver" on the App's page must work."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.lpush(self.KEY, deliveries.encode(delivery))
            pipe.ltrim(self.KEY, 0, 999)
            pipe.delete(f"pdev:guid:{delivery.guid}")
            await pipe.execute()

    async def all(self) -> list[deliveries.Delivery]:
        """Newest first."""
        return [deliveries.decode(stored) for stored in await self._redis.lrange(self.KEY, 0, -1)]  # type: ignore[misc]


class Consumer:
    """Reads the inbox until it is closed; any number of processes may do so at once."""

    def __init__(
        self, inbox: Inbox, desk: Desk, dead: DeadLetters, metrics: Metrics, pace: Pace, *, name: str = ""
    ) -> None:
        self._inbox, self._desk, self._dead = inbox, desk, dead
        self._clock, self._pace = desk.clock, pace
        self._name = name or f"web-{uuid.uuid4().hex[:12]}"
        self._handled = metrics.counter("pdev_deliveries_handled_total", "Deliveries by outcome.", ["event", "outcome"])
        self._at_work: dict[str, asyncio.Task[None]] = {}
        self._loops: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._loops = [
            asyncio.create_task(_forever(self._read, 0)),
            asyncio.create_task(_forever(self._inbox.due, self._pace.look_every_s)),
            asyncio.create_task(_forever(self._claim, 10 * self._pace.look_every_s)),
        ]

    async def close(self, grace_s: float = 10.0) -> None:
        """Take nothing new and let what was begun end; what does not end in time is claimed by another process."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        if self._at_work:
            _, late = await asyncio.wait(self._at_work.values(), timeout=grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _read(self) -> None:
        # What is read counts as in our hands, so no more is read than can be begun at once.
        if len(self._at_work) >= _AT_ONCE:
            await asyncio.wait(self._at_work.values(), return_when=asyncio.FIRST_COMPLETED)
            return
        self._begin(await self._inbox.read(self._name, count=_AT_ONCE - len(self._at_work), block_ms=_BLOCK_MS))

    async def _claim(self) -> None:
        self._begin(await self._inbox.claim(self._name, self._pace.claim_idle_ms))

    def _begin(self, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.id not in self._at_work:
                task = asyncio.create_task(self._serve(entry))
                self._at_work[entry.id] = task
                task.add_done_callback(lambda _, name=entry.id: self._at_work.pop(name, None))  # type: ignore[misc]

    async def _serve(self, entry: Entry) -> None:
        """Handle one entry; whatever the store cannot be told now is found again by `claim`."""
        delivery = entry.delivery
        with log.correlated(delivery.guid, event=f"{delivery.event}.{delivery.action}", line=delivery.line):
            try:
                if not await self._inbox.lock(delivery.line, self._name, LOCK_MS):
                    return  # its former process is slow, not dead
                try:
                    await self._try(entry)
                finally:
                    await self._inbox.unlock(delivery.line, self._name)
            except (RedisError, OSError) as error:
                _log.warning("store away while handling", problem=str(error))

    async def _try(self, entry: Entry) -> None:
        try:
            async with asyncio.timeout(self._pace.patience_s):
                did = await handle(entry.delivery, entry.tries, self._desk)
        except UserError as error:
            # Nobody but the repository's people can mend it, and they see it where they caused it.
            await self._finish(entry, "refused", str(error))
        except AWAY as error:
            waited = self._clock.now_ms() - entry.delivery.received_ms
            await self._again(entry, error, give_up=entry.tries + 1 >= MAX_TRIES and waited > PATIENT_MS)
        except Exception as error:
            _log.exception("handler failed", tries=entry.tries + 1)
            await self._again(entry, error, give_up=entry.tries + 1 >= MAX_TRIES)
        else:
            await self._finish(entry, "handled", did)

    async def _finish(self, entry: Entry, outcome: str, did: str) -> None:
        self._handled.labels(entry.delivery.event, outcome).inc()
        _log.info("delivery", outcome=outcome, did=did, tries=entry.tries + 1)
        await self._inbox.done(entry)

    async def _again(self, entry: Entry, error: Exception, *, give_up: bool) -> None:
        if give_up:
            await self._bury(entry, error)
            return
        wait = min(FIRST_WAIT_MS << min(entry.tries, 16), LONGEST_WAIT_MS)
        asked = error.retry_after if isinstance(error, Transient) else None
        wait = max(wait, round((asked or 0) * 1000))
        _log.warning(
            "delivery put back", problem=f"{type(error).__name__}: {error}", wait_ms=wait, tries=entry.tries + 1
        )
        self._handled.labels(entry.delivery.event, "put_back").inc()
        await self._inbox.put_back(entry, self._clock.now_ms() + wait)

    async def _bury(self, entry: Entry, error: Exception) -> None:
        _log.error("delivery given up", problem=f"{type(error).__name__}: {error}", tries=entry.tries + 1)
        await self._dead.add(entry.delivery)
        with suppress(PdevError, TimeoutError, ValueError):
            async with asyncio.timeout(self._pace.patience_s):
                await tell(entry.delivery, self._desk, f"gave_up:{entry.delivery.guid}", gave_up(entry.delivery.guid))
        await self._finish(entry, "dead", str(error))


async def _forever(step: Callable[[], Awaitable[object]], pause_s: float) -> None:
    """Repeat until cancelled; an outage is waited for with growing pauses and logged once."""
    failures = 0
    while not is_cancelled():
        try:
            await step()
            failures = 0
        except (RedisError, OSError, ValueError) as error:
            failures += 1
            if failures == 1:
                _log.warning("inbox waits for the store", problem=f"{type(error).__name__}: {error}")
        await asyncio.sleep(max(pause_s, min(5.0, 0.1 * 2**failures) if failures else 0.0))


def is_cancelled() -> bool:
    """Whether this task was told to end. To be asked by every loop around the store.

    redis-py writes under `asyncio.wait_for`, which before Python 3.12 loses a cancellation that comes just as the
    write is done: the task goes on as if nobody had said anything.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
