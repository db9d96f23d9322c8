"""`pdev doctor`: what this machine, its Redis and its GitHub App lack, each with the step that mends it."""

import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass

import aiohttp
import msgspec
from redis.exceptions import RedisError
from rich.console import Console

from cli.worker import open_sandbox
from core.clock import SystemClock
from core.errors import BadSettings, PdevError, Severity
from core.github import GitHub, needed_permissions
from core.messages import doctor
from core.settings import Settings, environ
from core.valkey import check_server, connect, find_binary
from jobs.git import Cache, GitError


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
    for what, look in (("git", _git), ("sandbox", _sandbox), ("redis", _redis), ("github", _github)):
        async for line in _looked(what, look(settings)):
            yield line


async def _looked(what: str, lines: AsyncIterator[Line]) -> AsyncIterator[Line]:
    try:
        async for line in lines:
            yield line
    except PdevError as error:
        yield Line(what, "problem", error.sentence, error.next_step)


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
        door = GitHub.from_settings(settings, session=session, redis=None, clock=SystemClock(), patience_s=5).app()
        app = await door.me()
        yield Line("github", "ok", f"{settings.github_api_url} knows the App {app.slug!r}")
        needed = needed_permissions().items()
        lacking = [f"{name}: {level}" for name, level in needed if not _covers(app.permissions, name, level)]
        if lacking:
            yield Line(
                "permissions", "problem", f"The App lacks {', '.join(lacking)}.",
                "Grant them in the App's settings on GitHub; owners of installations are asked to accept.",
            )  # fmt: skip
        else:
            yield Line("permissions", "ok", "all that are needed are granted")
        count = len(await door.installations())
        yield Line(
            "installations", "ok" if count else "problem", f"installed on {count} account{'' if count == 1 else 's'}",
            "" if count else "Install the App on an account or organisation, from its page on GitHub.",
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
