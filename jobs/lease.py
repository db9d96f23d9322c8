"""The right to work on one task, kept alive and given up in time.

A worker that dies, freezes or loses Redis must not keep its task, and one that comes back late must not write over
its successor. So the lease is renewed by a thread of its own with its own connection (a busy event loop starves no
heartbeat), ends itself before anybody else may take over, and is asked (`fence`) right before each outward effect.
What people wish (cancel, pause) arrives with the renewal's answer; a published wish only makes the next one immediate.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from types import TracebackType
from typing import Self, TypeVarTuple, Unpack

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from core.clock import Clock
from core.store.leases import Beat, Renewer

log = logging.getLogger(__name__)

Facts = TypeVarTuple("Facts")

_GIVE_UP_AT = 0.75
"""Share of the lease without a renewal after which the holder stops by itself: before others may take over."""

_LATE_S = 0.25
"""Between a holder's last write and its `let_go`: without a question that waits, a loss is told that much later."""


class StopReason(IntEnum):
    """Why the holder must stop, the strongest last: a wish outranks a shutdown, a lost lease outranks everything."""

    SHUTDOWN = 1
    PAUSE = 2
    CANCEL = 3
    LOST = 4


class LeaseLost(Exception):
    """The task is no longer ours: stop at once and write nothing, neither to the store nor to GitHub."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a lease lasts and how often it is renewed, in seconds."""

    lease_s: float = 20
    beat_s: float = 5

    @property
    def lease_ms(self) -> int:
        return round(self.lease_s * 1000)


@dataclass(frozen=True, slots=True)
class Grant:
    """Whose lease it is: the task under the epoch that `Store.acquire` confirmed to this owner.

    `since`: `time.monotonic()` from before the acquisition was sent; the first lease is measured from there.
    """

    task: str
    epoch: int
    owner: str
    since: float


class Lease:
    """`async with Lease(...) as lease`: renewed until the block ends or something stops it.

    `stopped` is set when the holder must wind up, and `why` says what for. After `LOST` nothing may be written any
    more; after the other reasons the task is still ours.
    """

    def __init__(self, grant: Grant, terms: Terms, connect: Callable[[], "Redis"], clock: Clock) -> None:
        """`connect` opens the heartbeat's own synchronous connection (`beat_connection`)."""
        self.grant = grant
        self.stopped = asyncio.Event()
        self.lost = asyncio.Event()
        self.why: StopReason | None = None
        self.store_away = False
        """Whether it was lost because the store did not answer; that counts neither as crash nor as retry."""
        self._terms = terms
        self._connect = connect
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._ring = threading.Event()
        self._guard = threading.Lock()
        self._asking: list[asyncio.Future[None]] = []
        self._closing = False
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease {grant.task}", daemon=True)

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.let_go()
        await self._ended.wait()  # at most one socket timeout, a tenth of the lease
        self._refuse(self._take_asking())

    async def fence(self) -> None:
        """Ask the store, now, whether the task is still ours; call it right before each outward effect.

        Returns after a renewal that began after the call. Waits while the store is away. Raises `LeaseLost` when the
        epoch is no longer ours, or when no renewal succeeded in time. A wish to cancel or pause does not raise.
        """
        answer: asyncio.Future[None] = self._loop.create_future()
        with self._guard:
            if self._closing or self.why is StopReason.LOST:
                raise LeaseLost(self.grant.task)
            self._asking.append(answer)
        self._ring.set()
        await answer

    def let_go(self) -> None:
        """The holder has moved its task itself: nothing is renewed any more, so nothing can be lost."""
        self._closing = True
        self._ring.set()

    def nudge(self) -> None:
        """Renew now instead of at the next beat: somebody published a wish for this task."""
        self._ring.set()

    def stop(self, why: StopReason) -> None:
        """Tell the holder to wind up; a weaker reason than the one that stands changes nothing. For the loop only."""
        if self.why is None or why > self.why:
            self.why = why
        self.stopped.set()

    def _beat(self) -> None:
        """The heartbeat thread: renew, answer those who ask, and stop the holder when the lease is gone."""
        last, wait = self.grant.since, 0.0
        redis = self._connect()
        renewer = Renewer(redis, self._clock)
        try:
            while True:
                self._ring.wait(wait)
                self._ring.clear()
                if self._closing:
                    return
                asking = self._take_asking()
                began = time.monotonic()
                beat = self._renew(renewer)
                if beat is not None and beat is not Beat.LOST:
                    last, wait = began, self._terms.beat_s
                    self._tell(self._go_on, beat, asking)
                elif beat is Beat.LOST and not asking and self._lets_go_soon():
                    return
                elif beat is Beat.LOST or time.monotonic() - last > _GIVE_UP_AT * self._terms.lease_s:
                    self._tell(self._lose, beat is None, asking)
                    return
                else:
                    self._put_back(asking)
                    wait = min(self._terms.beat_s, self._terms.lease_s / 20)
        finally:
            redis.close()
            self._tell(self._ended.set)

    def _lets_go_soon(self) -> bool:
        """Whether the task is gone because the holder moved it and has not yet come to saying so."""
        self._ring.wait(_LATE_S)
        return self._closing

    def _renew(self, renewer: Renewer) -> Beat | None:
        """The store's answer, or None when there was none."""
        grant = self.grant
        try:
            return renewer.renew(grant.task, grant.epoch, grant.owner, self._terms.lease_ms)
        except (RedisError, OSError) as error:
            log.warning("no heartbeat for %s: %s", grant.task, type(error).__name__)
            return None

    def _take_asking(self) -> list[asyncio.Future[None]]:
        with self._guard:
            asking, self._asking = self._asking, []
        return asking

    def _put_back(self, asking: list[asyncio.Future[None]]) -> None:
        with self._guard:
            self._asking = asking + self._asking

    def _tell(self, what: Callable[[Unpack[Facts]], object], *facts: *Facts) -> None:
        """Run something on the loop, unless the loop has ended with the rest of the process."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(what, *facts)

    def _go_on(self, beat: Beat, asking: list[asyncio.Future[None]]) -> None:
        if beat is Beat.CANCEL:
            self.stop(StopReason.CANCEL)
        elif beat is Beat.PAUSE:
            self.stop(StopReason.PAUSE)
        for answer in asking:
            if not answer.done():
                answer.set_result(None)

    def _lose(self, store_away: bool, asking: list[asyncio.Future[None]]) -> None:
        if not self._closing:  # else the holder has moved its task and left: there is nothing to lose any more
            self.store_away = store_away
            self.stop(StopReason.LOST)
            self.lost.set()
            log.warning("lease of %s lost: %s", self.grant.task, "store away" if store_away else "taken over")
        self._refuse(asking + self._take_asking())

    def _refuse(self, asking: list[asyncio.Future[None]]) -> None:
        for answer in asking:
            if not answer.done():
                answer.set_exception(LeaseLost(self.grant.task))


def beat_connection(redis_url: str, terms: Terms) -> "Redis":
    """A connection for one heartbeat: it answers or fails within a tenth of the lease, and never tries twice."""
    timeout = terms.lease_s / 10
    redis: Redis = Redis.from_url(
        redis_url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 0)
    )
    return redis
