"""The little HTTP that a proxy speaks: one request's head, read with bounds, and what is passed on of it.

A head is what strangers' programs write. Whatever could be read in two ways is refused instead of repaired.
"""

import asyncio
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.hosts import split

_LINE = re.compile(r"([A-Z]{3,20}) ([!-~]{1,8000}) HTTP/1\.[01]")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r\n]*)")
_OURS = frozenset({
    "connection", "proxy-connection", "proxy-authorization", "keep-alive", "te", "trailer", "upgrade", "host",
})  # fmt: skip


class BadRequest(Exception):
    """A head that is not passed on; `status` is what the client is told."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


@dataclass(frozen=True, slots=True)
class Request:
    """Where somebody wants to go. `body`: bytes that follow the head (a tunnel has no such number)."""

    method: str
    host: str
    port: int
    path: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    body: int = 0

    @property
    def is_tunnel(self) -> bool:
        return self.method == "CONNECT"

    def head(self, *, absolute: bool = False) -> bytes:
        """The head for the server; `absolute` for another proxy. One request for each connection."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        place = shown if self.port == 80 else f"{shown}:{self.port}"
        target = f"http://{place}{self.path}" if absolute else self.path
        fields = (("Host", place), *self.fields, ("Connection", "close"))
        lines = [f"{self.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def read_request(reader: asyncio.StreamReader, within_s: float) -> Request:
    """The next request. Raises BadRequest; the reader's limit bounds the head's size."""
    try:
        async with asyncio.timeout(within_s):
            head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise BadRequest(431, "the head is too long") from None
    except asyncio.IncompleteReadError:
        raise BadRequest(400, "the head has no end") from None
    except TimeoutError:
        raise BadRequest(408, "the head did not come in time") from None
    return parse(head.decode("latin-1"))


def parse(head: str) -> Request:
    """The request that this head makes. Raises BadRequest."""
    first, *rest = head.removesuffix("\r\n\r\n").split("\r\n")
    line = _LINE.fullmatch(first)
    fields = [_FIELD.fullmatch(one) for one in rest]
    if not line or not all(fields):
        raise BadRequest(400, "not understood")
    named = tuple((one[1], one[2].strip()) for one in fields if one)
    method, target = line[1], line[2]
    try:
        if method == "CONNECT":
            host, port = split(target, default=443)
            return Request(method, host, port)
        parts = urlsplit(target)
        if parts.scheme != "http" or parts.username is not None or not parts.netloc:
            raise ValueError(target)
        host, port = split(parts.netloc, default=80)
    except ValueError:
        raise BadRequest(400, "not an address that a proxy is asked for") from None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    dropped = _OURS | {word.strip().lower() for n, v in named if n.lower() == "connection" for word in v.split(",")}
    kept = tuple((name, value) for name, value in named if name.lower() not in dropped - {"content-length"})
    return Request(method, host, port, path, kept, _body(named))


def _body(fields: tuple[tuple[str, str], ...]) -> int:
    if any(name.lower() == "transfer-encoding" for name, _ in fields):
        raise BadRequest(411, "a body needs its length")
    lengths = [value for name, value in fields if name.lower() == "content-length"]
    if not lengths:
        return 0
    if len(lengths) > 1 or not re.fullmatch(r"[0-9]{1,15}", lengths[0]):
        raise BadRequest(400, "the length is not understood")
    return int(lengths[0])


def answer(status: int, why: str) -> bytes:
    """A whole refusal in words."""
    body = f"pdev: {why}\n".encode()
    head = f"HTTP/1.1 {status} {_NAMES.get(status, 'Refused')}\r\nContent-Type: text/plain\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


_NAMES = {403: "Forbidden", 400: "Bad Request", 408: "Request Timeout", 411: "Length Required", 502: "Bad Gateway",
          431: "Request Header Fields Too Large", 503: "Service Unavailable"}  # fmt: skip
