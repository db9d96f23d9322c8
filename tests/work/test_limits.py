"""GitHub's limits in the middle of a run, and several tasks that share what there is."""

import asyncio

from core.github import STATS_KEY
from core.tasks import State
from demo.player import barrier, edit, hold, progress, say, swap
from tests.work.working_desk import WorkingDesk

MEND = swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+")


async def until_limited(desk: WorkingDesk) -> None:
    async def holds() -> bool:
        return any(seen.status in (403, 429) for seen in desk.exchanges)

    await desk.until(holds, "nobody met the limit")


async def test_the_hour_is_used_up_while_an_agent_works(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(MEND, hold("gate"))
    async with desk.working():
        await desk.label(issue.number)
        await desk.agent.reached("gate")
        desk.hub.rate_limit(after=1, reset_in=3)
        await desk.agent.release("gate")
        await until_limited(desk)
        assert (await desk.task(issue.number)).state is State.RUNNING
        await desk.until_state(issue.number, State.READY)
        await desk.later(10)
        await desk.shown(issue.number)
    assert (await desk.task(issue.number)).crashes == 0


async def test_github_asks_to_slow_down(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(MEND, hold("gate"))
    async with desk.working():
        await desk.label(issue.number)
        await desk.agent.reached("gate")
        desk.hub.secondary_limit(retry_after=3)
        await desk.agent.release("gate")
        await until_limited(desk)
        await desk.until_state(issue.number, State.READY)
        await desk.later(10)
        await desk.shown(issue.number)
    assert (await desk.task(issue.number)).crashes == 0


async def test_progress_is_dropped_before_what_people_wait_for(desk: WorkingDesk) -> None:
    """Of forty writes an hour progress may use twenty; the end of the work is shown all the same."""
    issue, steps = await desk.issue(), 30
    chatter = [cue for n in range(steps) for cue in (progress(n * 3, f"step {n}"), hold(f"step {n}"))]
    desk.agent.plays(*chatter, MEND)
    async with desk.working(PDEV_WRITES_PER_MINUTE="40", PDEV_WRITES_PER_HOUR="40"):
        await desk.label(issue.number)
        for n in range(steps):
            await desk.agent.reached(f"step {n}")
            await desk.ring(issue.number, later_s=25)
            await desk.agent.release(f"step {n}")
        edits = [seen for seen in desk.exchanges if seen.method == "PATCH" and "/issues/comments/" in seen.path]
        assert 0 < len(edits) <= 20 < steps, "progress is dropped"
        await desk.until_state(issue.number, State.READY)
        await desk.shown(issue.number)
    assert "Ready" in desk.sticky(issue.number)
    assert int((await desk.redis.hgetall(STATS_KEY))[b"content_writes"]) <= 40  # type: ignore[misc]


async def test_three_players_meet(desk: WorkingDesk) -> None:
    """The barrier opens only when all three work at the same time, on two workers with two slots each."""
    issues = [await desk.issue(f"Task {n}") for n in range(3)]
    for issue in issues:
        desk.agent.plays(barrier("all", 3), edit(f"{issue.number}.txt", "x"), issue=issue.number)
    async with desk.working(workers=2, slots=2):
        for issue in issues:
            await desk.label(issue.number)
    assert {t.state for t in await desk.tasks()} == {State.READY}
    assert {t.owner for t in await desk.tasks()} == {""}


async def test_priority_goes_first_and_blocked_waits_for_the_merge(desk: WorkingDesk) -> None:
    first, low, high, blocked = [await desk.issue(title) for title in ("First", "Low", "High", "Blocked")]
    await desk.by("developer").label(high.number, "priority: high")
    await desk.by("developer").label(low.number, "priority: low")
    await desk.by("maintainer").block(blocked.number, by=high.number)
    await desk.settle()
    for issue in (first, low, high, blocked):
        desk.agent.plays(hold(f"gate {issue.number}"), edit(f"{issue.number}.txt", "x"), issue=issue.number)
    async with desk.working(slots=1):
        for issue in (first, low, high, blocked):
            await desk.label(issue.number)
        await desk.agent.reached(f"gate {first.number}")
        await desk.shown(low.number)
        await desk.shown(high.number)
        await desk.shown(blocked.number)
        assert "next in line" in desk.sticky(high.number)
        assert f"Waiting for #{high.number}" in desk.sticky(blocked.number)
        await desk.agent.release(f"gate {first.number}")
        await desk.agent.reached(f"gate {high.number}")
        assert (await desk.task(low.number)).state is State.QUEUED
        await desk.agent.release(f"gate {high.number}", f"gate {low.number}", f"gate {blocked.number}")
        await desk.until_state(low.number, State.READY)
        await desk.until_state(high.number, State.READY)
        assert (await desk.task(blocked.number)).state is State.BLOCKED
        await desk.by("maintainer").merge(desk.pr(high.number).number)
        await desk.until_state(high.number, State.MERGED)
        await desk.until_state(blocked.number, State.READY)
    worked = [scene.issue for scene in desk.agent.scenes("developer")]
    assert worked == [first.number, high.number, low.number, blocked.number]
    base = (await desk.task(blocked.number)).base_sha
    assert await desk.by("reader").read(f"{high.number}.txt", base) == "x", "it starts from what it waited for"


async def test_one_wish_among_many_sets_one_free(desk: WorkingDesk) -> None:
    """Every slot is taken; a cancel makes room for who waits."""
    issues = [await desk.issue(f"Task {n}") for n in range(3)]
    for issue in issues:
        desk.agent.plays(say("…"), hold(f"gate {issue.number}"), edit(f"{issue.number}.txt", "x"), issue=issue.number)
    async with desk.working(slots=2):
        for issue in issues:
            await desk.label(issue.number)
        one, two, three = (issue.number for issue in issues)
        await desk.agent.reached(f"gate {one}", f"gate {two}")
        await desk.shown(three)
        assert "next in line" in desk.sticky(three)
        await asyncio.gather(desk.comment(one, "/pdev cancel"), desk.comment(two, "/pdev status"))
        await desk.agent.reached(f"gate {three}")
        assert (await desk.task(one)).state is State.CANCELLED
        await desk.agent.release(f"gate {two}", f"gate {three}")
    assert [(await desk.task(n)).state for n in (one, two, three)] == [State.CANCELLED, State.READY, State.READY]
