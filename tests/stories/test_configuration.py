"""What the web process does about `.github/pdev.yml`: at a label, a push, a pull request, and when it is asked."""

import pytest

from core.repoconfig import PATH
from core.tasks import Needs, Reason, State, move
from demo.hub.state import CheckRun, Repository
from tests.stories.conftest import Desk, reactions

BROKEN = "review:\n  mode: stric\nmax-agents: 3\non: yes\n"
CHECK = "pdev / config"


async def push(desk: Desk, text: str | None, branch: str = "main", repo: Repository | None = None) -> str:
    """A developer's commit that says so in `pdev.yml`; its sha."""
    sha = await desk.hub.as_user("owner", repo).push(branch, {PATH: text})
    await desk.settle()
    return sha


def checks(desk: Desk, sha: str) -> list[CheckRun]:
    return [run for run in desk.hub.repo.check_runs.values() if run.name == CHECK and run.head_sha == sha]


async def changed(desk: Desk) -> int:
    return sum(event.name == "config.changed" for event in await desk.store.events())


async def test_a_task_starts_with_what_the_repository_says(desk: Desk) -> None:
    await push(desk, "review: {mode: strict}\nbranch: 'ai/{id}'\ndraft: false\nci: ready\n")
    issue = await desk.issue()
    await desk.label(issue.number)
    options = (await desk.task(issue.number)).options
    assert (options.max_rounds, options.branch_pattern, options.draft, options.ci) == (3, "ai/{id}", False, "ready")


async def test_without_a_file_visibility_decides_about_ci(desk: Desk) -> None:
    public = await desk.issue()
    await desk.label(public.number)
    desk.hub.repo.private = True
    private = await desk.issue()
    await desk.label(private.number)
    assert [(await desk.task(n)).options.ci for n in (public.number, private.number)] == ["approved", "every_push"]


async def test_a_broken_file_stops_the_start_and_the_push_that_mends_it_goes_on(desk: Desk) -> None:
    await push(desk, BROKEN)
    issue = await desk.issue()
    await desk.label(issue.number)
    task = await desk.task(issue.number)
    assert (task.state, task.needs, task.reason) == (State.WAITING_INPUT, None, Reason.CONFIG)
    for told in ("Did you mean `strict`?", "Did you mean `max_agents`?", "`on` is no key: YAML reads it as `true`"):
        assert told in task.question

    await push(desk, "review:\n  mode: strict\nmax-agents: 3\n")
    halfway = await desk.task(issue.number)
    assert halfway.state is State.WAITING_INPUT
    assert "stric`" not in halfway.question
    assert "max_agents" in halfway.question

    await push(desk, "review:\n  mode: strict\nmax_agents: 3\n")
    task = await desk.task(issue.number)
    assert (task.state, task.question, task.reason) == (State.QUEUED, "", "")


async def test_a_file_that_is_taken_away_is_mended_too(desk: Desk) -> None:
    await push(desk, BROKEN)
    issue = await desk.issue()
    await desk.label(issue.number)
    await push(desk, None)
    assert (await desk.task(issue.number)).state is State.QUEUED


async def test_what_waits_for_other_issues_waits_for_them_afterwards(desk: Desk) -> None:
    await push(desk, BROKEN)
    first, second = await desk.issue("First"), await desk.issue("Second")
    await desk.by("owner").block(second.number, by=first.number)
    await desk.label(second.number)
    assert (await desk.task(second.number)).state is State.WAITING_INPUT
    await push(desk, "max_agents: 1\n")
    assert (await desk.task(second.number)).state is State.BLOCKED


async def test_whether_to_start_at_all_is_asked_first(desk: Desk) -> None:
    await push(desk, BROKEN)
    issue = await desk.issue()
    await desk.branch("theirs")
    await desk.by("developer").open_pull("theirs", body=f"Fixes #{issue.number}")
    await desk.label(issue.number)
    assert (await desk.task(issue.number)).reason == Reason.FOREIGN_PULL


async def test_only_pushes_to_the_default_branch_that_touch_the_file_are_kept(desk: Desk) -> None:
    await push(desk, "max_agents: 3\n")
    assert await changed(desk) == 1
    await push(desk, "max_agents: 4\n", branch="elsewhere")
    await desk.by("owner").push("main", {"other.txt": "x\n"})
    await desk.settle()
    pushes = [delivery.response_body or "" for delivery in desk.hub.courier.log if delivery.event == "push"]
    assert ["will be handled" in answer for answer in pushes] == [True, False, False]
    assert await changed(desk) == 1
    assert (await desk.store.caps([desk.hub.repo.id])).cap(desk.hub.repo.id) == 3


async def test_a_change_is_told_once_and_only_when_it_changes_something(desk: Desk) -> None:
    for text, expected in (
        ("# nothing\n", 0), ("max_agents: 5\n", 0), ("max_agents: 2\n", 1), ("# words\nmax_agents: 2\n", 1),
        ("max_agents: [\n", 1), ("max_agents: 2\nci: ready\n", 2), (None, 3),
    ):  # fmt: skip
        await push(desk, text)
        assert await changed(desk) == expected, text


async def test_a_forced_push_may_have_taken_the_file_back(desk: Desk) -> None:
    owner = desk.by("owner")
    good = await push(desk, "max_agents: 3\n")
    await push(desk, "max_agents: nine\n")
    issue = await desk.issue()
    await desk.label(issue.number)
    assert (await desk.task(issue.number)).reason == Reason.CONFIG
    await owner.call("PATCH", "/git/refs/heads/main", {"sha": good, "force": True})
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.QUEUED


async def test_the_owners_file_is_a_layer_below_the_repositorys(desk: Desk) -> None:
    owners = desk.hub.add_repository(".github", installed=True)
    await push(desk, "profile: conservative\nmax_agents: 4\n", repo=owners)
    await push(desk, "review: {mode: lenient}\n")
    issue = await desk.issue()
    await desk.label(issue.number)
    options = (await desk.task(issue.number)).options
    assert (options.max_rounds, options.branch_pattern) == (2, "feature/task-{id}-safe"), "from the profile"
    assert (await desk.store.caps([desk.hub.repo.id])).cap(desk.hub.repo.id) == 4

    comment = await desk.comment(issue.number, "/pdev config", by="triager")
    assert reactions(comment) == ["+1"]
    (told,) = desk.replies(issue.number)
    lines = {line.split(" | ")[0].strip("| `"): line for line in told.splitlines() if line.startswith("| `")}
    assert "`lenient`" in lines["review.mode"]
    assert f"{desk.hub.repo.full_name}/blob/HEAD/{PATH}#L1" in lines["review.mode"]
    assert f"{desk.hub.repo.owner.login}/.github/blob/HEAD/{PATH}#L2" in lines["max_agents"]
    assert "profile `conservative`" in lines["branch"]
    assert "profile `conservative`" in lines["ci"]
    assert lines["draft"].endswith("| default |")


async def test_mending_the_owners_file_goes_on_in_all_of_its_repositories(desk: Desk) -> None:
    owners = desk.hub.add_repository(".github", installed=True)
    await push(desk, "ci: sometimes\n", repo=owners)
    issue = await desk.issue()
    await desk.label(issue.number)
    task = await desk.task(issue.number)
    assert task.reason == Reason.CONFIG
    assert ".github](" in task.question
    await push(desk, "ci: ready\n", repo=owners)
    assert (await desk.task(issue.number)).state is State.QUEUED


async def test_an_owners_repository_that_the_app_may_not_see_is_none(desk: Desk) -> None:
    hidden = desk.hub.add_repository(".github")
    await push(desk, "ci: sometimes\n", repo=hidden)
    issue = await desk.issue()
    await desk.label(issue.number)
    assert (await desk.task(issue.number)).state is State.QUEUED


async def test_config_is_answered_with_every_problem(desk: Desk) -> None:
    await push(desk, BROKEN)
    issue = await desk.issue()
    await desk.comment(issue.number, "/pdev config", by="triager")
    (told,) = desk.replies(issue.number)
    assert told.count("\n- ") == 3
    assert "no task starts or goes on here" in told


@pytest.mark.parametrize("text", ["x" * 70_000, "\xff".encode("latin-1").decode("latin-1") * 3 + ":\n\t- x"])
async def test_what_is_no_configuration_is_said(desk: Desk, text: str) -> None:
    await push(desk, text)
    issue = await desk.issue()
    await desk.label(issue.number)
    assert (await desk.task(issue.number)).reason == Reason.CONFIG


async def test_a_file_that_is_no_text_is_said(desk: Desk) -> None:
    await desk.by("owner").push("main", {PATH: b"\xff\xfe\x00"})
    await desk.settle()
    issue = await desk.issue()
    await desk.label(issue.number)
    task = await desk.task(issue.number)
    assert task.reason == Reason.CONFIG
    assert "not UTF-8" in task.question


# ── pull requests ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_pull_request_that_breaks_it_fails_and_is_mended(desk: Desk) -> None:
    broken = await push(desk, BROKEN, branch="theirs")
    assert checks(desk, broken) == []
    pull = await desk.by("developer").open_pull("theirs")
    await desk.settle()
    (run,) = checks(desk, broken)
    assert (run.status, run.conclusion, run.output.title) == ("completed", "failure", f"3 problems in {PATH}")
    assert [(note.path, note.start_line) for note in run.output.annotations] == [(PATH, 2), (PATH, 3), (PATH, 4)]

    mended = await push(desk, "review:\n  mode: strict\n", branch="theirs")
    (run,) = checks(desk, mended)
    assert (run.status, run.conclusion) == ("completed", "success")
    await desk.by("developer").close_pull(pull.issue.number)
    await desk.by("developer").reopen_pull(pull.issue.number)
    await desk.settle()
    assert len(checks(desk, mended)) == 1
    assert len(checks(desk, broken)) == 1


async def test_a_delivery_that_comes_twice_makes_one_check(desk: Desk) -> None:
    broken = await push(desk, BROKEN, branch="theirs")
    desk.hub.fail("POST", "/check-runs", status=502, after_effect=True)
    await desk.by("developer").open_pull("theirs")
    await desk.settle()
    await desk.later(600)
    assert [run.conclusion for run in checks(desk, broken)] == ["failure"]


async def test_pull_requests_that_leave_the_file_alone_get_no_check(desk: Desk) -> None:
    await push(desk, "max_agents: 3\n")
    await desk.by("developer").push("old", {"x.txt": "x\n"})
    await push(desk, "max_agents: 4\n")
    await desk.by("developer").push("new", {"y.txt": "y\n"})
    for branch in ("old", "new"):
        await desk.by("developer").open_pull(branch)
    await desk.by("developer").push("side", {PATH: "nonsense: 1\n"})
    await desk.by("developer").push("base", {"z.txt": "z\n"})
    await desk.by("developer").open_pull("side", base="base")
    await desk.settle()
    assert [run for run in desk.hub.repo.check_runs.values() if run.name == CHECK] == []


async def test_values_that_clash_with_the_owners_fail_too_but_the_owners_own_mistakes_do_not(desk: Desk) -> None:
    owners = desk.hub.add_repository(".github", installed=True)
    await push(desk, "budget: {task: {usd: 3}}\n", repo=owners)
    clash = await push(desk, "limits: {develop: {usd: 4}}\n", branch="theirs")
    await desk.by("developer").open_pull("theirs")
    await desk.settle()
    (run,) = checks(desk, clash)
    assert run.conclusion == "failure"

    await push(desk, "budget: 3\n", repo=owners)
    await desk.by("developer").rerun(run.id)
    await desk.settle()
    (run,) = checks(desk, clash)
    assert run.conclusion == "success"


async def test_needs_of_a_person_are_left_alone(desk: Desk) -> None:
    """A push that changes the configuration wakes nobody who waits for something else."""
    issue = await desk.issue()
    await desk.label(issue.number)
    running = await desk.run(issue.number)
    await desk.store.change(
        running.id, lambda t: move(t, State.WAITING_INPUT, 1, needs=Needs.ANSWER, reason=Reason.QUESTION, question="?")
    )
    await push(desk, "max_agents: 3\n")
    assert (await desk.task(issue.number)).state is State.WAITING_INPUT
