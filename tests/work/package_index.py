"""A package index on loopback for stories about setup: what pip asks for, and nothing else."""

import hashlib
import io
import socket
import struct
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer


def wheel(name: str, version: str, text: str) -> tuple[str, bytes]:
    """The file name and content of a package with one module."""
    data = io.BytesIO()
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": text,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: story\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(data, "w") as packed:
        for path, content in files.items():
            packed.writestr(path, content)
        rows = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
        packed.writestr(f"{info}/RECORD", rows)
    return f"{name}-{version}-py3-none-any.whl", data.getvalue()


@dataclass
class Index:
    """Its packages (name → versions), and the paths that were asked of it."""

    packages: dict[str, dict[str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    port: int = 0
    away: str = ""
    """A file that is asked for in vain: the connection is reset without an answer."""

    def add(self, name: str, version: str, text: str) -> None:
        file, data = wheel(name, version, text)
        self.packages.setdefault(name, {})[file] = data

    @property
    def environ(self) -> dict[str, str]:
        """The operator's setting that makes it the mirror; loopback is allowed by that alone."""
        return {"PDEV_MIRRORS": f"pypi=http://127.0.0.1:{self.port}/simple/"}

    def downloads(self) -> list[str]:
        return [path.rpartition("/")[2] for path in self.asked if path.endswith(".whl")]

    async def page(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        files = self.packages.get(request.match_info["name"])
        if files is None:
            raise web.HTTPNotFound
        links = "".join(
            f'<a href="/files/{f}#sha256={hashlib.sha256(d).hexdigest()}">{f}</a>' for f, d in files.items()
        )
        return web.Response(text=f"<!DOCTYPE html><html><body>{links}</body></html>", content_type="text/html")

    async def file(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        name = request.match_info["file"]
        if name == self.away and request.transport:
            reset = struct.pack("ii", 1, 0)
            request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            request.transport.abort()
        found = next((files[name] for files in self.packages.values() if name in files), None)
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found, headers={"Cache-Control": "max-age=31536000"})


@asynccontextmanager
async def served() -> AsyncIterator[Index]:
    index = Index()
    app = web.Application()
    app.router.add_get("/simple/{name}/", index.page)
    app.router.add_get("/files/{file}", index.file)
    async with TestServer(app) as server:
        index.port = server.port or 0
        yield index
