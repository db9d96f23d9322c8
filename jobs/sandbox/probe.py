"""The self-test: try every way out, from inside, before any agent runs.

A sandbox that is believed in and does not hold is worse than none. So at each start a program inside reaches for what
an agent must never have, and the host counts what arrived.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec
import psutil

from jobs.sandbox.contract import Check, ProbeReport, SandboxError, SandboxSpec
from jobs.sandbox.process import GONE_WITHIN_S, OutputTooLarge, StillAlive, start

if TYPE_CHECKING:
    from jobs.sandbox.bubblewrap import Bubblewrap

_ESCAPES = Path(__file__).with_name("escapes.py")
_PATIENCE_S = 20.0
# Starts the sandbox and waits to be killed, like a worker.
_PARENT = "import subprocess, sys; subprocess.Popen(sys.argv[1:]).wait()"
_CHILDREN = "setsid sleep 600 & sleep 600 & echo up; wait"


class _Tried(msgspec.Struct, frozen=True):
    name: str
    held: bool
    detail: str


async def probe(sandbox: "Bubblewrap", scratch: Path) -> ProbeReport:
    """Try all ways out of `sandbox`, with folders below `scratch` that are gone afterwards."""
    with _furnished(scratch) as place:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                checks = [*await _from_inside(sandbox, place), await _parent_dies(sandbox, place)]
        except (SandboxError, OSError) as error:
            checks = [Check("start", False, str(error))]
        except TimeoutError:
            checks = [Check("start", False, f"no end after {_PATIENCE_S:.0f} s")]
        except (StillAlive, OutputTooLarge) as error:
            checks = [Check("end", False, str(error))]
    return ProbeReport(sandbox.mode, tuple(checks))


_FURNITURE = {"secret": "canary", "neighbour/file": "not yours", "metadata/config": "", "home/.keep": ""}


@contextmanager
def _furnished(scratch: Path) -> Iterator[Path]:
    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="probe-", dir=scratch) as folder:
        place = Path(folder).resolve()
        link = f"gitdir: {place / 'metadata'}\n"
        for name, text in {**_FURNITURE, "tree/.git": link, "tree/other-link": "gitdir: /elsewhere\n"}.items():
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_text(text)
        yield place


def _untouched(place: Path) -> bool:
    """Whether the host's folders around the tree are as they were made."""
    names = {entry.name for entry in place.iterdir()} == {"secret", "neighbour", "metadata", "home", "tree"}
    return names and all((place / name).read_text() == text for name, text in _FURNITURE.items())


def _spec(place: Path, *argv: str) -> SandboxSpec:
    return SandboxSpec(
        argv, place / "tree", place / "home", metadata=(place / "metadata",), read_only=(_ESCAPES,)
    )  # fmt: skip


async def _from_inside(sandbox: "Bubblewrap", place: Path) -> list[Check]:
    arrived: list[object] = []

    async def take(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(writer)
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        with _abstract_listener(place) as abstract:
            goal: dict[str, object] = {
                "secret": str(place / "secret"), "neighbour": str(place / "neighbour"), "pid": os.getpid(),
                "metadata": str(place / "metadata"), "runtime": str(sandbox.runtime.python.parent),
                "other_link": "other-link", "port": server.sockets[0].getsockname()[1], "abstract": abstract,
            }  # fmt: skip
            goal["environment"] = sorted(sandbox.environment(_spec(place)))
            argv = (str(sandbox.runtime.python), "-I", str(_ESCAPES), json.dumps(goal))
            async with await sandbox.spawn(_spec(place, *argv)) as inside:
                checks = [_read(line) async for line in inside.lines()]
                code = await inside.wait()
    if code != 0 or not checks:
        checks.append(Check("finished", False, f"exit {code}: {inside.complaints.strip()[-500:]}"))
    return [*checks, Check("nobody_arrived", not arrived), Check("nothing_written", _untouched(place))]


def _read(line: str) -> Check:
    try:
        tried = msgspec.json.decode(line, type=_Tried)
    except msgspec.MsgspecError:
        return Check("unreadable", False, line[:200])
    return Check(tried.name, tried.held, tried.detail)


@contextmanager
def _abstract_listener(place: Path) -> Iterator[str]:
    name = f"pdev-{place.name}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + name)
        listener.listen()
        yield name


async def _parent_dies(sandbox: "Bubblewrap", place: Path) -> Check:
    """Kill a process that had started a sandbox: everything inside must end, also what made its own session."""
    words = sandbox.command(_spec(place, "/bin/sh", "-c", _CHILDREN))
    async with await start([sys.executable, "-I", "-S", "-c", _PARENT, *words], {}, Path("/")) as parent:
        lines = parent.lines()
        await anext(lines, "")
        inside = psutil.Process(parent.pid).children(recursive=True)
        os.kill(parent.pid, signal.SIGKILL)
        held = await _silent(lines)
        for survivor in inside:
            with suppress(psutil.Error):
                survivor.kill()
    return Check("parent_dies", held, "" if held else "something inside lived on")


async def _silent(lines: AsyncIterator[str]) -> bool:
    """Whether the pipe that everything inside holds closes in time."""
    try:
        async with asyncio.timeout(GONE_WITHIN_S):
            async for _ in lines:
                pass
    except TimeoutError:
        return False
    return True
