"""What happens to whoever runs pdev: the embedded Valkey dies, a setting is missing, a port is taken."""

import socket
from collections.abc import Iterator

import pytest

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
