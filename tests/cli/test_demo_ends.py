"""The demo ends cleanly at whatever moment it is told to: no process stays, and no folder that it made for itself."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from core.sockets import socket_path

REPOSITORY = Path(__file__).parents[2]
PATIENCE_S = 30
"""How long a test waits for what must happen; never how long it may take."""


@dataclass
class Demo:
    """`pdev demo` as a person starts it; `folder` is where its temporary files go."""

    process: asyncio.subprocess.Process
    folder: Path

    async def says(self, *words: str) -> None:
        """Wait for a line that contains one of these."""
        assert self.process.stderr is not None
        heard = []
        while line := (await self.process.stderr.readline()).decode():
            heard.append(line)
            if any(word in line for word in words):
                return
        raise AssertionError("".join(heard))

    async def has_made(self, pattern: str) -> None:
        """Wait until such a file is there."""
        await _until(lambda: bool(list(self.folder.glob(pattern))), f"no {pattern}")

    async def ends(self, signum: signal.Signals) -> int:
        self.process.send_signal(signum)
        _, said = await asyncio.wait_for(self.process.communicate(), PATIENCE_S)
        assert b"Traceback" not in said, said.decode()
        return self.process.returncode or 0

    def processes(self) -> list[list[str]]:
        """Who was started with this folder, by whomever."""
        return [words for words in _every_command_line() if any(str(self.folder) in word for word in words)]


def _every_command_line() -> Iterator[list[str]]:
    for process in psutil.process_iter(["cmdline", "environ", "status"]):
        if process.info["status"] != psutil.STATUS_ZOMBIE:
            yield [*(process.info["cmdline"] or []), *(process.info["environ"] or {}).values()]


async def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.005)


Start = Callable[..., Awaitable[Demo]]


@pytest.fixture
async def demo() -> AsyncIterator[Start]:
    """Starts the demo in a folder of its own, short enough for sockets. At the end nothing of it may be left."""
    folder = Path(tempfile.mkdtemp(prefix="pdev-test-"))
    started: list[Demo] = []

    async def start(*options: str) -> Demo:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cli", "demo", "--fast", *options, cwd=REPOSITORY,
            env={**os.environ, "TMPDIR": str(folder)}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        started.append(Demo(process, folder))
        return started[-1]

    yield start
    for one in started:
        if one.process.returncode is None:
            one.process.kill()
            await one.process.wait()
        await _until(lambda: not one.processes(), f"left: {one.processes()}")  # noqa: B023 - awaited at once
    shutil.rmtree(folder)


@pytest.mark.parametrize("made", ["hub", "valkey", "web.log", "worker-2.log"])
async def test_told_to_end_while_it_is_set_up(demo: Start, made: str) -> None:
    running = await demo()
    await running.has_made(f"pdev-*/{made}")
    assert await running.ends(signal.SIGTERM) == 130
    assert list(running.folder.iterdir()) == []


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
async def test_told_to_end_after_its_first_word(demo: Start, signum: signal.Signals) -> None:
    running = await demo()
    await running.says("")
    assert await running.ends(signum) == 130
    assert list(running.folder.iterdir()) == []


async def test_told_to_end_while_agents_work_in_a_folder_too_long_for_sockets(demo: Start, tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-name"] * 6)
    sockets = deep / "cue.sock", deep / "valkey" / "valkey.sock"
    places = [socket_path(wanted).parent for wanted in sockets]
    for place in places:
        place.rmdir()
    running = await demo("--data", str(deep))
    await running.says(": review")
    assert [place.is_dir() for place in places] == [True, True]
    assert await running.ends(signal.SIGTERM) == 130
    assert [place.exists() for place in places] == [False, False]
    await _until(lambda: not [w for w in _every_command_line() if any(str(deep) in word for word in w)], "left")
