"""Who may call: JSON web tokens, installation tokens, people; and what each of them cannot see or do."""

from typing import Any

import jwt
import pytest

from core.clock import ShiftedClock
from demo.hub import Hub
from tests.conftest import Mailbox
from tests.hub.conftest import Wire

ISSUES = "/repos/acme/widgets/issues"


async def test_the_app_introduces_itself(hub: Hub, wire: Wire) -> None:
    token = wire.jwt()
    app = await wire.call("GET", "/app", token)
    assert (app.data["slug"], app.data["id"]) == ("pdev", hub.app_id)
    listed = await wire.call("GET", "/app/installations", token)
    assert [one["id"] for one in listed.data] == [hub.installation_id]
    here = await wire.call("GET", "/repos/acme/widgets/installation", token)
    assert here.data == (await wire.call("GET", f"/app/installations/{hub.installation_id}", token)).data
    assert (await wire.call("GET", "/orgs/acme/installation", token)).data["id"] == hub.installation_id
    assert (await wire.call("GET", "/app", wire.jwt(iss=hub.app.client_id))).status == 200
    assert (await wire.call("GET", "/apps/pdev")).status == 200


@pytest.mark.parametrize(
    ("claims", "status", "words"),
    [
        ({"exp": 600 + 60}, 401, "too far in the future"),
        ({"exp": -1}, 401, "'exp'"),
        ({"iat": 120}, 401, "'iat'"),
        ({"iss": "4242"}, 404, "Integration not found"),
    ],
)
async def test_a_wrong_jwt_is_refused(
    wire: Wire, clock: ShiftedClock, claims: dict[str, Any], status: int, words: str
) -> None:
    now = int(clock.now().timestamp())
    reply = await wire.call("GET", "/app", wire.jwt(**{k: now + v if k != "iss" else v for k, v in claims.items()}))
    assert reply.status == status
    assert words in reply.data["message"]


async def test_a_jwt_signed_by_somebody_else_is_refused(hub: Hub, wire: Wire, clock: ShiftedClock) -> None:
    now = int(clock.now().timestamp())
    claims = {"iat": now - 60, "exp": now + 60, "iss": str(hub.app_id)}
    forged = jwt.encode(claims, "a secret that is long enough to be one", algorithm="HS256")
    assert (await wire.call("GET", "/app", forged)).status == 401
    assert (await wire.call("GET", "/app", "no.jwt.atall")).status == 401
    assert (await wire.call("GET", "/app", await wire.installation())).status == 401


async def test_a_token_lives_one_hour(hub: Hub, wire: Wire, clock: ShiftedClock) -> None:
    token = await wire.installation()
    assert len(token) > 500, "nobody should rely on the old length"
    assert (await wire.call("GET", ISSUES, token)).status == 200
    clock.advance(minutes=59)
    assert (await wire.call("GET", ISSUES, token)).status == 200
    clock.advance(minutes=2)
    stale = await wire.call("GET", ISSUES, token)
    assert (stale.status, stale.data["message"]) == (401, "Bad credentials")
    assert (await wire.call("GET", ISSUES, "ghp_unknown")).status == 401, "even where anybody may read"


async def test_a_revoked_token_is_dead(wire: Wire) -> None:
    token = await wire.installation()
    assert (await wire.call("DELETE", "/installation/token", token)).status == 204
    assert (await wire.call("GET", ISSUES, token)).status == 401


async def test_a_token_can_be_narrowed_but_not_widened(hub: Hub, wire: Wire) -> None:
    other = hub.add_repository("gadgets", installed=True)
    path = f"/app/installations/{hub.installation_id}/access_tokens"
    reply = await wire.call("POST", path, wire.jwt(), {"repositories": ["widgets"], "permissions": {"issues": "read"}})
    assert reply.data["permissions"] == {"metadata": "read", "issues": "read"}
    assert [repo["name"] for repo in reply.data["repositories"]] == ["widgets"]
    token = reply.data["token"]
    assert (await wire.call("GET", ISSUES, token)).status == 200
    refused = await wire.call("POST", ISSUES, token, {"title": "t"})
    assert (refused.status, refused.data["message"]) == (403, "Resource not accessible by integration")
    assert refused.headers["X-Accepted-GitHub-Permissions"] == "issues=write"
    assert (await wire.call("GET", f"/repos/{other.full_name}/issues", token)).status == 404
    listed = await wire.call("GET", "/installation/repositories", token)
    assert [repo["name"] for repo in listed.data["repositories"]] == ["widgets"]
    assert (await wire.call("GET", "/installation/repositories", await wire.installation())).data["total_count"] == 2
    for wish in (
        {"permissions": {"workflows": "write"}},
        {"permissions": {"statuses": "write"}},
        {"repositories": ["elsewhere"]},
        {"repository_ids": [1]},
    ):
        assert (await wire.call("POST", path, wire.jwt(), wish)).status == 422
    empty = await wire.call("POST", path, wire.jwt(), {"permissions": {}})
    assert empty.data["permissions"] == hub.installation.permissions


async def test_one_installation_sees_nothing_of_another(hub: Hub, wire: Wire) -> None:
    elsewhere = hub.add_repository("secrets", owner="rival", private=True)
    theirs = hub.install(elsewhere)
    await hub.as_user("maintainer").open_issue("ours")
    reply = await wire.call("POST", f"/app/installations/{theirs.id}/access_tokens", wire.jwt())
    token = reply.data["token"]
    assert (await wire.call("GET", f"{ISSUES}/1", token)).status == 404
    assert (await wire.call("POST", f"{ISSUES}/1/comments", token, {"body": "hello"})).status == 404
    assert (await wire.call("GET", "/repos/rival/secrets/issues", await wire.installation())).status == 404
    assert (await wire.call("GET", "/repos/rival/secrets/issues", hub.users["owner"])).status == 404
    assert (await wire.call("GET", "/repos/rival/secrets/issues")).status == 404
    found = await wire.call("GET", "/search/issues?q=is:open", token)
    assert found.data["total_count"] == 0


async def test_suspended_and_removed_installations(hub: Hub, wire: Wire, mailbox: Mailbox) -> None:
    token = await wire.installation()
    path = f"/app/installations/{hub.installation_id}"
    await hub.as_user("owner").suspend_app()
    assert (await wire.call("GET", path, wire.jwt())).data["suspended_by"]["login"] == "owner"
    minted = await wire.call("POST", f"{path}/access_tokens", wire.jwt())
    assert (minted.status, minted.data["message"]) == (403, "This installation has been suspended")
    assert (await wire.call("GET", ISSUES, token)).status == 403
    await hub.as_user("maintainer").open_issue("nobody hears this")
    await hub.as_user("owner").resume_app()
    assert (await wire.call("GET", ISSUES, token)).status == 200
    await hub.as_user("owner").remove_app()
    assert (await wire.call("POST", f"{path}/access_tokens", wire.jwt())).status == 404
    assert (await wire.call("GET", ISSUES, token)).status == 401
    await hub.settle()
    assert sorted(mailbox.names) == ["installation.deleted", "installation.suspend", "installation.unsuspend"]


async def test_repositories_come_and_go(hub: Hub, wire: Wire, mailbox: Mailbox) -> None:
    gadgets = hub.add_repository("gadgets")
    token = await wire.installation()
    assert (await wire.call("GET", "/repos/acme/gadgets/issues", token)).status == 404
    await hub.as_user("owner").choose_repositories(add=[gadgets])
    assert (await wire.call("GET", "/repos/acme/gadgets/issues", token)).status == 200
    await hub.as_user("owner").choose_repositories(remove=[gadgets])
    assert (await wire.call("GET", "/repos/acme/gadgets/issues", token)).status == 404
    await hub.settle()
    assert sorted(mailbox.names) == ["installation_repositories.added", "installation_repositories.removed"]
    assert mailbox.received[0].payload["repositories_added"] != mailbox.received[1].payload["repositories_added"]


async def test_rights_in_two_words(hub: Hub, wire: Wire) -> None:
    token = await wire.installation()
    seen = {}
    for login in ("owner", "maintainer", "developer", "triager", "reader", "stranger"):
        reply = await wire.call("GET", f"/repos/acme/widgets/collaborators/{login}/permission", token)
        seen[login] = (reply.data["permission"], reply.data["role_name"])
    assert seen == {
        "owner": ("admin", "admin"),
        "maintainer": ("write", "maintain"),
        "developer": ("write", "write"),
        "triager": ("read", "triage"),
        "reader": ("read", "read"),
        "stranger": ("read", "read"),
    }
    hub.repo.private = True
    reply = await wire.call("GET", "/repos/acme/widgets/collaborators/stranger/permission", token)
    assert (reply.data["permission"], reply.data["role_name"]) == ("none", "none")


async def test_a_manifest_becomes_an_app_once(hub: Hub, wire: Wire, clock: ShiftedClock) -> None:
    code = hub.agree_to_manifest(name="Our Pdev", permissions={"issues": "write"}, events=["issues"])
    made = await wire.call("POST", f"/app-manifests/{code}/conversions")
    assert (made.status, made.data["slug"]) == (201, "our-pdev")
    assert made.data["webhook_secret"]
    now = int(clock.now().timestamp())
    claims = {"iat": now - 60, "exp": now + 60, "iss": str(made.data["id"])}
    token = jwt.encode(claims, made.data["pem"], algorithm="RS256")
    assert (await wire.call("GET", "/app", token)).data["name"] == "Our Pdev"
    assert (await wire.call("POST", f"/app-manifests/{code}/conversions")).status == 404


async def test_people_and_the_bot(hub: Hub, wire: Wire) -> None:
    me = await wire.call("GET", "/user", hub.users["reader"])
    assert me.data["login"] == "reader"
    assert (await wire.call("GET", "/user", await wire.installation())).status == 403
    assert (await wire.call("GET", "/user")).status == 401
    bot = await wire.call("GET", "/users/pdev%5Bbot%5D")
    assert (bot.data["login"], bot.data["type"]) == ("pdev[bot]", "Bot")
    assert (await wire.call("GET", bot.data["url"])).data == bot.data
    assert (await wire.call("GET", "/users/nobody")).status == 404
    assert "hooks" in (await wire.call("GET", "/meta")).data
