"""For each value of `ci`: no event names a commit of agents, and no ref but pdev's own holds one, before it may be so.

Looked at while an agent works in every stage of two rounds, after every way to stop, and around a worker's death.
"""

import pytest

from core.tasks import Needs, Stage, State
from demo.hub.check_changes import press
from demo.player import Cue, Fault, ask, crash, edit, fail, fixed, hold, run, verdict
from tests.work.code_watch import CodeWatch
from tests.work.working_desk import WorkingDesk

AT = ("developer 1", "reviewer 1", "corrector 1", "reviewer 2", "finalizer 2")
FAULT = Fault(type="logic", severity="high", text="Say why.", file="agent.txt", line=1)


@pytest.fixture
def watch(desk: WorkingDesk) -> CodeWatch:
    return CodeWatch(desk)


def two_rounds(desk: WorkingDesk, *, holds: bool = True) -> None:
    """Every agent stands still once it has done its part, those that may change nothing as well."""

    def at(name: str) -> tuple[Cue, ...]:
        return (hold(name),) if holds else ()

    desk.agent.plays(edit("agent.txt", "one\n"), *at("developer 1"))
    scribble = run("touch", "scribble.txt", expect=None)
    answer = verdict("corrections_needed", FAULT)
    desk.agent.plays(scribble, *at("reviewer 1"), answer, role="reviewer", round=1)
    desk.agent.plays(edit("agent.txt", "two\n"), *at("corrector 1"), fixed("F1"), role="corrector")
    desk.agent.plays(scribble, *at("reviewer 2"), verdict("approved"), role="reviewer", round=2)
    desk.agent.plays(scribble, *at("finalizer 2"), role="finalizer")


async def approve(desk: WorkingDesk, number: int, how: str) -> None:
    if how == "command":
        await desk.comment(number, "/pdev approve", by="developer")
        return
    run = await desk.check(number, "pdev")
    await press(desk.hub, desk.hub.repo, run, run.actions[0].identifier, desk.by("developer").caller)
    await desk.settle()


@pytest.mark.parametrize(
    ("ci", "how", "counts"),
    [
        ("every_push", "", {"reviewer 1": 1, "corrector 1": 1, "reviewer 2": 2, "finalizer 2": 2}),
        ("ready", "", {"finalizer 2": 2}),
        ("approved", "command", {"finalizer 2": 2}),
        ("approved", "button", {"finalizer 2": 2}),
    ],
)
async def test_what_is_out_while_each_agent_works(
    desk: WorkingDesk, watch: CodeWatch, ci: str, how: str, counts: dict[str, int]
) -> None:
    """A push names each of its commits, so the two rounds leave together where they had to wait."""
    two_rounds(desk)
    number = await watch.begin(ci)
    async with desk.working():
        for name in AT:
            if how and name == "finalizer 2":
                waits = await desk.until_state(number, State.WAITING_INPUT)
                await desk.shown(number)
                assert (waits.needs, await watch.out()) == (Needs.APPROVAL, set())
                await approve(desk, number, how)
            await desk.agent.reached(name)
            await desk.settle()
            assert len(await watch.out()) == counts.get(name, 0), name
            await desk.agent.release(name)
    task = await desk.task(number)
    assert task.state is State.READY
    assert task.head_sha == task.checkpoint_sha
    assert task.head_sha in await watch.out()
    assert len(await watch.out()) == 2
    assert await desk.changed(number) == ["agent.txt"]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("ci", ["ready", "approved"])
async def test_nothing_leaves_around_a_workers_death(desk: WorkingDesk, watch: CodeWatch, ci: str) -> None:
    """The one that goes on finds the checkpoint, and must not take it for something that may be published."""
    two_rounds(desk)
    number = await watch.begin(ci)
    async with desk.processes("one", "two") as crew:
        for name in AT[:4]:
            await desk.agent.reached(name)
            assert await watch.out() == set(), name
            if name == "corrector 1":
                task = await desk.task(number)
                await crew.kill(task.owner)

                async def is_taken_over(epoch: int = task.epoch) -> bool:
                    now = await desk.task(number)
                    return now.epoch > epoch and now.state is State.RUNNING

                await desk.until(is_taken_over, "nobody goes on")
                assert await watch.out() == set()
            await desk.agent.release(name)
        if ci == "approved":
            await desk.until_state(number, State.WAITING_INPUT)
            await desk.shown(number)
            assert await watch.out() == set()
            await approve(desk, number, "command")
        await desk.agent.release("finalizer 2")
        await desk.until_state(number, State.READY)
    assert len(await watch.out()) == 2
    assert [run.attempts for run in (await desk.task(number)).stages if run.stage is Stage.CORRECT] == [2]


STOPS: dict[str, tuple[tuple[Cue, ...], State]] = {
    "question": ((ask("Which?"),), State.WAITING_INPUT),
    "gives up": ((fail("It is too hard."),), State.FAILED),
    "pause": ((hold("gate"),), State.PAUSED),
    "cancel": ((hold("gate"),), State.CANCELLED),
}


@pytest.mark.parametrize("ci", ["every_push", "ready", "approved"])
@pytest.mark.parametrize("stop", STOPS)
async def test_unfinished_work_stays_outside_of_every_branch(
    desk: WorkingDesk, watch: CodeWatch, ci: str, stop: str
) -> None:
    """Whatever `ci` allows: the branch receives what a stage has finished."""
    cues, state = STOPS[stop]
    desk.agent.plays(edit("agent.txt", "half\n"), *cues)
    number = await watch.begin(ci)
    async with desk.working():
        if stop in {"pause", "cancel"}:
            await desk.agent.reached("gate")
            await desk.comment(number, f"/pdev {stop}")
        await desk.until_state(number, state)
    assert await watch.out() == set()
    assert await desk.wip(number, "agent.txt") == "half\n"


@pytest.mark.parametrize("ci", ["every_push", "ready", "approved"])
async def test_what_a_dying_agent_leaves_stays_outside_too(desk: WorkingDesk, watch: CodeWatch, ci: str) -> None:
    desk.agent.plays(edit("agent.txt", "half\n"), crash(), attempt=1)
    desk.agent.plays(hold("again"), edit("agent.txt", "whole\n"), attempt=2)
    desk.agent.plays(hold("reviewing"), role="reviewer")
    await watch.begin(ci)
    async with desk.working():
        await desk.agent.reached("again")
        assert await watch.out() == set()
        await desk.agent.release("again")
        await desk.agent.reached("reviewing")
        assert len(await watch.out()) == (1 if ci == "every_push" else 0)
        await desk.agent.release("reviewing")


@pytest.mark.parametrize("ci", ["ready", "approved"])
async def test_a_later_round_needs_its_own_leave(desk: WorkingDesk, watch: CodeWatch, ci: str) -> None:
    """What a person has approved, or a reviewer, was another commit."""
    desk.agent.plays(edit("agent.txt", "one\n"))
    number = await watch.begin(ci)
    async with desk.working():
        if ci == "approved":
            await desk.until_state(number, State.WAITING_INPUT)
            await approve(desk, number, "command")
        await desk.until_state(number, State.READY)
    first = await watch.out()
    assert len(first) == 1
    two_rounds(desk)
    desk.agent.plays(hold("reviewer 2"), verdict("corrections_needed", FAULT), role="reviewer", round=2)
    desk.agent.plays(hold("reviewer 3"), verdict("approved"), role="reviewer", round=3)
    desk.agent.plays(hold("finalizer 3"), role="finalizer")
    async with desk.working():
        await desk.comment(number, "/pdev resume")
        for name in ("reviewer 2", "corrector 1", "reviewer 3"):
            await desk.agent.reached(name)
            assert await watch.out() == first, name
            await desk.agent.release(name)
        if ci == "approved":
            waits = await desk.until_state(number, State.WAITING_INPUT)
            assert (waits.needs, await watch.out()) == (Needs.APPROVAL, first)
            assert waits.approved_sha in first
            await approve(desk, number, "command")
        await desk.agent.reached("finalizer 3")
        assert len(await watch.out()) == 2
        await desk.agent.release("finalizer 3")
    assert (await desk.task(number)).state is State.READY
