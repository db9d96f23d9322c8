"""What agents hear of what people say on the issue and the pull request, and what that costs in calls to GitHub."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from core.clock import ShiftedClock
from core.github import GitHub, RepoDoor
from core.refs import RepoRef
from core.secret import Secret
from core.tasks import Task, Trigger
from demo.hub import Hub
from demo.hub.observers import Exchange
from demo.hub.webhooks import Delivery
from jobs.bench.talk import Hearing, heard


@pytest.fixture
async def door(hub: Hub, clock: ShiftedClock, private_key_pem: str) -> AsyncIterator[RepoDoor]:
    async with aiohttp.ClientSession() as session:
        github = GitHub(
            app_id=str(hub.app_id), private_key=Secret(private_key_pem), api_url=hub.api_url,
            server_url=hub.html_url, session=session, redis=None, clock=clock, patience_s=0.1,
        )  # fmt: skip
        repo = hub.repo
        yield github.repo(hub.installation_id, RepoRef(repo.owner.login, repo.name), repo_id=repo.id)


@pytest.fixture
async def task(hub: Hub, clock: ShiftedClock) -> Task:
    """With an earlier comment, an issue 1 and a pull request 2."""
    await hub.as_user("reader").open_issue("Add a parser", "It is missing.")
    await hub.as_user("maintainer").comment(1, "Long before.")
    clock.advance(minutes=5)
    await hub.as_user("owner").push("feature/task-1", {"a.py": "1"})
    await hub.as_user("owner").open_pull("feature/task-1")
    now = clock.now_ms()
    clock.advance(minutes=1)
    return Task(
        id="1-1", installation_id=hub.installation_id, repo_id=hub.repo.id, owner_login="acme", repo="widgets", issue=1,
        session="s", trigger=Trigger(actor="maintainer", at_ms=now, delivery="d", title="A title", body=""), pr=2,
        created_ms=now, queued_ms=now,
    )  # fmt: skip


async def test_who_is_heard(hub: Hub, door: RepoDoor, task: Task) -> None:
    maintainer, developer = hub.as_user("maintainer"), hub.as_user("developer")
    told = await maintainer.comment(1, "Use JSON.")
    await hub.as_user("stranger").comment(1, "Use YAML!")
    await maintainer.comment(1, "/pdev status")
    await developer.comment(2, "/pdev answer Both.")
    await door.create_comment(1, "<!-- pdev:task:1-1 -->\n\nI am pdev.")
    await developer.comment(1, "And quickly.")
    said = await heard(door, task, Hearing())
    assert [(one.author, one.body) for one in said] == [
        ("maintainer", "Use JSON."), ("developer", "Both."), ("developer", "And quickly."),
    ]  # fmt: skip
    assert [reaction.content for reaction in told.reactions] == ["eyes"]
    assert [c.body for c in hub.repo.issues[1].comments if not c.reactions] == [
        "Long before.", "Use YAML!", "/pdev status", "<!-- pdev:task:1-1 -->\n\nI am pdev.",
    ]  # fmt: skip


async def test_every_stage_hears_and_github_is_not_asked_again(hub: Hub, door: RepoDoor, task: Task) -> None:
    for words in ("One.", "Two.", "Three."):
        await hub.as_user("maintainer").comment(1, words)
        await hub.as_user("stranger").comment(1, words)
    calls: list[str] = []

    def note(seen: Exchange | Delivery) -> None:
        if isinstance(seen, Exchange) and "/app" not in seen.path:
            calls.append(f"{seen.method} {seen.path.rsplit('/', 1)[-1].partition('?')[0]}")

    hub.observers.append(note)
    hearing = Hearing()
    stages = [[one.body for one in await heard(door, task, hearing)] for _ in range(4)]
    assert stages == [["One.", "Two.", "Three."]] * 4
    assert calls.count("GET permission") == 2
    assert calls.count("POST reactions") == 3
    assert calls.count("GET comments") == 8


async def test_a_comment_that_is_deleted_meanwhile_stops_nobody(hub: Hub, door: RepoDoor, task: Task) -> None:
    await hub.as_user("maintainer").comment(1, "Use JSON.")
    hub.fail("POST", "/reactions", status=404)
    assert [one.body for one in await heard(door, task, Hearing())] == ["Use JSON."]
