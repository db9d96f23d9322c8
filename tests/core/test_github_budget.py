"""The budget that all processes share: what people wait for goes first, and never more than GitHub allows."""

import asyncio
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from core import valkey
from core.clock import ShiftedClock
from core.errors import BudgetSpent, SecondaryLimited, StoreAway
from core.github import STATS_KEY, Kind
from core.github.budget import WRITES_A_MINUTE, WRITES_AN_HOUR, Budget, Rate


@pytest.fixture
def budget(redis: "Redis", clock: ShiftedClock) -> Budget:
    return Budget(redis, clock, writes_a_minute=10, writes_an_hour=20)


async def write(budget: Budget, count: int, kind: Kind = "end", who: str = "9") -> int:
    """How many of `count` writes went through."""
    done = 0
    for _ in range(count):
        try:
            await budget.take(who, kind)
        except BudgetSpent:
            continue
        done += 1
    return done


def test_ours_stays_below_githubs() -> None:
    assert WRITES_A_MINUTE < 80
    assert WRITES_AN_HOUR < 500


async def test_progress_is_refused_first_then_questions_then_ends(budget: Budget) -> None:
    assert await write(budget, 10, "progress") == 5
    assert await write(budget, 10, "question") == 4
    assert await write(budget, 10, "end") == 1
    assert await write(budget, 1, "end") == 0


async def test_a_refusal_says_when_there_is_room_again(budget: Budget, clock: ShiftedClock) -> None:
    await write(budget, 4)
    clock.advance(seconds=30)
    await write(budget, 6)
    with pytest.raises(BudgetSpent) as caught:
        await budget.take("9", "end")
    assert caught.value.retry_after == pytest.approx(30, abs=15), "of real time, which a busy machine may need"
    clock.advance(seconds=caught.value.retry_after or 0)
    assert await write(budget, 1) == 1
    clock.advance(seconds=10)  # by then all of the first four are a minute old, however slowly they were written
    assert await write(budget, 10) == 3


async def test_no_hour_holds_more_than_the_budget(budget: Budget, clock: ShiftedClock) -> None:
    times: list[float] = []
    for _ in range(150):
        if await write(budget, 1):
            times.append(clock.now().timestamp())
        clock.advance(seconds=47)
    for start in times:
        assert sum(start <= time < start + 3600 for time in times) <= 20
    assert len(times) > 20


async def test_reads_cost_nothing_of_it(budget: Budget) -> None:
    await write(budget, 10)
    for _ in range(50):
        await budget.take("9", None)


async def test_installations_do_not_share(budget: Budget) -> None:
    assert await write(budget, 10, who="9") == 10
    assert await write(budget, 10, who="10") == 10


async def test_processes_do(redis: "Redis", clock: ShiftedClock) -> None:
    budgets = [Budget(redis, clock, writes_a_minute=10, writes_an_hour=20) for _ in range(4)]
    done = await asyncio.gather(*(write(budget, 5) for budget in budgets))
    assert sum(done) == 10


async def test_when_github_asks_one_process_to_wait_all_wait(
    redis: "Redis", clock: ShiftedClock, budget: Budget
) -> None:
    await budget.pause("9", 60)
    other = Budget(redis, clock)
    with pytest.raises(SecondaryLimited) as caught:
        await other.take("9", None)
    assert caught.value.retry_after == pytest.approx(60, abs=2)
    await other.take("10", None)
    clock.advance(seconds=61)
    await other.take("9", None)


async def test_the_last_tenth_of_the_hour_is_not_for_progress(
    redis: "Redis", clock: ShiftedClock, budget: Budget
) -> None:
    reset = int((clock.now() + timedelta(minutes=10)).timestamp() * 1000)
    budget.saw("9", Rate(remaining=499, limit=5000, reset_ms=reset))
    await budget.take("9", "end")
    other = Budget(redis, clock)
    with pytest.raises(BudgetSpent) as caught:
        await other.take("9", "progress")
    assert caught.value.retry_after == pytest.approx(600, abs=2)
    await other.take("9", "question")
    clock.advance(minutes=11)
    await other.take("9", "progress")


async def test_totals_are_summed_over_processes(redis: "Redis", clock: ShiftedClock, budget: Budget) -> None:
    await write(budget, 3)
    await Budget(redis, clock).take("app", None)
    assert await redis.hgetall(STATS_KEY) == {b"requests": b"4", b"content_writes": b"3"}


async def test_what_is_kept_has_an_age(redis: "Redis", budget: Budget) -> None:
    budget.saw("9", Rate(5, 10, 1))
    await write(budget, 3)
    await budget.pause("10", 5)
    keys = [key for key in await redis.keys("*") if key != STATS_KEY.encode()]
    assert len(keys) == 3
    assert all([await redis.ttl(key) > 0 for key in keys])


async def test_without_redis_the_caller_learns_that_the_store_is_away(clock: ShiftedClock, tmp_path: object) -> None:
    client = valkey.connect(f"unix://{tmp_path}/nobody.sock", retries=0)
    try:
        with pytest.raises(StoreAway):
            await Budget(client, clock).take("9", "end")
    finally:
        await client.aclose()


@pytest.mark.parametrize(
    "headers", [{}, {"x-ratelimit-remaining": "x", "x-ratelimit-limit": "1", "x-ratelimit-reset": "1"}]
)
def test_headers_that_say_nothing_are_nothing(headers: dict[str, str]) -> None:
    assert Rate.from_headers(headers) is None
