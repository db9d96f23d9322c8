"""The inbox: stored before it is answered, handled in order, once, and by somebody whoever dies."""

import asyncio
import random
from collections import defaultdict

import pytest
from redis.asyncio import Redis

from core.clock import ShiftedClock
from core.deliveries import Delivery
from core.store import Entry, Inbox

BODY = '{"action": "labeled", "issue": {"title": "Ünïcode \\"quoted\\"\\n"}}'


def delivery(guid: str, issue: int = 7, body: str | bytes = BODY) -> Delivery:
    return Delivery(guid=guid, event="issues", action="labeled", repo_id=1, issue=issue, received_ms=5, body=body)


async def read(inbox: Inbox, consumer: str = "me") -> list[Entry]:
    return await inbox.read(consumer, count=100, block_ms=0)


def guids(entries: list[Entry]) -> list[str]:
    return [entry.delivery.guid for entry in entries]


async def test_what_was_appended_is_read_as_it_was(inbox: Inbox) -> None:
    assert await inbox.append(delivery("a"))
    assert await inbox.append(delivery("b", issue=8, body=BODY.encode()))
    first, second = await read(inbox)
    assert first.delivery == delivery("a", body=BODY.encode())
    assert second.delivery.body == BODY.encode()
    assert first.tries == 0
    assert await read(inbox) == []


async def test_a_duplicate_is_taken_once_for_seven_days(inbox: Inbox, redis: "Redis") -> None:
    answers = await asyncio.gather(*(inbox.append(delivery("a")) for _ in range(5)), inbox.append(delivery("b")))
    assert sorted(answers) == [False] * 4 + [True] * 2
    (entry,) = await read(inbox)
    await inbox.done(entry)
    assert not await inbox.append(delivery("a"))
    assert 6.9 * 86_400 < await redis.ttl("pdev:guid:a") <= 7 * 86_400


async def test_a_body_that_is_no_json_is_refused_and_may_come_again(inbox: Inbox) -> None:
    with pytest.raises(ValueError, match="truncated"):
        await inbox.append(delivery("a", body="{"))
    assert await inbox.append(delivery("a"))


async def test_one_issue_is_handled_in_order_and_others_go_on(inbox: Inbox) -> None:
    for guid, issue in (("a1", 1), ("a2", 1), ("b1", 2), ("a3", 1)):
        await inbox.append(delivery(guid, issue))
    here, there = await read(inbox, "web-1")
    assert guids([here, there]) == ["a1", "b1"]
    assert await read(inbox, "web-2") == []  # a2 waits for a1, wherever it is handled
    await inbox.done(there)
    await inbox.done(here)
    (second,) = await read(inbox, "web-2")
    assert guids([second]) == ["a2"]
    await inbox.done(second)
    assert guids(await read(inbox, "web-1")) == ["a3"]


async def test_what_is_put_back_keeps_its_place(inbox: Inbox, clock: ShiftedClock) -> None:
    for guid in ("a1", "a2"):
        await inbox.append(delivery(guid))
    (first,) = await read(inbox)
    await inbox.put_back(first, clock.now_ms() + 30_000)
    assert (await inbox.due(), await read(inbox), await inbox.size()) == (0, [], 1)
    clock.advance(seconds=31)
    assert await inbox.due() == 1
    (again,) = await read(inbox)
    assert (guids([again]), again.tries) == (["a1"], 1)
    await inbox.put_back(again, clock.now_ms())
    assert await inbox.due() == 1
    (again,) = await read(inbox)
    assert again.tries == 2
    await inbox.done(again)
    (second,) = await read(inbox)
    assert (guids([second]), second.tries) == (["a2"], 0)


async def test_what_a_dead_process_left_is_taken_over(inbox: Inbox) -> None:
    await inbox.append(delivery("a1"))
    await inbox.append(delivery("a2"))
    (left,) = await read(inbox, "dead")
    assert await inbox.claim("alive", idle_ms=60_000) == []
    (taken,) = await inbox.claim("alive", idle_ms=0)
    assert (taken.id, taken.delivery, taken.tries) == (left.id, left.delivery, 1)
    assert await inbox.done(taken)
    assert not await inbox.done(left)  # it was not dead after all: the next one must not be lost
    assert not await inbox.put_back(left, 0)
    assert guids(await read(inbox)) == ["a2"]


async def test_everything_is_gone_when_done(inbox: Inbox, redis: "Redis") -> None:
    for guid in ("a", "b"):
        await inbox.append(delivery(guid))
    for _ in range(2):
        (entry,) = await read(inbox)
        await inbox.put_back(entry, 0)
        await inbox.due()
        (entry,) = await read(inbox)
        await inbox.done(entry)
    assert await inbox.size() == 0
    assert sorted(await redis.keys()) == [b"pdev:guid:a", b"pdev:guid:b", b"pdev:inbox"]


async def test_reading_waits_for_the_next(inbox: Inbox) -> None:
    waiting = asyncio.create_task(inbox.read("me", block_ms=5000))
    await read(inbox, "other")  # so that the group is there and the reader has begun to wait
    await inbox.append(delivery("a"))
    assert guids(await waiting) == ["a"]


async def test_a_wiped_server_takes_deliveries_again(inbox: Inbox, redis: "Redis") -> None:
    await inbox.append(delivery("a"))
    await read(inbox)
    await redis.flushall()
    await inbox.append(delivery("b"))
    assert guids(await read(inbox)) == ["b"]
    await redis.flushall()
    assert await inbox.claim("me", idle_ms=0) == []


async def damage(redis: "Redis", guid: str, **fields: bytes) -> None:
    """Spoil a stored delivery at the head of its line; a field that is empty is lost."""
    for name, stored in await redis.xrange("pdev:inbox"):
        if f'"{guid}"'.encode() in stored[b"delivery"]:
            await redis.xdel("pdev:inbox", name)
            spoilt = {**stored, **{key.encode(): value for key, value in fields.items()}}
            await redis.xadd("pdev:inbox", {key: value for key, value in spoilt.items() if value})


@pytest.mark.parametrize("fields", [{"delivery": b"?"}, {"delivery": b"{}"}, {"delivery": b""}, {"tries": b"x"}])
async def test_an_unreadable_delivery_is_set_aside_and_the_others_go_on(
    redis: "Redis", clock: ShiftedClock, fields: dict[str, bytes]
) -> None:
    unreadable: list[int] = []
    inbox = Inbox(redis, clock, on_unreadable=lambda: unreadable.append(1))
    for guid, issue in (("a", 7), ("next", 7), ("elsewhere", 8)):
        await inbox.append(delivery(guid, issue))
    await damage(redis, "a", **fields)
    assert guids(await read(inbox)) == ["elsewhere"]
    assert guids(await read(inbox)) == ["next"]
    assert await redis.llen("pdev:inbox:unreadable") == len(unreadable) == 1


async def test_a_delivery_that_was_damaged_in_a_dead_process_hands_does_not_stop_the_take_over(
    inbox: Inbox, redis: "Redis"
) -> None:
    for guid, issue in (("a", 7), ("b", 8)):
        await inbox.append(delivery(guid, issue))
    await damage(redis, "a", delivery=b"\xff")
    await redis.xgroup_create("pdev:inbox", "pdev", id="0")
    await redis.xreadgroup("pdev", "dead", {"pdev:inbox": ">"})
    assert guids(await inbox.claim("alive", idle_ms=0)) == ["b"]
    assert await redis.lrange("pdev:inbox:unreadable", 0, -1) == [b"\xff"]


async def test_a_lock_has_one_owner_until_it_runs_out(inbox: Inbox, redis: "Redis") -> None:
    assert await inbox.lock("1:7", "web-1", 60_000)
    assert await inbox.lock("1:7", "web-1", 60_000)
    assert not await inbox.lock("1:7", "web-2", 60_000)
    assert await inbox.lock("1:8", "web-2", 60_000)
    assert not await inbox.unlock("1:7", "web-2")
    assert await inbox.unlock("1:7", "web-1")
    assert await inbox.lock("1:7", "web-2", 60_000)
    assert 0 < await redis.pttl("pdev:lock:1:7") <= 60_000


async def test_a_storm_is_handled_once_and_in_order_by_dying_processes(inbox: Inbox, clock: ShiftedClock) -> None:
    """Three consumers that die, put back and finish at random; every line is finished in the order of arrival."""
    chance = random.Random(7)
    for number in range(60):
        await inbox.append(delivery(f"{number:03}", issue=number % 5))
    finished: dict[int, list[str]] = defaultdict(list)
    while await inbox.size():
        consumer = f"web-{chance.randrange(3)}"
        entries = await read(inbox, consumer) or await inbox.claim(consumer, idle_ms=0)
        for entry in entries:
            if (dies := chance.random()) < 0.2:
                continue
            if dies < 0.4:
                await inbox.put_back(entry, clock.now_ms() + chance.randrange(3) * 1000)
            elif await inbox.done(entry):
                finished[entry.delivery.issue].append(entry.delivery.guid)
        clock.advance(seconds=1)
        await inbox.due()
    assert {issue: len(handled) for issue, handled in finished.items()} == dict.fromkeys(range(5), 12)
    assert all(handled == sorted(handled) for handled in finished.values())
