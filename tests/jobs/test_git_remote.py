"""git and its server: where the token goes, what each refusal means, and what happens when nobody answers."""

import asyncio
import base64
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from aiohttp import web

from jobs.git import Cache, Git, GitError, GitKind, Mirror, branch_name, classify, git_version, is_branch_name, redact
from jobs.git.locks import exclusive
from jobs.git.process import Call
from tests.jobs.repositories import AUTHOR, Origin, git, mirror_of

TOKEN = "ghs_12345_" + "aZ9.-_" * 85  # the long form of 2026
NO_REFS = b"001e# service=git-upload-pack\n00000000"


@dataclass
class Server:
    """Answers every request the same way and remembers who asked with what."""

    answer: Callable[[web.Request], web.StreamResponse]
    port: int = 0
    authorizations: list[str | None] = field(default_factory=list)
    visible: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.authorizations.append(request.headers.get("Authorization"))
        self.visible += [" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)]
        return self.answer(request)


@dataclass
class Servers:
    stack: list[web.AppRunner] = field(default_factory=list)

    async def start(self, answer: Callable[[web.Request], web.StreamResponse]) -> Server:
        server = Server(answer)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", server.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.port = runner.addresses[0][1]
        self.stack.append(runner)
        return server


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    servers = Servers()
    yield servers
    for runner in servers.stack:
        await runner.cleanup()


def empty(_request: web.Request) -> web.StreamResponse:
    return web.Response(body=NO_REFS, content_type="application/x-git-upload-pack-advertisement")


async def mirror_at(url: str, tmp_path: Path) -> Mirror:
    return await Cache(tmp_path / "data").repository(f"{url}/o/r.git", 1)


async def test_the_token_goes_to_the_server_and_nowhere_else(servers: Servers, tmp_path: Path) -> None:
    server = await servers.start(empty)
    mirror = await mirror_at(server.url, tmp_path)
    assert await mirror.remote_refs(TOKEN, "refs/heads/") == {}
    expected = "Basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    assert server.authorizations == [expected]
    assert any("ls-remote" in line for line in server.visible)
    assert not [line for line in server.visible if TOKEN in line or expected in line]
    written = contents(tmp_path)
    assert written
    assert not [data for data in written if TOKEN.encode() in data]


def contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def test_a_rewritten_address_does_not_get_the_token(servers: Servers, tmp_path: Path) -> None:
    good, evil = await servers.start(empty), await servers.start(empty)
    mirror = await mirror_at(good.url, tmp_path)
    git("config", "--file", str(mirror.path / "config"), f"url.{evil.url}/.insteadOf", f"{good.url}/", cwd=tmp_path)
    await mirror.remote_refs(TOKEN, "refs/heads/")
    assert evil.authorizations == [None]
    assert good.authorizations == []


async def test_a_redirect_is_not_followed(servers: Servers, tmp_path: Path) -> None:
    evil = await servers.start(empty)

    def away(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": evil.url + request.path_qs})

    mirror = await mirror_at((await servers.start(away)).url, tmp_path)
    with pytest.raises(GitError) as moved:
        await mirror.fetch(TOKEN)
    assert moved.value.kind is GitKind.MOVED
    assert evil.authorizations == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, GitKind.AUTH),
        (403, GitKind.DENIED),
        (404, GitKind.MISSING),
        (500, GitKind.NETWORK),
        (503, GitKind.NETWORK),
    ],
)
async def test_refusals_are_told_apart(servers: Servers, tmp_path: Path, status: int, kind: GitKind) -> None:
    def refuse(_request: web.Request) -> web.StreamResponse:
        headers = {"WWW-Authenticate": 'Basic realm="GitHub"'} if status == 401 else {}
        return web.Response(status=status, text=f"no: {TOKEN}", headers=headers)

    mirror = await mirror_at((await servers.start(refuse)).url, tmp_path)
    with pytest.raises(GitError) as refused:
        await mirror.fetch(TOKEN)
    assert refused.value.kind is kind
    assert TOKEN not in str(refused.value)


async def test_a_server_that_is_away_is_a_network_error(tmp_path: Path) -> None:
    mirror = await mirror_at("http://127.0.0.1:9", tmp_path)
    with pytest.raises(GitError) as away:
        await mirror.push(TOKEN, "1" * 40, "refs/heads/x", None)
    assert away.value.kind is GitKind.NETWORK


@pytest.fixture
async def silent() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A server that takes the connection and never says a word."""
    asked = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def test_a_cancelled_command_leaves_no_process(silent: tuple[str, asyncio.Event], tmp_path: Path) -> None:
    url, asked = silent
    mirror = await mirror_at(url, tmp_path)
    fetching = asyncio.create_task(mirror.fetch(None))
    await asked.wait()
    # other tests of this run may have left a server running
    children = [child for child in psutil.Process().children(recursive=True) if "git" in child.name()]
    assert children
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    async with asyncio.timeout(60):
        while any(lives(child) for child in children):  # noqa: ASYNC110 - a process of another's cannot be awaited
            await asyncio.sleep(0.01)


def lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


async def test_a_command_that_takes_too_long_is_ended(silent: tuple[str, asyncio.Event], tmp_path: Path) -> None:
    url, _ = silent
    mirror = await mirror_at(url, tmp_path)
    with pytest.raises(GitError) as late:
        await mirror.git.run("ls-remote", f"{url}/o/r.git", call=Call(protocols=("http",), timeout_s=0.2))
    assert late.value.kind is GitKind.TIMEOUT


async def test_a_hook_of_the_server_rejects(tmp_path: Path) -> None:
    origin = Origin.make(tmp_path)
    mirror = await mirror_of(origin, tmp_path / "data")
    hook = origin.bare / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    start = await mirror.empty_commit("refs/remotes/origin/main", "x", AUTHOR)
    for words, kind in (("protected branch", GitKind.REJECTED), (WORKFLOW, GitKind.WORKFLOW_REFUSED)):
        hook.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 1\n")
        hook.chmod(0o755)
        with pytest.raises(GitError) as refused:
            await mirror.push(None, start, "refs/heads/x", None)
        assert refused.value.kind is kind


WORKFLOW = "refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml`"


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c id", "file:///etc", "git://host/o/r", "ssh://host/o/r", "https://user:pw@host/o/r", "-u", "",
        "https://host", "https://host/o/r?x=1", "https://host/o/r#x", "https://host/o r", "http://host/\u3000/r",
    ],
)  # fmt: skip
async def test_only_plain_addresses_are_fetched_from(tmp_path: Path, url: str) -> None:
    with pytest.raises(GitError) as refused:
        await Cache(tmp_path).repository(url, 1)
    assert refused.value.kind is GitKind.REFUSED


@pytest.mark.parametrize("ref", ["main", "refs/", "refs/heads/../x", "refs/heads/a b", "-refs/x", "refs/heads/x.lock"])
async def test_only_full_refs_are_pushed(tmp_path: Path, ref: str) -> None:
    mirror = await mirror_at("http://127.0.0.1:9", tmp_path)
    with pytest.raises(GitError) as refused:
        await mirror.push(None, "1" * 40, ref, None)
    assert refused.value.kind is GitKind.REFUSED


async def test_the_lock_outlives_its_holder_while_a_child_works(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    async with exclusive(path, asyncio.Lock()) as descriptor:
        orphan = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "import sys; sys.stdin.read()", stdin=subprocess.PIPE, pass_fds=[descriptor]
        )
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1), exclusive(path, asyncio.Lock()):
            pass
    await orphan.communicate(b"")
    async with exclusive(path, asyncio.Lock()):
        pass


async def test_an_old_git_is_refused(tmp_path: Path) -> None:
    old = tmp_path / "git"
    old.write_text("#!/bin/sh\necho git version 2.30.2\n")
    old.chmod(0o755)
    with pytest.raises(GitError, match=r"git 2\.38 or newer is needed"):
        await git_version(Git(old, tmp_path / "empty"))


@pytest.mark.parametrize(
    ("pattern", "title", "name"),
    [
        ("feature/task-{id}", "", "feature/task-7"),
        ("pdev/{id}-{slug}", "Fix the  Größe\u3000of $(things)!", "pdev/7-fix-the-grosse-of-things"),
        ("pdev/{id}-{slug}", "日本語", "pdev/7-task"),
        ("Fix/{id}-{slug}", "x" * 200, "Fix/7-" + "x" * 40),
    ],
)
def test_branch_names(pattern: str, title: str, name: str) -> None:
    assert branch_name(pattern, 7, title) == name


@pytest.mark.parametrize(
    "pattern",
    [
        "feature/task", "{id}..x", "/{id}", "a//{id}", "{id}/", "{id}.lock", "a.lock/{id}", "a b {id}", "-{id}",
        "{id}~1", "@{{id}}", "ü{id}", "x/.{id}", "{id}\n", "refs^{id}", "a\\{id}", "{id}" + "x" * 120,
    ],
)  # fmt: skip
def test_bad_branch_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(GitError):
        branch_name(pattern, 7)


@pytest.mark.parametrize(
    "name", ["a", "feature/task-7", "A.b_c-d/e", "x.y/z", "a-/b", "a..b", "a.lock", "x/.y", "a/", ".a"]
)
def test_what_we_call_a_branch_name_git_does_too(name: str, tmp_path: Path) -> None:
    checked = subprocess.run(["git", "check-ref-format", "--branch", name], capture_output=True, cwd=tmp_path)
    assert not is_branch_name(name) or checked.returncode == 0


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("fatal: unable to access 'https://h/o/r/': Could not resolve host: h", GitKind.NETWORK),
        ("remote: Permission to o/r.git denied to app[bot].\nfatal: ... error: 403", GitKind.DENIED),
        ("remote: Repository not found.\nfatal: repository 'https://h/o/r/' not found", GitKind.MISSING),
        ("! [remote rejected] x -> x (protected branch hook declined)", GitKind.REJECTED),
        ("! [rejected] x -> x (stale info)", GitKind.CONFLICT),
        ("error: object file .git/objects/aa/bb is empty", GitKind.CORRUPT),
        ("fatal: bad object refs/heads/x", GitKind.CORRUPT),
        ("fatal: write error: No space left on device", GitKind.DISK_FULL),
        ("fatal: Unable to create '/x/index.lock': File exists.", GitKind.LOCKED),
        (f"! [remote rejected] x -> x ({WORKFLOW})", GitKind.WORKFLOW_REFUSED),
        ("something new", GitKind.FAILED),
    ],
)
def test_git_words_are_understood(words: str, kind: GitKind) -> None:
    assert classify(words) is kind


@pytest.mark.parametrize(
    "text",
    [f"fatal: {TOKEN} is bad", f"https://x:{TOKEN}@h/o/r", "Authorization: Basic abcdefgh", "github_pat_" + "a1" * 20],
)
def test_errors_hold_no_secret(text: str) -> None:
    shown = redact(text)
    assert "***" in shown
    assert not {TOKEN, "abcdefgh", "a1a1a1a1"} & {part for part in (TOKEN, "abcdefgh", "a1a1a1a1") if part in shown}
