"""Failures as data, limits, and deliveries that come twice, late, reordered or never."""

import hashlib
import hmac

from core.clock import ShiftedClock
from demo.hub import Hub
from demo.hub.state import Label
from tests.conftest import Mailbox
from tests.hub.conftest import Wire

ISSUES = "/repos/acme/widgets/issues"


async def test_a_planned_failure_happens_as_often_as_planned(hub: Hub, wire: Wire) -> None:
    hub.fail("POST", "/issues", status=502, times=2, headers={"Retry-After": "3"})
    token = hub.users["maintainer"]
    statuses = [(await wire.call("POST", ISSUES, token, {"title": "t"})).status for _ in range(3)]
    assert statuses == [502, 502, 201]
    assert (await wire.call("GET", ISSUES, token)).status == 200
    assert len(hub.repo.issues) == 1
    assert hub.faults.unmet == []


async def test_a_lost_answer_leaves_its_effect(hub: Hub, wire: Wire, mailbox: Mailbox) -> None:
    hub.fail("POST", "/issues", status=502, after_effect=True)
    assert (await wire.call("POST", ISSUES, hub.users["maintainer"], {"title": "t"})).status == 502
    assert len(hub.repo.issues) == 1
    await hub.settle()
    assert mailbox.names == ["issues.opened"]


async def test_every_answer_says_what_is_left(hub: Hub, wire: Wire) -> None:
    token = await wire.installation()
    first = await wire.call("GET", ISSUES, token)
    second = await wire.call("GET", f"{ISSUES}/77", token)
    assert second.status == 404
    left = [int(reply.headers["X-RateLimit-Remaining"]) for reply in (first, second)]
    assert left == [4999, 4998]
    unchanged = await wire.call("GET", ISSUES, token, headers={"If-None-Match": first.headers["ETag"]})
    assert (unchanged.status, unchanged.headers["X-RateLimit-Remaining"]) == (304, "4998")
    assert (await wire.call("GET", "/rate_limit", token)).data["rate"]["remaining"] == 4998
    assert "GitHub" not in first.headers["X-GitHub-Request-Id"]
    await hub.as_user("reader").open_issue("news")
    again = await wire.call("GET", ISSUES, token, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 200


async def test_the_hour_runs_out_and_comes_back(hub: Hub, wire: Wire, clock: ShiftedClock) -> None:
    token = await wire.installation()
    hub.rate_limit(after=1, reset_in=600)
    assert (await wire.call("GET", ISSUES, token)).status == 200
    out = await wire.call("GET", ISSUES, token)
    assert (out.status, out.headers["X-RateLimit-Remaining"]) == (403, "0")
    assert "rate limit exceeded" in out.data["message"]
    assert (await wire.call("GET", ISSUES, hub.users["reader"])).status == 200, "everybody has an hour of his own"
    clock.advance(seconds=601)
    assert (await wire.call("GET", ISSUES, token)).status == 200


async def test_a_secondary_limit_says_when_to_come_back(hub: Hub, wire: Wire) -> None:
    token = await wire.installation()
    hub.secondary_limit(retry_after=30)
    out = await wire.call("GET", ISSUES, token)
    assert (out.status, out.headers["Retry-After"]) == (403, "30")
    assert out.headers["X-RateLimit-Remaining"] != "0"
    assert (await wire.call("GET", ISSUES, token)).status == 200


async def test_content_is_counted_and_refused_where_wanted(hub: Hub, wire: Wire, clock: ShiftedClock) -> None:
    token = await wire.installation()
    hub.limits.enforce_content = True
    for _ in range(80):
        assert (await wire.call("POST", ISSUES, token, {"title": "t"})).status == 201
    refused = await wire.call("POST", ISSUES, token, {"title": "t"})
    assert (refused.status, "Retry-After" in refused.headers) == (403, True)
    assert (await wire.call("GET", ISSUES, token)).status == 200
    assert len(hub.limits.content) == 80
    clock.advance(minutes=2)
    assert (await wire.call("POST", ISSUES, token, {"title": "t"})).status == 201


async def test_a_delivery_is_signed_logged_and_sent_again(hub: Hub, wire: Wire, mailbox: Mailbox) -> None:
    await hub.as_user("maintainer").open_issue("x")
    await hub.settle()
    got, secret = mailbox.received[0], hub.webhook_secret or ""
    digest = hmac.new(secret.encode(), got.body, hashlib.sha256).hexdigest()
    assert got.headers["X-Hub-Signature-256"] == f"sha256={digest}"
    assert got.headers["User-Agent"].startswith("GitHub-Hookshot/")
    listed = await wire.call("GET", "/app/hook/deliveries", wire.jwt())
    assert [one["guid"] for one in listed.data] == [got.headers["X-GitHub-Delivery"]]
    path = f"/app/hook/deliveries/{listed.data[0]['id']}"
    whole = await wire.call("GET", path, wire.jwt())
    assert whole.data["request"]["payload"]["action"] == "opened"
    assert whole.data["response"]["headers"]
    assert (await wire.call("POST", f"{path}/attempts", wire.jwt())).status == 202
    await hub.settle()
    assert [one.headers["X-GitHub-Delivery"] for one in mailbox.received] == [got.headers["X-GitHub-Delivery"]] * 2
    assert [one.redelivery for one in hub.deliveries] == [False, True]
    assert all(one.ack_ms > 0 for one in hub.deliveries)


async def test_the_log_is_paged_by_cursor(hub: Hub, wire: Wire, mailbox: Mailbox) -> None:
    for number in range(5):
        await hub.as_user("maintainer").open_issue(f"{number}")
    await hub.settle()
    seen, path = [], "/app/hook/deliveries?per_page=2"
    while path:
        page = await wire.call("GET", path, wire.jwt())
        seen += [one["id"] for one in page.data]
        path = page.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert seen == sorted((one.id for one in hub.deliveries), reverse=True)
    assert len(seen) == 5
    assert (await wire.call("GET", "/app/hook/deliveries?cursor=x", wire.jwt())).status == 400


async def test_a_receiver_that_fails_is_in_the_log(hub: Hub, wire: Wire, mailbox: Mailbox) -> None:
    hub.webhook_url = f"{hub.html_url}/not/a/receiver"
    await hub.as_user("maintainer").open_issue("refused")
    await hub.settle()
    hub.webhook_url = "http://127.0.0.1:9/"
    await hub.as_user("maintainer").open_issue("unreachable")
    await hub.settle()
    failed = await wire.call("GET", "/app/hook/deliveries?status=failure", wire.jwt())
    assert [one["status_code"] for one in failed.data] == [404], (
        "the unreachable one has no code, so no filter finds it"
    )
    everything = await wire.call("GET", "/app/hook/deliveries", wire.jwt())
    assert [one["status"] for one in everything.data if one["status_code"] == 0] == ["failed to connect to host"]
    hub.unknown_routes.clear()


async def test_lost_repeated_and_reordered_deliveries(hub: Hub, mailbox: Mailbox) -> None:
    person = hub.as_user("maintainer")
    hub.lose_webhooks(1, "issues")
    await person.open_issue("lost")
    hub.repeat_webhooks(1, "issue_comment")
    await person.comment(1, "twice")
    await hub.settle()
    assert mailbox.names == ["issue_comment.created"] * 2
    assert len({one.headers["X-GitHub-Delivery"] for one in mailbox.received}) == 1
    assert [one.event for one in hub.courier.lost] == ["issues"]
    mailbox.received.clear()
    hub.hold_webhooks()
    await person.label(1, "bug")
    await person.unlabel(1, "bug")
    await hub.settle()
    assert mailbox.names == []
    await hub.release_webhooks(order=lambda held: held[::-1])
    assert mailbox.names == ["issues.unlabeled", "issues.labeled"]
    await person.close(1)
    await hub.settle()
    assert mailbox.names[-1] == "issues.closed"


async def test_only_events_that_the_app_asked_for(hub: Hub, mailbox: Mailbox) -> None:
    hub.installation.events.remove("issues")
    await hub.as_user("maintainer").open_issue("x")
    hub.installation.events.append("issues")
    del hub.installation.permissions["issues"]
    await hub.as_user("maintainer").open_issue("x")
    await hub.settle()
    assert mailbox.names == []


async def test_the_ping(hub: Hub, mailbox: Mailbox) -> None:
    hub.ping()
    await hub.settle()
    assert mailbox.names == ["ping"]
    assert mailbox.received[0].payload["hook_id"] == hub.app_id


async def test_a_renamed_repository_redirects(hub: Hub, wire: Wire, mailbox: Mailbox) -> None:
    token = hub.users["maintainer"]
    await hub.as_user("maintainer").open_issue("x")
    await hub.as_user("owner").rename_repository("gizmos")
    read = await wire.call("GET", f"{ISSUES}?per_page=5", token)
    assert (read.status, read.headers["Location"]) == (
        301,
        f"{hub.api_url}/repositories/{hub.repo.id}/issues?per_page=5",
    )
    hub.observers.clear()
    assert (await wire.call("GET", read.headers["Location"], token)).data[0]["number"] == 1
    write = await wire.call("POST", f"{ISSUES}/1/comments", token, {"body": "hello"})
    assert write.status == 307
    assert (await wire.call("POST", write.headers["Location"], token, {"body": "hello"})).status == 201
    assert (await wire.call("GET", "/repos/acme/gizmos/issues", token)).status == 200
    await hub.settle()
    assert "repository.renamed" in mailbox.names


async def test_an_unknown_route_is_remembered(hub: Hub, wire: Wire) -> None:
    assert (await wire.call("GET", "/repos/acme/widgets/no/such/thing")).status == 404
    assert hub.unknown_routes == ["GET /repos/acme/widgets/no/such/thing"]
    hub.unknown_routes.clear()


async def test_clients_in_enterprise_mode_and_without_a_name(hub: Hub, wire: Wire) -> None:
    assert (await wire.call("GET", f"/api/v3{ISSUES}")).status == 200
    nameless = await wire.call("GET", ISSUES, headers={"User-Agent": ""})
    assert nameless.status == 403
    hub.observers.clear()
    head = await wire.call("HEAD", ISSUES)
    assert (head.status, head.data) == (200, "")


async def test_a_slow_call_still_happens(hub: Hub, wire: Wire) -> None:
    hub.slow("/issues", seconds=0.01, times=1)
    reply = await wire.call("POST", ISSUES, hub.users["reader"], {"title": "t"})
    assert reply.status == 201
    assert hub.faults.delays[0].times == 0


async def test_an_unsupported_version_of_the_api(wire: Wire) -> None:
    assert (await wire.call("GET", ISSUES, headers={"X-GitHub-Api-Version": "2022-11-28"})).status == 200
    assert (await wire.call("GET", ISSUES, headers={"X-GitHub-Api-Version": "1999-01-01"})).status == 400


async def test_what_is_larger_than_25_megabytes_never_arrives(hub: Hub, mailbox: Mailbox) -> None:
    hub.repo.labels["heavy"] = Label(1, "heavy", description="d" * 27_000_000)
    await hub.as_user("maintainer").open_issue("x", labels=["heavy"])
    await hub.settle()
    assert mailbox.names == []
    assert [one.action for one in hub.courier.lost] == ["opened", "labeled"]
