"""The desk with workers at it: GitHub is simulated, the agents' ideas are scripted, everything between them is real."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp

from cli import setting_up
from cli.processes import Child, Children
from core import valkey
from core.artifacts import Artifacts
from core.github import GitHub
from core.links import Links
from core.metrics import Metrics
from core.queue import ATTEMPTS, CONTROL, Report
from core.redaction import Redactor
from core.schedule import is_ready, plan
from core.settings import Settings, child_environ
from core.store import Inbox, Store, WorkerInfo
from core.tasks import State, Task
from demo.hub import gitstore
from demo.hub.observers import Exchange
from demo.hub.state import CheckRun, Comment, Pull
from demo.player import PLAYER
from jobs.agents import AgentBackend, ScriptedBackend
from jobs.bench import Tools, Transcripts
from jobs.deps import Deps
from jobs.disk import clear_worktrees
from jobs.git import Cache
from jobs.lease import Lease
from jobs.pipeline import work
from jobs.report import Reporter, Shown
from jobs.sandbox import Sandbox
from jobs.worker import Graces, Worker
from tests.stories.conftest import BASE_URL, SECRET, Desk
from tests.work.script_book import ScriptBook

AUTHOR = ("pdev[bot]", "1+pdev[bot]@users.noreply.github.com")
BOT = "pdev[bot]"
PATIENCE_S = 50.0
"""How long a story waits for something that must happen; never how long something may take."""


@dataclass
class WorkingDesk(Desk):
    """A desk with a script book, workers on demand, and words for what GitHub shows."""

    agent: ScriptBook = None  # type: ignore[assignment]  # the base class has fields with defaults
    sandbox: Sandbox = None  # type: ignore[assignment]
    data: Path = None  # type: ignore[assignment]
    patience_s: float = PATIENCE_S
    git_env: dict[str, str] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)
    """Further settings of every process of the story."""
    exchanges: list[Exchange] = field(default_factory=list)
    """Every call that was made of the hub."""

    # ── workers ────────────────────────────────────────────────────────────────────────────────────────────────────

    @asynccontextmanager
    async def working(
        self,
        *,
        workers: int = 1,
        slots: int = 2,
        backend: AgentBackend | None = None,
        rests: bool = True,
        **environ: str,
    ) -> AsyncIterator[None]:
        """Workers run beside us; at the end they finish what there is to do (unless `rests` is false) and leave."""
        stop = asyncio.Event()
        async with AsyncExitStack() as stack:
            running = []
            for n in range(1, workers + 1):
                deps = await stack.enter_async_context(self.parts(f"worker-{n}", slots, backend, environ))
                running.append(asyncio.create_task(Worker(deps, Graces()).run(stop)))
            try:
                yield
                if rests:
                    await self.rest()
            finally:
                stop.set()
                _, late = await asyncio.wait(running, timeout=PATIENCE_S)
                assert not late, "a worker does not leave"
                codes = await asyncio.gather(*running)
            assert codes == [0] * workers

    @asynccontextmanager
    async def parts(
        self, name: str, slots: int, backend: AgentBackend | None, environ: dict[str, str]
    ) -> AsyncIterator[Deps]:
        """What `pdev worker` puts together, around the story's clock and script."""
        settings = Settings.from_environ(self.environ() | environ)
        redis = valkey.connect(self.valkey_url)
        async with aiohttp.ClientSession() as session:
            metrics, store = Metrics(), Store(redis, self.clock)
            artifacts = Artifacts.from_settings(settings, redis, self.clock, store)
            github = GitHub.from_settings(
                settings, session=session, redis=redis, clock=self.clock, metrics=metrics, patience_s=1
            )
            tools = Tools(
                store=store, github=github, clock=self.clock,
                git=Cache(settings.data_dir / "git", extra_env=self.git_env),
                backend=backend or ScriptedBackend(self.sandbox, player=PLAYER, cue=self.agent.cues.address),
                homes=settings.data_dir / "homes", author=AUTHOR,
                setup=setting_up.setup(settings, self.sandbox),
                operator=settings.operator_caps, sandbox=self.sandbox,
                transcripts=Transcripts(artifacts, Redactor(settings.secret_values())),
                redactor=Redactor(settings.secret_values()),
            )  # fmt: skip
            info = WorkerInfo(
                id=name, host="here", pid=os.getpid(), slots=slots, started_ms=self.clock.now_ms(),
                sandbox=self.sandbox.mode,
            )  # fmt: skip
            try:
                yield Deps(
                    settings=settings, clock=self.clock, redis=redis, store=store, inbox=Inbox(redis, self.clock),
                    github=github, metrics=metrics, worker=info, work=partial(_work, tools=tools),
                    report=Reporter(
                        store, github, self.clock, transcripts=Shown(artifacts, Links.from_settings(settings))
                    ).report,
                    clear_disk=partial(clear_worktrees, tools.git, store), artifacts=artifacts,
                )  # fmt: skip
            finally:
                await redis.aclose()

    def environ(self) -> dict[str, str]:
        """The settings of every process of the story."""
        return {
            "APP_ID": str(self.hub.app_id), "PRIVATE_KEY": self.private_key_pem, "REDIS_URL": self.valkey_url,
            "GITHUB_API_URL": self.hub.api_url, "GITHUB_SERVER_URL": self.hub.html_url,
            "PDEV_DATA_DIR": str(self.data), "PDEV_AGENT": "scripted", "PDEV_SANDBOX": self.sandbox.mode,
            "PDEV_SCRIPT_SOCKET": str(self.agent.cues.address), "WEBHOOK_SECRET": self.hub.webhook_secret or "",
            "PDEV_LEASE_S": "60", "PDEV_BEAT_S": "1", "PDEV_SWEEP_S": "0.3", "PDEV_WRITES_PER_MINUTE": "10000",
            "PDEV_WRITES_PER_HOUR": "10000", "PDEV_BASE_URL": BASE_URL,
            "PDEV_SECRET": SECRET,
            **self.more,
        }  # fmt: skip

    @asynccontextmanager
    async def processes(self, *names: str, slots: int = 2) -> AsyncIterator["Crew"]:
        """Real `pdev worker` processes, each below its supervisor; at the end they finish what there is and leave."""
        crew = Crew(self, Children(child_environ(self.environ() | _KEPT_SHORT | {"PDEV_SLOTS": str(slots)}), self.data))
        self.data.mkdir(exist_ok=True)
        try:
            for name in names:
                crew.supervisors[name] = await crew.children.start(name, "worker", "--id", name)
            for name in names:
                await crew.announced(name)
            yield crew
            await self.rest()
        finally:
            await crew.children.stop()

    async def configure(self, text: str) -> None:
        """Put this into `.github/pdev.yml` on the default branch."""
        await self.by("maintainer").push("main", {".github/pdev.yml": text})

    # ── waiting ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def until(self, holds: Callable[[], Awaitable[bool]], what: str = "it does not come to rest") -> None:
        deadline = time.monotonic() + self.patience_s
        while not await holds():
            assert time.monotonic() < deadline, f"{what}\n{await self._standing()}"
            await asyncio.sleep(0.01)

    async def _standing(self) -> str:
        lines = [f"#{t.issue} {t.state} {t.stage} {t.round} {t.reason} wish={t.wish} crashes={t.crashes}: {t.activity}"
                 for t in await self.tasks()]  # fmt: skip
        return "\n".join([*lines, *(str(scene) for scene in self.agent.cues.played), *self.agent.cues.troubles])

    async def until_state(self, number: int, *states: State) -> Task:
        """Wait until the task is in one of these states, and GitHub shows it."""

        async def holds() -> bool:
            return (await self.task(number)).state in states

        await self.until(holds, f"#{number} does not become {' or '.join(states)}")
        return await self.task(number)

    async def shown(self, number: int) -> None:
        """Wait until GitHub shows the newest version of the record."""

        async def holds() -> bool:
            task = await self.task(number)
            return (await self.store.surface(task.id)).reported_version >= task.version

        await self.until(holds, f"#{number} is not shown")

    async def ring(self, number: int, *, later_s: float = 0) -> None:
        """Let time pass and have the task reported now, which arq, knowing no shifted clock, would not."""
        self.clock.advance(seconds=later_s)
        task = await self.task(number)
        await self.store.enqueue(Report(task.id, 0))

        async def is_done() -> bool:
            return not await self.due_reports()

        await self.until(is_done, "the report does not end")

    async def due_reports(self) -> list[str]:
        return [name for name in await self.due_jobs() if name.startswith("report:")]

    async def until_check(
        self, number: int, name: str, status: str, *, sha: str = "", conclusion: str | None = None
    ) -> CheckRun:
        """Wait until the check run of this name on the task's head (or `sha`) looks so; reports' pauses fly past."""

        async def holds() -> bool:
            task = await self.task(number)
            self.clock.advance(seconds=0.1)
            await self.store.enqueue(Report(task.id, 0))
            wanted = (name, sha or task.shown_sha, status, conclusion)
            return wanted in [(r.name, r.head_sha, r.status, r.conclusion) for r in self.checks(task)]

        await self.until(holds, f"{name} does not become {status}")
        return await self.check(number, name, sha)

    async def rest(self) -> None:
        """Wait until nothing is left to do but for people."""
        await self.until(self._rests, "the workers find no rest")

    async def _rests(self) -> bool:
        if not await self._nobody_works():
            return False
        await self.hub.settle()
        return not await self.redis.xlen("pdev:inbox") and await self._nobody_works()

    async def _nobody_works(self) -> bool:
        tasks = await self.store.tasks()
        caps = await self.store.caps(task.repo_id for task in tasks)
        broke = await self.store.broke(filter(is_ready, tasks))
        if plan(tasks, await self.store.capacity(), caps, self.clock.now_ms(), broke).start:
            return False
        return all(task.state is not State.RUNNING for task in tasks) and await self.due_jobs() == []

    async def due_jobs(self) -> list[str]:
        """Jobs that wait or run now; reports that were put off are not among them. arq knows no shifted clock."""
        now = time.time_ns() // 1_000_000
        names = [*await self.redis.zrange(ATTEMPTS, 0, -1), *await self.redis.zrangebyscore(CONTROL, "-inf", now)]
        return [name.decode() for name in names]

    # ── what GitHub shows ──────────────────────────────────────────────────────────────────────────────────────────

    def stickies(self, number: int) -> list[Comment]:
        return [
            comment for comment in self.hub.repo.issues[number].comments
            if comment.user.login == BOT and comment.body.startswith("<!-- pdev:task:")
        ]  # fmt: skip

    def sticky(self, number: int) -> str:
        (comment,) = self.stickies(number)
        return comment.body

    def pulls(self, number: int) -> list[Pull]:
        """pdev's pull requests for the issue, open or not."""
        return [p for p in self.hub.repo.pulls() if f"Closes #{number}" in (p.issue.body or "")
                and p.issue.user.login == BOT]  # fmt: skip

    def pr(self, number: int) -> Pull:
        (pull,) = self.pulls(number)
        return pull

    def checks(self, task: Task) -> list[CheckRun]:
        return [run for run in self.hub.repo.check_runs.values() if run.external_id.startswith(f"{task.id}/")]

    async def check(self, number: int, name: str, sha: str = "") -> CheckRun:
        """The check run of this name on the task's head, or on another commit."""
        task = await self.task(number)
        (run,) = [r for r in self.checks(task) if r.name == name and r.head_sha == (sha or task.shown_sha)]
        return run

    async def changed(self, number: int) -> list[str]:
        """Paths that the task's branch changes."""
        task = await self.task(number)
        return [
            f.filename for f in await gitstore.changed_files(self.hub.git(self.hub.repo), task.start_sha, task.branch)
        ]

    async def wip(self, number: int, path: str) -> str:
        """A file as the checkpoint has it."""
        task = await self.task(number)
        return (await gitstore.read_blob(self.hub.git(self.hub.repo), f"refs/pdev/wip/{task.id}:{path}")).decode()

    async def refs(self, number: int) -> list[str]:
        """The branch and the checkpoint, as far as they are there."""
        task = await self.task(number)
        found = await gitstore.list_refs(self.hub.git(self.hub.repo))
        return [ref for ref in found if ref in (f"refs/heads/{task.branch}", f"refs/pdev/wip/{task.id}")]

    async def clone(self, branch: str, folder: Path) -> Path:
        """Check the branch out as a developer would."""
        token = self.hub.users["developer"]
        url = f"{self.hub.html_url}/{self.hub.repo.full_name}.git".replace("://", f"://x-access-token:{token}@")
        await run("git", "clone", "-q", "--branch", branch, url, str(folder), cwd=folder.parent)
        return folder


_KEPT_SHORT = {"PDEV_LEASE_S": "3", "PDEV_BEAT_S": "0.5", "PDEV_SWEEP_S": "0.5"}


@dataclass
class Crew:
    """Worker processes that can be killed."""

    desk: WorkingDesk
    children: Children
    supervisors: dict[str, Child] = field(default_factory=dict)

    async def pid(self, name: str) -> int | None:
        """Of the process that works, as it announced itself."""
        return next((worker.pid for worker in await self.desk.store.workers() if worker.id == name), None)

    async def announced(self, name: str) -> None:
        async def holds() -> bool:
            assert self.supervisors[name].process.returncode is None, self.supervisors[name].last_words()
            return await self.pid(name) is not None

        await self.desk.until(holds, f"{name} does not come up")

    async def kill(self, name: str, *, machine: bool = False) -> None:
        """End the process that works with -9; of a whole `machine` the supervisor dies first."""
        pid = await self.pid(name)
        assert pid is not None
        if machine:
            supervisor = self.supervisors[name].process
            supervisor.kill()
            await supervisor.wait()
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def logs(self) -> str:
        return "".join(child.log.read_text() for child in self.children.all if child.log)


async def _work(task: Task, lease: Lease, *, tools: Tools) -> None:
    await work(task, lease, tools)


async def run(*command: str, cwd: Path) -> str:
    """What the command says; it must succeed."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(cwd), "GIT_CONFIG_NOSYSTEM": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode().strip()
