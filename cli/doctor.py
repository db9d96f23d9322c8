"""`pdev doctor`: what this machine, its Redis and its GitHub App lack, each with the step that mends it."""

import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass

import aiohttp
import msgspec
from redis.exceptions import RedisError
from rich.console import Console

from bot.handlers import BY_THEMSELVES, ROUTES
from cli.setting_up import toolchains
from cli.worker import open_backend, open_sandbox, own_folder, this_app
from core.clock import SystemClock
from core.errors import BadSettings, PdevError, Severity
from core.github import App, GitHub, needed_permissions
from core.messages import doctor, setup
from core.settings import Settings, environ
from core.valkey import check_server, connect, find_binary
from jobs.git import Cache, GitError
from jobs.git.lfs import has_lfs
from jobs.sandbox import NoSandbox
from jobs.sandbox.toolchains import KNOWN

_AGENT_STEP = "Start or install what is missing; docs/settings.md says what PDEV_AGENT needs."


@dataclass(frozen=True, slots=True)
class Line:
    """One finding. `state`: `ok`, `warning` (pdev works, but) or `problem`."""

    what: str
    state: str
    detail: str
    next_step: str = ""


async def run_doctor(*, as_json: bool) -> int:
    """Print every line; 1 when there is a problem."""
    lines = [line async for line in examine()]
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode([asdict(line) for line in lines])).decode() + "\n")
    else:
        _print(lines)
    return int(any(line.state == "problem" for line in lines))


async def examine() -> AsyncIterator[Line]:
    """Look at everything that can be looked at; what depends on broken settings is left out."""
    try:
        settings = Settings.from_environ(environ())
    except BadSettings as bad:
        for problem in bad.problems:
            yield Line("settings", "problem", str(problem), "See docs/settings.md.")
        return
    yield Line("settings", "ok", "readable")
    yield Line("ci", "ok", doctor.CI)
    looks = {
        "data": _data, "git": _git, "sandbox": _sandbox, "toolchains": _toolchains, "agent": _agent, "redis": _redis,
        "github": _github,
    }  # fmt: skip
    for what, look in looks.items():
        async for line in _looked(what, look(settings)):
            yield line


async def _looked(what: str, lines: AsyncIterator[Line]) -> AsyncIterator[Line]:
    try:
        async for line in lines:
            yield line
    except PdevError as error:
        yield Line(what, "problem", error.sentence, error.next_step)


async def _data(settings: Settings) -> AsyncIterator[Line]:
    own_folder(settings.data_dir)
    yield Line("data", "ok", f"{settings.data_dir} can be written")


async def _git(settings: Settings) -> AsyncIterator[Line]:
    try:
        version = await Cache(settings.data_dir / "git").check()
        yield Line("git", "ok", ".".join(map(str, version)))
    except GitError as error:
        yield Line("git", "problem", error.text, "Install git 2.38 or newer.")


async def _sandbox(settings: Settings) -> AsyncIterator[Line]:
    sandbox = await open_sandbox(settings)
    if sandbox.mode == "none":
        yield Line("sandbox", "warning", "Agents run unprotected (PDEV_SANDBOX=none).", "Unset PDEV_SANDBOX.")
    else:
        yield Line("sandbox", "ok", f"{sandbox.mode}: every way out was tried and is closed")


async def _toolchains(settings: Settings) -> AsyncIterator[Line]:
    found = toolchains(settings)
    yield Line("toolchains", "ok", setup.toolchains(sorted(name for name in KNOWN if found.has(name))))
    if await has_lfs(Cache(settings.data_dir / "git").program()):
        yield Line("git-lfs", "ok", "is installed")
    else:
        yield Line("git-lfs", "warning", setup.NO_LFS_HERE, "Install git-lfs, if repositories keep large files.")


async def _agent(settings: Settings) -> AsyncIterator[Line]:
    # Whether the sandbox holds has a line of its own; to look whether the agent is there needs none.
    probe = await open_backend(settings, NoSandbox()).check()
    if probe.usable:
        yield Line("agent", "ok", f"{settings.agent} {probe.version}")
    else:
        yield Line("agent", "problem", f"The agent {settings.agent} cannot be used: {probe.detail}.", _AGENT_STEP)


async def _redis(settings: Settings) -> AsyncIterator[Line]:
    if not settings.redis_url:
        yield Line("redis", "ok", f"embedded ({find_binary().name}), started by `pdev up`")
        return
    redis = connect(settings.redis_url, retries=0)
    try:
        problems = await check_server(redis)
    except (RedisError, OSError) as error:
        detail = f"It does not answer ({type(error).__name__})."
        yield Line("redis", "problem", detail, "Check REDIS_URL and the server.")
        return
    finally:
        await redis.aclose()
    for problem in problems:
        state = "warning" if problem.severity is Severity.LOW else "problem"
        yield Line("redis", state, problem.sentence, problem.next_step)
    if not problems:
        yield Line("redis", "ok", "answers, keeps what it is given and evicts nothing")


async def _github(settings: Settings) -> AsyncIterator[Line]:
    if not settings.app_id or not settings.private_key:
        yield Line("github", "problem", "There are no credentials.", "Set APP_ID and PRIVATE_KEY or PRIVATE_KEY_PATH.")
        return
    async with aiohttp.ClientSession() as session:
        github = GitHub.from_settings(settings, session=session, redis=None, clock=SystemClock(), patience_s=5)
        app = await this_app(github)
        yield Line("github", "ok", f"{settings.github_api_url} knows the App {app.slug!r}")
        yield _permissions(app)
        yield _events(app)
        count = len(await github.app().installations())
        yield Line(
            "installations", "ok" if count else "problem", f"installed on {count} account{'' if count == 1 else 's'}",
            "" if count else "Install the App on an account or organisation, from its page on GitHub.",
        )  # fmt: skip


def _permissions(app: App) -> Line:
    needed = needed_permissions().items()
    lacking = [f"{name}: {level}" for name, level in needed if not _covers(app.permissions, name, level)]
    if not lacking:
        return Line("permissions", "ok", "all that are needed are granted")
    return Line(
        "permissions", "problem", f"The App lacks {', '.join(lacking)}.",
        "Grant them in the App's settings on GitHub; owners of installations are asked to accept.",
    )  # fmt: skip


def _events(app: App) -> Line:
    lacking = sorted({event for event, _ in ROUTES} - BY_THEMSELVES - set(app.events))
    if not lacking:
        return Line("events", "ok", "all that are handled are subscribed to")
    return Line(
        "events", "problem", f"The App does not hear of {', '.join(lacking)}.",
        "Subscribe to them in the App's settings on GitHub (Permissions & events), as app.yml lists them.",
    )  # fmt: skip


def _covers(granted: dict[str, str], name: str, level: str) -> bool:
    levels = ("read", "write", "admin")
    return name in granted and levels.index(granted[name]) >= levels.index(level)


_MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "problem": "[red]✗[/]"}


def _print(lines: list[Line]) -> None:
    console = Console(highlight=False)
    for line in lines:
        console.print(f"{_MARKS[line.state]} [bold]{line.what}[/] ", end="")
        console.print(line.detail, markup=False, soft_wrap=True)
        if line.next_step:
            console.print(f"    → {line.next_step}", markup=False, soft_wrap=True)
