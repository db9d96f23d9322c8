"""The embedded server: one per data directory, nothing lost, nothing left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from redis.asyncio import Redis

from core import valkey
from core.errors import OperatorError, Severity

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[valkey.EmbeddedValkey]:
    with valkey.start(tmp_path / "data") as started:
        yield started


async def ask(url: str, *command: str) -> object:
    client = valkey.connect(url)
    try:
        return await client.execute_command(*command)
    finally:
        await client.aclose()


def starter(data_dir: Path, then: str) -> "subprocess.Popen[str]":
    """Another process that starts or attaches, says which, and waits for a line on its standard input."""
    code = f"""
        import sys
        from pathlib import Path
        from core import valkey
        server = valkey.start(Path({str(data_dir)!r}))
        print(server.is_ours, server.pid, flush=True)
        sys.stdin.readline()
        {then}
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    with valkey.start(tmp_path) as server:
        assert server.is_ours
        await ask(server.url, "SET", "word", "kept")
    assert not psutil.pid_exists(server.pid)
    with valkey.start(tmp_path) as server:
        assert await ask(server.url, "GET", "word") == b"kept"


def test_six_racing_starters_make_one_server(tmp_path: Path) -> None:
    starters = [starter(tmp_path / "data", "server.stop()") for _ in range(6)]
    said = [process.stdout.readline().split() for process in starters if process.stdout]
    try:
        assert sorted(is_ours for is_ours, _ in said) == ["False"] * 5 + ["True"]
        assert len({pid for _, pid in said}) == 1
    finally:
        for process in starters:
            process.communicate("\n", timeout=20)
    assert not psutil.pid_exists(int(said[0][1]))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
async def test_the_server_ends_when_its_starter_is_killed_and_has_lost_nothing(tmp_path: Path) -> None:
    parent = starter(tmp_path, "pass")
    assert parent.stdout is not None
    pid = int(parent.stdout.readline().split()[1])
    with valkey.start(tmp_path) as attached:
        assert not attached.is_ours
        assert attached.pid == pid
        await ask(attached.url, "SET", "word", "kept")
    orphan = psutil.Process(pid)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    orphan.wait(20)
    with valkey.start(tmp_path) as server:
        assert server.is_ours
        assert await ask(server.url, "GET", "word") == b"kept"


def test_an_interrupt_from_the_keyboard_does_not_reach_the_server(server: valkey.EmbeddedValkey) -> None:
    assert os.getpgid(server.pid) != os.getpgid(0)
    assert os.getsid(server.pid) != os.getsid(0)


async def test_a_long_data_directory_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-name"] * 6)
    with valkey.start(deep) as server:
        path = Path(server.url.removeprefix("unix://"))
        assert len(os.fsencode(path)) < 104
        assert await ask(server.url, "PING") is True
        assert oct(path.parent.stat().st_mode & 0o777) == "0o700"
    path.parent.rmdir()


def test_a_short_socket_directory_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-name"] * 6)
    with valkey.start(deep) as server:
        run_dir = Path(server.url.removeprefix("unix://")).parent
    run_dir.chmod(0o777)
    try:
        with pytest.raises(OperatorError, match="belongs to somebody else"):
            valkey.start(deep)
    finally:
        run_dir.rmdir()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("not a directory")
    with pytest.raises(OperatorError) as caught:
        valkey.start(tmp_path)
    assert "appendonlydir" in caught.value.sentence
    assert "REDIS_URL" in caught.value.next_step


async def test_the_embedded_server_is_what_we_ask_of_any(server: valkey.EmbeddedValkey) -> None:
    client = valkey.connect(server.url)
    try:
        assert await valkey.check_server(client) == []
        assert await client.config_get("appendfsync") == {"appendfsync": "always"}
        await client.config_set("maxmemory-policy", "allkeys-lru")
        await client.config_set("appendonly", "no")
        problems = await valkey.check_server(client)
        assert [problem.next_step for problem in problems] == [
            "Set maxmemory-policy to noeviction.",
            "Set appendonly to yes.",
        ]
        assert {problem.severity for problem in problems} == {Severity.HIGH}
    finally:
        await client.aclose()


async def test_a_hosted_server_that_refuses_config_is_judged_by_info(server: valkey.EmbeddedValkey) -> None:
    admin = valkey.connect(server.url)
    await admin.execute_command("ACL", "SETUSER", "guest", "on", ">word", "~*", "+@all", "-config")
    guest = valkey.connect(server.url, username="guest", password="word")
    try:
        assert await valkey.check_server(guest) == []
        await admin.config_set("maxmemory-policy", "allkeys-lru")
        assert [problem.severity for problem in await valkey.check_server(guest)] == [Severity.HIGH]
    finally:
        await guest.aclose()
        await admin.aclose()


async def test_a_client_survives_a_restart_of_the_server(tmp_path: Path) -> None:
    first = valkey.start(tmp_path)
    client: Redis = valkey.connect(first.url)
    try:
        await client.set("word", "kept")
        first.stop()
        reading = asyncio.ensure_future(client.get("word"))
        await asyncio.sleep(0)
        with valkey.start(tmp_path):
            assert await reading == b"kept"
            assert await client.get("word") == b"kept"
            await client.aclose()
    finally:
        await client.aclose()


async def test_a_patient_client_waits_for_a_server_that_is_not_there_yet(tmp_path: Path) -> None:
    with valkey.start(tmp_path) as first:
        url = first.url
    client: Redis = valkey.connect(url, patient=True)
    try:
        writing = asyncio.ensure_future(client.set("word", "kept"))
        await asyncio.sleep(0)  # it finds nobody
        with valkey.start(tmp_path):
            assert await writing
            await client.aclose()
    finally:
        await client.aclose()
