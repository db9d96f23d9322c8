"""A task on a real hub and in a real Valkey, and reporters who show the one on the other."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from core.clock import ShiftedClock
from core.github import GitHub
from core.github.budget import Budget
from core.secret import Secret
from core.store import Store, WorkerInfo
from core.tasks import State, Task, Trigger, enter_stage, leave_stage, move, task_id
from demo.hub import Hub
from demo.hub.observers import Exchange
from demo.hub.state import CheckRun, Comment
from demo.hub.webhooks import Delivery
from jobs.report import Reporter, Shown

BOT = "pdev[bot]"


@dataclass
class Room:
    """One task of issue 1; `write` counts what was sent to GitHub."""

    hub: Hub
    redis: "Redis"
    clock: ShiftedClock
    private_key_pem: str
    stack: AsyncExitStack
    id: str = ""

    def __post_init__(self) -> None:
        self.store = Store(self.redis, self.clock)
        self.calls: list[str] = []
        self.hub.observers.append(self._count)

    def _count(self, seen: Exchange | Delivery) -> None:
        if isinstance(seen, Exchange) and "/access_tokens" not in seen.path:
            self.calls.append(f"{seen.method} {seen.path.partition('?')[0]}")

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith("GET ")]

    async def reporter(
        self, *, writes_an_hour: int = 400, notice: str = "", transcripts: Shown | None = None
    ) -> Reporter:
        session = await self.stack.enter_async_context(aiohttp.ClientSession())
        github = GitHub(
            app_id=str(self.hub.app_id), private_key=Secret(self.private_key_pem), api_url=self.hub.api_url,
            server_url=self.hub.html_url, session=session, redis=self.redis, clock=self.clock, patience_s=0.1,
            budget=Budget(self.redis, self.clock, writes_a_minute=1000, writes_an_hour=writes_an_hour),
        )  # fmt: skip
        return Reporter(self.store, github, self.clock, notice=notice, transcripts=transcripts)

    async def begin(self) -> None:
        """An issue, its task in the queue, and a worker with free slots."""
        issue = await self.hub.as_user("reader").open_issue("Add a parser", "It is missing.")
        now, repo = self.clock.now_ms(), self.hub.repo
        self.id = task_id(repo.id, issue.number)
        await self.store.create(
            Task(
                id=self.id,
                installation_id=self.hub.installation_id,
                repo_id=repo.id,
                owner_login=repo.owner.login,
                repo=repo.name,
                issue=issue.number,
                session="",
                created_ms=now,
                queued_ms=now,
                trigger=Trigger(actor="maintainer", at_ms=now, delivery="d", title=issue.title, body=""),
            )
        )
        worker = WorkerInfo(id="worker", host="h", pid=1, slots=50, started_ms=1, sandbox="none")
        await self.store.announce(worker, 3_600_000)

    async def task(self) -> Task:
        task = await self.store.task(self.id)
        assert task is not None
        return task

    async def run(self) -> Task:
        """Granted, and in its stage."""
        granted = await self.store.grant(await self.task(), lease_ms=36_000_000, repo_cap=10)
        assert granted is not None
        await self.store.acquire(self.id, granted.epoch, "worker", 36_000_000)
        return await self.enter()

    async def enter(self) -> Task:
        return await self.store.change(self.id, lambda t: enter_stage(t, self.clock.now_ms()))

    async def leave(self, outcome: str = "passed", summary: str = "Done.", **fields: object) -> Task:
        return await self.store.change(
            self.id, lambda t: replace(leave_stage(t, outcome, self.clock.now_ms(), summary), **fields)
        )

    async def move(self, to: State, **fields: object) -> Task:
        return await self.store.change(self.id, lambda t: move(t, to, self.clock.now_ms(), **fields))

    async def set(self, **fields: object) -> Task:
        return await self.store.change(self.id, lambda t: replace(t, **fields))

    async def commit(self, text: str = "one") -> str:
        """A commit on the task's branch, as a worker pushes it."""
        sha = await self.hub.as_user("owner").push("feature/task-1", {"parser.py": text * 9})
        await self.set(head_sha=sha, branch="feature/task-1", start_sha=(await self.task()).start_sha or sha)
        return sha

    @property
    def comments(self) -> list[Comment]:
        return self.hub.repo.issues[1].comments

    @property
    def comment(self) -> Comment:
        (one,) = [comment for comment in self.comments if comment.user.login == BOT]
        return one

    def checks(self, sha: str) -> dict[str, CheckRun]:
        """By name; a second one of the same name is a mistake."""
        runs = [run for run in self.hub.repo.check_runs.values() if run.head_sha == sha]
        assert len({run.name for run in runs}) == len(runs)
        return {run.name: run for run in runs}

    async def put_off(self) -> list[int]:
        """In how many real milliseconds reports that were put off are due, soonest first."""
        server_s, server_us = await self.redis.time()
        now = server_s * 1000 + server_us // 1000
        jobs = await self.redis.zrange("pdev:control", 0, -1, withscores=True)
        return [round(score) - now for name, score in jobs if b":at:" in name]

    async def is_shown(self) -> bool:
        """Whether the sweep would leave it alone."""
        return self.id not in await self.store.unreported()


@pytest.fixture
async def room(hub: Hub, redis: "Redis", clock: ShiftedClock, private_key_pem: str) -> AsyncIterator[Room]:
    async with AsyncExitStack() as stack:
        made = Room(hub, redis, clock, private_key_pem, stack)
        await made.begin()
        yield made


@pytest.fixture
async def reporter(room: Room) -> Reporter:
    return await room.reporter()
