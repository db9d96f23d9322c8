"""The player and its prompter: real processes that do what a script says, and wait where it says so."""

import asyncio
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.player import (
    PLAYER,
    Cue,
    CueServer,
    Fault,
    Scene,
    barrier,
    crash,
    delete,
    done,
    edit,
    fail,
    final,
    fixed,
    hold,
    run,
    say,
    swap,
    verdict,
    wait,
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short enough for a unix socket."""
    path = Path(tempfile.mkdtemp(prefix="pdev-"))
    yield path
    shutil.rmtree(path)


class Troupe:
    """Starts players in `folder` and collects what they print."""

    def __init__(self, folder: Path, cues: CueServer) -> None:
        self.folder, self.cues = folder, cues
        self.processes: list[asyncio.subprocess.Process] = []

    async def enter(self, issue: int = 7, role: str = "developer", attempt: int = 1) -> asyncio.subprocess.Process:
        player = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(PLAYER), env={"PDEV_CUE": str(self.cues.address), "PATH": "/usr/bin:/bin"},
            cwd=self.folder, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert player.stdin is not None
        hello = {"role": role, "run": "r", "task": f"1-{issue}", "issue": issue, "round": 1, "attempt": attempt}
        player.stdin.write(json.dumps(hello).encode() + b"\n")
        player.stdin.close()
        self.processes.append(player)
        return player

    async def perform(self, *script: Cue, **who: Any) -> tuple[int, list[dict[str, Any]]]:
        self.cues.plays(lambda scene: script)
        return await exit_of(await self.enter(**who))


async def exit_of(player: asyncio.subprocess.Process) -> tuple[int, list[dict[str, Any]]]:
    out, _ = await player.communicate()
    assert player.returncode is not None
    return player.returncode, [json.loads(line) for line in out.splitlines()]


@pytest.fixture
async def troupe(folder: Path) -> AsyncIterator[Troupe]:
    (folder / "stage").mkdir()
    async with CueServer(folder / "cue.sock") as cues:
        troupe = Troupe(folder / "stage", cues)
        yield troupe
        for player in troupe.processes:
            if player.returncode is None:
                player.kill()
            await player.communicate()
    assert not (folder / "cue.sock").exists()


async def test_every_step_is_really_done(troupe: Troupe) -> None:
    code, told = await troupe.perform(
        edit("deep/a.txt", "one two"),
        swap("deep/a.txt", "two", "three"),
        edit("b.txt", "b"),
        delete("b.txt"),
        run("sh", "-c", "cat deep/a.txt; exit 4", expect=None),
        wait(1),
        done("All of it."),
    )
    assert code == 0
    assert (troupe.folder / "deep/a.txt").read_text() == "one three"
    assert not (troupe.folder / "b.txt").exists()
    assert told[-2]["data"] == {"code": 4, "output": "one three"}
    assert told[-1] == {"type": "result", "text": "", "data": {"summary": "All of it.", "notes": ""}}
    assert [reply.ok for reply in troupe.cues.played[0].replies] == [True] * 7


@pytest.mark.parametrize(
    ("script", "trouble"),
    [
        ((swap("a.txt", "x", "y"),), "No such file"),
        ((edit("a.txt", "a"), swap("a.txt", "x", "y")), "does not contain 'x'"),
        ((run("sh", "-c", "echo broken; exit 1"),), "broken"),
        ((delete("none"),), "No such file"),
    ],
)
async def test_a_step_that_cannot_be_done_fails_the_run_and_is_noted(
    troupe: Troupe, script: tuple[Cue, ...], trouble: str
) -> None:
    code, told = await troupe.perform(*script, done("never said"))
    assert code == 1
    assert told[-1]["type"] == "error"
    assert trouble in told[-1]["text"]
    assert len(troupe.cues.troubles) == 1


async def test_a_failing_or_dying_player_is_no_trouble(troupe: Troupe) -> None:
    assert (await troupe.perform(fail("as planned")))[0] == 1
    assert (await troupe.perform(crash()))[0] == -signal.SIGKILL
    assert troupe.cues.troubles == []


async def test_a_broken_script_fails_the_run_instead_of_hanging_it(troupe: Troupe) -> None:
    def broken(scene: Scene) -> list[Cue]:
        raise KeyError(scene.role)

    troupe.cues.plays(broken)
    code, told = await exit_of(await troupe.enter())
    assert code == 1
    assert "KeyError" in told[-1]["text"]
    assert len(troupe.cues.troubles) == 1


async def test_a_script_can_look_at_what_came_of_its_steps(troupe: Troupe) -> None:
    async def curious(scene: Scene) -> AsyncIterator[Cue]:
        yield run("sh", "-c", "echo 42; exit 3", expect=None)
        yield say(f"{scene.role} of #{scene.issue} saw {scene.last.code} {scene.last.output.strip()}")

    troupe.cues.plays(curious)
    _, told = await exit_of(await troupe.enter(issue=9))
    assert told[-1]["text"] == "developer of #9 saw 3 42"


async def test_a_held_player_waits_until_it_is_released(troupe: Troupe) -> None:
    troupe.cues.plays(lambda scene: [hold("gate"), edit("after.txt", "x"), done("ok")])
    player = await troupe.enter()
    await troupe.cues.reached("gate")
    assert not (troupe.folder / "after.txt").exists()
    assert troupe.cues.waiting("gate") == 1
    await troupe.cues.release("gate")
    assert (await exit_of(player))[0] == 0
    assert troupe.cues.waiting("gate") == 0
    assert (await troupe.perform(hold("gate"), done("no need to wait")))[0] == 0


async def test_a_barrier_opens_only_when_all_wait_at_once(troupe: Troupe) -> None:
    troupe.cues.plays(lambda scene: [barrier("meet", 3), done(str(scene.issue))])
    first, second = await troupe.enter(issue=1), await troupe.enter(issue=2)
    await troupe.cues.reached("meet", players=2)
    first.kill()  # a player that leaves no longer counts
    await first.communicate()
    third = await troupe.enter(issue=3)
    await gone_and_back(troupe)
    assert second.returncode is None
    assert third.returncode is None
    again = await troupe.enter(issue=1, attempt=2)
    assert [await exit_of(player) for player in (second, third, again)] == [
        (0, [{"type": "result", "text": "", "data": {"summary": str(issue), "notes": ""}}]) for issue in (2, 3, 1)
    ]
    assert (await exit_of(await troupe.enter(issue=4)))[0] == 0  # stays open for who comes later


async def gone_and_back(troupe: Troupe) -> None:
    """Wait until exactly the second and third player stand at the barrier."""
    while {scene.issue for scene in troupe.cues.played} != {1, 2, 3} or troupe.cues.waiting("meet") != 2:
        await troupe.cues.moved("meet")


async def test_a_player_whose_prompter_leaves_gives_up(folder: Path) -> None:
    async with CueServer(folder / "cue.sock") as cues:
        cues.plays(lambda scene: [hold("for ever")])
        player = await Troupe(folder, cues).enter()
        await cues.reached("for ever")
    assert (await exit_of(player))[0] == 3


async def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too long"):
        await CueServer(tmp_path / ("x" * 110)).__aenter__()


def test_answers_have_the_shape_that_the_roles_need() -> None:
    review = verdict("corrections_needed", Fault("Off by one.", "a.py", 3, "high"), summary="Almost.").wire()["data"]
    assert review["findings"][0]["text"] == "Off by one."
    assert fixed("F1", unfixable={"F2": "by design"}, tested="all").wire()["data"] == {
        "tested": "all",
        "notes": "",
        "fixed": [{"id": "F1", "how": "Fixed."}],
        "unfixable": [{"id": "F2", "why": "by design"}],
    }
    assert final("T", "B", tested="all").wire()["data"] == {"title": "T", "body": "B", "tested": "all"}
