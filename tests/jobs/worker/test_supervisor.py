"""The supervisor: a dead worker is replaced, what it held goes on at once, and nobody is left behind."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest
from redis.asyncio import Redis

from core.store import Store
from core.tasks import State, Task
from jobs.supervisor import Patience
from tests.jobs.worker.worker_parts import PATIENCE_S, Valkey, play, told, until_state

SUPERVISOR = Path(__file__).with_name("supervisor_process.py")
WORKER = ("-m", "tests.jobs.worker.worker_process")
Begin = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def supervised(valkey: Valkey, redis: "Redis", tmp_path: Path) -> AsyncIterator[Begin]:
    """Starts a supervisor over a worker with an unhurried lease, so that only the supervisor can be the one to act."""
    async with AsyncExitStack() as stack:

        async def begin(*command: str) -> asyncio.subprocess.Process:
            worker = [sys.executable, *WORKER, valkey.url, "w1", "2", str(tmp_path), "PDEV_LEASE_S=300"]
            process = await asyncio.create_subprocess_exec(
                sys.executable, str(SUPERVISOR), valkey.url, "w1", *(command or worker)
            )
            stack.push_async_callback(end, process)
            return process

        async def end(process: asyncio.subprocess.Process) -> None:
            if process.returncode is None:
                process.kill()
            await process.wait()

        yield begin


async def the_child(supervisor: asyncio.subprocess.Process) -> psutil.Process:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if found := psutil.Process(supervisor.pid).children():
                return found[0]
            await asyncio.sleep(0.01)


async def gone(process: psutil.Process) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return
            await asyncio.sleep(0.01)


async def test_what_a_killed_worker_held_goes_on_at_once(
    supervised: Begin, redis: "Redis", store: Store, new_task: Callable[..., Task]
) -> None:
    supervisor = await supervised()
    task = new_task()
    await store.create(task)
    await told(redis, task, "began 0")
    (await the_child(supervisor)).kill()
    await told(redis, task, "began 1")  # the lease would have lasted for five minutes
    await play(redis, task, "finish")
    await until_state(store, task, State.READY)
    assert await redis.llen(f"effects:{task.id}") == 1


async def test_a_task_that_kills_its_workers_ends_with_a_person(
    supervised: Begin, redis: "Redis", store: Store, new_task: Callable[..., Task]
) -> None:
    await supervised()
    task = new_task()
    await store.create(task)
    for crashes in range(3):
        await told(redis, task, f"began {crashes}")
        await play(redis, task, "die")
    now = await until_state(store, task, State.WAITING_INPUT)
    assert (now.needs, now.crashes) == ("crash", 3)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_both_and_blames_nobody(
    supervised: Begin, redis: "Redis", store: Store, new_task: Callable[..., Task], signum: signal.Signals
) -> None:
    supervisor = await supervised()
    task = new_task()
    await store.create(task)
    await told(redis, task, "began 0")
    child = await the_child(supervisor)
    supervisor.send_signal(signum)
    assert await asyncio.wait_for(supervisor.wait(), PATIENCE_S) == 0
    assert not child.is_running()
    assert (await until_state(store, task, State.QUEUED)).crashes == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
async def test_a_killed_supervisor_takes_its_worker_along(
    supervised: Begin, redis: "Redis", store: Store, new_task: Callable[..., Task]
) -> None:
    supervisor = await supervised()
    task = new_task()
    await store.create(task)
    await told(redis, task, "began 0")
    child = await the_child(supervisor)
    supervisor.kill()
    await gone(child)
    assert (await until_state(store, task, State.QUEUED)).crashes == 0


async def test_a_worker_that_does_not_listen_is_killed_and_its_task_handed_on(
    supervised: Begin, redis: "Redis", store: Store, new_task: Callable[..., Task]
) -> None:
    supervisor = await supervised()
    task = new_task()
    await store.create(task)
    await told(redis, task, "began 0")
    child = await the_child(supervisor)
    child.suspend()
    supervisor.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(supervisor.wait(), PATIENCE_S) == 1
    assert not child.is_running()
    assert (await until_state(store, task, State.QUEUED)).crashes == 0


async def test_a_worker_that_ends_is_started_again_and_again(supervised: Begin, redis: "Redis", tmp_path: Path) -> None:
    lives = tmp_path / "lives"
    supervisor = await supervised("/bin/sh", "-c", f"echo >> {lives}; exit 3")
    while True:
        if lives.exists() and lives.read_text().count("\n") >= 4:
            break
        await asyncio.sleep(0.01)  # the suite's own limit ends it
    supervisor.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(supervisor.wait(), PATIENCE_S) == 1


async def test_a_worker_that_is_set_up_wrongly_is_not_started_again(supervised: Begin, tmp_path: Path) -> None:
    lives = tmp_path / "lives"
    supervisor = await supervised("/bin/sh", "-c", f"echo >> {lives}; exit 2")
    assert await asyncio.wait_for(supervisor.wait(), PATIENCE_S) == 2
    assert lives.read_text() == "\n"


def test_a_child_that_lived_long_enough_is_started_again_without_delay() -> None:
    patience = Patience(first_s=1, longest_s=30, healthy_s=60)
    deaths, waits = 0, []
    for lived_s in (1, 1, 1, 1, 1, 1, 61, 1):
        deaths = patience.deaths(deaths, lived_s)
        waits.append(patience.wait_s(deaths))
    assert waits == [1, 2, 4, 8, 16, 30, 1, 2]
    assert patience.wait_s(10_000) == 30
