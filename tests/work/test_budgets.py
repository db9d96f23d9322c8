"""What agents may cost: stopped at a bound with their work kept, told how to grant more, and going on with it."""

import asyncio
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from core.tasks import Exhausted, PausedBy, Reason, Scope, State
from demo.player import PLAYER, edit, hold, run, spend, swap
from jobs.agents import AgentEvent, OnEvent, RunResult, RunSpec, ScriptedBackend
from jobs.agents.contract import Cap
from jobs.agents.results import Answer
from tests.stories.conftest import reactions
from tests.work.working_desk import WorkingDesk

pytestmark = pytest.mark.timeout(120)

MEND = swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+")


@dataclass(frozen=True)
class Seen(ScriptedBackend):
    """The backend, and what happened in its runs."""

    events: list[AgentEvent] = field(default_factory=list)

    async def run(self, spec: RunSpec[Answer], on_event: OnEvent, cancel: asyncio.Event) -> RunResult[Answer]:
        async def seen(event: AgentEvent) -> None:
            self.events.append(event)
            await on_event(event)

        return await super().run(spec, seen, cancel)


@dataclass(frozen=True)
class Unpriced(ScriptedBackend):
    """A backend whose model's price nobody knows."""

    caps: ClassVar[frozenset[Cap]] = frozenset({"schema"})


async def test_the_task_budget_is_spent_and_a_grant_goes_on(desk: WorkingDesk) -> None:
    await desk.configure("budget: {task: {usd: 2}}")
    issue = await desk.issue()
    desk.agent.plays(edit("half.txt", "half\n"), spend(tokens_in=900, usd=2.5), hold("for ever"), attempt=1)
    desk.agent.plays(run("grep", "half", "half.txt"), MEND, spend(tokens_in=50, usd=0.25), attempt=2)
    async with desk.working():
        await desk.label(issue.number)
        task = await desk.until_state(issue.number, State.PAUSED)
        assert (task.paused_by, task.reason) == (PausedBy.BUDGET, Reason.BUDGET)
        assert task.exhausted
        assert (task.exhausted.scope, task.exhausted.spent) == (Scope.TASK, 2.5)
        assert (task.cost.usd, task.stages[0].cost.usd, task.stages[0].outcome) == (2.5, 2.5, "paused")
        assert await desk.wip(issue.number, "half.txt") == "half\n"
        await desk.shown(issue.number)
        assert "Paused, this task's budget is spent" in desk.sticky(issue.number)
        assert "This task has spent $2.50; it may spend $2.00." in desk.sticky(issue.number)
        assert "/pdev budget +5usd" in desk.sticky(issue.number)
        assert (await desk.check(issue.number, "pdev")).conclusion == "action_required"

        comment = await desk.comment(issue.number, "/pdev resume")
        assert reactions(comment) == ["confused"]
        assert "nothing has changed" in desk.replies(issue.number)[-1]
        comment = await desk.comment(issue.number, "/pdev budget +0.25usd")
        assert "cannot go on yet" in desk.replies(issue.number)[-1]
        assert (await desk.task(issue.number)).state is State.PAUSED
        comment = await desk.comment(issue.number, "/pdev budget +1usd")
        assert reactions(comment) == ["+1"]
        await desk.until_state(issue.number, State.READY)
    task = await desk.task(issue.number)
    assert (task.granted.usd, task.cost.usd, task.stages[0].attempts) == (1.25, 2.75, 2)


async def test_a_budget_in_tokens(desk: WorkingDesk) -> None:
    await desk.configure("budget: {task: {tokens: 1000}}")
    issue = await desk.issue()
    desk.agent.plays(spend(tokens_in=900, tokens_out=200), hold("for ever"), attempt=1)
    desk.agent.plays(MEND, spend(tokens_in=10), attempt=2)
    async with desk.working():
        await desk.label(issue.number)
        task = await desk.until_state(issue.number, State.PAUSED)
        assert task.exhausted == Exhausted(scope=Scope.TASK, kind="tokens", spent=1100, cap=1000)
        await desk.comment(issue.number, "/pdev budget +1ktokens")
        assert "1,000 tokens more are granted to it; it goes on" in desk.replies(issue.number)[-1]
        await desk.until_state(issue.number, State.READY)
        await desk.shown(issue.number)
    assert "1,110 of 2,000 tokens" in desk.sticky(issue.number)


async def test_an_agent_is_told_that_its_budget_is_nearly_used(desk: WorkingDesk) -> None:
    await desk.configure("budget: {task: {usd: 1}}")
    issue = await desk.issue()
    desk.agent.plays(spend(usd=0.9), MEND)
    backend = Seen(desk.sandbox, player=PLAYER, cue=desk.agent.cues.address)
    async with desk.working(backend=backend):
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    told = [event for event in backend.events if event.kind == "near_limit"]
    assert told
    assert told[0].title == "usd"


async def test_an_agent_that_takes_too_many_turns(desk: WorkingDesk) -> None:
    """A stage's own cap: a person who lets it go on allows as much once more."""
    await desk.configure("limits: {develop: {turns: 3}}")
    issue = await desk.issue()
    desk.agent.plays(edit("half.txt", "half"), spend(turns=4), hold("for ever"), attempt=1)
    desk.agent.plays(MEND, spend(turns=2), attempt=2)
    async with desk.working():
        await desk.label(issue.number)
        task = await desk.until_state(issue.number, State.PAUSED)
        assert task.exhausted == Exhausted(scope=Scope.STAGE, kind="turns", spent=4, cap=3)
        await desk.shown(issue.number)
        assert "The agent has taken 4 turns; its stage may take 3 turns." in desk.sticky(issue.number)
        await desk.comment(issue.number, "/pdev resume")
        await desk.until_state(issue.number, State.READY)
    assert (await desk.task(issue.number)).stages[0].allowed == 2


async def test_a_repository_s_day_stops_several_and_midnight_lets_them_go_on(desk: WorkingDesk) -> None:
    await desk.configure("budget: {repository_day: {usd: 3}}")
    issues = [await desk.issue(f"Task {n}") for n in range(3)]
    one, two, three = (issue.number for issue in issues)
    for number in (one, two):
        desk.agent.plays(hold(f"gate {number}"), spend(usd=2), hold("for ever"), issue=number, attempt=1)
        desk.agent.plays(edit(f"{number}.txt", "x"), issue=number, attempt=2)
    desk.agent.plays(edit(f"{three}.txt", "x"), issue=three)
    async with desk.working(slots=2):
        for number in (one, two):
            await desk.label(number)
        await desk.agent.reached(f"gate {one}", f"gate {two}")
        await desk.agent.release(f"gate {one}")
        await desk.label(three)
        await desk.agent.release(f"gate {two}")
        stopped = await desk.until_state(two, State.PAUSED)
        assert stopped.exhausted
        assert stopped.exhausted.scope is Scope.REPOSITORY_DAY

        await desk.comment(one, "/pdev pause")  # it is silent: its next report would have stopped it
        await desk.ring(three, later_s=60)
        assert "Queued, the repository's budget for today is spent" in desk.sticky(three)
        assert (await desk.task(three)).state is State.QUEUED
        desk.clock.advance(hours=24)
        await desk.until_state(two, State.READY)
        await desk.until_state(three, State.READY)
        assert (await desk.task(one)).paused_by is PausedBy.PERSON


async def test_what_the_operator_allows_in_a_day_is_not_raised_by_comments(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(spend(usd=2), hold("for ever"), attempt=1)
    desk.agent.plays(MEND, attempt=2)
    async with desk.working(PDEV_BUDGET_OWNER_DAY_USD="1.5", PDEV_BUDGET_SERVER_DAY_TOKENS="1000000"):
        await desk.label(issue.number)
        task = await desk.until_state(issue.number, State.PAUSED)
        assert task.exhausted
        assert task.exhausted.scope is Scope.OWNER_DAY
        await desk.comment(issue.number, "/pdev budget +5usd")
        said = desk.replies(issue.number)[-1]
        assert "granted to it, but it cannot go on yet: the owner's budget for today is spent." in said
        assert "Only whoever runs pdev can raise that budget" in said
        assert "1.5" not in said + desk.sticky(issue.number), "what others spend is nobody's business here"
        assert (await desk.task(issue.number)).state is State.PAUSED
        desk.clock.advance(hours=24)
        await desk.until_state(issue.number, State.READY)


async def test_a_grant_to_the_session_sets_all_its_tasks_free(desk: WorkingDesk) -> None:
    await desk.configure("budget: {task: {usd: 3}, session: {usd: 4}}")
    one, two, three = [(await desk.issue(f"Task {n}")).number for n in range(3)]
    desk.agent.plays(edit("1.txt", "x"), spend(usd=2.5), hold("gate"), issue=one)
    desk.agent.plays(spend(usd=2.5), hold("for ever"), issue=two, attempt=1)
    desk.agent.plays(edit("2.txt", "x"), issue=two, attempt=2)
    desk.agent.plays(edit("3.txt", "x"), issue=three)
    async with desk.working(slots=1):
        await desk.label(one)
        await desk.agent.reached("gate")
        await desk.label(two)
        await desk.agent.release("gate")
        stopped = await desk.until_state(two, State.PAUSED)
        assert stopped.exhausted == Exhausted(scope=Scope.SESSION, kind="usd", spent=5, cap=4)
        await desk.label(three)
        await desk.shown(three)
        assert (await desk.task(three)).state is State.QUEUED
        assert "Queued, the session's budget is spent" in desk.sticky(three)
        await desk.comment(three, "/pdev budget +4usd")
        assert "$4.00 more is granted to its session." in desk.replies(three)[-1]
        for number in (one, two, three):
            await desk.until_state(number, State.READY)
    assert (await desk.task(three)).granted.usd == 0


async def test_a_grant_while_the_agent_works_counts_at_once(desk: WorkingDesk) -> None:
    await desk.configure("budget: {task: {usd: 1}}")
    issue = await desk.issue()
    desk.agent.plays(edit("half.txt", "half"), hold("gate"), spend(usd=1.5), hold("for ever"), attempt=1)
    desk.agent.plays(run("grep", "half", "half.txt"), MEND, attempt=2)
    async with desk.working():
        await desk.label(issue.number)
        await desk.agent.reached("gate")
        await desk.comment(issue.number, "/pdev budget +1usd")
        await desk.agent.release("gate")
        task = await desk.until_state(issue.number, State.READY, State.PAUSED)
    assert task.state is State.READY, "it goes on from its checkpoint and asks nobody"


async def test_a_pause_by_a_person_outlives_midnight(desk: WorkingDesk) -> None:
    await desk.configure("budget: {repository_day: {usd: 1}}")
    issue = await desk.issue()
    desk.agent.plays(spend(usd=2), hold("for ever"))
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.PAUSED)
        await desk.comment(issue.number, "/pdev pause")
        task = await desk.task(issue.number)
        assert (task.paused_by, task.reason) == (PausedBy.PERSON, "by:maintainer")
        desk.clock.advance(hours=24)
        await desk.rest()
        assert (await desk.task(issue.number)).state is State.PAUSED


@pytest.mark.parametrize(
    ("said", "by", "answer"),
    [
        ("/pdev budget +0usd", "maintainer", "`+0usd` is no amount that can be granted"),
        ("/pdev budget +1e9usd", "maintainer", "`+1e9usd` is no amount that can be granted"),
        ("/pdev budget -5usd", "maintainer", "`-5usd` is no amount that can be granted"),
        ("/pdev budget +5usd", "triager", "only people with push rights can have pdev do `/pdev budget` here"),
        ("/pdev budget +5ktokens", "maintainer", "changes nothing here: no budget in tokens stops it"),
    ],
)
async def test_what_is_granted_by_nobody(desk: WorkingDesk, said: str, by: str, answer: str) -> None:
    await desk.configure("budget: {task: {usd: 1}}")
    issue = await desk.issue()
    desk.agent.plays(spend(usd=2), hold("for ever"))
    async with desk.working():
        await desk.label(issue.number)
        before = await desk.until_state(issue.number, State.PAUSED)
        comment = await desk.comment(issue.number, said, by=by)
        assert answer in desk.replies(issue.number)[-1]
        assert reactions(comment) == ["confused"]
        after = await desk.task(issue.number)
        assert (after.state, after.granted) == (State.PAUSED, before.granted)


async def test_a_model_without_a_price_needs_a_bound_in_tokens(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(MEND, spend(tokens_in=50))
    async with desk.working(backend=Unpriced(desk.sandbox, player=PLAYER, cue=desk.agent.cues.address)):
        await desk.label(issue.number)
        task = await desk.until_state(issue.number, State.PAUSED)
        assert (task.reason, task.paused_by) == (Reason.NO_PRICE, PausedBy.BUDGET)
        assert desk.agent.scenes("developer") == [], "nothing was spent before somebody could stop it"
        await desk.comment(issue.number, "/pdev budget +5usd")
        assert (await desk.task(issue.number)).state is State.PAUSED
        await desk.comment(issue.number, "/pdev budget +200ktokens")
        await desk.until_state(issue.number, State.READY)


async def test_cost_is_charged_once_although_a_worker_dies(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(spend(tokens_in=100, usd=0.5), edit("half.txt", "x"), hold("gate"), attempt=1)
    desk.agent.plays(MEND, spend(tokens_in=10, usd=0.25), attempt=2)
    async with desk.processes("one") as crew:
        await desk.label(issue.number)
        await desk.agent.reached("gate")

        async def is_charged() -> bool:
            return (await desk.store.spending(await desk.task(issue.number)))[Scope.TASK].usd == 0.5

        await desk.until(is_charged, "it is not charged while the agent works")
        await crew.kill("one")
        await desk.until_state(issue.number, State.READY)
    task = await desk.task(issue.number)
    assert (task.cost.usd, task.cost.tokens, task.crashes) == (0.75, 110, 0)
    assert (task.stages[0].cost.usd, task.stages[0].attempts) == (0.75, 2)
    for scope, spent in (await desk.store.spending(task)).items():
        assert scope is Scope.STAGE or (spent.usd, spent.tokens) == (0.75, 110), scope
