"""However grants, take-overs, heartbeats and writes interleave: one attempt has one holder, and only it may write."""

import asyncio
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core import valkey
from core.clock import ShiftedClock
from core.store import Beat, Fenced, Store, WorkerInfo
from core.tasks import State, Task, Trigger, move

LEASE = 20_000
ACTS = ["grant", "take a", "take b", "write a", "write b", "beat a", "beat b", "late", "stop", "finish a", "finish b"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(ACTS), max_size=40))
def test_never_two_may_write(valkey_url: str, acts: list[str]) -> None:
    asyncio.run(interleave(valkey_url, acts))


async def interleave(url: str, acts: list[str]) -> None:
    client, clock = valkey.connect(url), ShiftedClock()
    await client.flushall()
    store = Store(client, clock)
    trigger = Trigger(actor="alice", at_ms=1, delivery="d", title="t", body="b")
    await store.create(
        Task(
            id="1-1", installation_id=5, repo_id=1, owner_login="acme", repo="widgets", issue=1, session="",
            trigger=trigger, created_ms=1, queued_ms=1,
        )
    )  # fmt: skip
    worker = WorkerInfo(id="w", host="h", pid=1, slots=1, started_ms=1, sandbox="none")
    await store.announce(worker, 600_000)
    story = Interleaving(store, clock)
    for act in acts:
        what, _, who = act.partition(" ")
        await getattr(story, what)(*who.split())
    await client.aclose()


class Interleaving:
    """What must be true after each act: `holder` is the only one that may write."""

    def __init__(self, store: Store, clock: ShiftedClock) -> None:
        self.store, self.clock = store, clock
        self.epoch, self.holder = 0, ""
        self.taken = {"a": 0, "b": 0}

    async def grant(self) -> None:
        task = await self.store.task("1-1")
        assert task is not None
        granted = await self.store.grant(task, lease_ms=LEASE, repo_cap=5)
        assert (granted is not None) == (task.state is State.QUEUED)
        if granted is not None:
            assert granted.epoch > self.epoch
            self.epoch, self.holder = granted.epoch, ""

    async def take(self, who: str) -> None:
        try:
            await self.store.acquire("1-1", self.epoch, who, LEASE)
        except Fenced:
            return
        assert not self.holder
        self.taken[who], self.holder = self.epoch, who

    async def beat(self, who: str) -> None:
        renewed = await self.store.renew("1-1", self.taken[who], who, LEASE)
        assert (renewed is Beat.OK) == (self.holder == who)

    async def late(self) -> None:
        self.clock.advance(milliseconds=LEASE + 1)
        await self.stop(overdue=True)

    async def stop(self, *, overdue: bool = False) -> None:
        if await self.store.interrupt("1-1", self.epoch, crashed=False, overdue=overdue):
            self.holder = ""

    async def write(self, who: str) -> None:
        await self._writes(who, lambda t: replace(t, progress=t.progress + 1))

    async def finish(self, who: str) -> None:
        if await self._writes(who, lambda t: move(t, State.READY, 1)):
            self.holder = ""
            await self.store.change("1-1", lambda t: move(t, State.QUEUED, 1))

    async def _writes(self, who: str, step: Callable[[Task], Task]) -> bool:
        try:
            await self.store.change("1-1", step, epoch=self.taken[who])
        except Fenced:
            assert self.holder != who
            return False
        assert self.holder == who
        return True
