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
from core.cancellation import pause
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
    grace_s: float = 5.0
    """How long an ending process lets what it has begun go on."""
    look_every_s: float = 0.5
    """How often put back entries are looked for; abandoned ones a tenth as often."""


AWAY = (Transient, OperatorError, TimeoutError, RedisError, OSError)
"""What passes, or is mended by whoever runs pdev: the delivery itself is fine."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How one try ended: `handled`, `refused` (by GitHub, for good), `put_back` or `dead`."""

    outcome: str
    did: str
    wait_ms: int | None = None
    """Until the next try; None when there is none."""


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
        self._at_work: dict[asyncio.Task[None], Entry] = {}
        self._loops: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._loops = [
            asyncio.create_task(_forever(self._read, 0)),
            asyncio.create_task(_forever(self._inbox.due, self._pace.look_every_s)),
            asyncio.create_task(_forever(self._claim, 10 * self._pace.look_every_s)),
        ]

    async def close(self, grace_s: float) -> None:
        """Take nothing new, let what was begun end, and put back what does not end in time."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        if not self._at_work:
            return
        _, late = await asyncio.wait(self._at_work, timeout=grace_s)
        unfinished = [self._at_work[task] for task in late]
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        with suppress(RedisError, OSError):
            for entry in unfinished:
                await self._inbox.put_back(entry, self._clock.now_ms())

    async def _read(self) -> None:
        # What is read counts as in our hands, so no more is read than can be begun at once.
        if len(self._at_work) >= _AT_ONCE:
            await asyncio.wait(self._at_work, return_when=asyncio.FIRST_COMPLETED)
            return
        self._begin(await self._inbox.read(self._name, count=_AT_ONCE - len(self._at_work), block_ms=_BLOCK_MS))

    async def _claim(self) -> None:
        self._begin(await self._inbox.claim(self._name, self._pace.claim_idle_ms))

    def _begin(self, entries: list[Entry]) -> None:
        in_hand = {entry.id for entry in self._at_work.values()}
        for entry in entries:
            if entry.id not in in_hand:
                task = asyncio.create_task(self._serve(entry))
                self._at_work[task] = entry
                task.add_done_callback(self._at_work.pop)

    async def _serve(self, entry: Entry) -> None:
        """Handle one entry; whatever the store cannot be told now is found again by `claim`."""
        delivery = entry.delivery
        with log.correlated(delivery.guid, event=f"{delivery.event}.{delivery.action}", line=delivery.line):
            try:
                if not await self._inbox.lock(delivery.line, self._name, LOCK_MS):
                    return  # its former process is slow, not dead
                try:
                    ending = await self._try(entry)
                finally:
                    # Before the entry is done: what follows in its line may be read by another process at once.
                    await self._inbox.unlock(delivery.line, self._name)
                await self._end(entry, ending)
            except (RedisError, OSError) as error:
                _log.warning("store away while handling", problem=str(error))

    async def _try(self, entry: Entry) -> Ending:
        try:
            async with asyncio.timeout(self._pace.patience_s):
                return Ending("handled", await handle(entry.delivery, entry.tries, self._desk))
        except UserError as error:
            # Nobody but the repository's people can mend it, and they see it where they caused it.
            return Ending("refused", str(error))
        except AWAY as error:
            waited = self._clock.now_ms() - entry.delivery.received_ms
            return await self._again(entry, error, give_up=entry.tries + 1 >= MAX_TRIES and waited > PATIENT_MS)
        except Exception as error:
            _log.exception("handler failed", tries=entry.tries + 1)
            return await self._again(entry, error, give_up=entry.tries + 1 >= MAX_TRIES)

    async def _again(self, entry: Entry, error: Exception, *, give_up: bool) -> Ending:
        problem = f"{type(error).__name__}: {error}"
        if give_up:
            await self._bury(entry)
            return Ending("dead", problem)
        wait = min(FIRST_WAIT_MS << min(entry.tries, 16), LONGEST_WAIT_MS)
        asked = error.retry_after if isinstance(error, Transient) else None
        return Ending("put_back", problem, wait_ms=max(wait, round((asked or 0) * 1000)))

    async def _bury(self, entry: Entry) -> None:
        guid = entry.delivery.guid
        await self._dead.add(entry.delivery)
        with suppress(PdevError, TimeoutError, ValueError):
            async with asyncio.timeout(self._pace.patience_s):
                await tell(entry.delivery, self._desk, f"gave_up:{guid}", gave_up(guid))

    async def _end(self, entry: Entry, ending: Ending) -> None:
        self._handled.labels(entry.delivery.event, ending.outcome).inc()
        level = {"handled": _log.info, "refused": _log.warning, "put_back": _log.warning, "dead": _log.error}
        level[ending.outcome]("delivery", outcome=ending.outcome, did=ending.did, tries=entry.tries + 1)
        if ending.wait_ms is None:
            await self._inbox.done(entry)
        else:
            await self._inbox.put_back(entry, self._clock.now_ms() + ending.wait_ms)


async def _forever(step: Callable[[], Awaitable[object]], pause_s: float) -> None:
    """Repeat until cancelled; an outage is waited for with growing pauses and logged once."""
    failures = 0
    while True:
        try:
            await step()
            failures = 0
        except (RedisError, OSError, ValueError) as error:
            failures += 1
            if failures == 1:
                _log.warning("inbox waits for the store", problem=f"{type(error).__name__}: {error}")
        await pause(max(pause_s, min(5.0, 0.1 * 2**failures) if failures else 0.0))
