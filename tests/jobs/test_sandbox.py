"""The sandbox against programs that try to get out of it, print for ever, or refuse to die."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from jobs.sandbox import Bubblewrap, Limits, NoSandbox, OutputTooLarge, Process, Sandbox, SandboxError, SandboxSpec

HOST_UID = os.getuid()


class Room:
    """Folders for one sandboxed program."""

    def __init__(self, folder: Path) -> None:
        self.tree, self.home, self.metadata = folder / "tree", folder / "home", folder / "metadata"
        for place in (self.tree, self.home, self.metadata):
            place.mkdir()
        (self.tree / ".git").write_text(f"gitdir: {self.metadata}\n")
        (self.metadata / "HEAD").write_text("ref: refs/heads/main\n")

    def spec(self, *argv: str, **more: object) -> SandboxSpec:
        return SandboxSpec(argv, self.tree, self.home, metadata=(self.metadata,), **more)  # type: ignore[arg-type]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


async def heard(process: Process) -> list[str]:
    return [line async for line in process.lines()]


async def said(sandbox: Sandbox, spec: SandboxSpec) -> tuple[int, list[str]]:
    async with await sandbox.spawn(spec) as process:
        lines = await heard(process)
        return await process.wait(), lines


async def test_a_program_works_on_its_tree(sandbox: Sandbox, room: Room) -> None:
    script = 'read line; echo "got $line"; echo made > new.txt; echo kept > "$HOME/kept"; echo oops >&2; exit 5'
    async with await sandbox.spawn(room.spec("sh", "-c", script)) as process:
        await process.write(b"hello\n", close=True)
        assert await heard(process) == ["got hello"]
        assert await process.wait() == 5
        assert process.complaints == "oops\n"
    assert (room.tree / "new.txt").read_text() == "made\n"
    assert (room.home / "kept").read_text() == "kept\n"
    assert (room.tree / "new.txt").stat().st_uid == HOST_UID


async def test_a_program_gets_only_the_environment_it_is_given(
    sandbox: Sandbox, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", "tweet-tweet")
    code, lines = await said(sandbox, room.spec("env", env={"GIVEN": "1"}))
    assert code == 0
    assert "GIVEN=1" in lines
    assert not [line for line in lines if "tweet" in line]


async def test_python_is_there(sandbox: Sandbox, room: Room) -> None:
    code, lines = await said(
        sandbox, room.spec("python3", "-c", "import sqlite3, ssl, sys; print(sys.version_info[:2])")
    )
    assert (code, lines) == (0, [str(sys.version_info[:2])])


async def test_a_program_ended_by_a_signal_says_so(sandbox: Sandbox, room: Room) -> None:
    assert (await said(sandbox, room.spec("sh", "-c", "kill -TERM $$")))[0] == 128 + 15


async def test_a_missing_program_is_an_exit_code(sandbox: Sandbox, room: Room) -> None:
    async with await sandbox.spawn(room.spec("no-such-program")) as process:
        assert await process.wait() == 1
        assert "no-such-program" in process.complaints


async def test_no_wall_falls(bubblewrap: Bubblewrap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "tweet-tweet")
    report = await bubblewrap.probe(tmp_path)
    assert report.fallen == ()
    assert report.working
    assert {"environment", "loopback", "new_namespace", "parent_dies", "works"} <= {
        check.name for check in report.checks
    }
    assert os.listdir(tmp_path) == []


WEAKENED = {
    "loopback": 'drop("--unshare-net")',
    "environment": 'os.environ["CANARY"] = "tweet-tweet"',
    "new_namespace": 'drop("--disable-userns")',
    "parent_dies": 'drop("--die-with-parent")',
    "host_process": 'drop("--unshare-pid")',
    "host_file": "add(os.path.dirname(tree), tree)",
    "nothing_written": "add(os.path.dirname(tree))",
    "write_metadata": 'turn("--ro-bind", "--bind", "metadata")',
    "works": 'turn("--bind", "--ro-bind", "home")',
}
"""Which wall each change takes down; the change is made by a program that stands in for bubblewrap."""

WEAKENER = """#!{python}
import os, sys
words = sys.argv[1:]
tree = words[words.index("--chdir") + 1]
def drop(word):
    words.remove(word)
def add(*paths):
    at = words.index("--remount-ro")
    words[at:at] = [word for path in paths for word in ("--bind", path, path)]
def turn(old, new, name):
    for at, word in enumerate(words):
        if word == old and words[at + 1].endswith(name):
            words[at] = new
{change}
os.execv({program!r}, [{program!r}, *words])
"""


@pytest.mark.parametrize("wall", WEAKENED)
async def test_the_self_test_sees_a_missing_wall(bubblewrap: Bubblewrap, tmp_path: Path, wall: str) -> None:
    weak = tmp_path / "weak"
    weak.write_text(WEAKENER.format(python=sys.executable, change=WEAKENED[wall], program=str(bubblewrap.program)))
    weak.chmod(0o755)
    report = await Bubblewrap(weak).probe(tmp_path / "scratch")
    assert wall in {check.name for check in report.fallen}
    assert not report.working


async def test_a_sandbox_that_cannot_start_says_why(tmp_path: Path, room: Room) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho 'no permissions to create namespace' >&2; exit 1\n")
    broken.chmod(0o755)
    with pytest.raises(SandboxError, match="no permissions"):
        await Bubblewrap(broken).spawn(room.spec("true"))
    report = await Bubblewrap(broken).probe(tmp_path / "scratch")
    assert [check.name for check in report.fallen] == ["start"]


async def test_killing_leaves_nothing(sandbox: Sandbox, room: Room) -> None:
    children = "setsid sh -c 'trap : TERM; sleep 300 & wait' & (sleep 300 & sleep 300) & echo ready; sleep 300"
    async with await sandbox.spawn(room.spec("sh", "-c", children)) as process:
        assert await anext(process.lines()) == "ready"
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        await process.kill()
        await process.kill()
        assert [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []


async def test_what_a_program_leaves_behind_ends_with_it(sandbox: Sandbox, room: Room) -> None:
    async with await sandbox.spawn(room.spec("sh", "-c", "setsid sleep 300 & echo $!")) as process:
        lines = await heard(process)  # ends although the child still has the pipe
        assert len(lines) == 1
        assert await process.wait() == 0


async def test_a_cancelled_caller_leaves_nothing(sandbox: Sandbox, room: Room) -> None:
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def use() -> None:
        async with await sandbox.spawn(room.spec("sleep", "300")) as process:
            started.set_result(process.pid)
            await process.wait()

    using = asyncio.create_task(use())
    pid = await started
    using.cancel()
    with pytest.raises(asyncio.CancelledError):
        await using
    assert not psutil.pid_exists(pid)


@pytest.fixture
async def flooding(sandbox: Sandbox, room: Room) -> AsyncIterator[Process]:
    async with await sandbox.spawn(room.spec("yes")) as process:
        process.output_cap = 1 << 20
        yield process


async def test_output_is_capped(flooding: Process) -> None:
    with pytest.raises(OutputTooLarge):
        await heard(flooding)


async def test_an_endless_line_is_capped(sandbox: Sandbox, room: Room) -> None:
    async with await sandbox.spawn(room.spec("sh", "-c", "cat /dev/zero")) as process:
        with pytest.raises(OutputTooLarge):
            await heard(process)


async def test_limits_hold_inside(sandbox: Sandbox, room: Room) -> None:
    limits = Limits(file_size=1 << 20, open_files=64)
    code, lines = await said(sandbox, room.spec("sh", "-c", "ulimit -n; ulimit -c; ulimit -f", limits=limits))
    assert (code, lines) == (0, ["64", "0", "2048"])


async def test_the_private_tmp_is_small(bubblewrap: Bubblewrap, room: Room) -> None:
    spec = room.spec("sh", "-c", "head -c 3000000 /dev/zero > /tmp/big || echo full", limits=Limits(tmp_size=1 << 20))
    assert (await said(bubblewrap, spec))[1] == ["full"]


async def test_a_frozen_tree_cannot_be_written(bubblewrap: Bubblewrap, room: Room) -> None:
    code, _ = await said(bubblewrap, room.spec("sh", "-c", "echo x > x", frozen=True))
    assert code != 0
    assert not (room.tree / "x").exists()


async def test_usual_tools_write_nothing_into_a_frozen_tree(bubblewrap: Bubblewrap, room: Room) -> None:
    """A reviewer runs the tests, with warnings as errors in many repositories: a cache must have a place."""
    names = ("COVERAGE_FILE", "MYPY_CACHE_DIR", "PYTEST_ADDOPTS", "PYTHONPYCACHEPREFIX", "RUFF_CACHE_DIR", "TMPDIR")
    shows = " ".join(f'"${name}"' for name in names)
    _, frozen = await said(bubblewrap, room.spec("sh", "-c", f"printf '%s\\n' {shows}", frozen=True))
    assert [line.rpartition("=")[2].startswith("/tmp") for line in frozen] == [True] * len(names)
    _, free = await said(bubblewrap, room.spec("sh", "-c", 'echo "$PYTEST_ADDOPTS$COVERAGE_FILE"'))
    assert free == [""]


async def test_sockets_are_where_they_are_said_to_be(sandbox: Sandbox, room: Room, short_folder: Path) -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"welcome\n")
        await writer.drain()
        writer.close()

    path = short_folder / "door.sock"
    address = sandbox.socket_address("door", path)
    program = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(99).decode())"
    )
    async with await asyncio.start_unix_server(greet, path):
        spec = room.spec("python3", "-c", program, address, sockets={"door": path})
        assert (await said(sandbox, spec))[1][0] == "welcome"


async def test_no_sandbox_claims_no_walls(tmp_path: Path) -> None:
    report = await NoSandbox().probe(tmp_path)
    assert (report.mode, report.working, report.checks) == ("none", False, ())
