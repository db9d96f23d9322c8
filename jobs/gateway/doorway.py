"""The egress proxy of a worker: one `Gateway`, and a `Doorway` with an allow-list of its own for each run of setup.

Which run is speaking is told by the socket it speaks to, so nothing inside can claim to be another. Hosts, bytes and
verdicts are written down; paths and headers are nobody's business.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.hosts import LONGEST
from core.sockets import forget_socket, socket_path
from jobs.gateway.allowing import Rule, deciding, may_connect
from jobs.gateway.wire import BadRequest, Request, answer, read_request

log = logging.getLogger(__name__)

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one doorway lets through. Seconds and bytes."""

    connections: int = 128
    head: int = 16 << 10
    head_s: float = 15
    connect_s: float = 20
    idle_s: float = 120
    total: int = 8 << 30


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one connection: `passed`, `refused` (not on the list), `private` (its address is no public one),
    `failed` (could not be reached) or `full` (a bound was reached)."""

    host: str
    port: int
    what: str
    sent: int = 0
    received: int = 0


async def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as this machine resolves it. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(row[4][0]) for row in found))


@dataclass(frozen=True, slots=True)
class Gateway:
    """What all doorways of a worker share. `allowed`: the operator's own rules; `upstream`: a proxy (host, port) that
    everything else goes through; it resolves names itself, so it must refuse private addresses itself."""

    allowed: tuple[Rule, ...] = ()
    upstream: tuple[str, int] | None = None
    bounds: Bounds = Bounds()
    resolve: Resolve = resolved

    @contextlib.asynccontextmanager
    async def doorway(self, wanted: Path, rules: Sequence[Rule]) -> "AsyncIterator[Doorway]":
        """A proxy on a unix socket near `wanted`, for as long as the block lasts. Raises OSError, OperatorError."""
        path = socket_path(wanted)
        path.unlink(missing_ok=True)
        door = Doorway(path, (*self.allowed, *rules), self)
        server = await asyncio.start_unix_server(door.serve, path, limit=self.bounds.head)
        path.chmod(0o600)
        try:
            yield door
        finally:
            server.close()
            await door.close()
            forget_socket(wanted)


@dataclass(slots=True)
class Doorway:
    """One allow-list on one socket, and what was asked of it."""

    path: Path
    rules: tuple[Rule, ...]
    gateway: Gateway
    verdicts: list[Verdict] = field(default_factory=list)
    _open: set[asyncio.Task[None]] = field(default_factory=set)
    _moved: int = 0

    def refused(self) -> tuple[str, ...]:
        """The hosts that were asked for and not reached because they may not be."""
        return tuple(dict.fromkeys(v.host for v in self.verdicts if v.what in {"refused", "private"}))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            if len(self._open) > self.gateway.bounds.connections:
                writer.write(answer(503, "too many connections at once"))
            else:
                await self._pass(reader, writer)
            async with asyncio.timeout(1):
                await writer.drain()
        except (OSError, TimeoutError, asyncio.CancelledError):
            writer.transport.abort()  # told to end, or nobody is there any more: either way nothing is left to do
        finally:
            self._open.discard(task)
            writer.close()

    async def close(self) -> None:
        for task in (left := tuple(self._open)):
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await read_request(reader, self.gateway.bounds.head_s)
            theirs, ours, relayed = await self._reach(request)
        except BadRequest as bad:
            writer.write(answer(bad.status, bad.why))
            return
        traffic = _Traffic(self, self.gateway.bounds.idle_s)
        what = "failed"
        try:
            if request.is_tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                ours.write(request.head(absolute=relayed))
            what = await traffic.both(reader, writer, theirs, ours, body=None if request.is_tunnel else request.body)
        finally:
            ours.close()
            self._note(request, what, traffic.sent, traffic.received)

    async def _reach(self, request: Request) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bool]:
        """A connection to where the request wants to go, and whether another proxy is told so. Raises BadRequest."""
        by = deciding(self.rules, request.host, request.port)
        if by is None:
            self._note(request, "refused")
            raise BadRequest(403, f"{request.host}:{request.port} is not on the allow-list")
        if self._moved >= self.gateway.bounds.total:
            self._note(request, "full")
            raise BadRequest(403, "too much was moved already")
        try:
            async with asyncio.timeout(self.gateway.bounds.connect_s):
                if self.gateway.upstream and not by.trusted:
                    return await self._through(self.gateway.upstream, request)
                return *(await self._directly(request, by)), False
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            self._note(request, "failed")
            raise BadRequest(502, f"{request.host} cannot be reached ({type(error).__name__})") from None

    async def _directly(self, request: Request, by: Rule) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        addresses = await self.gateway.resolve(request.host, request.port)
        if not may_connect(addresses, by):
            self._note(request, "private")
            raise BadRequest(403, f"{request.host} has an address that is not public")
        for address in addresses[:-1]:
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(address, request.port)
        return await asyncio.open_connection(addresses[-1], request.port)

    async def _through(
        self, proxy: tuple[str, int], request: Request
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bool]:
        reader, writer = await asyncio.open_connection(*proxy)
        if not request.is_tunnel:
            return reader, writer, True
        try:
            place = f"{request.host}:{request.port}"
            writer.write(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
            said = await reader.readuntil(b"\r\n\r\n")
            if said.split(b" ", 2)[1:2] != [b"200"]:
                raise ConnectionRefusedError("the proxy said no")
        except BaseException:
            writer.close()
            raise
        return reader, writer, True

    def _note(self, request: Request, what: str, sent: int = 0, received: int = 0) -> None:
        verdict = Verdict(request.host[:LONGEST], request.port, what, sent, received)
        if len(self.verdicts) < 10_000:
            self.verdicts.append(verdict)
        log.info("egress %s: %s:%d, %d bytes out, %d in", what, verdict.host, verdict.port, sent, received)


@dataclass(slots=True)
class _Traffic:
    """The bytes of one connection, both ways, until one side ends, all are silent, or a bound is reached."""

    door: Doorway
    idle_s: float
    sent: int = 0
    received: int = 0

    async def both(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        theirs: asyncio.StreamReader,
        ours: asyncio.StreamWriter,
        *,
        body: int | None,
    ) -> str:
        """`body`: how many bytes the client may still send; None: as many as it likes. The verdict."""
        try:
            async with asyncio.timeout(self.idle_s) as bound:
                sending = asyncio.create_task(self._send(reader, ours, bound, body))
                try:
                    while chunk := await theirs.read(_CHUNK):
                        self.received += len(chunk)
                        self._count(chunk, bound)
                        writer.write(chunk)
                        await writer.drain()
                finally:
                    sending.cancel()
                    await asyncio.gather(sending, return_exceptions=True)
        except _Full:
            return "full"
        except (OSError, TimeoutError):
            return "passed" if self.received else "failed"
        return "passed"

    async def _send(
        self, reader: asyncio.StreamReader, ours: asyncio.StreamWriter, bound: asyncio.Timeout, body: int | None
    ) -> None:
        left = body
        while (left is None or left) and (chunk := await reader.read(_CHUNK if left is None else min(left, _CHUNK))):
            left = None if left is None else left - len(chunk)
            self.sent += len(chunk)
            try:
                self._count(chunk, bound)
            except _Full:
                ours.transport.abort()
                raise
            ours.write(chunk)
            await ours.drain()
        if body is None and ours.can_write_eof():
            ours.write_eof()

    def _count(self, chunk: bytes, bound: asyncio.Timeout) -> None:
        self.door._moved += len(chunk)
        if self.door._moved > self.door.gateway.bounds.total:
            raise _Full
        bound.reschedule(asyncio.get_running_loop().time() + self.idle_s)


class _Full(Exception):
    """More bytes than a doorway lets through."""
