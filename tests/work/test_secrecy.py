"""A secret that an agent repeats reaches nobody: not the record, not GitHub, not the next agent."""

from core.tasks import State
from demo.player import Fault, done, edit, final, fixed, hold, plan, run, say, swap, verdict
from tests.work.working_desk import WorkingDesk

TOKEN = "ghp_canary0123456789abcdef0123456789"
MEND = swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+")


async def test_what_agents_repeat(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    fault = Fault(f"Do not use {TOKEN}.", file="textkit/slug.py", line=8, replacement=f"x = {TOKEN!r}")
    desk.agent.plays(
        plan(f"use {TOKEN}"), run("echo", TOKEN), say(f"I found {TOKEN}"), hold("said"), MEND,
        done(f"Uses {TOKEN}.", notes=TOKEN, tested=TOKEN),
    )  # fmt: skip
    desk.agent.plays(verdict("corrections_needed", fault, summary=TOKEN, remarks=[TOKEN]), role="reviewer", round=1)
    desk.agent.plays(edit("more.txt", "x\n"), fixed("F1", how=TOKEN), role="corrector")
    desk.agent.plays(
        final("fix: mend it", f"Uses {TOKEN}.", TOKEN, changelog=TOKEN, checklist={TOKEN: True}), role="finalizer"
    )
    async with desk.working():
        await desk.label(issue.number)
        await desk.agent.reached("said")

        async def is_noted() -> bool:
            return (await desk.task(issue.number)).activity == "I found [hidden]"

        await desk.until(is_noted, "what it says is not noted")
        assert [one.title for one in (await desk.task(issue.number)).milestones] == ["use [hidden]"]
        await desk.ring(issue.number, later_s=60)
        assert "I found [hidden]" in desk.sticky(issue.number)
        await desk.agent.release("said")
        await desk.until_state(issue.number, State.READY)
    assert "canary" not in repr(await desk.task(issue.number))
    assert not [one for one in desk.exchanges if "canary" in repr(one)]
    told = [scene for scene in desk.agent.cues.played if "canary" in scene.prompt]
    assert not told
