"""`pdev worker`: a supervisor, and below it the process that works. Here its parts are put together."""

import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import aiohttp
from aiohttp import web

from cli import setting_up
from cli.ports import told_if_taken
from core.artifacts import Artifacts
from core.clock import SystemClock
from core.errors import BadCredentials, Category, NotFound, OperatorError
from core.github import App, GitHub
from core.links import Links
from core.log import configure
from core.metrics import CONTENT_TYPE, Metrics
from core.redaction import Redactor
from core.settings import WORKER_NEEDS, Settings, environ
from core.store import Inbox, Store, WorkerInfo
from core.tasks import Task
from core.valkey import connect
from demo.player import PLAYER
from jobs.agents import AgentBackend, ScriptedBackend
from jobs.bench import Tools, Transcripts
from jobs.deps import Deps
from jobs.disk import clear_worktrees
from jobs.git import Cache
from jobs.lease import Lease
from jobs.pipeline import work
from jobs.report import Reporter, Shown
from jobs.sandbox import Bubblewrap, NoSandbox, Sandbox, find_bubblewrap, this_python
from jobs.supervisor import supervise
from jobs.worker import run_worker

PATIENCE_S = 60
"""A worker waits this long for GitHub before it puts work off."""
UNPROTECTED = (
    "Agents run without a sandbox here (`PDEV_SANDBOX=none`): they can read what this worker can read, and nothing "
    "keeps a reviewer from writing."
)


def name() -> str:
    """A worker's name when nobody gives it one."""
    return f"{socket.gethostname()}-{uuid4().hex[:8]}"


async def supervised(worker_id: str) -> int:
    """Keep one worker process alive until SIGTERM or SIGINT."""
    settings = Settings.from_environ(environ(), needs=WORKER_NEEDS)
    configure(settings.log_level, settings.log_format, secrets=settings.secret_values())
    worker_id = worker_id or name()
    command = [sys.executable, "-m", "cli", "worker", "--child", "--id", worker_id]
    return await supervise(command, redis_url=settings.redis_url, clock=SystemClock(), worker_id=worker_id)


async def run(worker_id: str) -> int:
    """The worker itself."""
    settings = Settings.from_environ(environ(), needs=WORKER_NEEDS)
    configure(settings.log_level, settings.log_format, secrets=settings.secret_values())
    return await run_worker(settings, building(worker_id or name()))


def building(worker_id: str) -> Callable[[Settings], AbstractAsyncContextManager[Deps]]:
    """What opens everything that a worker uses, and closes it afterwards."""

    @asynccontextmanager
    async def build(settings: Settings) -> AsyncIterator[Deps]:
        clock, metrics = SystemClock(), Metrics()
        own_folder(settings.data_dir)
        sandbox = await open_sandbox(settings)
        redis = connect(settings.redis_url)
        async with aiohttp.ClientSession() as session:
            store = Store(redis, clock)
            artifacts = Artifacts.from_settings(settings, redis, clock, store)
            github = GitHub.from_settings(
                settings, session=session, redis=redis, clock=clock, metrics=metrics, patience_s=PATIENCE_S
            )
            redactor = Redactor(settings.secret_values())
            tools = Tools(
                store=store, github=github, clock=clock, git=await _git(settings),
                backend=open_backend(settings, sandbox), homes=settings.data_dir / "homes",
                author=await _author(github), operator=settings.operator_caps, sandbox=sandbox,
                transcripts=Transcripts(artifacts, redactor), redactor=redactor,
                setup=setting_up.setup(settings, sandbox),
            )  # fmt: skip
            reporter = Reporter(
                store, github, clock, notice=UNPROTECTED if sandbox.mode == "none" else "",
                owner=worker_id, transcripts=Shown(artifacts, Links.from_settings(settings)),
            )  # fmt: skip
            info = WorkerInfo(
                id=worker_id, host=socket.gethostname(), pid=os.getpid(), slots=settings.slots,
                started_ms=clock.now_ms(), sandbox=sandbox.mode,
            )  # fmt: skip

            async def pipeline(task: Task, lease: Lease) -> None:
                await work(task, lease, tools)

            try:
                async with numbers_shown(settings.worker_port, metrics):
                    yield Deps(
                        settings=settings, clock=clock, redis=redis, store=store, inbox=Inbox(redis, clock),
                        github=github, metrics=metrics, worker=info, work=pipeline, report=reporter.report,
                        clear_disk=partial(clear_worktrees, tools.git, store), artifacts=artifacts,
                    )  # fmt: skip
            finally:
                await redis.aclose()

    return build


@asynccontextmanager
async def numbers_shown(port: int, metrics: Metrics) -> AsyncIterator[None]:
    """While it lasts, `/metrics` and `/healthz` on this port of loopback; 0: nowhere. Raises `OperatorError`."""
    if not port:
        yield
        return

    async def numbers(request: web.Request) -> web.Response:
        return web.Response(body=metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    async def alive(request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    app = web.Application()
    app.router.add_get("/metrics", numbers)
    app.router.add_get("/healthz", alive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        with told_if_taken(port, "PDEV_WORKER_PORT"):
            await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()


def own_folder(folder: Path) -> None:
    """Make sure that we can keep files there. Raises `OperatorError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise OperatorError(
            f"The data folder {folder} cannot be used ({error.strerror}).",
            "Give it to the user whom pdev runs as, or set PDEV_DATA_DIR to another folder.",
            code="DATA_DIR", category=Category.RESOURCE,
        ) from error  # fmt: skip


async def open_sandbox(settings: Settings) -> Sandbox:
    """The sandbox the operator chose, tried by getting out of it. Raises `OperatorError` when it does not hold."""
    if settings.sandbox == "none":
        return NoSandbox()
    program = find_bubblewrap()
    if program is None:
        raise no_sandbox("bubblewrap is not installed.")
    sandbox = Bubblewrap(program, setting_up.toolchains(settings).beside(this_python()))
    scratch = settings.data_dir / "probe"
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    report = await sandbox.probe(scratch)
    if not report.working:
        fallen = "; ".join(f"{check.name}: {check.detail}" for check in report.fallen) or "it could not be started"
        raise no_sandbox(f"The sandbox does not hold ({fallen}).")
    return sandbox


def no_sandbox(sentence: str) -> OperatorError:
    return OperatorError(
        sentence,
        "Allow user namespaces here, or set PDEV_SANDBOX=none to run agents unprotected; nothing runs until then.",
        code="NO_SANDBOX", category=Category.SANDBOX,
    )  # fmt: skip


def open_backend(settings: Settings, sandbox: Sandbox) -> AgentBackend:
    """The agent of `PDEV_AGENT`. Only the scripted one exists in this version. Raises `OperatorError`."""
    if not settings.agent:
        raise OperatorError("No agent is chosen.", "Set PDEV_AGENT, as docs/settings.md says.")
    if settings.script_socket is None:
        raise OperatorError("The scripted agent has no script.", "Set PDEV_SCRIPT_SOCKET, as `pdev demo` does.")
    return ScriptedBackend(sandbox, player=PLAYER, cue=settings.script_socket)


async def _git(settings: Settings) -> Cache:
    cache = Cache(settings.data_dir / "git")
    await cache.check()
    return cache


async def this_app(github: GitHub) -> App:
    """Who we are on GitHub. Raises `BadCredentials` when it does not know us."""
    try:
        return await github.app().me()
    except NotFound as error:
        raise BadCredentials("GitHub knows no such App.") from error


async def _author(github: GitHub) -> tuple[str, str]:
    """pdev's name on its commits: the App's bot, so that GitHub shows its face beside them."""
    app = await this_app(github)
    return app.bot_login, f"{app.id}+{app.bot_login}@users.noreply.github.com"
