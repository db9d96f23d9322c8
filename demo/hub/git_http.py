"""git over smart HTTP: `git http-backend` behind aiohttp.

Clone, fetch and push are git's own, whatever version or filter the client asks for; what is GitHub's (who may, which
refs, its words for a refusal, the webhooks after a push) stands around it.
"""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from demo.hub import gitstore
from demo.hub.auth import authenticate
from demo.hub.callers import ANONYMOUS, Caller
from demo.hub.errors import GitHubError
from demo.hub.git_writes import workflow_refusal
from demo.hub.gitstore import Command, CommandReader, PushReport
from demo.hub.pushes import Push, announce
from demo.hub.routing import raw_route
from demo.hub.state import Repository, role_rank

if TYPE_CHECKING:
    from demo.hub.hub import Hub

_CHUNK = 1 << 16
_UNKNOWN = "Repository not found.\n"


@raw_route("GET", "/{owner}/{repo}/info/refs")
async def info_refs(hub: "Hub", request: web.Request, params: Mapping[str, str]) -> web.StreamResponse:
    """What both a fetch and a push begin with; the old protocol without a service is refused, as on github.com."""
    service = request.query.get("service", "")
    if service not in ("git-upload-pack", "git-receive-pack"):
        return web.Response(status=403, text="Please upgrade your git client.\n")
    door = _admit(hub, request, params, writes=service == "git-receive-pack")
    if isinstance(door, web.Response):
        return door
    return await _stream(request, door, "info/refs")


@raw_route("POST", "/{owner}/{repo}/git-upload-pack")
async def upload_pack(hub: "Hub", request: web.Request, params: Mapping[str, str]) -> web.StreamResponse:
    """A fetch."""
    door = _admit(hub, request, params, writes=False)
    if isinstance(door, web.Response):
        return door
    return await _stream(request, door, "git-upload-pack")


@raw_route("POST", "/{owner}/{repo}/git-receive-pack")
async def receive_pack(hub: "Hub", request: web.Request, params: Mapping[str, str]) -> web.StreamResponse:
    """A push. The webhooks are on their way before the client hears that it succeeded."""
    door = _admit(hub, request, params, writes=True)
    if isinstance(door, web.Response):
        return door
    asked = CommandReader()
    try:
        async with _backend(request, door, "git-receive-pack", asked) as process:
            assert process.stdout is not None
            status, headers = await _cgi_headers(process.stdout)
            answer = await process.stdout.read()
    except ValueError:
        return web.Response(status=400, text="The push is not in git's protocol.\n")
    if status != 200 or not asked.commands or "report-status" not in " ".join(asked.capabilities):
        return web.Response(status=status, headers=headers, body=answer)
    report = gitstore.read_report(answer, banded="side-band-64k" in asked.capabilities)
    moved = [Push(one.ref, one.old, one.new) for one in asked.commands if _has_moved(one, report)]
    await announce(hub, door.repo, moved, door.caller)
    return web.Response(status=status, headers=headers, body=_in_githubs_words(report))


def _has_moved(command: Command, report: PushReport) -> bool:
    return command.ref in report.moved and command.old != command.new


@dataclass(frozen=True, slots=True)
class _Door:
    """A caller who may come in, and what for."""

    repo: Repository
    caller: Caller
    writes: bool


def _admit(hub: "Hub", request: web.Request, params: Mapping[str, str], *, writes: bool) -> _Door | web.Response:
    """The door, or github.com's refusal: 401 without or with a bad token, 404 without access, 403 read-only."""
    try:
        caller = authenticate(hub.world, request.headers.get("Authorization"), hub.now())
    except GitHubError:
        return _challenge("Invalid username or token. Password authentication is not supported for Git operations.\n")
    owner, name = params["owner"], params["repo"].removesuffix(".git")
    repo = hub.world.repo(owner, name) or hub.world.repos.get(hub.world.former_names.get(f"{owner}/{name}".lower(), 0))
    if repo is None or not _may_read(caller, repo):
        return _challenge(_UNKNOWN) if caller is ANONYMOUS else web.Response(status=404, text=_UNKNOWN)
    if writes and caller is ANONYMOUS:
        return _challenge("No anonymous write access.\n")
    if writes and not _may_push(caller, repo):
        return web.Response(status=403, text=f"Permission to {repo.full_name}.git denied to {caller.actor.login}.\n")
    if writes and repo.archived:
        return web.Response(status=403, text="This repository was archived so it is read-only.\n")
    return _Door(repo, caller, writes)


def _challenge(text: str) -> web.Response:
    return web.Response(status=401, text=text, headers={"WWW-Authenticate": 'Basic realm="GitHub"'})


def _may_read(caller: Caller, repo: Repository) -> bool:
    if caller.kind == "installation":
        return caller.covers(repo) and (not repo.private or caller.holds({"contents": "read"}))
    return caller.may_see(repo)


def _may_push(caller: Caller, repo: Repository) -> bool:
    if caller.kind == "installation":
        return caller.holds({"contents": "write"})
    return role_rank(caller.role_on(repo)) >= role_rank("write")


def _environment(request: web.Request, door: _Door, operation: str) -> dict[str, str]:
    """The CGI environment.

    aiohttp has already inflated a gzipped request (git gzips above 1 KiB): neither the encoding nor the length, which
    is the compressed one, may be handed on, or http-backend inflates twice.
    """
    path = door.repo.git_dir
    environment = gitstore.clean_environment(path.parent) | {
        "GIT_PROJECT_ROOT": str(path.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{path.name}/{operation}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "REMOTE_ADDR": request.remote or "",
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
    }
    if not request.headers.get("Content-Encoding") and request.content_length is not None:
        environment["CONTENT_LENGTH"] = str(request.content_length)
    if door.writes:
        environment |= {"REMOTE_USER": door.caller.actor.login} | _limits(door)
    return environment


def _limits(door: _Door) -> dict[str, str]:
    """What the update hook holds this pusher to."""
    protected = {f"refs/heads/{branch}": rule for branch, rule in door.repo.protection.items()}
    reviewed = [ref for ref, rule in protected.items() if rule.get("required_pull_request_reviews")]
    limits = {gitstore.NO_FORCE: " ".join(protected), gitstore.NO_PUSH: " ".join(reviewed)}
    if door.caller.kind == "installation" and not door.caller.holds({"workflows": "write"}):
        limits[gitstore.REFUSE_WORKFLOWS] = "1"
    return limits


@asynccontextmanager
async def _backend(
    request: web.Request, door: _Door, operation: str, reader: CommandReader | None = None
) -> AsyncIterator[Process]:
    """`git http-backend`, fed with the request's body; it never outlives the block."""
    process = await asyncio.create_subprocess_exec(
        gitstore.git_program(),
        "http-backend",
        env=_environment(request, door, operation),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
    )
    feeder = asyncio.create_task(_feed(request, process, reader))
    try:
        yield process
        await feeder
    finally:
        if not feeder.done():
            feeder.cancel()
        if process.returncode is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 5)
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _feed(request: web.Request, process: Process, reader: CommandReader | None) -> None:
    assert process.stdin is not None
    try:
        async for chunk in request.content.iter_chunked(_CHUNK):
            if reader is not None:
                reader.feed(chunk)
            process.stdin.write(chunk)
            await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        pass  # git has ended early; its answer says why
    finally:
        process.stdin.close()


async def _cgi_headers(stdout: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    headers: dict[str, str] = {}
    while line := (await stdout.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name] = value.strip()
    status = int(headers.pop("Status", "200").split()[0])
    return status, headers


async def _stream(request: web.Request, door: _Door, operation: str) -> web.StreamResponse:
    async with _backend(request, door, operation) as process:
        assert process.stdout is not None
        status, headers = await _cgi_headers(process.stdout)
        response = web.StreamResponse(status=status, headers=headers)
        await response.prepare(request)
        while chunk := await process.stdout.read(_CHUNK):
            await response.write(chunk)
        await response.write_eof()
    return response


def _in_githubs_words(report: PushReport) -> bytes:
    """The answer with the update hook's marks turned into GitHub's sentences."""
    sentences: dict[str, str] = {}
    said = []
    for line in report.said.decode("utf-8", "replace").splitlines(keepends=True):
        if not line.startswith(gitstore.HOOK_MARK):
            said.append(line)
            continue
        word, ref, detail = line.removeprefix(gitstore.HOOK_MARK).strip().split(" ", 2)
        sentence, explained = _sentence(word, ref, detail)
        sentences[ref] = sentence
        said.append(explained)
    return report.reworded(lambda ref, why: sentences.get(ref, why), "".join(said).encode())


def _sentence(word: str, ref: str, detail: str) -> tuple[str, str]:
    """(reason behind the ref, lines after `remote:`)."""
    if word == "workflow":
        return workflow_refusal(detail), ""
    why = {
        "force": "Cannot force-push to this branch",
        "deletion": "Cannot delete this branch",
        "reviews": "Changes must be made through a pull request.",
    }[detail]
    error = f"error: GH006: Protected branch update failed for {ref}.\nerror: {why}\n"
    return "protected branch hook declined", error
