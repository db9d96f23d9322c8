"""The commands as an operator starts them: each becomes ready, does its work and leaves nothing behind."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from core.settings import child_environ
from core.tasks import Stage
from demo.player import swap
from demo.world import ISSUES
from tests.work.conftest import processes_of
from tests.work.working_desk import WorkingDesk

pytestmark = [pytest.mark.timeout(150)]

REPOSITORY = Path(__file__).parents[2]
PATIENCE_S = 60


@asynccontextmanager
async def pdev(*command: str, environ: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli", *command, cwd=REPOSITORY, env=child_environ(environ),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=1 << 24,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def ends(
    process: asyncio.subprocess.Process, *, told: bool = False, patience_s: float = PATIENCE_S
) -> tuple[int | None, str, str]:
    """Exit code and what it said; `told`: after SIGTERM."""
    if told:
        process.send_signal(signal.SIGTERM)
    out, err = await asyncio.wait_for(process.communicate(), patience_s)
    return process.returncode, out.decode(), err.decode()


async def test_up_brings_everything_along(desk: WorkingDesk, unused_tcp_port: int) -> None:
    port = unused_tcp_port
    desk.hub.webhook_url = f"http://127.0.0.1:{port}/api/github/webhooks"
    environ = {name: value for name, value in desk.environ().items() if name != "REDIS_URL"} | {"PORT": str(port)}
    issue = await desk.issue()
    desk.agent.plays(swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+"))
    async with pdev("up", environ=environ) as up, aiohttp.ClientSession() as session:

        async def is_ready() -> bool:
            assert up.returncode is None
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        await desk.until(is_ready, "the web process does not answer")
        await desk.by("maintainer").label(issue.number, "parallel-dev")

        async def is_ready_for_people() -> bool:
            return bool(desk.stickies(issue.number)) and "### ✅" in desk.sticky(issue.number)

        await desk.until(is_ready_for_people, "the issue does not become a pull request")
        assert not desk.pr(issue.number).draft
        code, _, said = await ends(up, told=True)
        assert code == 0, said
        assert "Traceback" not in said, said
    assert processes_of(desk.data) == []
    assert (desk.data / "valkey").is_dir(), "its own Valkey has kept the records"


async def test_the_hub_says_how_to_reach_it(tmp_path: Path) -> None:
    async with pdev("hub", "--data", str(tmp_path / "hub"), environ=os.environ) as hub, aiohttp.ClientSession() as http:
        assert hub.stdout is not None
        said = json.loads(await asyncio.wait_for(hub.stdout.readline(), PATIENCE_S))
        async with http.get(f"{said['api_url']}/repos/{said['owner']}/{said['repo']}") as answer:
            assert (await answer.json())["full_name"] == f"{said['owner']}/{said['repo']}"
        code, _, errors = await ends(hub, told=True)
        assert (code, errors) == (0, "")


@pytest.mark.parametrize("command", ["web", "worker"])
async def test_web_and_worker_alone_need_a_redis(command: str, desk: WorkingDesk) -> None:
    environ = {name: value for name, value in desk.environ().items() if name != "REDIS_URL"}
    async with pdev(command, environ=environ) as process:
        code, _, said = await ends(process)
    assert code == 2
    assert "REDIS_URL" in said
    assert "Traceback" not in said


async def test_the_doctor_finds_nothing_to_mend(desk: WorkingDesk, walls: None) -> None:
    desk.hub.app.events.append("issue_dependencies")
    async with pdev("doctor", "--json", environ=desk.environ()) as process:
        code, said, _ = await ends(process)
    found = json.loads(said)
    # git-lfs is for the machine to have; without it large files stay pointers, and nothing else is wrong.
    assert {line["what"] for line in found if line["state"] != "ok"} <= {"git-lfs"}
    assert {line["what"] for line in found} >= {"settings", "git", "sandbox", "redis", "github", "permissions"}
    assert code == 0


async def test_the_doctor_finds_what_is_missing(desk: WorkingDesk) -> None:
    desk.hub.app.permissions.pop("checks")
    desk.hub.app.events.append("issue_dependencies")
    async with pdev("doctor", "--json", environ=desk.environ() | {"REDIS_URL": "redis://127.0.0.1:1"}) as process:
        code, said, _ = await ends(process)
    problems = {line["what"]: line for line in json.loads(said) if line["state"] == "problem"}
    assert set(problems) == {"redis", "permissions"}
    assert "checks: write" in problems["permissions"]["detail"]
    assert all(line["next_step"] for line in problems.values())
    assert code == 1


@pytest.mark.xdist_group("demo")
@pytest.mark.parametrize("killed_at", ["", *(stage.value for stage in (Stage.DEVELOP,))])
async def test_the_demo_ends_as_its_story_says(killed_at: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    options = ["--kill-worker-at", killed_at] if killed_at else []
    command = ("demo", "--once", "--fast", "--json", str(report), *options)
    async with pdev(*command, environ={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}) as demo:
        code, _, said = await ends(demo, patience_s=2 * PATIENCE_S)
    assert code == 0, said
    told = json.loads(report.read_text())
    assert (told["ok"], told["problems"], told["workers_killed"]) == (True, [], int(bool(killed_at)))
    assert {task["issue"]: task["state"] for task in told["tasks"]} == {issue.number: issue.ends for issue in ISSUES}
    talks = {task["issue"]: task["conversations"] for task in told["tasks"]}
    assert talks[5] == {"open": 0, "resolved": 3, "suggestions": 1}
    assert set(told) >= {"timings", "memory_mb", "github", "sandbox"}
    assert 0 < told["memory_mb"]["web"] < 120
    assert 0 < told["memory_mb"]["worker"] < 150
    assert set(told["timings"]) == {"ack_ms", "first_check_ms", "dispatch_ms", "worktree_ms", "setup_ms"}
