"""The door in front of the simulated GitHub: every call, as the judge beside the hub knows it from GitHub."""

import asyncio
import base64
import subprocess
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis

from core.clock import ShiftedClock
from core.errors import BudgetSpent, Forbidden, InstallationSuspended, NotFound, RateLimited, Refused, SecondaryLimited
from core.github import STATS_KEY, GitHub, RepoDoor
from core.github.budget import Budget
from core.metrics import Metrics
from core.refs import RepoRef
from core.secret import Secret
from demo.hub import Hub

TEXT = base64.b64encode(b"hello\n").decode()


@pytest.fixture
async def github(hub: Hub, clock: ShiftedClock) -> AsyncIterator[GitHub]:
    async def sleep(seconds: float) -> None:
        clock.advance(seconds=seconds)

    async with aiohttp.ClientSession() as session:
        yield GitHub(
            app_id=str(hub.app_id), private_key=Secret(hub.private_key_pem), api_url=hub.api_url,
            server_url=hub.html_url, session=session, redis=None, clock=clock, sleep=sleep,
        )  # fmt: skip


@pytest.fixture
def repo(hub: Hub, github: GitHub) -> RepoDoor:
    return github.repo(hub.installation_id, RepoRef("acme", "widgets"), repo_id=hub.repo.id)


async def commit(hub: Hub, branch: str, path: str) -> str:
    """A commit on a branch, as a person makes it in the browser; its sha."""
    person = hub.as_user("developer")
    if branch != "main":
        tip = (await person.call("GET", "/git/ref/heads/main"))["object"]["sha"]
        await person.call("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": tip})
    body = {"message": f"Add {path}", "content": TEXT, "branch": branch}
    made = await person.call("PUT", f"/contents/{path}", body)
    return str(made["commit"]["sha"])


async def test_the_app_knows_itself_and_where_it_is(hub: Hub, github: GitHub) -> None:
    app = github.app()
    me = await app.me()
    assert me.bot_login == "pdev[bot]"
    assert "issues" in me.events
    (listed,) = await app.installations()
    assert listed == await app.installation(hub.installation_id)
    assert listed == await app.installation_of(RepoRef("acme", "widgets"))
    assert listed.suspended_at is None
    with pytest.raises(NotFound):
        await app.installation_of(RepoRef("acme", "nothing"))


async def test_people_have_the_role_they_have(repo: RepoDoor) -> None:
    logins = ("owner", "maintainer", "developer", "triager", "stranger", "nobody-at-all")
    assert [await repo.permission(login) for login in logins] == [
        "admin", "maintain", "write", "triage", "read", "none",
    ]  # fmt: skip
    assert (await repo.repository()).full_name == "acme/widgets"


async def test_an_issue_is_talked_about(hub: Hub, repo: RepoDoor) -> None:
    made = await hub.as_user("developer").open_issue("Mend it", "It is broken")
    await hub.as_user("maintainer").label(made.number, "bug")
    issue = await repo.issue(made.number)
    assert (issue.title, issue.label_names, issue.is_pull) == ("Mend it", ("bug",), False)
    first = await repo.create_comment(made.number, "Started")
    edited = await repo.edit_comment(first.id, "Done")
    assert edited.body == "Done"
    assert edited.user is not None
    assert edited.user.login == "pdev[bot]"
    assert [comment.id for comment in await repo.comments(made.number)] == [first.id]
    assert (await repo.comment(first.id)).body == "Done"
    once, twice = [await repo.react_to_issue(made.number, "eyes") for _ in range(2)]
    assert once.id == twice.id
    assert (await repo.react_to_comment(first.id, "rocket")).content == "rocket"


async def test_labels_come_and_go(hub: Hub, repo: RepoDoor) -> None:
    number = (await hub.as_user("developer").open_issue("Mend it")).number
    assert await repo.ensure_label("parallel-dev", "1d76db", "pdev works on it") is True
    assert await repo.ensure_label("parallel-dev", "1d76db", "pdev works on it") is False
    await repo.add_labels(number, ["parallel-dev", "bug"])
    assert {label.name for label in await repo.issue_labels(number)} == {"parallel-dev", "bug"}
    assert [issue.number for issue in await repo.issues(labels=["parallel-dev"])] == [number]
    await repo.remove_label(number, "bug")
    await repo.remove_label(number, "bug")
    events = [(e.event, e.label.name, e.actor.login) for e in await repo.timeline(number) if e.label and e.actor]
    assert events == [
        ("labeled", "parallel-dev", "pdev[bot]"), ("labeled", "bug", "pdev[bot]"), ("unlabeled", "bug", "pdev[bot]"),
    ]  # fmt: skip


async def test_relations_of_issues(hub: Hub, repo: RepoDoor) -> None:
    person = hub.as_user("maintainer")
    first, second, third = [(await person.open_issue(title)).number for title in ("one", "two", "three")]
    await person.block(second, by=first)
    await person.add_sub_issue(first, third)
    assert [issue.number for issue in await repo.blocked_by(second)] == [first]
    assert [issue.number for issue in await repo.blocking(first)] == [second]
    assert [issue.number for issue in await repo.sub_issues(first)] == [third]
    assert await repo.blocked_by(first) == []


async def test_labelled_issues_are_found_without_a_webhook(hub: Hub, github: GitHub) -> None:
    person = hub.as_user("maintainer")
    wanted = await person.open_issue("one", labels=["bug"])
    await person.open_issue("two")
    closed = await person.open_issue("three", labels=["bug"])
    await person.close(closed.number)
    found = await github.installation(hub.installation_id).search_labelled("bug")
    assert [(repository.full_name, issue.number) for repository, issue in found] == [("acme/widgets", wanted.number)]


async def test_more_than_a_page(hub: Hub, repo: RepoDoor) -> None:
    person = hub.as_user("developer")
    number = (await person.open_issue("Mend it")).number
    for index in range(101):
        await person.comment(number, f"{index}")
    assert [comment.body for comment in await repo.comments(number)] == [f"{index}" for index in range(101)]


async def test_a_pull_request_from_draft_to_ready(hub: Hub, repo: RepoDoor) -> None:
    await commit(hub, "main", "first.txt")
    sha = await commit(hub, "feature/task-7", "a.py")
    assert await repo.branch_sha("feature/task-7") == sha
    assert await repo.branch_sha("feature/task-8") is None
    assert await repo.file("a.py", "feature/task-7") == "hello\n"
    assert await repo.file("a.py") is None
    pull = await repo.create_pull("Mend it", "feature/task-7", "main", "Closes #7", True)
    assert pull.draft
    assert (pull.head.sha, pull.base.ref) == (sha, "main")
    with pytest.raises(Refused) as caught:
        await repo.create_pull("Mend it", "feature/task-7", "main", "Closes #7", True)
    assert caught.value.says("already exists")
    assert [found.number for found in await repo.pulls(head="feature/task-7")] == [pull.number]
    assert await repo.pulls(head="feature/task-8", state="all") == []
    await repo.mark_ready(pull.node_id)
    assert (await repo.pull(pull.number)).draft is False
    edited = await repo.edit_pull(pull.number, title="Mended", state="closed")
    assert (edited.title, edited.state, edited.is_merged) == ("Mended", "closed", False)
    await repo.delete_branch("feature/task-7")
    await repo.delete_branch("feature/task-7")
    assert await repo.branch_sha("feature/task-7") is None


async def test_findings_are_a_review(hub: Hub, repo: RepoDoor) -> None:
    await commit(hub, "main", "first.txt")
    sha = await commit(hub, "feature/task-7", "a.py")
    pull = await repo.create_pull("Mend it", "feature/task-7", "main", "b", False)
    comment = {"path": "a.py", "line": 1, "side": "RIGHT", "body": "Say more"}
    made = await repo.create_review(pull.number, "One finding", comments=[comment], commit_id=sha)
    (review,) = await repo.reviews(pull.number)
    assert (review.id, review.state, review.commit_id) == (made.id, "COMMENTED", sha)
    with pytest.raises(Refused):
        await repo.create_review(pull.number, "b", "REQUEST_CHANGES")


async def test_a_finding_is_answered_and_resolved(hub: Hub, repo: RepoDoor) -> None:
    await commit(hub, "main", "first.txt")
    sha = await commit(hub, "feature/task-7", "a.py")
    pull = await repo.create_pull("Mend it", "feature/task-7", "main", "b", False)
    spots = [{"path": "a.py", "line": 1, "side": "RIGHT", "body": f"Say more {n}"} for n in range(60)]
    await repo.create_review(pull.number, "Findings", comments=spots, commit_id=sha)
    found = await repo.threads(pull.number)
    assert [(thread.first.body, thread.first.by_bot) for thread in found if thread.first] == [
        (f"Say more {n}", True) for n in range(60)
    ]
    await repo.answer_thread(found[57].id, "Fixed.")
    await repo.resolve_thread(found[57].id)
    await repo.resolve_thread(found[57].id)
    thread = (await repo.threads(pull.number))[57]
    assert ([comment.body for comment in thread.comments], thread.is_resolved) == (["Say more 57", "Fixed."], True)
    await repo.resolve_thread(thread.id, resolved=False)
    assert not any(thread.is_resolved for thread in await repo.threads(pull.number))
    with pytest.raises(NotFound):
        await repo.resolve_thread("PRRT_nowhere")


async def test_reviewers_are_asked_for(hub: Hub, repo: RepoDoor) -> None:
    await commit(hub, "main", "first.txt")
    await commit(hub, "feature/task-7", "a.py")
    pull = await repo.create_pull("Mend it", "feature/task-7", "main", "b", False)
    await repo.request_reviewers(pull.number, ["maintainer"])
    with pytest.raises(Refused, match="not a collaborator"):
        await repo.request_reviewers(pull.number, ["developer", "stranger"])
    assert [person.login for person in (await repo.requested(pull.number)).users] == ["maintainer"]


async def test_a_check_run_from_start_to_end(hub: Hub, repo: RepoDoor, clock: ShiftedClock) -> None:
    sha = await commit(hub, "main", "first.txt")
    run = await repo.create_check_run(
        "pdev", sha, status="in_progress", external_id="task-7", started_at=clock.now(),
        output={"title": "Working", "summary": "…"},
    )  # fmt: skip
    await repo.create_check_run("pdev / gates", sha)
    action = {"label": "Retry", "description": "Run it again", "identifier": "retry"}
    done = await repo.update_check_run(run.id, conclusion="success", completed_at=clock.now(), actions=[action])
    assert (done.status, done.conclusion, done.external_id) == ("completed", "success", "task-7")
    assert [found.id for found in await repo.check_runs(sha, "pdev")] == [run.id]
    assert {found.name for found in await repo.check_runs(sha)} == {"pdev", "pdev / gates"}
    with pytest.raises(Refused):
        await repo.create_check_run("pdev", "0" * 40)


async def test_git_clones_with_the_token(hub: Hub, repo: RepoDoor, tmp_path: Path) -> None:
    await commit(hub, "main", "first.txt")
    basic = base64.b64encode(f"x-access-token:{(await repo.token()).reveal()}".encode()).decode()
    environ = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.extraHeader", "PATH": "/usr/bin:/bin"}
    environ["GIT_CONFIG_VALUE_0"] = f"Authorization: Basic {basic}"
    environ["HOME"] = str(tmp_path)
    command = ["git", "clone", "-q", repo.clone_url, "there"]
    await asyncio.to_thread(subprocess.run, command, cwd=tmp_path, env=environ, check=True)
    assert (tmp_path / "there" / "first.txt").read_text() == "hello\n"


async def test_a_renamed_repository_is_still_ours(hub: Hub, repo: RepoDoor) -> None:
    number = (await hub.as_user("developer").open_issue("Mend it")).number
    await hub.as_user("owner").rename_repository("gadgets")
    assert (await repo.repository()).full_name == "acme/gadgets"
    assert (await repo.create_comment(number, "Still here")).body == "Still here"
    assert [comment.body for comment in await repo.comments(number)] == ["Still here"]


async def test_a_narrow_token_can_do_no_more(hub: Hub, github: GitHub) -> None:
    number = (await hub.as_user("developer").open_issue("Mend it")).number
    hub.add_repository("secret", private=True, installed=True)
    narrow = github.repo(hub.installation_id, RepoRef("acme", "widgets"), permissions={"issues": "read"})
    assert (await narrow.issue(number)).number == number
    with pytest.raises(Forbidden):
        await narrow.create_comment(number, "no")
    elsewhere = github.repo(hub.installation_id, RepoRef("acme", "secret"), repo_id=hub.repo.id)
    with pytest.raises(NotFound):
        await elsewhere.issue(1)


async def test_a_permission_that_was_not_granted_is_named(hub: Hub, github: GitHub) -> None:
    greedy = github.repo(hub.installation_id, RepoRef("acme", "widgets"), permissions={"administration": "write"})
    with pytest.raises(Forbidden, match="administration: write"):
        await greedy.repository()


async def test_a_suspended_installation(hub: Hub, repo: RepoDoor) -> None:
    await hub.as_user("owner").suspend_app()
    with pytest.raises(InstallationSuspended):
        await repo.repository()
    await hub.as_user("owner").resume_app()
    assert (await repo.repository()).id == hub.repo.id


async def test_a_revoked_token_is_replaced(hub: Hub, repo: RepoDoor, clock: ShiftedClock) -> None:
    await repo.repository()
    token = (await repo.token()).reveal()
    async with aiohttp.ClientSession() as session:
        await session.delete(f"{hub.api_url}/installation/token", headers={"Authorization": f"Bearer {token}"})
    assert (await repo.repository()).id == hub.repo.id
    assert (await repo.token()).reveal() != token


async def test_a_day_later_everything_still_works(repo: RepoDoor, github: GitHub, clock: ShiftedClock) -> None:
    await repo.repository()
    clock.advance(days=1)
    await repo.repository()
    await github.app().me()


async def test_limits_are_told_apart(hub: Hub, repo: RepoDoor) -> None:
    await repo.repository()
    hub.secondary_limit(retry_after=5)
    await repo.repository()
    hub.secondary_limit(retry_after=300)
    with pytest.raises(SecondaryLimited):
        await repo.issues()
    hub.rate_limit()
    with pytest.raises(RateLimited):
        await repo.issues()


async def test_an_answer_that_was_lost_makes_no_second_comment(hub: Hub, repo: RepoDoor) -> None:
    number = (await hub.as_user("developer").open_issue("Mend it")).number
    hub.fail("POST", "/comments", status=502, after_effect=True)
    with pytest.raises(Exception, match="502"):
        await repo.create_comment(number, "once")
    assert len(await repo.comments(number)) == 1


async def test_lost_deliveries_are_found_and_sent_again(hub: Hub, github: GitHub, clock: ShiftedClock) -> None:
    hub.webhook_url = "http://127.0.0.1:1/nobody"
    await hub.as_user("developer").open_issue("Mend it")
    await hub.settle()
    app = github.app()
    (failed,) = await app.deliveries(since=clock.now() - timedelta(days=3))
    assert (failed.event, failed.action, failed.arrived) == ("issues", "opened", False)
    detail = await app.delivery(failed.id)
    assert detail.request.payload is not None
    assert detail.request.payload["issue"]["title"] == "Mend it"
    await app.redeliver(failed.id)
    await hub.settle()
    again = await app.deliveries(since=clock.now() - timedelta(days=3))
    assert [delivery.guid for delivery in again] == [failed.guid] * 2
    assert await app.deliveries(since=clock.now() + timedelta(hours=1)) == []


async def test_two_processes_share_budget_totals_and_githubs_wish_to_wait(
    hub: Hub, clock: ShiftedClock, redis: "Redis"
) -> None:
    number = (await hub.as_user("developer").open_issue("Mend it")).number
    metrics = Metrics()
    async with aiohttp.ClientSession() as session:

        def process(patience_s: float) -> RepoDoor:
            github = GitHub(
                app_id=str(hub.app_id), private_key=Secret(hub.private_key_pem), api_url=hub.api_url,
                server_url=hub.html_url, session=session, redis=redis, clock=clock, metrics=metrics,
                patience_s=patience_s, budget=Budget(redis, clock, writes_a_minute=4),
            )  # fmt: skip
            return github.repo(hub.installation_id, RepoRef("acme", "widgets"), repo_id=hub.repo.id)

        one, two = process(0), process(0)
        await one.create_comment(number, "a", budget="progress")
        await two.create_comment(number, "b", budget="progress")
        with pytest.raises(BudgetSpent):
            await one.create_comment(number, "c", budget="progress")
        await one.create_comment(number, "d", budget="end")
        assert [comment.body for comment in await two.comments(number)] == ["a", "b", "d"]
        hub.secondary_limit(retry_after=300)
        with pytest.raises(SecondaryLimited):
            await one.issue(number)
        with pytest.raises(SecondaryLimited):
            await two.issue(number)
        clock.advance(seconds=301)
        assert (await two.issue(number)).number == number
    totals = {name.decode(): int(value) for name, value in (await redis.hgetall(STATS_KEY)).items()}
    assert totals == {"content_writes": 3, "requests": 8}
    shown = metrics.render().decode()
    assert 'pdev_github_content_writes_total{kind="progress"} 2.0' in shown
    assert 'pdev_github_requests_total{method="GET",status="403"} 1.0' in shown
    assert "pdev_github_remaining" in shown
