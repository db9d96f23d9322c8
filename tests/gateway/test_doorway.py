"""The proxy, spoken to byte by byte: what passes, what is refused, and when it ends a connection itself."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jobs.gateway import RELAY, Bounds, Doorway, Gateway, rule
from jobs.sandbox import Bubblewrap, NoSandbox, Sandbox, SandboxSpec, find_bubblewrap

NOBODY = ("public.example", "1.1.1.1")


@dataclass
class Server:
    """Somebody to reach on loopback: answers every connection with what it heard first."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self.answer)
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    one = Server()
    async with await asyncio.start_server(one.take, "127.0.0.1", 0) as listening:
        one.port = listening.sockets[0].getsockname()[1]
        yield one


@asynccontextmanager
async def opened(folder: Path, *allowed: str, gateway: Gateway | None = None) -> AsyncIterator[Doorway]:
    async with (gateway or Gateway()).doorway(folder / "egress.sock", [rule(text) for text in allowed]) as door:
        yield door


def trusting(port: int, **more: object) -> Gateway:
    return Gateway(allowed=(rule(f"127.0.0.1:{port}", trusted=True), rule(f"index.test:{port}", trusted=True)), **more)  # type: ignore[arg-type]


async def said(door: Doorway, text: bytes, *, close: bool = True) -> bytes:
    reader, writer = await asyncio.open_unix_connection(door.path)
    writer.write(text)
    if close:
        writer.write_eof()
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        writer.close()


async def test_a_request_passes_with_nothing_of_the_proxys_own(tmp_path: Path, server: Server) -> None:
    async with opened(tmp_path, gateway=trusting(server.port)) as door:
        head = f"GET http://127.0.0.1:{server.port}/simple/?a=1 HTTP/1.1\r\nHost: elsewhere\r\n"
        answer = await said(door, f"{head}Proxy-Authorization: x\r\nX-A: b\r\nConnection: X-A\r\n\r\n".encode())
    assert answer.endswith(b"hello")
    assert server.heard == [
        f"GET /simple/?a=1 HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n".encode()
    ]
    assert [v.what for v in door.verdicts] == ["passed"]
    assert door.verdicts[0].received == len(server.answer)


async def test_a_tunnel_passes_bytes_both_ways(tmp_path: Path, server: Server) -> None:
    async with opened(tmp_path, gateway=trusting(server.port)) as door:
        answer = await said(door, f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n\r\nany bytes\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"hello")
    assert server.heard == [b"any bytes\r\n\r\n"]


async def test_a_body_has_its_length_and_nothing_comes_after_it(tmp_path: Path, server: Server) -> None:
    async with opened(tmp_path, gateway=trusting(server.port)) as door:
        head = f"POST http://127.0.0.1:{server.port}/ HTTP/1.1\r\nContent-Length: 3\r\n\r\n"
        await said(door, f"{head}abcGET http://other/ HTTP/1.1\r\n\r\n".encode())
        chunked = f"POST http://127.0.0.1:{server.port}/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert (await said(door, chunked.encode())).startswith(b"HTTP/1.1 411")
    assert [v.sent for v in door.verdicts] == [3]


@pytest.mark.parametrize(
    "head",
    [
        "CONNECT evil.example:443 HTTP/1.1",
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: public.example",
        "GET http://evil.example/ HTTP/1.1\r\nHost: public.example",
        "CONNECT public.example..:443 HTTP/1.1",
        "CONNECT me@public.example:443 HTTP/1.1",
        "CONNECT [::ffff:1.1.1.1]:443 HTTP/1.1",
        "GET http://0x7f.1/ HTTP/1.1",
        "GET http://evil.example/ HTTP/1.1",
        "CONNECT public.example:22 HTTP/1.1",
        "CONNECT 1.1.1.1:443 HTTP/1.1",
        "CONNECT 169.254.169.254:80 HTTP/1.1",
        "GET http://169.254.169.254/latest/meta-data/ HTTP/1.1",
    ],
)
async def test_who_is_not_on_the_list_is_refused_in_words(tmp_path: Path, head: str) -> None:
    async with opened(tmp_path, "public.example") as door:
        answer = await said(door, f"{head}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"is not on the allow-list" in answer
    assert [v.what for v in door.verdicts] == ["refused"]
    assert door.refused() == (door.verdicts[0].host,)


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["169.254.169.254"], ["1.1.1.1", "10.0.0.1"], ["::ffff:127.0.0.1"]]
)
async def test_an_allowed_name_with_a_private_address_is_refused(
    tmp_path: Path, server: Server, addresses: Sequence[str]
) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    async with opened(tmp_path, "metadata.example", gateway=Gateway(resolve=resolve)) as door:
        answer = await said(door, b"CONNECT metadata.example:80 HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"not public" in answer
    assert [v.what for v in door.verdicts] == ["private"]
    assert server.heard == []


async def test_a_name_is_asked_for_once_and_that_very_answer_is_connected_to(tmp_path: Path, server: Server) -> None:
    asked = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    async with opened(tmp_path, gateway=trusting(server.port, resolve=rebinding)) as door:
        assert (await said(door, f"GET http://index.test:{server.port}/ HTTP/1.1\r\n\r\n".encode())).endswith(b"hello")
    assert asked == ["index.test"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET ftp://a.org/ HTTP/1.1\r\n\r\n", b"400"),
        (b"GET http://user:word@a.org/ HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT a.org:x HTTP/1.1\r\n\r\n", b"400"),
        (b"\x16\x03\x01\r\n\r\n", b"400"),
        (b"GET http://a.org/ HTTP/1.1\r\n folded: x\r\n\r\n", b"400"),
        (b"GET http://a.org/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"POST http://a.org/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", b"400"),
        (b"POST http://a.org/ HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", b"400"),
        (b"POST http://a.org/ HTTP/1.1\r\nContent-Length: +1\r\n\r\n", b"400"),
        (b"POST http://a.org/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST http://a.org/ HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n", b"400"),
        (b"POST http://a.org/ HTTP/1.1\r\nX: a\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
        (b"POST http://a.org/ HTTP/1.1\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n", b"400"),
        (b"GET http://@a.org/ HTTP/1.1\r\n\r\n", b"400"),
        (b"GET http://b.org\\@a.org/ HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT [::1%25lo]:443 HTTP/1.1\r\n\r\n", b"400"),
        (b"GET http://a.org/" + b"a" * 20_000, b"431"),
        (b"GET http://a.org/", b"400"),
    ],
)
async def test_what_can_be_read_in_two_ways_is_not_passed_on(tmp_path: Path, text: bytes, status: bytes) -> None:
    async with opened(tmp_path, "a.org") as door:
        assert (await said(door, text)).split(b" ")[1] == status
    assert door.verdicts == []


async def test_a_head_that_never_ends_is_not_waited_for(tmp_path: Path) -> None:
    async with opened(tmp_path, gateway=Gateway(bounds=Bounds(head_s=0.05))) as door:
        assert (await said(door, b"GET http", close=False)).startswith(b"HTTP/1.1 408")


async def test_silence_ends_a_connection(tmp_path: Path) -> None:
    async def mute(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept.append(writer)

    kept: list[asyncio.StreamWriter] = []
    async with await asyncio.start_server(mute, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with opened(tmp_path, gateway=trusting(port, bounds=Bounds(idle_s=0.05))) as door:
            await said(door, f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode(), close=False)
        for writer in kept:
            writer.close()


async def test_no_more_than_so_many_bytes(tmp_path: Path, server: Server) -> None:
    server.answer = b"x" * 100_000
    async with opened(tmp_path, gateway=trusting(server.port, bounds=Bounds(total=5_000))) as door:
        ask = f"GET http://127.0.0.1:{server.port}/ HTTP/1.1\r\n\r\n".encode()
        assert len(await said(door, ask)) < 100_000
        assert b"too much" in await said(door, ask)
    assert {v.what for v in door.verdicts} == {"full"}


async def test_no_more_than_so_many_connections(tmp_path: Path) -> None:
    async with opened(tmp_path, gateway=Gateway(bounds=Bounds(connections=2))) as door:
        held = [await asyncio.open_unix_connection(door.path) for _ in range(2)]
        assert (await said(door, b"", close=False)).startswith(b"HTTP/1.1 503")
        for _, writer in held:
            writer.close()


async def test_who_cannot_be_reached_is_told_apart(tmp_path: Path) -> None:
    async with await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
    async with opened(tmp_path, gateway=trusting(port)) as door:
        assert (await said(door, f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())).startswith(b"HTTP/1.1 502")
    assert [v.what for v in door.verdicts] == ["failed"]
    assert door.refused() == ()


async def test_an_operators_proxy_is_asked_for_everything_else(tmp_path: Path, server: Server) -> None:
    server.answer = b"HTTP/1.1 200 Fine\r\n\r\nhello"
    async with opened(tmp_path, "far.example", gateway=Gateway(upstream=("127.0.0.1", server.port))) as door:
        assert b"hello" in await said(door, b"CONNECT far.example:443 HTTP/1.1\r\n\r\n")
        assert b"hello" in await said(door, b"GET http://far.example/x HTTP/1.1\r\n\r\n")
        assert b"allow-list" in await said(door, b"GET http://near.example/x HTTP/1.1\r\n\r\n")
    assert [heard.split(b"\r\n")[0] for heard in server.heard] == [
        b"CONNECT far.example:443 HTTP/1.1", b"GET http://far.example/x HTTP/1.1"
    ]  # fmt: skip


_FETCH = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=20).read().decode())"


@pytest.mark.parametrize("mode", ["bubblewrap", "none"])
async def test_an_ordinary_tool_in_the_sandbox_finds_the_proxy(tmp_path: Path, server: Server, mode: str) -> None:
    program = find_bubblewrap()
    assert program is not None
    sandbox: Sandbox = Bubblewrap(program) if mode == "bubblewrap" else NoSandbox()
    for folder in ("tree", "home"):
        (tmp_path / folder).mkdir()
    async with opened(tmp_path, gateway=trusting(server.port)) as door:

        async def fetch(address: str) -> tuple[int, str, str]:
            inside = sandbox.socket_address("egress", door.path)
            python = str(Bubblewrap(program).runtime.python) if mode == "bubblewrap" else sys.executable
            argv = (python, "-I", str(RELAY), "0", inside, python, "-c", _FETCH, address)
            spec = SandboxSpec(
                argv, tmp_path / "tree", tmp_path / "home", read_only=(RELAY,), sockets={"egress": door.path}
            )
            async with await sandbox.spawn(spec) as process:
                lines = [line async for line in process.lines()]
                return await process.wait(), "\n".join(lines), process.complaints

        assert await fetch(f"http://127.0.0.1:{server.port}/a") == (0, "hello", "")
        code, _, complaints = await fetch("http://evil.example/")
        assert code == 1
        assert "403" in complaints
    assert door.refused() == ("evil.example",)
