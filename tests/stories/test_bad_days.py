"""Days when GitHub is away, limits are reached, deliveries come twice or never, processes die."""

from typing import Any

import msgspec
import pytest

from bot.inbox import MAX_TRIES, PATIENT_MS
from core.deliveries import Delivery
from core.tasks import State, Wish, move
from tests.stories.conftest import LABEL, Desk, reactions


async def test_a_delivery_that_comes_twice_counts_once(desk: Desk) -> None:
    issue = await desk.issue()
    desk.hub.repeat_webhooks(times=1, event="issues")
    await desk.label(issue.number)
    sent = [one for one in desk.hub.deliveries if one.action == "labeled"]
    assert len(sent) == 2
    assert "Already seen" in (sent[-1].response_body or "")
    assert len(await desk.tasks()) == 1
    assert desk.eyes(issue.number) == 1


async def test_every_answer_explains_itself(desk: Desk) -> None:
    """GitHub shows it under "Recent deliveries"."""
    issue = await desk.issue()
    await desk.by("maintainer").label(issue.number, "bug")
    await desk.comment(issue.number, "Nice weather")
    answers = {f"{one.event}.{one.action}": (one.status_code, one.response_body) for one in desk.hub.deliveries}
    assert answers["issues.opened"] == (202, "Nothing to do for issues.opened: pdev does not use this event.\n")
    assert "neither parallel-dev" in str(answers["issues.labeled"])
    assert "the comment holds no command" in str(answers["issue_comment.created"])
    assert await desk.redis.keys("pdev:guid:*") == [], "what nobody owns is not stored"


async def test_label_and_cancel_in_one_burst_with_two_webs_one_of_them_slow(desk: Desk) -> None:
    """The cancel is behind the label in its line, whichever process has which, however slow it is."""
    await desk.open_web()
    issues = [await desk.issue(str(n)) for n in range(6)]
    desk.hub.slow(f"/issues/{issues[0].number}", seconds=0.3, times=1)
    for n, issue in enumerate(issues):
        desk.hub.webhook_url = desk.webs[n % 2].url
        await desk.by("maintainer").label(issue.number, LABEL)
        await desk.hub.settle()
        desk.hub.webhook_url = desk.webs[(n + 1) % 2].url
        await desk.by("maintainer").comment(issue.number, "/pdev cancel")
    await desk.settle()
    for issue in issues:
        assert (await desk.task(issue.number)).state is State.CANCELLED
        assert desk.replies(issue.number) == []
        assert desk.eyes(issue.number) == 1


async def test_one_slow_issue_holds_up_no_other(desk: Desk) -> None:
    slow, other = await desk.issue("slow"), await desk.issue("other")
    desk.hub.slow(f"/issues/{slow.number}", seconds=1.0, times=1)
    await desk.by("maintainer").label(slow.number, LABEL)
    await desk.by("maintainer").label(other.number, LABEL)

    async def other_is_done() -> bool:
        return desk.eyes(other.number) == 1

    await desk.until(other_is_done)
    assert desk.eyes(slow.number) == 0
    await desk.settle()
    assert desk.eyes(slow.number) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/issues/1"),
        ("GET", "/permission"),
        ("GET", "/blocked_by"),
        ("POST", "/reactions"),
        ("POST", "/access_tokens"),
    ],
)
async def test_github_is_away(desk: Desk, method: str, path: str) -> None:
    """502 for longer than one try has patience; the delivery waits and is handled later, once."""
    issue = await desk.issue()
    desk.hub.fail(method, path, status=502, times=1_000)
    await desk.label(issue.number)
    assert desk.eyes(issue.number) == 0
    assert await desk.inbox.size() == 1
    desk.hub.faults.planned.clear()
    await desk.later(seconds=120)
    assert (await desk.task(issue.number)).state is State.QUEUED
    assert desk.eyes(issue.number) == 1
    assert len(await desk.tasks()) == 1


async def test_an_answer_that_was_lost_is_not_given_twice(desk: Desk) -> None:
    """The comment was written, and the connection broke: the next try finds it by its marker."""
    issue = await desk.issue()
    desk.hub.fail("POST", f"/issues/{issue.number}/comments", status=502, times=1, after_effect=True)
    comment = await desk.comment(issue.number, "/pdev help")
    assert len(desk.replies(issue.number)) == 1
    await desk.later(seconds=120)
    assert len(desk.replies(issue.number)) == 1
    assert reactions(comment) == ["+1"]


async def test_a_command_whose_answer_failed_is_not_called_a_repetition(desk: Desk) -> None:
    here, there = await desk.issue("1"), await desk.issue("2")
    await desk.label(there.number)
    desk.hub.fail("POST", f"/issues/{here.number}/comments", status=502, times=1)
    await desk.comment(here.number, f"/pdev cancel #{there.number}")
    assert (await desk.task(there.number)).state is State.CANCELLED
    await desk.later(seconds=120)
    assert desk.replies(here.number) == [f"#{there.number} is now cancelled."]


async def test_a_secondary_limit_is_waited_out(desk: Desk) -> None:
    issue = await desk.issue()
    desk.hub.secondary_limit(retry_after=60)
    await desk.label(issue.number)
    assert await desk.inbox.size() == 1
    await desk.later(seconds=61)
    assert desk.eyes(issue.number) == 1


async def test_the_hour_is_used_up(desk: Desk) -> None:
    issue = await desk.issue()
    desk.hub.rate_limit(after=0, reset_in=600)
    await desk.label(issue.number)
    assert await desk.inbox.size() == 1
    await desk.later(seconds=700)
    assert desk.eyes(issue.number) == 1


async def test_what_github_refuses_is_not_tried_for_ever(desk: Desk) -> None:
    """422 does not pass by waiting: the task is there, only the reaction is missing."""
    issue = await desk.issue()
    desk.hub.fail("POST", "/reactions", status=422, times=10)
    await desk.label(issue.number)
    assert (await desk.task(issue.number)).state is State.QUEUED
    assert await desk.inbox.size() == 0
    desk.hub.faults.planned.clear()


async def test_a_missing_permission_is_not_tried_for_ever(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.by("owner").grant(
        issues="read", metadata="read", contents="write", checks="write", pull_requests="write"
    )
    await desk.label(issue.number)
    assert await desk.inbox.size() == 0
    assert await desk.tasks() == []


async def test_a_bad_signature_changes_nothing(desk: Desk) -> None:
    issue = await desk.issue()
    desk.hub.hold_webhooks()
    await desk.by("maintainer").label(issue.number, LABEL)
    forged = desk.hub.courier.held[0]
    desk.hub.app.hook.secret = "somebody-elses"
    await desk.hub.release_webhooks()
    assert (forged.status_code, await desk.inbox.size()) == (401, 0)
    assert "WEBHOOK_SECRET" in (forged.response_body or "")
    assert await desk.tasks() == []


async def test_a_lost_delivery_found_by_the_sweep_is_judged_alike(desk: Desk) -> None:
    """The sweep writes what GitHub would have sent, with the person from the timeline as its sender."""
    allowed, refused = await desk.issue("1"), await desk.issue("2")
    desk.hub.lose_webhooks(times=2, event="issues")
    await desk.label(allowed.number, by="maintainer")
    await desk.label(refused.number, by="triager")
    assert await desk.tasks() == []
    for issue, login in ((allowed, "maintainer"), (refused, "triager")):
        await desk.inbox.append(swept(desk, issue.number, login))
    await desk.settle()
    (task,) = await desk.tasks()
    assert (task.issue, task.trigger.actor) == (allowed.number, "maintainer")
    assert desk.eyes(allowed.number) == 1
    assert desk.replies(refused.number)[0].startswith("@triager, only people with push rights")


async def test_a_label_that_comes_after_the_sweep_found_it(desk: Desk) -> None:
    """Late by minutes, it must not undo what people did meanwhile."""
    issue = await desk.issue()
    desk.hub.hold_webhooks()
    await desk.by("maintainer").label(issue.number, LABEL)
    late = desk.hub.courier.held.pop()
    await desk.hub.release_webhooks()
    await desk.inbox.append(swept(desk, issue.number, "maintainer"))
    await desk.settle()
    await desk.comment(issue.number, "/pdev cancel")
    desk.hub.courier.held.append(late)
    await desk.hub.release_webhooks()
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.CANCELLED


def swept(desk: Desk, number: int, login: str) -> Delivery:
    repo, issue = desk.hub.repo, desk.hub.repo.issues[number]
    body: dict[str, Any] = {
        "action": "labeled",
        "issue": {
            "number": number, "title": issue.title, "body": issue.body, "labels": [{"name": LABEL}],
            "updated_at": issue.updated_at,
        },
        "label": {"name": LABEL},
        "sender": {"login": login, "type": "User", "id": 1},
        "repository": {"id": repo.id, "name": repo.name, "owner": {"login": "acme"}, "private": False},
        "installation": {"id": desk.hub.installation_id},
    }  # fmt: skip
    return Delivery(
        guid=f"sweep-labeled-{repo.id}-{number}-1", event="issues", action="labeled", source="sweep", repo_id=repo.id,
        issue=number, received_ms=desk.clock.now_ms(), body=msgspec.json.encode(body),
    )  # fmt: skip


async def test_a_write_fails_and_github_delivers_again(desk: Desk, unused_tcp_port: int) -> None:
    issue = await desk.issue()
    working, desk.valkey_url = desk.valkey_url, f"redis://127.0.0.1:{unused_tcp_port}"
    away = await desk.open_web(retries=0)
    desk.valkey_url, desk.hub.webhook_url = working, away.url
    await desk.label(issue.number)
    failed = next(one for one in desk.hub.deliveries if one.action == "labeled")
    assert (failed.status_code, failed.response_headers["Retry-After"]) == (503, "30")
    assert await desk.tasks() == []
    desk.hub.webhook_url = desk.webs[0].url
    desk.hub.courier.redeliver(failed)
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.QUEUED


async def test_a_process_dies_in_the_middle(desk: Desk) -> None:
    """What it had in hand is taken over, and its half-done effects are completed, not repeated."""
    issue = await desk.issue()
    await desk.webs[0].close()
    desk.webs.clear()
    desk.hub.webhook_url = (await desk.open_web(reads=False)).url
    await desk.by("maintainer").label(issue.number, LABEL)
    await desk.hub.settle()
    (entry,) = await desk.inbox.read("dead", block_ms=100)
    assert await desk.inbox.lock(entry.delivery.line, "dead", 200)
    desk.hub.webhook_url = (await desk.open_web(claim_idle_ms=50)).url
    await desk.settle()
    assert desk.eyes(issue.number) == 1


async def test_a_process_that_ends_puts_back_what_it_cannot_finish(desk: Desk) -> None:
    issue = await desk.issue()
    desk.hub.slow(f"/issues/{issue.number}", seconds=0.5, times=1)
    await desk.by("maintainer").label(issue.number, LABEL)
    await desk.hub.settle()

    async def begun() -> bool:
        return (await desk.redis.xpending("pdev:inbox", "pdev"))["pending"] == 1

    await desk.until(begun)
    await desk.webs.pop().close()
    desk.hub.webhook_url = (await desk.open_web()).url
    await desk.later(seconds=0)
    assert desk.eyes(issue.number) == 1


async def test_what_fails_again_and_again_is_laid_aside_in_public(desk: Desk) -> None:
    """A delivery that no version of ours can read holds up its issue only for a while."""
    issue = await desk.issue()
    broken = Delivery(
        guid="broken", event="issues", action="labeled", repo_id=desk.hub.repo.id, issue=issue.number,
        received_ms=desk.clock.now_ms(), body=b'{"action": "labeled", "sender": {"login": 5}}',
    )  # fmt: skip
    await desk.inbox.append(broken)
    await desk.settle()
    await desk.by("maintainer").label(issue.number, LABEL)
    for _ in range(MAX_TRIES - 2):
        await desk.later_but_waiting(seconds=120)
    assert desk.eyes(issue.number) == 0, "the label stands behind it"
    await desk.later(seconds=120)
    assert desk.eyes(issue.number) == 1
    (given_up,) = await desk.dead.all()
    assert (given_up.guid, given_up.body) == ("broken", broken.body)
    assert await desk.redis.exists("pdev:guid:broken") == 0, "it may be redelivered"
    await desk.redis.delete(desk.dead.KEY)


async def test_an_outage_is_waited_for_an_hour_and_then_told(desk: Desk) -> None:
    issue = await desk.issue()
    desk.hub.fail("POST", "/reactions", status=502, times=1_000)
    await desk.by("maintainer").comment(issue.number, "/pdev help")
    await desk.settle()
    for _ in range(MAX_TRIES + 1):
        await desk.later_but_waiting(seconds=61)
    assert await desk.dead.all() == []
    desk.clock.advance(seconds=PATIENT_MS / 1000)
    await desk.later(seconds=61)
    assert len(await desk.dead.all()) == 1
    assert "even after several tries" in desk.replies(issue.number)[-1]
    desk.hub.faults.planned.clear()
    await desk.redis.delete(desk.dead.KEY)


async def test_a_wish_and_the_worker_at_the_same_moment(desk: Desk) -> None:
    """The task becomes ready while the cancel is on its way: the person's word counts."""
    issue = await desk.issue()
    await desk.label(issue.number)
    running = await desk.run(issue.number)
    await desk.comment(issue.number, "/pdev cancel")
    assert (await desk.task(issue.number)).wish is Wish.CANCEL
    await desk.store.change(running.id, lambda t: move(t, State.READY, desk.clock.now_ms()), epoch=running.epoch)
    assert (await desk.task(issue.number)).state is State.CANCELLED
