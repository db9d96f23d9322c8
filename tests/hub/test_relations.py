"""Dependencies and sub-issues: named by database id, told from both sides."""

from demo.hub import Hub
from tests.conftest import Mailbox
from tests.hub.conftest import Wire

ISSUES = "/repos/acme/widgets/issues"


async def test_an_issue_waits_for_another(hub: Hub, wire: Wire, mailbox: Mailbox) -> None:
    person = hub.as_user("triager")
    first, second = await person.open_issue("first"), await person.open_issue("second")
    path, token = f"{ISSUES}/{second.number}/dependencies/blocked_by", hub.users["triager"]
    made = await wire.call("POST", path, token, {"issue_id": first.id})
    assert made.status == 201
    assert made.data["issue_dependencies_summary"]["total_blocked_by"] == 1
    assert (await wire.call("POST", path, token, {"issue_id": first.id})).status == 422
    assert (await wire.call("POST", path, token, {"issue_id": first.number})).status == 404, "an id is no number"
    assert (await wire.call("POST", path, token, {"issue_id": second.id})).status == 422
    assert (await wire.call("POST", path, hub.users["reader"], {"issue_id": first.id})).status == 403
    back = f"{ISSUES}/{first.number}/dependencies/blocked_by"
    assert (await wire.call("POST", back, token, {"issue_id": second.id})).status == 422
    assert [one["number"] for one in (await wire.call("GET", path)).data] == [1]
    blocking = await wire.call("GET", f"{ISSUES}/1/dependencies/blocking")
    assert [one["number"] for one in blocking.data] == [2]
    await person.close(1)
    summary = (await wire.call("GET", f"{ISSUES}/2")).data["issue_dependencies_summary"]
    assert (summary["blocked_by"], summary["total_blocked_by"]) == (0, 1)
    assert (await wire.call("DELETE", f"{path}/{first.id}", token)).status == 200
    assert (await wire.call("DELETE", f"{path}/{first.id}", token)).status == 404
    await hub.settle()
    told = sorted(name for name in mailbox.names if name.startswith("issue_dependencies"))
    assert told == [
        "issue_dependencies.blocked_by_added",
        "issue_dependencies.blocked_by_removed",
        "issue_dependencies.blocking_added",
        "issue_dependencies.blocking_removed",
    ]
    lines = await wire.call("GET", f"{ISSUES}/2/timeline")
    assert [line["event"] for line in lines.data] == ["blocked_by_added", "blocked_by_removed"]


async def test_an_issue_has_parts(hub: Hub, wire: Wire, mailbox: Mailbox) -> None:
    person, token = hub.as_user("triager"), hub.users["triager"]
    parent, one, two = [await person.open_issue(title) for title in ("parent", "one", "two")]
    path = f"{ISSUES}/{parent.number}/sub_issues"
    for part in (one, two):
        assert (await wire.call("POST", path, token, {"sub_issue_id": part.id})).status == 201
    assert (await wire.call("POST", path, token, {"sub_issue_id": one.id})).status == 422
    assert (await wire.call("POST", f"{ISSUES}/2/sub_issues", token, {"sub_issue_id": parent.id})).status == 422
    assert (await wire.call("POST", f"{ISSUES}/2/sub_issues", token, {"sub_issue_id": two.id})).status == 422
    order = {"sub_issue_id": two.id, "before_id": one.id}
    assert (await wire.call("PATCH", f"{path}/priority", token, order)).status == 200
    assert [issue["title"] for issue in (await wire.call("GET", path)).data] == ["two", "one"]
    assert (await wire.call("GET", f"{ISSUES}/2/parent")).data["number"] == 1
    assert (await wire.call("GET", f"{ISSUES}/1/parent")).status == 404
    gone = await wire.call("DELETE", f"{ISSUES}/1/sub_issue", token, {"sub_issue_id": one.id})
    assert gone.data["sub_issues_summary"]["total"] == 1
    moved = {"sub_issue_id": two.id, "replace_parent": True}
    assert (await wire.call("POST", f"{ISSUES}/2/sub_issues", token, moved)).status == 201
    assert parent.sub_issues == []
    await hub.settle()
    assert mailbox.names.count("sub_issues.parent_issue_added") == 3
    assert mailbox.names.count("sub_issues.sub_issue_removed") == 2
