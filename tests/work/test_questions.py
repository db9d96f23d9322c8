"""An agent asks: its work is kept, its slot is free, and the answer reaches the agent that goes on."""

import asyncio
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from pydantic import BaseModel

from core.tasks import Needs, Stage, State
from demo.player import PLAYER, ask, edit, run, verdict
from jobs.agents import OnEvent, RunResult, RunSpec, ScriptedBackend
from jobs.bench.talk import spoken
from tests.stories.conftest import reactions
from tests.work.working_desk import WorkingDesk

R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True)
class Overheard(ScriptedBackend):
    """The backend, and what each agent was told."""

    prompts: list[str] = field(default_factory=list)

    async def run(self, spec: RunSpec[R], on_event: OnEvent, cancel: asyncio.Event) -> RunResult[R]:
        self.prompts.append(spec.prompt)
        return await super().run(spec, on_event, cancel)


@pytest.mark.parametrize("answer", ["ISO dates, please.", "/pdev answer ISO dates, please."])
async def test_an_answer_reaches_the_agent_that_goes_on(desk: WorkingDesk, answer: str) -> None:
    issue = await desk.issue("Show the date")
    desk.agent.plays(edit("half.txt", "half\n"), ask("Which date format?"))
    backend = Overheard(desk.sandbox, player=PLAYER, cue=desk.agent.cues.address)
    async with desk.working(backend=backend):
        await desk.label(issue.number)
        task = await desk.until_state(issue.number, State.WAITING_INPUT)
        assert (task.needs, task.question, task.stage) == (Needs.ANSWER, "Which date format?", Stage.DEVELOP)
        await desk.shown(issue.number)
        assert "> Which date format?\n\n@maintainer, please answer in a comment." in desk.sticky(issue.number)
        desk.agent.plays(run("grep", "half", "half.txt"), edit("whole.txt", "whole\n"))
        comment = await desk.comment(issue.number, answer)
        await desk.until_state(issue.number, State.READY)
    first, second = backend.prompts[:2]
    assert "Which date format?" not in first
    assert " question\nWhich date format?\n" in second
    assert " comment by maintainer\nISO dates, please.\n" in second
    assert "eyes" in reactions(comment)


async def test_what_a_reviewer_scribbles_before_asking_is_not_kept(desk: WorkingDesk) -> None:
    issue = await desk.issue("Show the date")
    desk.agent.plays(edit("date.txt", "1 May\n"))
    desk.agent.plays(run("touch", "scribble.txt", expect=None), ask("Is that date right?"), role="reviewer")
    async with desk.working():
        await desk.label(issue.number)
        asked = await desk.until_state(issue.number, State.WAITING_INPUT)
        desk.agent.plays(run("test", "!", "-e", "scribble.txt"), verdict("approved"), role="reviewer")
        await desk.comment(issue.number, "It is.")
        await desk.until_state(issue.number, State.READY)
    assert (await desk.task(issue.number)).checkpoint_sha == asked.checkpoint_sha


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("ISO dates.", "ISO dates."),
        ("ISO dates.\n/pdev pause", "ISO dates."),
        ("/pdev pause", ""),
        ("  /PDEV cancel #7", ""),
        ("/pdev answer ISO dates.", "ISO dates."),
        ("/pdev Answer: ISO dates.\n\nAnd UTC.", "ISO dates.\n\nAnd UTC."),
        ("/pdev resume\n/pdev answer ISO dates.\n/pdev status", "ISO dates."),
        ("/pdev answers", ""),
    ],
)
def test_what_a_comment_says_to_agents(body: str, words: str) -> None:
    assert spoken(body) == words
