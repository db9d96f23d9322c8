"""Everything the demo needs, set up in order and taken down in reverse: hub, cues, Valkey, web, workers."""

import asyncio
import os
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil
from redis.asyncio import Redis
from rich.console import Console

from cli.demo.wishes import Wishes
from cli.keeper import kept_valkey
from cli.ports import told_if_taken
from cli.processes import Child, Children
from cli.worker import UNPROTECTED
from core.cancellation import pause
from core.clock import SystemClock
from core.errors import OperatorError
from core.settings import child_environ
from core.sockets import forget_socket, socket_path
from core.store import Store
from core.valkey import SOCKET, connect
from demo.hub import Hub
from demo.player import CueServer
from demo.world import HOUSE, script
from demo.world.issues import THINK_MS
from jobs.sandbox import Bubblewrap, find_bubblewrap

_CUES = "cue.sock"
_READY_S = 60
"""The longest that a process may take to be ready on a slow machine."""
LEASE_S, BEAT_S, SWEEP_S = 4.0, 1.0, 1.0
"""Shorter than in production, so that a killed worker is missed while somebody watches."""


@dataclass(slots=True)
class Stage:
    """What the story is played on."""

    hub: Hub
    cues: CueServer
    store: Store
    redis: "Redis"
    web: Child
    workers: list[Child]
    web_url: str
    sandbox: str
    children: Children
    idle_mb: dict[str, float] = field(default_factory=dict)
    """Resident memory of each process before it had anything to do."""
    outages: list[str] = field(default_factory=list)
    """What was said about a Valkey that died."""


@asynccontextmanager
async def open_stage(wishes: Wishes, console: Console) -> AsyncIterator[Stage]:
    """Set everything up; raises `OperatorError` when a process does not become ready."""
    async with AsyncExitStack() as stack:
        data = (wishes.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pdev-")))).resolve()
        data.mkdir(parents=True, exist_ok=True)
        for socket_name in (_CUES, f"valkey/{SOCKET}"):
            stack.callback(forget_socket, data / socket_name)
        sandbox = await _sandbox(data, console)
        hub = await _hub(stack, data, wishes.port)
        cues = await stack.enter_async_context(CueServer(socket_path(data / _CUES)))
        cues.plays(script(0 if wishes.fast else THINK_MS))
        outages: list[str] = []

        def tell(sentence: str) -> None:
            outages.append(sentence)
            console.print(sentence)

        redis_url = await stack.enter_async_context(kept_valkey(data / "valkey", tell))
        redis = connect(redis_url, patient=True)
        stack.push_async_callback(redis.aclose)
        port = _free_port()
        environ = _environ(hub, data, redis_url, port, wishes.slots, sandbox)
        children = Children(environ, data)
        stack.push_async_callback(children.stop)
        hub.webhook_url = f"http://127.0.0.1:{port}/api/github/webhooks"
        web = await children.start("web", "web")
        names = [f"worker-{n}" for n in range(1, wishes.workers + 1)]
        workers = [await children.start(name, "worker", "--id", name) for name in names]
        store = Store(redis, SystemClock())
        web_url = f"http://127.0.0.1:{port}"
        stage = Stage(hub, cues, store, redis, web, workers, web_url, sandbox, children, outages=outages)
        await _ready(stage, wishes.workers)
        stage.idle_mb = await memory(stage)
        console.print(f"A GitHub to look at: [link={hub.html_url}]{hub.html_url}[/link]")
        console.print(f"pdev's web process:  [link={stage.web_url}]{stage.web_url}[/link]")
        yield stage


async def _hub(stack: AsyncExitStack, data: Path, port: int) -> Hub:
    hub = Hub(data / "hub", now=SystemClock().now, private=True, files=HOUSE)
    hub.visitor = "maintainer"  # whoever opens the pages may look and act at once
    stack.push_async_callback(hub.stop)
    with told_if_taken(port, "--port"):
        await hub.start(port)
    return hub


def _environ(hub: Hub, data: Path, redis_url: str, port: int, slots: int, sandbox: str) -> dict[str, str]:
    key = data / "app.pem"
    key.touch(mode=0o600)
    key.write_text(hub.private_key_pem)
    return child_environ(
        {
            "APP_ID": str(hub.app_id), "PRIVATE_KEY_PATH": str(key), "WEBHOOK_SECRET": hub.webhook_secret or "",
            "REDIS_URL": redis_url, "PORT": str(port),
            "PDEV_BASE_URL": f"http://127.0.0.1:{port}", "GITHUB_API_URL": hub.api_url,
            "GITHUB_SERVER_URL": hub.html_url, "PDEV_DATA_DIR": str(data / "pdev"), "PDEV_AGENT": "scripted",
            "PDEV_SCRIPT_SOCKET": str(socket_path(data / _CUES)), "PDEV_SANDBOX": sandbox, "PDEV_SLOTS": str(slots),
            "PDEV_LEASE_S": str(LEASE_S), "PDEV_BEAT_S": str(BEAT_S), "PDEV_SWEEP_S": str(SWEEP_S),
            # Its agents take seconds where real ones take minutes, so an hour's writes come in one.
            "PDEV_WRITES_PER_MINUTE": "10000", "PDEV_WRITES_PER_HOUR": "10000",
        }
    )  # fmt: skip


async def _sandbox(data: Path, console: Console) -> str:
    """The demo alone may fall back to no sandbox: its agents do only what its script says. It says so loudly."""
    program = find_bubblewrap()
    if program is not None:
        scratch = data / "probe"
        scratch.mkdir(exist_ok=True)
        if (await Bubblewrap(program).probe(scratch)).working:
            return "bubblewrap"
    console.rule("[bold yellow]no sandbox[/]")
    console.print(f"This machine lets nobody make user namespaces. {UNPROTECTED} In this demo they only play a script.")
    return "none"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _ready(stage: Stage, workers: int) -> None:
    """Wait until the web process answers and every worker has announced itself."""
    try:
        async with asyncio.timeout(_READY_S), aiohttp.ClientSession() as session:
            while not (await _answers(session, stage.web_url) and len(await stage.store.workers()) >= workers):
                for child in stage.children.all:
                    if child.process.returncode is not None:
                        raise child.died()
                await pause(0.05)
    except TimeoutError:
        words = "\n".join(child.last_words() for child in stage.children.all)
        raise OperatorError(f"The processes were not ready within {_READY_S} s.\n{words}", "Try again.") from None


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def memory(stage: Stage) -> dict[str, float]:
    """Resident megabytes of the web process and of the largest worker."""
    workers = [_resident(worker.pid) for worker in await stage.store.workers()]
    return {"web": _resident(stage.web.process.pid), "worker": max(workers, default=0.0)}


def _resident(pid: int) -> float:
    try:
        return round(psutil.Process(pid).memory_info().rss / 1e6, 1)
    except psutil.NoSuchProcess:
        return 0.0


def kill(pid: int) -> None:
    """End a process as a power cut would."""
    os.kill(pid, 9)
