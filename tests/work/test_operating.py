"""What happens to whoever runs pdev: the embedded Valkey dies, a setting is missing, a port is taken."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from demo.player import swap
from tests.work.conftest import processes_of
from tests.work.test_commands_alone import ends, pdev
from tests.work.working_desk import WorkingDesk

pytestmark = [pytest.mark.timeout(150)]


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def for_up(desk: WorkingDesk, port: int, **extra: str) -> dict[str, str]:
    """Settings of somebody who has no Redis."""
    environ = {name: value for name, value in desk.environ().items() if name != "REDIS_URL"}
    return environ | {"PORT": str(port)} | extra


def valkey_of(data: Path) -> int:
    """The process of the embedded server; 0 while there is none."""
    lock = data / "valkey" / "valkey.lock"
    return int((lock.exists() and lock.read_text()) or 0)


async def test_up_starts_a_killed_valkey_again_and_goes_on(desk: WorkingDesk, unused_tcp_port: int) -> None:
    desk.hub.webhook_url = f"http://127.0.0.1:{unused_tcp_port}/api/github/webhooks"
    early, late = await desk.issue(), await desk.issue()
    desk.agent.plays(swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+"))
    async with (
        pdev("up", environ=for_up(desk, unused_tcp_port, PDEV_LEASE_S="4")) as up,
        aiohttp.ClientSession() as session,
    ):

        async def is_ready() -> bool:
            assert up.returncode is None
            try:
                async with session.get(f"http://127.0.0.1:{unused_tcp_port}/readyz") as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        async def is_another() -> bool:
            return valkey_of(desk.data) not in (0, killed) and await is_ready()

        async def early_is_known() -> bool:
            return bool(desk.stickies(early.number))

        async def both_are_done() -> bool:
            return all(desk.stickies(i.number) and "### ✅" in desk.sticky(i.number) for i in (early, late))

        await desk.until(is_ready, "the web process does not answer")
        await desk.by("maintainer").label(early.number, "parallel-dev")
        await desk.until(early_is_known, "the first issue is not taken up")
        killed = valkey_of(desk.data)
        os.kill(killed, signal.SIGKILL)
        await desk.until(is_another, "Valkey is not started again")
        await desk.by("maintainer").label(late.number, "parallel-dev")
        await desk.until(both_are_done, "a task was lost with Valkey")
        code, _, said = await ends(up, told=True)
    assert code == 0, said
    assert said.count("ended by itself and is started again") == 1
    assert said.count("The embedded Valkey is back") == 1
    assert processes_of(desk.data) == []


@pytest.mark.xdist_group("demo")
async def test_the_demo_outlives_its_valkey(tmp_path: Path) -> None:
    command = ("demo", "--once", "--fast", "--data", str(tmp_path / "d"))
    async with pdev(*command, environ={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}) as demo:
        assert demo.stderr is not None
        async for line in demo.stderr:
            if b": review" in line:
                break
        os.kill(valkey_of(tmp_path / "d"), signal.SIGKILL)
        code, _, said = await ends(demo)
    assert code == 0, said
    assert "The embedded Valkey is back" in said


async def test_up_ends_when_its_port_is_taken(desk: WorkingDesk, taken: int) -> None:
    async with pdev("up", environ=for_up(desk, taken)) as up:
        code, _, said = await ends(up)
    assert code == 2, said
    assert f"pdev cannot listen on port {taken} of 127.0.0.1: something else listens there." in said
    assert processes_of(desk.data) == []


async def test_up_ends_when_its_worker_cannot_run_as_it_is_set_up(desk: WorkingDesk, unused_tcp_port: int) -> None:
    async with pdev("up", environ=for_up(desk, unused_tcp_port, APP_ID="999")) as up:
        code, _, said = await ends(up)
    assert code == 2, said
    (sentence,) = [line for line in said.splitlines() if line.startswith("pdev: ")]
    assert sentence.startswith("pdev: GitHub knows no such App. Check APP_ID")
    assert processes_of(desk.data) == []


@pytest.mark.parametrize("command", ["up", "worker"])
async def test_a_data_folder_that_cannot_be_used(command: str, desk: WorkingDesk, unused_tcp_port: int) -> None:
    desk.data.write_text("no folder")
    async with pdev(command, environ=desk.environ() | {"PORT": str(unused_tcp_port)}) as process:
        code, _, said = await ends(process)
    desk.data.unlink()
    assert code == 2, said
    assert f"{desk.data} cannot be used" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", ["up", "worker"])
async def test_the_scripted_agent_needs_its_script(command: str, desk: WorkingDesk, unused_tcp_port: int) -> None:
    environ = {name: value for name, value in desk.environ().items() if name != "PDEV_SCRIPT_SOCKET"}
    async with pdev(command, environ=environ | {"PORT": str(unused_tcp_port)}) as process:
        code, _, said = await ends(process)
    assert code == 2, said
    assert "PDEV_SCRIPT_SOCKET is not set" in said


async def test_the_doctor_sees_what_a_worker_would_miss(desk: WorkingDesk, tmp_path: Path) -> None:
    desk.hub.app.events = ["issues"]
    environ = desk.environ() | {"PDEV_SCRIPT_SOCKET": str(tmp_path / "nobody")}
    assert set(await problems(environ)) == {"agent", "events"}
    environ.pop("PDEV_SCRIPT_SOCKET")
    found = await problems(environ | {"APP_ID": "999"})
    assert "PDEV_SCRIPT_SOCKET" in found["agent"]
    assert "APP_ID" in found["github"]


async def problems(environ: dict[str, str]) -> dict[str, str]:
    """What the doctor says is to be mended, and how."""
    async with pdev("doctor", "--json", environ=environ) as process:
        code, said, _ = await ends(process)
    assert code == 1
    return {line["what"]: line["next_step"] for line in json.loads(said) if line["state"] == "problem"}
