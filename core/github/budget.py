"""How much we may ask of GitHub, counted for all processes together.

GitHub allows an installation 80 content writes a minute and 500 an hour, tells nobody how many are left, and may ban
an App that goes on. So every process counts in Redis and stops earlier, and the writes that people wait for go first:
progress is refused when half is used, questions when nine tenths are, ends only when nothing is left. The windows
slide, so no sixty minutes hold more than the budget. When GitHub asks one process to wait, all of them wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.clock import Clock
from core.errors import BudgetSpent, SecondaryLimited, StoreAway

Kind = Literal["end", "question", "progress"]

STATS_KEY = "pdev:stats:github"  # hash: requests, content_writes; never reset, one per Redis
WRITES_A_MINUTE, WRITES_AN_HOUR = 60, 400  # GitHub's own limits: 80 and 500
_SHARE: Mapping[Kind, float] = {"end": 1.0, "question": 0.9, "progress": 0.5}
_SCRIPT = Path(__file__).with_name("budget.lua").read_text(encoding="utf-8")
_KEPT_S = 7200


@dataclass(frozen=True, slots=True)
class Rate:
    """What an answer said of the hourly limit; `reset_ms` is Unix time."""

    remaining: int
    limit: int
    reset_ms: int

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> "Rate | None":
        try:
            remaining, limit, reset = (int(headers[f"x-ratelimit-{name}"]) for name in ("remaining", "limit", "reset"))
        except (KeyError, ValueError):
            return None
        return cls(remaining, limit, reset * 1000)


class Budget:
    """The budget of every installation; without Redis (one process, no pdev around it) nothing is counted."""

    def __init__(
        self,
        redis: "Redis | None",
        clock: Clock,
        *,
        writes_a_minute: int = WRITES_A_MINUTE,
        writes_an_hour: int = WRITES_AN_HOUR,
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._limits = (writes_a_minute, writes_an_hour)
        self._script = redis.register_script(_SCRIPT) if redis is not None else None
        self._seen: dict[str, Rate] = {}

    def saw(self, who: str, rate: Rate) -> None:
        """Remember what an answer to `who` (an installation's id, or "app") said; the next `take` shares it."""
        self._seen[who] = rate

    async def take(self, who: str, content: Kind | None) -> None:
        """Count one request, and one content write of this kind.

        Raises `BudgetSpent`, or `SecondaryLimited` while GitHub wants everybody to wait, or `StoreAway`.
        """
        if self._script is None:
            return
        rate = self._seen.pop(who, Rate(-1, -1, -1))
        share = _SHARE[content] if content else 0
        args = [self._clock.shift_ms, share, *self._limits, int(content == "progress")]
        args += [rate.remaining, rate.limit, rate.reset_ms]
        keys = [f"pdev:github:writes:{who}", f"pdev:github:rate:{who}", STATS_KEY]
        try:
            verdict, wait_ms = await self._script(keys=keys, args=args)
        except RedisError as error:
            raise StoreAway("The GitHub budget cannot be read: Redis does not answer.") from error
        if verdict == 1:
            raise SecondaryLimited("GitHub asked us to slow down.", retry_after=wait_ms / 1000)
        if verdict == 2:
            raise BudgetSpent("Our budget of writes to GitHub is used up.", retry_after=wait_ms / 1000)

    async def pause(self, who: str, seconds: float) -> None:
        """GitHub wants `who` to wait: from now on every process does."""
        if self._redis is None:
            return
        until = self._clock.now_ms() + int(seconds * 1000)
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.hset(f"pdev:github:rate:{who}", "until", str(until))
                pipe.expire(f"pdev:github:rate:{who}", _KEPT_S)
                await pipe.execute()
        except RedisError as error:
            raise StoreAway("GitHub's wish to wait cannot be shared: Redis does not answer.") from error
