"""The desk: the real web process between a simulated GitHub and a real Valkey, spoken to as people speak to it."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from msgspec.structs import replace
from redis.asyncio import Redis

from bot.app import make_app
from bot.inbox import DeadLetters, Pace
from bot.webhook import PATH
from core import valkey
from core.clock import ShiftedClock
from core.github import GitHub, RepoDoor
from core.links import Links
from core.metrics import Metrics
from core.refs import RepoRef
from core.secret import Secret
from core.store import Inbox, Store, WorkerInfo
from core.tasks import State, Task, enter_stage, move, task_id
from demo.hub import Hub, Person
from demo.hub.state import Comment, Issue

LABEL = "parallel-dev"
BASE_URL = "https://pdev.example"
SECRET = "the secret that signs a story's links"
PATIENCE_S = 40.0


@dataclass
class Web:
    """One web process: its server and where it listens."""

    server: TestServer
    github: GitHub
    stack: AsyncExitStack

    @property
    def url(self) -> str:
        return str(self.server.make_url(PATH))

    def door(self, desk: "Desk") -> RepoDoor:
        repo = desk.hub.repo
        return self.github.repo(desk.hub.installation_id, RepoRef(repo.owner.login, repo.name), repo_id=repo.id)

    async def close(self) -> None:
        await self.stack.aclose()


@dataclass
class Desk:
    """What a story says and looks at. `repo` names and people are the hub's."""

    hub: Hub
    redis: "Redis"
    clock: ShiftedClock
    valkey_url: str
    private_key_pem: str
    webs: list[Web] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store, self.inbox = Store(self.redis, self.clock), Inbox(self.redis, self.clock)
        self.dead = DeadLetters(self.redis)

    async def open_web(
        self, *, patience_s: float = 5.0, retries: int = 6, claim_idle_ms: int = 30_000, reads: bool = True
    ) -> Web:
        """Start a web process; the first one is where GitHub delivers. `reads` False: it handles nothing."""
        stack = AsyncExitStack()
        client = valkey.connect(self.valkey_url, retries=retries)
        stack.push_async_callback(client.aclose)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        github = GitHub(
            app_id=str(self.hub.app_id), private_key=Secret(self.private_key_pem), api_url=self.hub.api_url,
            server_url=self.hub.html_url, session=session, redis=client, clock=self.clock, patience_s=1.0,
        )  # fmt: skip
        app = make_app(
            secrets=[Secret(self.hub.webhook_secret or "")], redis=client, github=github, clock=self.clock,
            metrics=Metrics(), server_url=self.hub.html_url,
            links=Links(BASE_URL, Secret(SECRET)), pace=Pace(patience_s, claim_idle_ms, grace_s=0.1, look_every_s=0.01),
        )  # fmt: skip
        if not reads:
            app.cleanup_ctx.clear()
        web = Web(await stack.enter_async_context(TestServer(app)), github, stack)
        self.webs.append(web)
        if self.hub.webhook_url is None:
            self.hub.webhook_url = web.url
        return web

    def by(self, login: str) -> Person:
        return self.hub.as_user(login)

    async def issue(self, title: str = "Add a parser", body: str = "It is missing.", *labels: str) -> Issue:
        """Opened by somebody who may only read; labels are the developer's."""
        made = await self.by("reader").open_issue(title, body)
        if labels:
            await self.by("developer").label(made.number, *labels)
        return made

    async def label(self, number: int, name: str = LABEL, *, by: str = "maintainer") -> None:
        await self.by(by).label(number, name)
        await self.settle()

    async def comment(self, number: int, body: str, *, by: str = "maintainer") -> Comment:
        comment = await self.by(by).comment(number, body)
        await self.settle()
        return comment

    async def settle(self) -> None:
        """Wait until every delivery has arrived and is handled, or waits for its time."""
        await self.until(self._is_quiet)

    async def _is_quiet(self) -> bool:
        await self.hub.settle()
        return await self.redis.xlen("pdev:inbox") == 0

    async def later_but_waiting(self, seconds: float) -> None:
        """Let time pass, and what was put back be tried once more."""
        assert await self.redis.zcard("pdev:inbox:later"), "nothing was put back"
        self.clock.advance(seconds=seconds)

        async def tried() -> bool:
            due = await self.redis.zcount("pdev:inbox:later", 0, self.clock.now_ms())
            return due == 0 and await self._is_quiet()

        await self.until(tried)

    async def later(self, seconds: float) -> None:
        """Let time pass, for what was put back, until nothing waits."""
        self.clock.advance(seconds=seconds)

        async def nothing_waits() -> bool:
            return await self.inbox.size() == 0

        await self.until(nothing_waits)
        await self.settle()

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not await holds():
            assert time.monotonic() < deadline, "it does not come to rest"
            await asyncio.sleep(0.003)

    async def task(self, number: int) -> Task:
        task = await self.store.task(task_id(self.hub.repo.id, number))
        assert task is not None, f"#{number} has no task"
        return task

    async def tasks(self) -> list[Task]:
        return await self.store.tasks() + await self.store.tasks(live=False)

    async def run(self, number: int) -> Task:
        """Put a queued task to work, as a worker would, and stop there."""
        task = await self.task(number)
        granted = await self.store.grant(task, lease_ms=600_000, repo_cap=10)
        if granted is None:
            await self._announce()
            granted = await self.store.grant(task, lease_ms=600_000, repo_cap=10)
        assert granted is not None
        await self.store.acquire(task.id, granted.epoch, "worker", 600_000)
        return await self.store.change(task.id, lambda t: enter_stage(t, self.clock.now_ms()), epoch=granted.epoch)

    async def _announce(self) -> None:
        worker = WorkerInfo(id="worker", host="h", pid=1, slots=50, started_ms=1, sandbox="none")
        await self.store.announce(worker, 3_600_000)

    async def set(self, number: int, **fields: object) -> Task:
        """Write into the record what a worker would have."""
        task = await self.task(number)
        return await self.store.change(task.id, lambda t: replace(t, **fields))

    async def branch(self, name: str, by: str = "owner") -> str:
        """A branch with one commit of its own; its sha."""
        person = self.by(by)
        main = await person.call("GET", "/git/ref/heads/main")
        await person.call("POST", "/git/refs", {"ref": f"refs/heads/{name}", "sha": main["object"]["sha"]})
        content = base64.b64encode(name.encode()).decode()
        written = {"message": "Write", "content": content, "branch": name}
        made = await person.call("PUT", f"/contents/{name.replace('/', '-')}.txt", written)
        return str(made["commit"]["sha"])

    async def pull(self, number: int) -> int:
        """Bring a labelled issue's task to `ready`, with a real pull request of pdev's; its number."""
        running = await self.run(number)
        sha = await self.branch(f"feature/task-{number}")
        pull = (
            await self.webs[0]
            .door(self)
            .create_pull("Do it", f"feature/task-{number}", "main", f"Closes #{number}", False)
        )
        done = {"pr": pull.number, "branch": pull.head.ref, "head_sha": sha}
        await self.store.change(
            running.id, lambda t: move(t, State.READY, self.clock.now_ms(), **done), epoch=running.epoch
        )
        await self.settle()
        return pull.number

    async def worked_off(self) -> None:
        """As if workers had done every job so far."""
        await self.redis.delete("pdev:control", *[key async for key in self.redis.scan_iter("arq:job:*")])

    def replies(self, number: int) -> list[str]:
        """What pdev said on an issue, without the markers."""
        return [
            comment.body.partition("-->\n")[2].strip()
            for comment in self.hub.repo.issues[number].comments
            if comment.user.login == "pdev[bot]"
        ]

    def eyes(self, number: int) -> int:
        return sum(r.content == "eyes" for r in self.hub.repo.issues[number].reactions)


def reactions(comment: Comment) -> list[str]:
    return [reaction.content for reaction in comment.reactions]


@pytest.fixture
async def desk(
    hub: Hub, redis: "Redis", clock: ShiftedClock, valkey_url: str, private_key_pem: str
) -> AsyncIterator[Desk]:
    """A desk with one web process. At the end nothing may wait, and nothing may have been given up."""
    # GitHub's description of check suites knows no App that listens to these; the installation still does.
    hub.app.events = [event for event in hub.app.events if event not in ("issue_dependencies", "sub_issues")]
    made = Desk(hub, redis, clock, valkey_url, private_key_pem)
    await made.open_web()
    yield made
    await made.settle()
    for web in made.webs:
        await web.close()
    assert await made.inbox.size() == 0, "deliveries wait"
    assert await made.dead.all() == [], "deliveries were given up"
    assert [t.id for t in await made.store.running() if t.owner != "worker"] == []
