"""Stories about one agent run: the real player in a real sandbox, told what to do line by line."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from demo.player import (
    PLAYER,
    CueServer,
    Fault,
    Scene,
    ask,
    be_deaf,
    connect,
    crash,
    done,
    edit,
    fail,
    flood,
    hand_in,
    hold,
    ignore_term,
    listen,
    plan,
    progress,
    read,
    result,
    run,
    say,
    spend,
    swap,
    verdict,
)
from jobs.agents import About, AgentEvent, Bounds, RunResult, RunSpec, RunStatus, ScriptedBackend
from jobs.agents.results import DeveloperResult, ReviewerResult
from jobs.agents.scripted import translate
from jobs.agents.watch import Tally
from jobs.sandbox import Sandbox


class Stage:
    """A worktree, a cue server and a backend; `play` runs one agent on it."""

    def __init__(self, folder: Path, sandbox: Sandbox, cues: CueServer) -> None:
        self.tree, self.home, self.cues = folder / "tree", folder / "home", cues
        self.backend = ScriptedBackend(sandbox, PLAYER, cues.address)
        self.events: list[AgentEvent] = []
        self.cancel = asyncio.Event()
        self.tree.mkdir()
        self.home.mkdir()

    async def hear(self, event: AgentEvent) -> None:
        self.events.append(event)

    async def play(self, *script: Any, answer: Any = DeveloperResult, **bounds: Any) -> RunResult[Any]:
        self.cues.plays(lambda scene: script)
        about = About(task="5-7", issue=7, round=1, attempt=1, title="Mend it")
        spec = RunSpec(
            "run-1", "developer", about, "Do it.", answer, self.tree, self.home, bounds=Bounds(**bounds)
        )  # fmt: skip
        return await self.backend.run(spec, self.hear, self.cancel)

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


@pytest.fixture
async def stage(tmp_path: Path, sandbox: Sandbox, short_folder: Path) -> AsyncIterator[Stage]:
    async with CueServer(short_folder / "cue.sock") as cues:
        yield Stage(tmp_path, sandbox, cues)


async def test_an_agent_works_and_hands_in_its_answer(stage: Stage) -> None:
    ended = await stage.play(
        plan("look", "mend"),
        edit("src/a.py", "x = 1\n"),
        swap("src/a.py", "1", "2"),
        progress(50, "testing"),
        run("python3", "-c", "import sys; print(open('src/a.py').read()); sys.exit(3)", expect=3),
        say("It works."),
        spend(tokens_in=10, tokens_out=5, usd=0.25),
        done("Mended it.", notes="Carefully."),
    )
    assert ended.status is RunStatus.OK, ended
    assert ended.answer == DeveloperResult(summary="Mended it.", notes="Carefully.")
    assert (ended.usage.total, ended.cost_usd, ended.text) == (15, 0.25, "It works.")
    assert (stage.tree / "src/a.py").read_text() == "x = 2\n"
    assert stage.kinds() == [
        "started", "plan", "file_change", "file_change", "progress", "tool_call", "tool_result", "text", "usage",
        "ended",
    ]  # fmt: skip
    assert [event.seq for event in stage.events] == list(range(1, 11))
    assert stage.events[6].data == {"code": 3, "output": "x = 2\n\n"}
    assert stage.cues.troubles == []


async def test_a_reviewer_returns_findings(stage: Stage) -> None:
    ended = await stage.play(
        verdict("corrections_needed", Fault("Off by one.", "a.py", 3, "high"), summary="Almost."), answer=ReviewerResult
    )
    assert ended.answer is not None
    assert ended.answer.verdict == "corrections_needed"
    assert [(f.text, f.file, f.line, f.severity) for f in ended.answer.findings] == [("Off by one.", "a.py", 3, "high")]


async def test_an_agent_may_end_with_a_question(stage: Stage) -> None:
    ended = await stage.play(ask("Which colour?"))
    assert (ended.status, ended.answer, ended.question) == (RunStatus.OK, None, "Which colour?")


@pytest.mark.parametrize(
    ("script", "status", "words"),
    [
        ((fail("no idea"),), RunStatus.MODEL_ERROR, "no idea"),
        ((crash(),), RunStatus.CRASHED, "137"),
        ((say("bye"),), RunStatus.BAD_OUTPUT, "nothing was handed in"),
        ((result(summary=["not", "text"]),), RunStatus.BAD_OUTPUT, "summary"),
        ((result(summary=""),), RunStatus.BAD_OUTPUT, "summary"),
        ((run("false"), done("never said")), RunStatus.MODEL_ERROR, "failed"),
        ((swap("none.py", "a", "b"), done("never said")), RunStatus.MODEL_ERROR, "No such file"),
    ],
)
async def test_an_agent_that_goes_wrong_says_how(stage: Stage, script: Any, status: RunStatus, words: str) -> None:
    ended = await stage.play(*script)
    assert ended.status is status
    assert ended.answer is None
    assert words in ended.error


BAD, GOOD = result(summary=5), done("Mended it.")


async def test_an_answer_that_does_not_fit_is_given_back(stage: Stage) -> None:
    ended = await stage.play(BAD, hand_in(["no", "object"]), GOOD)
    assert (ended.status, ended.misfits) == (RunStatus.OK, 2)
    assert ended.answer == DeveloperResult(summary="Mended it.")
    scene = stage.cues.played[0]
    assert [reply.ok for reply in scene.replies] == [False, False, True]
    assert scene.told == [
        {"type": "invalid", "left": 2,
         "errors": [{"path": "summary", "what": "is a number", "expected": "a text"}]},
        {"type": "invalid", "left": 1,
         "errors": [{"path": "answer", "what": "is a list", "expected": "one JSON object of the schema"}]},
        {"type": "accepted"},
    ]  # fmt: skip
    assert [(e.title, e.data) for e in stage.events if e.kind == "invalid"] == [
        ("summary: is a number, expected a text", {"left": 2}),
        ("answer: is a list, expected one JSON object of the schema", {"left": 1}),
    ]
    assert [event.seq for event in stage.events] == list(range(1, 1 + len(stage.events)))


async def test_the_third_answer_that_does_not_fit_ends_the_run(stage: Stage) -> None:
    ended = await stage.play(BAD, hand_in(None), BAD, hold("for ever"))
    assert (ended.status, ended.misfits, ended.answer) == (RunStatus.BAD_OUTPUT, 3, None)
    assert ended.error == "summary: is a number, expected a text"


async def test_the_last_answer_counts(stage: Stage) -> None:
    assert (await stage.play(GOOD, BAD)).status is RunStatus.BAD_OUTPUT
    assert (await stage.play(GOOD, done("Really."))).answer == DeveloperResult(summary="Really.")


@pytest.mark.parametrize(
    ("uses", "bounds", "what", "left"),
    [
        (spend(usd=0.8), {"usd": 1.0}, "usd", 0.2),
        (spend(70, 14), {"tokens": 100}, "tokens", 15),
        (spend(turns=9), {"turns": 10}, "turns", 1),
        (say("hm"), {"wall_s": 30, "near": 0.001}, "wall", 29.97),
    ],
)
async def test_an_agent_is_told_once_that_a_limit_is_near(
    stage: Stage, uses: Any, bounds: dict[str, Any], what: str, left: float
) -> None:
    ended = await stage.play(spend(1), uses, listen("near_limit"), spend(1), say("soon done"), GOOD, **bounds)
    assert ended.status is RunStatus.OK
    near = [said for said in stage.cues.played[0].told if said["type"] == "near_limit"]
    assert [said["what"] for said in near] == [what]
    assert near[0]["left"] == pytest.approx(left, abs=5 if what == "wall" else 1e-6)
    assert [event.title for event in stage.events if event.kind == "near_limit"] == [what]


async def test_a_silent_agent_is_told_that_its_time_is_nearly_over(stage: Stage) -> None:
    ended = await stage.play(listen("near_limit"), GOOD, wall_s=20, near=0.02)
    assert ended.status is RunStatus.OK


@pytest.mark.parametrize(
    ("ends", "status"), [("hand_in('done')", RunStatus.OK), ("hand_in(5); hand_in(5)", RunStatus.BAD_OUTPUT)]
)
async def test_an_agent_that_never_listens_keeps_nobody_waiting(
    stage: Stage, tmp_path: Path, ends: str, status: RunStatus
) -> None:
    """Its prompt, its notices and its verdicts are far more than a pipe holds."""
    deaf = tmp_path / "deaf.py"
    deaf.write_text(
        "import json\n"
        "def say(**words): print(json.dumps(words), flush=True)\n"
        "def hand_in(summary): say(type='result', data={'summary': summary})\n"
        "say(type='usage', tokens_in=9)\n"
        f"hand_in(5)\n{ends}\n"
    )
    backend = ScriptedBackend(stage.backend.sandbox, deaf, stage.cues.address)
    about = About(task="5-7", issue=7, round=1, attempt=1)
    bounds = Bounds(tokens=10)
    spec = RunSpec("r", "developer", about, "x" * 3_000_000, DeveloperResult, stage.tree, stage.home, bounds=bounds)
    assert (await backend.run(spec, stage.hear, stage.cancel)).status is status


async def test_an_agent_that_stops_listening_is_not_waited_for(stage: Stage) -> None:
    ended = await stage.play(be_deaf(), *(spend(1) for _ in range(3)), BAD, GOOD, tokens=3)
    assert (ended.status, ended.misfits) == (RunStatus.OK, 1)


async def test_an_agent_gets_its_prompt(stage: Stage) -> None:
    await stage.play(GOOD)
    assert stage.cues.played[0].prompt == "Do it."


async def test_cancelling_ends_a_held_agent_that_ignores_requests(stage: Stage) -> None:
    playing = asyncio.create_task(stage.play(ignore_term(), hold("gate"), done("late")))
    await stage.cues.reached("gate")
    stage.cancel.set()
    ended = await playing
    assert ended.status is RunStatus.CANCELLED
    assert stage.events[0].kind == "started"


async def test_a_silent_agent_is_ended(stage: Stage) -> None:
    assert (await stage.play(hold("for ever"), idle_s=0.3)).status is RunStatus.IDLE


async def test_an_agent_that_takes_too_long_is_ended(stage: Stage) -> None:
    assert (await stage.play(hold("for ever"), wall_s=0.3)).status is RunStatus.TIMEOUT


@pytest.mark.parametrize(
    ("bounds", "status"),
    [
        ({"usd": 0.5}, RunStatus.LIMIT_USD),
        ({"tokens": 99}, RunStatus.LIMIT_TOKENS),
        ({"turns": 1}, RunStatus.LIMIT_TURNS),
    ],
)
async def test_spending_is_limited_from_outside(stage: Stage, bounds: dict[str, Any], status: RunStatus) -> None:
    ended = await stage.play(spend(60, 40, usd=0.6, turns=2), hold("for ever"), **bounds)
    assert ended.status is status
    assert ended.usage.total == 100


@pytest.mark.parametrize("in_lines", [True, False])
async def test_a_flood_is_dammed(stage: Stage, in_lines: bool) -> None:
    ended = await stage.play(flood(3000, in_lines=in_lines), done("wet"), output=2 << 20)
    assert ended.status is RunStatus.BAD_OUTPUT
    assert "too much output" in ended.error


async def test_what_the_listener_raises_ends_the_run(stage: Stage) -> None:
    class LeaseLost(Exception):
        pass

    async def refuse(event: AgentEvent) -> None:
        if event.kind == "text":
            raise LeaseLost

    stage.hear = refuse  # type: ignore[method-assign]
    with pytest.raises(LeaseLost):
        await stage.play(say("hello"), hold("for ever"))


async def test_an_agent_reaches_neither_the_host_nor_the_network(stage: Stage, tmp_path: Path) -> None:
    if stage.backend.sandbox.mode == "none":
        pytest.skip("without a sandbox nothing is kept from the agent")
    (tmp_path / "secret").write_text("canary")
    scenes: list[Scene] = []

    def script(scene: Scene) -> list[Any]:
        scenes.append(scene)
        return [read(str(tmp_path / "secret")), read("/etc/shadow"), connect("127.0.0.1", port), done("tried")]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        stage.cues.plays(script)
        about = About(task="5-7", issue=7, round=1, attempt=1)
        spec = RunSpec("run-1", "developer", about, "", DeveloperResult, stage.tree, stage.home)
        ended = await stage.backend.run(spec, stage.hear, stage.cancel)
    assert ended.status is RunStatus.OK
    assert [reply.ok for reply in scenes[0].replies] == [False, False, False, True]


async def test_a_role_that_only_reads_cannot_write(stage: Stage) -> None:
    if stage.backend.sandbox.mode == "none":
        pytest.skip("without a sandbox nothing is kept from the agent")
    scenes: list[Scene] = []

    def script(scene: Scene) -> list[Any]:
        scenes.append(scene)
        return [run("touch", "new.txt", expect=None), done("looked")]

    stage.cues.plays(script)
    about = About(task="5-7", issue=7, round=1, attempt=1)
    for access in ("read", "edit"):
        spec = RunSpec("run-1", "reviewer", about, "", DeveloperResult, stage.tree, stage.home, access=access)
        assert (await stage.backend.run(spec, stage.hear, stage.cancel)).status is RunStatus.OK
    assert [scene.replies[0].code for scene in scenes] == [1, 0]


async def test_the_backend_says_whether_it_can_be_used(stage: Stage, tmp_path: Path) -> None:
    assert (await stage.backend.check()).usable
    nobody = ScriptedBackend(stage.backend.sandbox, PLAYER, tmp_path / "no.sock")
    assert not (await nobody.check()).usable


@pytest.mark.parametrize(
    "used",
    ['"usd":1e308', '"usd":1e999', '"usd":-5', '"turns":-1', '"tokens_in":-1', '"tokens_out":9999999999999'],
)
def test_no_agent_talks_its_ledger_away(used: str) -> None:
    """What it says it used can only ever add up: nothing taken back, nothing that no record could hold."""
    tally = Tally(usd=1.5, turns=2)
    for _ in range(2):
        tally.add(translate(f'{{"type":"usage",{used}}}'))
    assert (tally.usd, tally.turns, tally.usage.total) == (1.5, 2, 0)
