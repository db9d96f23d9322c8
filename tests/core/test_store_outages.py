"""The server dies, forgets or stays silent: what was answered is there, what was not is done once."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
from msgspec.structs import replace
from redis.asyncio import Redis

from core import valkey
from core.clock import ShiftedClock
from core.deliveries import Delivery
from core.store import Inbox, Store
from core.tasks import State, Task, move

NewTask = Callable[..., Task]


class Wire:
    """Stands between client and server and can cut the connection where an answer should come."""

    def __init__(self, server: str) -> None:
        self._server, self.cut_next_answer, self.cuts = server, False, 0

    async def carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_unix_connection(self._server)
        up = asyncio.create_task(self._copy(client, to_server))
        while data := await server.read(65536):
            if self.cut_next_answer:
                self.cut_next_answer, self.cuts = False, self.cuts + 1
                break
            to_client.write(data)
        up.cancel()
        to_client.close()
        to_server.close()

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
        target.close()


async def test_a_write_whose_answer_got_lost_counts_once(
    valkey_url: str, redis: "Redis", new_task: NewTask, tmp_path: Path, clock: ShiftedClock
) -> None:
    wire, path = Wire(valkey_url.removeprefix("unix://")), tmp_path / "wire"
    client = valkey.connect(f"unix://{path}")
    async with await asyncio.start_unix_server(wire.carry, path):
        store, inbox = Store(client, clock), Inbox(client, clock)
        task = new_task()

        await store.create(task)
        await store.change(task.id, lambda t: replace(t, progress=1))  # the server knows the script now

        def step(current: Task) -> Task:
            wire.cut_next_answer = True  # the next answer is that to the write
            return replace(current, crashes=current.crashes + 1)

        changed = await store.change(task.id, step)
        assert wire.cuts == 1
        assert (changed.crashes, changed.version) == (1, 3)
        assert await store.task(task.id) == changed

        await inbox.append(delivery("1"))
        wire.cut_next_answer = True
        await inbox.append(delivery("2"))
        assert wire.cuts == 2
        assert await redis.llen("pdev:line:1:7") == 2
        await client.aclose()


async def test_scripts_survive_a_server_that_forgot_them(
    store: Store, inbox: Inbox, new_task: NewTask, redis: "Redis"
) -> None:
    task = new_task()
    await store.create(task)
    await inbox.append(delivery("1"))
    await redis.script_flush()
    await store.change(task.id, lambda t: replace(t, progress=1))
    assert await asyncio.gather(*(inbox.append(delivery(g)) for g in "123")) == [False, True, True]


async def test_a_killed_server_comes_back_with_all_that_was_answered(tmp_path: Path, new_task: NewTask) -> None:
    clock, answered, taken = ShiftedClock(), [], []
    server = valkey.start(tmp_path / "data")
    client = valkey.connect(server.url, retries=0)
    store, inbox = Store(client, clock), Inbox(client, clock)

    async def write(number: int) -> None:
        with contextlib.suppress(Exception):
            for issue in range(number * 1000, number * 1000 + 999):
                task = new_task(issue=issue)
                await store.create(task)
                await store.change(task.id, lambda t: move(t, State.PAUSED, 1))
                answered.append(task.id)
                await inbox.append(delivery(f"{issue}", issue=issue))
                taken.append(issue)
                if len(answered) >= 40:
                    os.kill(server.pid, signal.SIGKILL)

    await asyncio.gather(*(write(number) for number in range(1, 5)))
    await client.aclose()
    assert len(answered) >= 40
    assert server.process is not None
    server.process.wait()
    assert not psutil.pid_exists(server.pid)

    with valkey.start(tmp_path / "data") as again:
        client = valkey.connect(again.url)
        store, inbox = Store(client, clock), Inbox(client, clock)
        assert {t.id for t in await store.tasks() if t.state is State.PAUSED} >= set(answered)
        read = await inbox.read("me", count=1000, block_ms=10)
        assert {entry.delivery.issue for entry in read} >= set(taken)
        await client.aclose()


def delivery(guid: str, issue: int = 7) -> Delivery:
    return Delivery(guid=guid, event="issues", repo_id=1, issue=issue, received_ms=1, body="{}")
