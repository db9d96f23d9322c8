"""`serve` is a program: one line of JSON that says everything, and a clean end when it is told to stop."""

import asyncio
import json
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

PROGRAM = """
import asyncio, sys
from pathlib import Path
from demo.hub.serve import serve
asyncio.run(serve(0, Path(sys.argv[1]), sys.argv[2] or None))
"""


def text_of(path: str) -> str:
    return Path(path).read_text()


@asynccontextmanager
async def running(
    data: Path, webhook_url: str = ""
) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    argv = (sys.executable, "-c", PROGRAM, str(data), webhook_url)
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_introduces_itself_and_stops_when_told(tmp_path: Path, number: signal.Signals) -> None:
    async with running(tmp_path, "http://127.0.0.1:9/hook") as (process, said):
        assert (said["owner"], said["repo"], said["webhook_url"]) == ("acme", "widgets", "http://127.0.0.1:9/hook")
        assert said["users"]["maintainer"]["permission"] == "maintain"
        assert said["users"]["stranger"]["permission"] == "none"
        async with aiohttp.ClientSession() as session:
            token = {"Authorization": f"Bearer {said['users']['maintainer']['token']}"}
            async with session.get(f"{said['api_url']}/user", headers=token) as answer:
                assert (await answer.json())["login"] == "maintainer"
            async with session.get(f"{said['html_url']}/acme/widgets", headers={"Accept": "text/html"}) as answer:
                assert answer.status == 200
        process.send_signal(number)
        out, err = await process.communicate()
        assert (process.returncode, out, err) == (0, b"", b"")


async def test_key_and_secret_outlive_a_restart_and_are_private(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, first):
        key = text_of(first["private_key_path"])
    async with running(tmp_path) as (_, second):
        assert text_of(second["private_key_path"]) == key
        assert second["webhook_secret"] == first["webhook_secret"]
        assert second["users"]["owner"]["token"] != first["users"]["owner"]["token"]
    for name in ("private-key.pem", "webhook-secret"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
