"""Issues, labels, comments, reactions: state, history line and webhook change together, or not at all."""

import json

import pytest

from core.clock import ShiftedClock
from demo.hub import GitHubError, Hub
from tests.conftest import Mailbox
from tests.hub.conftest import Wire

ISSUES = "/repos/acme/widgets/issues"


async def test_an_issue_from_birth_to_end(hub: Hub, wire: Wire, mailbox: Mailbox) -> None:
    token = hub.users["maintainer"]
    made = await wire.call("POST", ISSUES, token, {"title": "Broken", "body": "It is.", "labels": ["bug", "new"]})
    assert (made.status, made.data["number"], made.data["author_association"]) == (201, 1, "MEMBER")
    assert made.headers["Location"] == made.data["url"]
    await wire.call("PATCH", f"{ISSUES}/1", token, {"title": "Fixed?", "body": "Perhaps.", "assignees": ["developer"]})
    await wire.call("DELETE", f"{ISSUES}/1/labels/new", token)
    await wire.call("PATCH", f"{ISSUES}/1", token, {"state": "closed", "state_reason": "not_planned"})
    await wire.call("PATCH", f"{ISSUES}/1", token, {"state": "open"})
    await hub.settle()
    assert sorted(mailbox.names) == sorted(
        [
            "issues.opened",
            "issues.labeled",
            "issues.labeled",
            "issues.edited",
            "issues.assigned",
            "issues.unlabeled",
            "issues.closed",
            "issues.reopened",
        ]
    )
    lines = await wire.call("GET", f"{ISSUES}/1/timeline", token)
    assert [line["event"] for line in lines.data] == [
        "labeled",
        "labeled",
        "renamed",
        "assigned",
        "unlabeled",
        "closed",
        "reopened",
    ]
    assert lines.data[0]["actor"]["login"] == "maintainer"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "wasn't supplied"),
        ({"title": ""}, 422, "missing_field"),
        ({"title": "x" * 257}, 422, "title is too long"),
        ({"title": "t", "body": "x" * 65_537}, 422, "body is too long (maximum is 65536 characters)"),
        ({"title": "t", "boddy": "x"}, 422, "boddy"),
        ({"title": "t", "labels": 7}, 422, "labels"),
        ({"title": "t", "assignees": ["nobody"]}, 422, "assignees"),
        ("not an object", 400, "Body should be a JSON object"),
    ],
)
async def test_refuses_what_github_refuses(hub: Hub, wire: Wire, body: object, status: int, words: str) -> None:
    reply = await wire.call("POST", ISSUES, hub.users["maintainer"], body)
    assert reply.status == status
    assert words.lower() in json.dumps(reply.data).lower()
    assert not hub.repo.issues
    hub.problems.clear()


async def test_a_body_of_exactly_65536_characters_passes(hub: Hub, wire: Wire) -> None:
    reply = await wire.call("POST", ISSUES, hub.users["reader"], {"title": "t", "body": "é" * 65_536})
    assert reply.status == 201


async def test_a_lenient_hub_ignores_unknown_fields_and_says_so(hub: Hub, wire: Wire) -> None:
    hub.strict = False
    hub.observers.clear()
    reply = await wire.call("POST", ISSUES, hub.users["maintainer"], {"title": "t", "boddy": "x"})
    assert reply.status == 201
    assert hub.problems == ["POST /repos/{owner}/{repo}/issues: unknown field 'boddy'"]
    hub.problems.clear()


@pytest.mark.parametrize(
    ("login", "may_label", "may_close"),
    [
        ("owner", True, True),
        ("maintainer", True, True),
        ("developer", True, True),
        ("triager", True, True),
        ("reader", False, False),
        ("stranger", False, False),
    ],
)
async def test_people_do_only_what_their_role_allows(hub: Hub, login: str, may_label: bool, may_close: bool) -> None:
    issue = await hub.as_user("owner").open_issue("Somebody else's")
    person = hub.as_user(login)
    await person.comment(issue.number, "Anybody may speak.")
    for may, deed in ((may_label, person.label(issue.number, "bug")), (may_close, person.close(issue.number))):
        if may:
            await deed
        else:
            with pytest.raises(GitHubError, match="403"):
                await deed
    assert issue.has_label("bug") == may_label
    assert (issue.state == "closed") == may_close


async def test_a_stranger_may_close_his_own_issue_but_sets_no_labels(hub: Hub) -> None:
    stranger = hub.as_user("stranger")
    issue = await stranger.open_issue("Mine", labels=["bug"])
    assert issue.labels == [], "labels of people without triage rights are dropped, not refused"
    await stranger.close(issue.number)
    assert issue.state == "closed"


async def test_nobody_is_not_enough_to_write(wire: Wire) -> None:
    assert (await wire.call("GET", ISSUES)).status == 200
    assert (await wire.call("POST", ISSUES, None, {"title": "t"})).status == 401


async def test_labels_belong_to_the_repository(hub: Hub, wire: Wire, mailbox: Mailbox) -> None:
    token, labels = hub.users["developer"], "/repos/acme/widgets/labels"
    made = await wire.call("POST", labels, token, {"name": "parallel-dev", "color": "0E8A16", "description": "go"})
    assert (made.status, made.data["color"]) == (201, "0e8a16")
    again = await wire.call("POST", labels, token, {"name": "Parallel-Dev"})
    assert (again.status, again.data["errors"][0]["code"]) == (422, "already_exists")
    assert (await wire.call("POST", labels, token, {"name": "x", "color": "green"})).status == 422
    assert (await wire.call("POST", labels, hub.users["triager"], {"name": "x"})).status == 403
    issue = await hub.as_user("developer").open_issue("x", labels=["PARALLEL-DEV"])
    assert [label.name for label in issue.labels] == ["parallel-dev"]
    renamed = await wire.call("PATCH", f"{labels}/parallel-dev", token, {"new_name": "pdev go"})
    assert renamed.data["url"].endswith("/labels/pdev%20go")
    assert (await wire.call("GET", renamed.data["url"])).status == 200
    await wire.call("DELETE", f"{labels}/pdev%20go", token)
    assert issue.labels == []
    await hub.settle()
    assert "issues.unlabeled" in mailbox.names


async def test_setting_a_label_twice_is_one_event(hub: Hub, wire: Wire, mailbox: Mailbox) -> None:
    issue = await hub.as_user("triager").open_issue("x")
    for _ in range(2):
        reply = await wire.call("POST", f"{ISSUES}/{issue.number}/labels", hub.users["triager"], ["bug"])
        assert [label["name"] for label in reply.data] == ["bug"]
    first = await wire.call("DELETE", f"{ISSUES}/{issue.number}/labels/bug", hub.users["triager"])
    second = await wire.call("DELETE", f"{ISSUES}/{issue.number}/labels/bug", hub.users["triager"])
    assert (first.status, first.data, second.status) == (200, [], 404)
    await hub.settle()
    assert sorted(mailbox.names) == ["issues.labeled", "issues.opened", "issues.unlabeled"]


async def test_comments_are_edited_by_their_author_and_by_writers(hub: Hub, wire: Wire, mailbox: Mailbox) -> None:
    issue = await hub.as_user("reader").open_issue("x")
    comment = await hub.as_user("reader").comment(issue.number, "first")
    path = f"{ISSUES}/comments/{comment.id}"
    assert (await wire.call("PATCH", path, hub.users["triager"], {"body": "no"})).status == 403
    assert (await wire.call("PATCH", path, await wire.installation(), {"body": "no"})).status == 403
    assert (await wire.call("PATCH", path, hub.users["developer"], {"body": "second"})).status == 200
    assert (await wire.call("POST", f"{ISSUES}/1/comments", hub.users["reader"], {"body": " "})).status == 422
    tall = await wire.call("PATCH", path, hub.users["reader"], {"body": "x" * 65_537})
    assert tall.status == 422
    assert "is too long" in tall.data["errors"][0]["message"]
    assert (await wire.call("DELETE", path, hub.users["reader"])).status == 204
    assert (await wire.call("GET", path)).status == 404
    await hub.settle()
    edited = next(one for one in mailbox.received if one.payload["action"] == "edited")
    assert edited.payload["changes"] == {"body": {"from": "first"}}
    assert sorted(mailbox.names)[:3] == ["issue_comment.created", "issue_comment.deleted", "issue_comment.edited"]


async def test_a_reaction_is_made_once(hub: Hub, wire: Wire) -> None:
    issue = await hub.as_user("reader").open_issue("x")
    comment = await hub.as_user("reader").comment(issue.number, "hello")
    token = await wire.installation()
    for path in (f"{ISSUES}/1/reactions", f"{ISSUES}/comments/{comment.id}/reactions"):
        first = await wire.call("POST", path, token, {"content": "eyes"})
        second = await wire.call("POST", path, token, {"content": "eyes"})
        assert (first.status, second.status) == (201, 200)
        assert first.data["id"] == second.data["id"]
        assert first.data["user"]["url"].endswith("/users/pdev%5Bbot%5D")
        assert (await wire.call("POST", path, token, {"content": "tada"})).status == 422
        own = f"{path}/{first.data['id']}"
        assert (await wire.call("DELETE", own, hub.users["owner"])).status == 403
        assert (await wire.call("DELETE", own, token)).status == 204
        assert (await wire.call("GET", path)).data == []


async def test_lists_are_paged_and_filtered(hub: Hub, wire: Wire, clock: ShiftedClock) -> None:
    person = hub.as_user("triager")
    for number in range(1, 8):
        await person.open_issue(f"Issue {number}", labels=["bug"] if number % 2 else [])
    await person.close(1)
    first = await wire.call("GET", f"{ISSUES}?per_page=2&labels=bug&sort=created&direction=asc")
    assert [one["number"] for one in first.data] == [3, 5]
    assert 'rel="next"' in first.headers["Link"]
    assert 'rel="prev"' not in first.headers["Link"]
    next_page = first.headers["Link"].split(">")[0].removeprefix("<")
    second = await wire.call("GET", next_page)
    assert [one["number"] for one in second.data] == [7]
    assert {one["number"] for one in (await wire.call("GET", f"{ISSUES}?state=closed")).data} == {1}
    assert len((await wire.call("GET", f"{ISSUES}?state=all&assignee=none")).data) == 7
    clock.advance(hours=1)
    since = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    await person.comment(4, "again")
    assert [one["number"] for one in (await wire.call("GET", f"{ISSUES}?since={since}")).data] == [4]
    found = await wire.call("GET", "/search/issues?q=repo:acme/widgets+is:open+label:bug", await wire.installation())
    assert {one["number"] for one in found.data["items"]} == {3, 5, 7}


async def test_deleted_and_transferred_issues(hub: Hub, wire: Wire, mailbox: Mailbox) -> None:
    other = hub.add_repository("gadgets")
    person = hub.as_user("owner")
    for title in ("gone", "moves"):
        await person.open_issue(title)
    await person.comment(2, "takes me along")
    await person.delete_issue(1)
    moved = await person.transfer_issue(2, other)
    assert (await wire.call("GET", f"{ISSUES}/1")).status == 410
    away = await wire.call("GET", f"{ISSUES}/2")
    assert (away.status, away.headers["Location"]) == (301, f"{hub.api_url}/repos/acme/gadgets/issues/1")
    assert [comment.body for comment in moved.comments] == ["takes me along"]
    assert (await wire.call("GET", ISSUES)).data == []
    await hub.settle()
    assert {"issues.deleted", "issues.transferred"} <= set(mailbox.names)


async def test_a_moved_issue_cannot_be_written_to(hub: Hub, wire: Wire) -> None:
    hidden = hub.add_repository("secret", owner="rival", private=True)
    await hub.as_user("reader").open_issue("moves")
    await hub.as_user("owner").transfer_issue(1, hidden)
    reply = await wire.call("POST", f"{ISSUES}/1/comments", hub.users["reader"], {"body": "anybody there?"})
    assert reply.status == 404, "who cannot see the new place is not told of it"
    assert hub.repo.issues[1].comments == []


async def test_people_are_put_on_issues(hub: Hub, wire: Wire, mailbox: Mailbox) -> None:
    await hub.as_user("reader").open_issue("x")
    path, token = f"{ISSUES}/1/assignees", hub.users["triager"]
    both = await wire.call("POST", path, token, {"assignees": ["developer", "stranger"]})
    assert [one["login"] for one in both.data["assignees"]] == ["developer"]
    assert (await wire.call("POST", path, hub.users["reader"], {"assignees": ["reader"]})).status == 403
    none = await wire.call("DELETE", path, token, {"assignees": ["developer"]})
    assert none.data["assignees"] == []
    assert (await wire.call("GET", f"{path}/stranger")).status == 404
    assert (await wire.call("GET", f"{path}/reader")).status == 204
    await hub.settle()
    assert mailbox.names.count("issues.assigned") == mailbox.names.count("issues.unassigned") == 1


async def test_a_locked_issue_hears_only_writers(hub: Hub, wire: Wire) -> None:
    await hub.as_user("reader").open_issue("x")
    token, comment = hub.users["triager"], {"body": "hello"}
    assert (await wire.call("PUT", f"{ISSUES}/1/lock", token, {"lock_reason": "resolved"})).status == 204
    assert (await wire.call("POST", f"{ISSUES}/1/comments", hub.users["reader"], comment)).status == 403
    assert (await wire.call("POST", f"{ISSUES}/1/comments", hub.users["developer"], comment)).status == 201
    assert (await wire.call("DELETE", f"{ISSUES}/1/lock", token)).status == 204
    assert (await wire.call("POST", f"{ISSUES}/1/comments", hub.users["reader"], comment)).status == 201
    events = await wire.call("GET", f"{ISSUES}/1/events")
    assert [one["event"] for one in events.data] == ["locked", "unlocked"]
    everywhere = await wire.call("GET", f"{ISSUES}/events")
    assert [one["event"] for one in everywhere.data] == ["unlocked", "locked"]
    assert (await wire.call("GET", f"{ISSUES}/events/{events.data[0]['id']}")).data["issue"]["number"] == 1


async def test_label_names_may_hold_anything(hub: Hub, wire: Wire) -> None:
    person = hub.as_user("developer")
    issue = await person.open_issue("x")
    for name in ("area/core", "50 %", "größer?", "a#b"):
        await person.label(issue.number, name)
        shown = await wire.call("GET", f"{ISSUES}/1/labels")
        assert (await wire.call("GET", shown.data[0]["url"])).data["name"] == name
        await person.unlabel(issue.number, name)
    assert issue.labels == []
