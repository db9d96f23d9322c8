"""What a person at the command line gets wrong is told in a sentence with the next step; the exit code is 2."""

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


async def pdev(*command: str, **environ: str) -> tuple[int, str]:
    """Exit code and what stands on standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli", *command, cwd=REPOSITORY, env={**os.environ, **environ},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())


def sentence(port: int, setting: str) -> str:
    return (
        f"pdev: pdev cannot listen on port {port} of 127.0.0.1: something else listens there. "
        f"End what listens there, or choose another port with {setting}.\n"
    )


async def test_the_hubs_port_is_taken(taken: int, tmp_path: Path) -> None:
    said = await pdev("hub", "--port", str(taken), "--data", str(tmp_path))
    assert said == (2, sentence(taken, "--port"))


async def test_the_demos_port_is_taken(taken: int, tmp_path: Path) -> None:
    code, said = await pdev("demo", "--port", str(taken), TMPDIR=str(tmp_path))
    assert code == 2
    assert said.endswith(sentence(taken, "--port"))
    assert is_empty(tmp_path)


async def test_the_port_of_the_web_process_is_taken(taken: int, private_key_pem: str, unused_tcp_port: int) -> None:
    code, said = await pdev(
        "web", APP_ID="1", PRIVATE_KEY=private_key_pem, WEBHOOK_SECRET="not a secret", PORT=str(taken),
        REDIS_URL=f"redis://127.0.0.1:{unused_tcp_port}",
    )  # fmt: skip
    assert code == 2
    assert said.endswith(sentence(taken, "PORT"))


@pytest.mark.parametrize("where", ["no/such/folder/report.json", "."])
async def test_a_report_that_cannot_be_written_is_told_before_the_demo(where: str, tmp_path: Path) -> None:
    wanted = tmp_path / where
    code, said = await pdev("demo", "--once", "--json", str(wanted), TMPDIR=str(tmp_path))
    assert code == 2
    assert said == f"pdev: The report cannot be written to {wanted}. Name a file in a folder that exists.\n"
    assert is_empty(tmp_path)


async def test_a_stage_that_there_is_not() -> None:
    code, said = await pdev("demo", "--kill-worker-at", "deploy")
    assert code == 2
    assert "'deploy' is not one of 'develop', 'review', 'correct', 'finalize'" in " ".join(said.split())
