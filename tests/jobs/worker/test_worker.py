"""Real worker processes, killed, frozen, cut off and told to go: no task is lost, none is done twice."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from redis.asyncio import Redis

from core.queue import ATTEMPTS, CONTROL
from core.store import Store
from core.tasks import State, Task, Wish
from tests.jobs.worker.worker_parts import LEASE_S, PATIENCE_S, Valkey, play, told, until_state

WORKER = ("-m", "tests.jobs.worker.worker_process")
Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def start(valkey: Valkey, redis: "Redis", tmp_path: Path) -> AsyncIterator[Start]:
    """Starts a worker process and waits until it has announced itself."""
    async with AsyncExitStack() as stack:

        async def begin(name: str, slots: int = 2) -> asyncio.subprocess.Process:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *WORKER, valkey.url, name, str(slots), str(tmp_path)
            )
            stack.push_async_callback(end, process)
            async with asyncio.timeout(PATIENCE_S):
                while not await redis.exists(f"pdev:worker:{name}"):
                    assert process.returncode is None, "the worker did not start"
                    await asyncio.sleep(0.01)
            return process

        async def end(process: asyncio.subprocess.Process) -> None:
            if process.returncode is None:
                process.kill()
            await process.wait()

        yield begin


async def gone(process: asyncio.subprocess.Process) -> int:
    return await asyncio.wait_for(process.wait(), PATIENCE_S)


async def test_a_labelled_task_is_worked_on_and_reported(
    start: Start, redis: "Redis", store: Store, new_task: Callable[..., Task]
) -> None:
    await start("w1")
    task = new_task()
    await store.create(task)
    await told(redis, task, "began 0")
    assert await redis.zcard(ATTEMPTS) == 0, "a running attempt is not in anybody's way"
    await play(redis, task, "finish")
    await until_state(store, task, State.READY)
    assert await redis.blpop([f"reported:{task.id}"], timeout=PATIENCE_S)
    assert len(await store.measures("dispatch_ms")) == 1
    assert await redis.lrange(f"effects:{task.id}", 0, -1)


async def test_a_killed_worker_is_replaced_once(
    start: Start, redis: "Redis", store: Store, new_task: Callable[..., Task]
) -> None:
    first = await start("w1")
    task = new_task()
    await store.create(task)
    await told(redis, task, "began 0")
    first.kill()
    await gone(first)
    await start("w2")
    await told(redis, task, "began 1")
    await play(redis, task, "finish")
    now = await until_state(store, task, State.READY)
    assert now.crashes == 1
    assert await redis.llen(f"effects:{task.id}") == 1
    assert await redis.llen(f"told:{task.id}") == 0


async def test_a_frozen_worker_writes_nothing_when_it_thaws(
    start: Start, redis: "Redis", store: Store, new_task: Callable[..., Task]
) -> None:
    zombie = await start("w1", slots=1)
    task = new_task()
    await store.create(task)
    await told(redis, task, "began 0")
    zombie.send_signal(signal.SIGSTOP)
    await start("w2", slots=1)
    await told(redis, task, "began 1")
    zombie.send_signal(signal.SIGCONT)
    await play(redis, task, "finish")
    await until_state(store, task, State.READY)
    other = new_task()  # the zombie is a worker again: both can have work
    another = new_task()
    await store.create(other)
    await store.create(another)
    await told(redis, other, "began 0")
    await told(redis, another, "began 0")
    assert await redis.llen(f"effects:{task.id}") == 1


async def test_busy_work_keeps_its_task(
    start: Start, redis: "Redis", store: Store, new_task: Callable[..., Task]
) -> None:
    await start("w1")
    await start("w2")  # would take over
    task = new_task()
    await store.create(task)
    await told(redis, task, "began 0")
    await play(redis, task, "block")
    await told(redis, task, "was busy")
    await play(redis, task, "finish")
    now = await until_state(store, task, State.READY)
    assert now.crashes == 0


async def test_work_goes_on_through_a_restart_of_the_store(
    valkey: Valkey, start: Start, redis: "Redis", store: Store, new_task: Callable[..., Task]
) -> None:
    worker = await start("w1", slots=2)
    task, later = new_task(), new_task()
    await store.create(task)
    await told(redis, task, "began 0")
    valkey.kill()
    valkey.start()
    await play(redis, task, "finish")
    now = await until_state(store, task, State.READY)
    assert now.crashes == 0
    await store.create(later)
    await told(redis, later, "began 0")
    assert worker.returncode is None


async def test_a_store_that_was_away_for_long_blames_nobody(
    valkey: Valkey, start: Start, redis: "Redis", store: Store, new_task: Callable[..., Task]
) -> None:
    await start("w1", slots=2)
    tasks = [new_task(), new_task()]
    for task in tasks:
        await store.create(task)
    for task in tasks:
        await told(redis, task, "began 0")
    valkey.kill()
    await asyncio.sleep(1.5 * LEASE_S)  # the worker has to stop by itself
    valkey.start()
    for task in tasks:
        await told(redis, task, "began 0")
        await play(redis, task, "finish")
        assert (await until_state(store, task, State.READY)).crashes == 0


async def test_a_worker_that_is_told_to_go_hands_its_tasks_on(
    start: Start, redis: "Redis", store: Store, new_task: Callable[..., Task]
) -> None:
    first = await start("w1")
    task = new_task()
    await store.create(task)
    await told(redis, task, "began 0")
    first.send_signal(signal.SIGTERM)
    await told(redis, task, "stopped by SHUTDOWN")
    assert await gone(first) == 0
    queued = await until_state(store, task, State.QUEUED)
    assert queued.crashes == 0
    assert await store.workers() == []
    await start("w2")
    await told(redis, task, "began 0")


async def test_with_every_slot_taken_the_rest_goes_on(
    start: Start, redis: "Redis", store: Store, new_task: Callable[..., Task]
) -> None:
    await start("w1", slots=1)
    first, second = new_task(), new_task()
    await store.create(first)
    await told(redis, first, "began 0")
    await store.create(second)
    assert await redis.blpop([f"reported:{second.id}"], timeout=PATIENCE_S), "reports are written"
    await store.wish(first.id, Wish.CANCEL, "by:alice")
    await told(redis, first, "stopped by CANCEL")
    await told(redis, second, "began 0")
    assert (await until_state(store, first, State.CANCELLED)).reason == "by:alice"


async def test_three_crashes_of_the_work_ask_a_person(
    start: Start, redis: "Redis", store: Store, new_task: Callable[..., Task]
) -> None:
    await start("w1")
    task = new_task()
    await store.create(task)
    for crashes in range(3):
        await told(redis, task, f"began {crashes}")
        await play(redis, task, "crash" if crashes else "return")
    now = await until_state(store, task, State.WAITING_INPUT)
    assert (now.needs, now.crashes) == ("crash", 3)


async def test_what_passes_by_itself_is_tried_again_and_blames_nobody(
    start: Start, redis: "Redis", store: Store, new_task: Callable[..., Task]
) -> None:
    await start("w1")
    task = new_task()
    await store.create(task)
    for _ in range(4):  # more often than crashes are forgiven
        await told(redis, task, "began 0")
        await play(redis, task, "away")
    await told(redis, task, "began 0")


async def test_nothing_is_left_in_the_queues(
    start: Start, redis: "Redis", store: Store, new_task: Callable[..., Task]
) -> None:
    worker = await start("w1", slots=2)
    tasks = [new_task() for _ in range(6)]
    for task in tasks:
        await store.create(task)
        await play(redis, task, "finish")
    for task in tasks:
        await until_state(store, task, State.READY)
        assert await redis.blpop([f"reported:{task.id}"], timeout=PATIENCE_S)
    worker.send_signal(signal.SIGTERM)
    assert await gone(worker) == 0
    assert await redis.zcard(ATTEMPTS) == 0
    waiting = {f"arq:job:{job.decode()}" for job in await redis.zrange(CONTROL, 0, -1)}
    assert {key.decode() async for key in redis.scan_iter("arq:*")} == waiting
