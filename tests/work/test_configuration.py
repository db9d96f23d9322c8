"""What the workers do about `.github/pdev.yml`: it is read at each attempt, from the default branch alone."""

from core.repoconfig import PATH
from core.tasks import Needs, Reason, State
from demo.player import Fault, ask, done, hold, swap, verdict
from tests.work.working_desk import WorkingDesk

FAULT = Fault("Not yet.")
MEND = (swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+"), done("Keep the numbers."))


async def push(desk: WorkingDesk, text: str, branch: str = "main") -> None:
    await desk.by("owner").push(branch, {PATH: text})
    await desk.settle()


async def test_a_broken_file_stops_the_start_and_is_mended_by_a_push(desk: WorkingDesk) -> None:
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(*MEND)
    await desk.label(issue.number)
    desk.hub.lose_webhooks(1, "push")  # so that the worker meets it first
    await push(desk, "review:\n  mode: stric\nmax_agents: many\n")
    async with desk.working():
        waiting = await desk.until_state(issue.number, State.WAITING_INPUT)
        await desk.shown(issue.number)
        assert (waiting.reason, waiting.needs, waiting.branch, waiting.stages) == (Reason.CONFIG, None, "", ())
        told = desk.sticky(issue.number)
        assert "Did you mean `strict`?" in told
        assert f"{desk.hub.repo.full_name}/blob/HEAD/{PATH}#L3" in told
        assert desk.pulls(issue.number) == []
        await push(desk, "review:\n  mode: strict\nmax_agents: 2\n")
        ready = await desk.until_state(issue.number, State.READY)
    assert ready.options.max_rounds == 3


async def test_resume_looks_again_and_says_what_is_wrong_now(desk: WorkingDesk) -> None:
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(*MEND)
    await desk.label(issue.number)
    desk.hub.lose_webhooks(3, "push")
    await push(desk, "max_agents: 0\n")
    async with desk.working():
        first = await desk.until_state(issue.number, State.WAITING_INPUT)
        await push(desk, "max_agents: 21\n")
        await desk.comment(issue.number, "/pdev resume")

        async def told_anew() -> bool:
            task = await desk.task(issue.number)
            return task.state is State.WAITING_INPUT and "`21`" in task.question

        await desk.until(told_anew)
        assert "`0`" in first.question
        await push(desk, "max_agents: 20\n")
        await desk.comment(issue.number, "/pdev resume")
        await desk.until_state(issue.number, State.READY)


async def test_a_broken_file_does_not_let_a_task_go_on(desk: WorkingDesk) -> None:
    """What was begun waits at its next attempt, and goes on from there."""
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(ask("Which numbers?"))
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.WAITING_INPUT)
        begun = await desk.task(issue.number)
        assert begun.needs is Needs.ANSWER
        desk.agent.plays(*MEND)
        await push(desk, "draft: maybe\n")
        await desk.comment(issue.number, "/pdev answer All of them.")

        async def waits() -> bool:
            task = await desk.task(issue.number)
            return (task.state, task.reason) == (State.WAITING_INPUT, Reason.CONFIG)

        await desk.until(waits)
        await push(desk, "draft: true\n")
        ready = await desk.until_state(issue.number, State.READY)
    assert ready.branch == begun.branch


async def test_max_agents_takes_effect_without_a_restart(desk: WorkingDesk) -> None:
    await push(desk, "max_agents: 1\n")
    first, second = await desk.issue("slugify drops numbers"), await desk.issue("slugify drops dots")
    desk.agent.plays(hold("first"), *MEND, issue=first.number)
    desk.agent.plays(hold("second"), *MEND, issue=second.number)
    async with desk.working(slots=4):
        await desk.label(first.number)
        await desk.agent.reached("first")
        await desk.label(second.number)
        await desk.ring(second.number, later_s=60)
        assert (await desk.task(second.number)).state is State.QUEUED
        assert "as many agents as it may" in desk.sticky(second.number)
        await push(desk, "max_agents: 2\n")
        await desk.agent.reached("second")
        await desk.agent.release("first", "second")
        await desk.until_state(first.number, State.READY)
        await desk.until_state(second.number, State.READY)
    changes = [event.facts for event in await desk.store.events() if event.name == "config.changed"]
    assert [facts["max_agents"] for facts in changes] == ["1", "2"]


async def test_a_change_is_seen_by_the_next_attempt_even_if_its_push_was_lost(desk: WorkingDesk) -> None:
    desk.hub.lose_webhooks(1, "push")
    await push(desk, "branch: 'ai/{id}-{slug}'\nreview: {max_rounds: 1}\n")
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(*MEND)
    desk.agent.plays(verdict("corrections_needed", FAULT), role="reviewer")
    async with desk.working():
        await desk.label(issue.number)
        task = await desk.until_state(issue.number, State.WAITING_INPUT)
    assert (task.reason, task.branch) == (Reason.ROUNDS, f"ai/{issue.number}-slugify-drops-numbers")


async def test_the_tasks_own_branch_changes_nothing_for_its_run(desk: WorkingDesk) -> None:
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(ask("Which numbers?"))
    async with desk.working():
        await desk.label(issue.number)
        begun = await desk.until_state(issue.number, State.WAITING_INPUT)
        desk.agent.plays(*MEND)
        await push(desk, "review: {mode: stric}\nmax_agents: 1\n", begun.branch)
        await desk.comment(issue.number, "/pdev answer All of them.")
        ready = await desk.until_state(issue.number, State.READY)
        await desk.shown(issue.number)
    assert ready.options == begun.options
    assert (await desk.store.caps([desk.hub.repo.id])).of == {desk.hub.repo.id: 5}


async def test_a_link_in_its_place_is_not_followed(desk: WorkingDesk) -> None:
    """The API answers with what a link points to; the worker looks at what stands there."""
    issue = await desk.issue("slugify drops numbers")
    await desk.label(issue.number)
    owner = desk.by("owner")
    head = await owner.call("GET", "/git/ref/heads/main")
    tree = await owner.call("POST", "/git/trees", {
        "base_tree": head["object"]["sha"],
        "tree": [{"path": PATH, "mode": "120000", "type": "blob", "content": "../README.md"}],
    })  # fmt: skip
    commit = {"message": "Link", "tree": tree["sha"], "parents": [head["object"]["sha"]]}
    made = await owner.call("POST", "/git/commits", commit)
    desk.hub.lose_webhooks(1, "push")
    await owner.call("PATCH", "/git/refs/heads/main", {"sha": made["sha"]})
    async with desk.working():
        task = await desk.until_state(issue.number, State.WAITING_INPUT)
        await desk.shown(issue.number)
    assert "it is a link or a folder" in task.question
