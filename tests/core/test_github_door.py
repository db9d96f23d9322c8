"""The door's traps: what GitHub may answer besides what we asked for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import jwt
import pytest
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.clock import ShiftedClock
from core.errors import (
    BadCredentials,
    BadReference,
    Forbidden,
    GitHubAway,
    InstallationSuspended,
    NotFound,
    OperatorError,
    RateLimited,
    Refused,
    SecondaryLimited,
    StrangeHost,
)
from core.github import GitHub, RepoDoor
from core.refs import RepoRef
from core.secret import Secret
from tests.core.loopback import Loopback, Reply

REPO = RepoRef("acme", "shop")
ISSUE = {
    "id": 70, "node_id": "I_70", "number": 7, "title": "Mend it", "state": "open", "body": None, "user": None,
    "html_url": "http://x/7", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    "labels": [{"id": 1, "name": "parallel-dev", "color": "fff", "description": None}], "something_new": {"a": 1},
}  # fmt: skip
COMMENT = {
    "id": 1, "node_id": "C_1", "html_url": "http://x", "body": "hi",
    "user": {"login": "pdev[bot]", "id": 2, "type": "Bot"},
    "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
}  # fmt: skip
PATH = "/repos/acme/shop/issues/7"
FOUND = Reply(200, ISSUE)
MISSING = Reply(404, {"message": "Not Found"})


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass
class Scene:
    """A door, the loopback GitHub behind it, and the waits it asked for (they move the clock and take no time)."""

    github: GitHub
    server: Loopback
    clock: ShiftedClock
    address: str
    waits: list[float] = field(default_factory=list)

    def repo(self, **options: Any) -> RepoDoor:
        return self.github.repo(9, REPO, repo_id=1000, **options)

    async def proven(self) -> RepoDoor:
        """A door whose token GitHub has accepted once."""
        self.server.on("GET", "/repos/acme/shop/issues/1", FOUND)
        repo = self.repo()
        await repo.issue(1)
        self.server.asked.clear()
        return repo


MakeScene = Callable[..., Awaitable[Scene]]


@pytest.fixture
async def make_scene(aiohttp_server: Callable[..., Awaitable[TestServer]], pem: str) -> AsyncIterator[MakeScene]:
    async with aiohttp.ClientSession() as session:

        async def make(*, base_path: str = "", patience_s: float = 10) -> Scene:
            clock = ShiftedClock()
            server = Loopback(clock)
            started = await aiohttp_server(server.app())
            address = str(started.make_url("")).rstrip("/")

            async def sleep(seconds: float) -> None:
                scene.waits.append(seconds)
                clock.advance(seconds=seconds)
                await asyncio.sleep(0)

            github = GitHub(
                app_id="12", private_key=Secret(pem), api_url=address + base_path, server_url="https://git.example",
                session=session, redis=None, clock=clock, patience_s=patience_s, sleep=sleep, random=lambda: 0.0,
            )  # fmt: skip
            scene = Scene(github, server, clock, address)
            return scene

        yield make


@pytest.fixture
async def scene(make_scene: MakeScene) -> Scene:
    return await make_scene()


# Tokens


async def test_a_token_is_for_one_repository_and_no_more_than_the_calls_need(scene: Scene) -> None:
    scene.server.on("GET", PATH, FOUND)
    issue = await scene.repo().issue(7)
    assert issue.label_names == ("parallel-dev",)
    (minted,) = scene.server.minted
    assert minted.path == "/app/installations/9/access_tokens"
    assert minted.body == {
        "repository_ids": [1000],
        "permissions": {
            "checks": "write", "contents": "write", "issues": "write", "metadata": "read", "pull_requests": "write",
        },
    }  # fmt: skip
    assert scene.server.asked[0].credential == "ghs_token1"
    assert scene.server.asked[0].headers["x-github-api-version"] == "2022-11-28"


async def test_a_repository_without_a_known_id_is_named(scene: Scene) -> None:
    scene.server.on("GET", PATH, FOUND)
    await scene.github.repo(9, REPO, permissions={"issues": "read"}).issue(7)
    assert scene.server.minted[0].body == {"repositories": ["shop"], "permissions": {"issues": "read"}}


async def test_the_jwt_is_the_apps_and_short(scene: Scene, key: rsa.RSAPrivateKey) -> None:
    scene.server.on("GET", "/app", Reply(200, {"id": 12, "name": "pdev", "slug": "pdev", "html_url": "x"}))
    assert (await scene.github.app().me()).bot_login == "pdev[bot]"
    await scene.github.app().me()
    first, second = (asked.credential for asked in scene.server.asked)
    assert first == second
    claims = jwt.decode(first, key.public_key(), algorithms=["RS256"])
    assert claims["iss"] == "12"
    assert claims["exp"] - claims["iat"] <= 600
    scene.clock.advance(minutes=8)
    await scene.github.app().me()
    assert scene.server.asked[-1].credential != first


async def test_a_token_is_kept_and_renewed_five_minutes_early(scene: Scene) -> None:
    scene.server.on("GET", PATH, FOUND)
    await scene.repo().issue(7)
    scene.clock.advance(minutes=54)
    await scene.repo().issue(7)
    assert len(scene.server.minted) == 1
    scene.clock.advance(minutes=2)
    await scene.repo().issue(7)
    assert len(scene.server.minted) == 2
    assert scene.server.asked[-1].credential == "ghs_token2"


async def test_one_mint_serves_everybody_who_waits(scene: Scene) -> None:
    scene.server.on("GET", PATH, FOUND)
    await asyncio.gather(*(scene.repo().issue(7) for _ in range(10)))
    assert len(scene.server.minted) == 1


async def test_who_gives_up_waiting_does_not_take_the_mint_from_the_others(scene: Scene) -> None:
    scene.server.on("GET", PATH, FOUND)
    first, second = (asyncio.ensure_future(scene.repo().issue(7)) for _ in range(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).number == 7
    assert len(scene.server.minted) == 1


async def test_while_github_mints_nothing_an_old_token_does(scene: Scene) -> None:
    scene.server.on("GET", PATH, FOUND)
    await scene.repo().issue(7)
    scene.clock.advance(minutes=56)
    scene.server.mint_replies.extend([Reply(502)] * 20)
    await scene.repo(patience_s=0).issue(7)
    assert scene.server.asked[-1].credential == "ghs_token1"


async def test_a_rejected_token_is_minted_again_once(scene: Scene) -> None:
    repo = await scene.proven()
    scene.server.on("GET", PATH, Reply(401, {"message": "Bad credentials"}), FOUND)
    await repo.issue(7)
    assert [asked.credential for asked in scene.server.asked] == ["ghs_token1", "ghs_token2"]


async def test_credentials_that_stay_wrong_are_the_operators(scene: Scene) -> None:
    scene.server.on("GET", PATH, Reply(401, {"message": "Bad credentials"}))
    with pytest.raises(BadCredentials):
        await scene.repo().issue(7)
    assert len(scene.server.asked) == 2


async def test_github_may_not_know_a_new_token_everywhere_yet(scene: Scene) -> None:
    scene.server.on("GET", PATH, MISSING, Reply(403, {"message": "Resource not accessible by integration"}), FOUND)
    await scene.repo().issue(7)
    assert [path for path in scene.server.paths() if path.endswith("/7")] == [f"GET {PATH}"] * 3
    assert scene.waits == [0.5, 0.5]


async def test_but_a_new_token_that_it_knows_waits_for_nothing(scene: Scene) -> None:
    scene.server.on("GET", "/installation/repositories", Reply(200, {"total_count": 0, "repositories": []}))
    scene.server.on("GET", PATH, MISSING)
    with pytest.raises(NotFound):
        await scene.repo().issue(7)
    assert scene.waits == []


async def test_what_is_missing_after_five_seconds_is_missing(scene: Scene) -> None:
    scene.server.on("GET", PATH, MISSING)
    with pytest.raises(NotFound):
        await scene.repo(patience_s=60).issue(7)
    assert sum(scene.waits) < 6


async def test_once_a_token_has_worked_a_404_is_a_404(scene: Scene) -> None:
    repo = await scene.proven()
    scene.server.on("GET", PATH, MISSING)
    with pytest.raises(NotFound):
        await repo.issue(7)
    assert scene.waits == []


async def test_a_suspended_installation_is_told_and_not_tried_again(scene: Scene) -> None:
    scene.server.mint_replies.append(Reply(403, {"message": "This installation has been suspended"}))
    with pytest.raises(InstallationSuspended):
        await scene.repo().issue(7)
    assert len(scene.server.minted) == 1


async def test_permissions_that_were_not_granted_are_named(scene: Scene) -> None:
    words = "The permissions requested are not granted to this installation."
    scene.server.mint_replies.append(Reply(422, {"message": words}))
    with pytest.raises(Forbidden, match="issues: write"):
        await scene.repo().issue(7)


async def test_the_token_for_git_does_not_show_itself(scene: Scene) -> None:
    repo = scene.repo()
    token = await repo.token()
    assert "ghs_" not in f"{token!r} {token} {[token]}"
    assert token.reveal() == "ghs_token1"
    assert repo.clone_url == "https://git.example/acme/shop.git"


# Redirects and hosts


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_renamed_repository_is_read_where_it_is_now(scene: Scene, status: int) -> None:
    scene.server.on("GET", PATH, Reply(status, {}, {"Location": f"{scene.address}/repositories/1000/issues/7"}))
    scene.server.on("GET", "/repositories/1000/issues/7", FOUND)
    assert (await scene.repo().issue(7)).number == 7


@pytest.mark.parametrize("status", [301, 307, 308])
async def test_a_post_stays_a_post_with_its_body(scene: Scene, status: int) -> None:
    scene.server.on("POST", f"{PATH}/comments", Reply(status, {}, {"Location": "/repositories/1000/issues/7/comments"}))
    scene.server.on("POST", "/repositories/1000/issues/7/comments", Reply(201, COMMENT))
    await scene.repo().create_comment(7, "hello")
    assert scene.server.paths()[-1] == "POST /repositories/1000/issues/7/comments"
    assert scene.server.asked[-1].body == {"body": "hello"}


@pytest.mark.parametrize(
    "where", ["http://127.0.0.1:1/repositories/1000", "https://evil.example/x", "//evil.example/x"]
)
async def test_the_token_goes_to_no_other_host(scene: Scene, where: str) -> None:
    scene.server.on("GET", PATH, Reply(301, {}, {"Location": where}))
    with pytest.raises(StrangeHost):
        await scene.repo().issue(7)


async def test_neither_does_it_with_the_next_page(scene: Scene) -> None:
    link = {"Link": '<https://evil.example/page2>; rel="next"'}
    scene.server.on("GET", f"{PATH}/comments", Reply(200, [COMMENT], link))
    with pytest.raises(StrangeHost):
        await scene.repo().comments(7)


async def test_nor_out_of_the_apis_path(make_scene: MakeScene) -> None:
    scene = await make_scene(base_path="/api/v3")
    scene.server.on("GET", f"/api/v3{PATH}", Reply(301, {}, {"Location": "/elsewhere"}))
    with pytest.raises(StrangeHost):
        await scene.repo().issue(7)


async def test_a_circle_of_redirects_ends(scene: Scene) -> None:
    scene.server.on("GET", PATH, Reply(301, {}, {"Location": PATH}))
    with pytest.raises(Refused, match="circles"):
        await scene.repo().issue(7)
    assert len(scene.server.asked) == 4


# Paths


@pytest.mark.parametrize(
    ("branch", "path"),
    [("feature/task-7", "feature/task-7"), ("a#b?c%2F", "a%23b%3Fc%252F"), ("ü x", "%C3%BC%20x")],
)
async def test_names_stay_names_in_a_path(scene: Scene, branch: str, path: str) -> None:
    scene.server.on("GET", f"/repos/acme/shop/git/ref/heads/{path}", Reply(200, {"ref": "r", "object": {"sha": "abc"}}))
    assert await scene.repo().branch_sha(branch) == "abc"


async def test_a_label_with_slashes_and_spaces_is_one_segment(scene: Scene) -> None:
    scene.server.on("DELETE", f"{PATH}/labels/a%2Fb%20c%3F", Reply(200, []))
    await scene.repo().remove_label(7, "a/b c?")
    assert len(scene.server.asked) == 1


@pytest.mark.parametrize("path", ["../../../app", "docs/../../x", "docs//x", "./x"])
async def test_no_name_climbs_out_of_its_path(scene: Scene, path: str) -> None:
    with pytest.raises(BadReference):
        await scene.repo().file(path)
    assert scene.server.asked == []


# Answers


async def test_pages_are_read_to_the_end(scene: Scene) -> None:
    more = {"Link": f'<{scene.address}/repositories/1000/comments?page=2>; rel="next", <x>; rel="last"'}
    scene.server.on("GET", f"{PATH}/comments", Reply(200, [COMMENT], more))
    scene.server.on("GET", "/repositories/1000/comments", Reply(200, [COMMENT | {"id": 2}]))
    assert [comment.id for comment in await scene.repo().comments(7)] == [1, 2]
    assert scene.server.asked[0].query == "per_page=100"


async def test_check_runs_are_the_list_and_not_the_keys_around_it(scene: Scene) -> None:
    run = {
        "id": 5,
        "name": "pdev",
        "head_sha": "abc",
        "status": "queued",
        "html_url": None,
        "app": {"id": 12, "slug": "pdev"},
    }
    scene.server.on(
        "GET", "/repos/acme/shop/commits/abc/check-runs", Reply(200, {"total_count": 1, "check_runs": [run]})
    )
    (found,) = await scene.repo().check_runs("abc", "pdev")
    assert found.id == 5
    assert "check_name=pdev" in scene.server.asked[0].query


async def test_an_unchanged_answer_is_not_sent_again(scene: Scene) -> None:
    scene.server.on("GET", PATH, Reply(200, ISSUE, {"ETag": '"v1"'}), Reply(304))
    repo = scene.repo()
    assert await repo.issue(7) == await repo.issue(7)
    assert [asked.headers.get("if-none-match") for asked in scene.server.asked] == [None, '"v1"']


async def test_one_installation_is_not_handed_what_another_fetched(scene: Scene) -> None:
    scene.server.on("GET", PATH, Reply(200, ISSUE, {"ETag": '"v1"'}))
    await scene.github.repo(9, REPO).issue(7)
    await scene.github.repo(10, REPO).issue(7)
    assert [asked.headers.get("if-none-match") for asked in scene.server.asked] == [None, None]


async def test_an_answer_that_lost_a_field_is_named(scene: Scene) -> None:
    scene.server.on("GET", PATH, Reply(200, {name: value for name, value in ISSUE.items() if name != "title"}))
    with pytest.raises(OperatorError, match="title"):
        await scene.repo().issue(7)


@pytest.mark.parametrize("odd", [Reply(200, "<html>", content_type="text/html"), Reply(200, "{"), Reply(206, [])])
async def test_an_answer_nobody_can_read_is_an_outage_or_a_refusal(scene: Scene, odd: Reply) -> None:
    scene.server.on("GET", PATH, odd)
    with pytest.raises((GitHubAway, Refused, OperatorError)):
        await scene.repo(patience_s=0).issue(7)


async def test_an_organisations_own_role_is_told_as_what_it_stands_for(scene: Scene) -> None:
    path = "/repos/acme/shop/collaborators/{}/permission"
    scene.server.on("GET", path.format("ann"), Reply(200, {"permission": "read", "role_name": "triage", "user": None}))
    scene.server.on(
        "GET", path.format("ben"), Reply(200, {"permission": "write", "role_name": "shipper", "user": None})
    )
    repo = scene.repo()
    assert await repo.permission("ann") == "triage"
    assert await repo.permission("ben") == "write"
    assert await repo.permission("nobody") == "none"


async def test_a_file_is_text_or_nothing(scene: Scene) -> None:
    path = "/repos/acme/shop/contents/.github/pdev.yml"
    file = {"type": "file", "size": 9, "encoding": "base64", "content": "w7xiZXI6\nIDEK\n"}
    scene.server.on("GET", path, Reply(200, file))
    scene.server.on("GET", "/repos/acme/shop/contents/big", Reply(200, file | {"encoding": "none", "content": ""}))
    scene.server.on("GET", "/repos/acme/shop/contents/dir", Reply(200, [file]))
    scene.server.on("GET", "/repos/acme/shop/contents/bin", Reply(200, file | {"content": "/w=="}))
    repo = scene.repo()
    assert await repo.file(".github/pdev.yml", "main") == "über: 1\n"
    assert scene.server.asked[0].query == "ref=main"
    assert await repo.file("nothing") is None
    for other in ("big", "dir", "bin"):
        with pytest.raises(Refused):
            await repo.file(other)


async def test_what_is_done_already_is_done(scene: Scene) -> None:
    repo = await scene.proven()
    exists = {
        "message": "Validation Failed",
        "errors": [{"resource": "Label", "code": "already_exists", "field": "name"}],
    }
    scene.server.on("POST", "/repos/acme/shop/labels", Reply(422, exists))
    gone = Reply(422, {"message": "Reference does not exist"})
    scene.server.on("DELETE", "/repos/acme/shop/git/refs/heads/task-7", gone)
    assert await repo.ensure_label("parallel-dev", "ededed", "pdev works on it") is False
    await repo.delete_branch("task-7")
    await repo.delete_branch("never-there")
    await repo.remove_label(7, "never-there")
    assert await repo.branch_sha("never-there") is None


async def test_a_refusal_carries_githubs_words(scene: Scene) -> None:
    errors = [{"resource": "PullRequest", "code": "custom", "message": "A pull request already exists for acme:x."}]
    scene.server.on("POST", "/repos/acme/shop/pulls", Reply(422, {"message": "Validation Failed", "errors": errors}))
    with pytest.raises(Refused) as caught:
        await scene.repo().create_pull("t", "x", "main", "b", True)
    assert caught.value.says("a pull request already exists")
    assert caught.value.status == 422


# GraphQL


@pytest.mark.parametrize(("base_path", "path"), [("", "/graphql"), ("/api/v3", "/api/graphql")])
async def test_graphql_goes_to_the_same_server(make_scene: MakeScene, base_path: str, path: str) -> None:
    scene = await make_scene(base_path=base_path)
    data = {"markPullRequestReadyForReview": {"pullRequest": {"isDraft": False}}}
    scene.server.on("POST", path, Reply(200, {"data": data}))
    await scene.repo().mark_ready("PR_1")
    (asked,) = scene.server.asked
    assert asked.credential == "ghs_token1"
    assert asked.body["variables"] == {"pull": "PR_1"}


@pytest.mark.parametrize(
    ("kind", "error"),
    [("NOT_FOUND", NotFound), ("FORBIDDEN", Forbidden), ("RATE_LIMITED", SecondaryLimited), ("UNPROCESSABLE", Refused)],
)
async def test_graphql_errors_come_with_status_200(scene: Scene, kind: str, error: type[Exception]) -> None:
    repo = await scene.proven()
    scene.server.on("POST", "/graphql", Reply(200, {"data": None, "errors": [{"type": kind, "message": "no"}]}))
    with pytest.raises(error):
        await repo.mark_ready("PR_1")


# Outages and limits


@pytest.mark.parametrize("status", [500, 502, 503, 520, 599])
async def test_an_outage_is_waited_for(scene: Scene, status: int) -> None:
    scene.server.on("GET", PATH, Reply(status, "<html>"), Reply(status), FOUND)
    await scene.repo().issue(7)
    assert scene.waits == [0.5, 1.0]


async def test_but_not_longer_than_the_caller_has_patience(scene: Scene) -> None:
    scene.server.on("GET", PATH, Reply(502))
    with pytest.raises(GitHubAway):
        await scene.repo(patience_s=10).issue(7)
    assert scene.waits == [0.5, 1.0, 2.0, 4.0]


async def test_retry_after_is_obeyed(scene: Scene) -> None:
    scene.server.on("GET", PATH, Reply(503, {}, {"Retry-After": "7"}), FOUND)
    await scene.repo().issue(7)
    assert scene.waits == [7.0]


async def test_a_comment_is_not_written_twice_because_no_answer_came(scene: Scene) -> None:
    scene.server.on("POST", f"{PATH}/comments", Reply(502))
    with pytest.raises(GitHubAway):
        await scene.repo().create_comment(7, "hello")
    assert len(scene.server.asked) == 1


async def test_an_edit_may_be_sent_again(scene: Scene) -> None:
    scene.server.on("PATCH", "/repos/acme/shop/issues/comments/1", Reply(502), Reply(200, COMMENT))
    await scene.repo().edit_comment(1, "hello")
    assert len(scene.server.asked) == 2


async def test_what_was_never_sent_is_sent_when_the_server_is_back(
    aiohttp_server: Callable[..., Awaitable[TestServer]], pem: str, unused_tcp_port: int
) -> None:
    clock = ShiftedClock()
    server = Loopback(clock)
    server.on("POST", f"{PATH}/comments", Reply(201, COMMENT))

    async def sleep(_seconds: float) -> None:
        await aiohttp_server(server.app(), port=unused_tcp_port)

    first = await aiohttp_server(server.app(), port=unused_tcp_port)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        github = GitHub(
            app_id="12", private_key=Secret(pem), api_url=f"http://127.0.0.1:{unused_tcp_port}", server_url="x",
            session=session, redis=None, clock=clock, sleep=sleep,
        )  # fmt: skip
        await github.repo(9, REPO).token()
        await first.close()
        with pytest.raises(GitHubAway) as caught:
            await github.repo(9, REPO, patience_s=0).create_comment(7, "hello")
        assert caught.value.code == "GITHUB_NOT_REACHED"
        await github.repo(9, REPO).create_comment(7, "hello")
    assert len(server.asked) == 1


LIMITS = {
    "secondary, with the time": (403, {"Retry-After": "5", "X-RateLimit-Remaining": "4000"}, "a secondary rate limit"),
    "secondary, as 429": (429, {"Retry-After": "5"}, ""),
    "secondary, hour used up too": (403, {"Retry-After": "5", "X-RateLimit-Remaining": "0"}, "a secondary rate limit"),
}  # fmt: skip


@pytest.mark.parametrize(("status", "headers", "words"), LIMITS.values(), ids=LIMITS)
async def test_a_secondary_limit_is_waited_for(scene: Scene, status: int, headers: dict[str, str], words: str) -> None:
    repo = await scene.proven()
    scene.server.on("POST", f"{PATH}/comments", Reply(status, {"message": words}, headers), Reply(201, COMMENT))
    await repo.create_comment(7, "hello")
    assert scene.waits == [5.0]


async def test_a_limit_that_lasts_too_long_is_told_with_its_time(scene: Scene) -> None:
    repo = await scene.proven()
    scene.server.on("GET", PATH, Reply(403, {"message": "You have exceeded a secondary rate limit"}))
    with pytest.raises(SecondaryLimited) as caught:
        await repo.issue(7)
    assert caught.value.retry_after == 60
    assert scene.waits == []


@pytest.mark.parametrize("status", [403, 429])
async def test_the_hourly_limit_is_told_apart(scene: Scene, status: int) -> None:
    repo = await scene.proven()
    reset = scene.clock.now_ms() // 1000 + 1800
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "5000", "X-RateLimit-Reset": str(reset)}
    scene.server.on("GET", PATH, Reply(status, {"message": "API rate limit exceeded for installation ID 9."}, headers))
    with pytest.raises(RateLimited) as caught:
        await repo.issue(7)
    assert caught.value.retry_at == pytest.approx(reset, abs=2)
    assert caught.value.retry_after == pytest.approx(1800, abs=2)


async def test_a_missing_permission_is_no_limit(scene: Scene) -> None:
    repo = await scene.proven()
    scene.server.on("GET", PATH, Reply(403, {"message": "Resource not accessible by integration"}))
    with pytest.raises(Forbidden, match="Resource not accessible"):
        await repo.issue(7)
    assert scene.waits == []
