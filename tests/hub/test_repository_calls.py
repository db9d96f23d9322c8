"""Repositories without git: branches, files by path, commits by hand, comparisons."""

import base64
from typing import Any

import pytest

from demo.hub import GitHubError, Hub, Person
from tests.conftest import Mailbox
from tests.hub.conftest import Wire

REPO = "/repos/acme/widgets"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def ada(hub: Hub) -> Person:
    return hub.as_user("developer")


async def test_a_repository_is_shown_whole(wire: Wire) -> None:
    shown = (await wire.call("GET", REPO, wire.hub.users["developer"])).data
    assert (shown["default_branch"], shown["permissions"]["push"]) == ("main", True)
    assert shown["clone_url"] == wire.hub.html_url + "/acme/widgets.git"


async def test_branches_are_listed_and_shown(hub: Hub, wire: Wire, ada: Person) -> None:
    await ada.push("feature/a", {"a": "a"})
    hub.repo.protection["main"] = {"required_status_checks": {"contexts": ["ci"], "url": "x", "contexts_url": "x"}}
    listed = (await wire.call("GET", f"{REPO}/branches")).data
    assert [(one["name"], one["protected"]) for one in listed] == [("feature/a", False), ("main", True)]
    for spelling in ("feature/a", "feature%2Fa"):
        one = (await wire.call("GET", f"{REPO}/branches/{spelling}")).data
        assert (one["name"], one["protected"]) == ("feature/a", False)
    assert (await wire.call("GET", f"{REPO}/branches/nope")).data["message"] == "Branch not found"
    owner = hub.users["owner"]
    hub.repo.protection["main"] = {}
    assert (await wire.call("GET", f"{REPO}/branches/main/protection", owner)).status == 200
    missing = await wire.call("GET", f"{REPO}/branches/feature/a/protection", owner)
    assert (missing.status, missing.data["message"]) == (404, "Branch not protected")
    assert (await wire.call("GET", f"{REPO}/rules/branches/main")).data == []


async def test_files_are_written_and_read_by_path(wire: Wire, ada: Person, hub: Hub, mailbox: Mailbox) -> None:
    token = await wire.installation()
    path = f"{REPO}/contents/docs/ü.md"
    made = await wire.call("PUT", path, token, {"message": "add", "content": b64("héllo\n"), "branch": "main"})
    assert made.status == 201
    read = (await wire.call("GET", path)).data
    assert base64.b64decode(read["content"]).decode() == "héllo\n"
    assert [one["path"] for one in (await wire.call("GET", f"{REPO}/contents/docs")).data] == ["docs/ü.md"]
    assert [one["type"] for one in (await wire.call("GET", f"{REPO}/contents")).data] == ["file", "dir"]
    raw = await wire.call("GET", path, headers={"Accept": "application/vnd.github.raw+json"})
    assert raw.data == "héllo\n"
    wish = {"message": "change", "content": b64("two\n")}
    assert (await wire.call("PUT", path, token, wish)).status == 422
    assert (await wire.call("PUT", path, token, wish | {"sha": "0" * 40})).status == 409
    changed = await wire.call("PUT", path, token, wish | {"sha": read["sha"]})
    assert (changed.status, await ada.read("docs/ü.md")) == (200, "two\n")
    gone = {"message": "drop", "sha": changed.data["content"]["sha"]}
    assert (await wire.call("DELETE", path, token, gone)).data["content"] is None
    assert (await wire.call("GET", path)).status == 404
    await hub.settle()
    assert mailbox.names.count("push") == 3


@pytest.mark.parametrize(
    ("path", "wish", "status", "words"),
    [
        (".github/workflows/ci.yml", {}, 403, "refusing to allow a GitHub App to create or update workflow"),
        ("a.txt", {"branch": "nowhere"}, 404, "Branch nowhere not found"),
        ("a.txt", {"content": "%%%"}, 422, "not valid Base64"),
        ("a.txt", {"branch": "kept"}, 409, "through a pull request"),
    ],
)
async def test_files_that_github_refuses(
    hub: Hub, wire: Wire, ada: Person, path: str, wish: dict[str, Any], status: int, words: str
) -> None:
    await ada.push("kept", {"k": "k"})
    hub.repo.protection["kept"] = {"required_pull_request_reviews": {"required_approving_review_count": 1}}
    body = {"message": "m", "content": b64("x")} | wish
    refused = await wire.call("PUT", f"{REPO}/contents/{path}", await wire.installation(), body)
    assert (refused.status, words in refused.data["message"]) == (status, True), refused.data


async def test_a_commit_made_by_hand_becomes_a_branch(wire: Wire, ada: Person) -> None:
    token = await wire.installation()
    base = await ada.tip("main")
    blob = (await wire.call("POST", f"{REPO}/git/blobs", token, {"content": b64("x\n"), "encoding": "base64"})).data
    entries = [
        {"path": "bin/run", "mode": "100755", "type": "blob", "sha": blob["sha"]},
        {"path": "b.txt", "mode": "100644", "type": "blob", "content": "b\n"},
        {"path": "README.md", "mode": "100644", "type": "blob", "sha": None},
    ]
    tree = (await wire.call("POST", f"{REPO}/git/trees", token, {"base_tree": base, "tree": entries})).data
    assert [(one["path"], one["type"]) for one in tree["tree"]] == [("b.txt", "blob"), ("bin", "tree")]
    deep = (await wire.call("GET", f"{REPO}/git/trees/{tree['sha']}?recursive=1")).data
    assert [one["mode"] for one in deep["tree"]] == ["100644", "040000", "100755"]
    body = {"message": "by hand", "tree": tree["sha"], "parents": [base]}
    commit = (await wire.call("POST", f"{REPO}/git/commits", token, body)).data
    assert commit["author"]["name"] == "pdev[bot]"
    assert (await wire.call("GET", f"{REPO}/git/commits/{commit['sha']}")).data["message"] == "by hand"
    made = await wire.call("POST", f"{REPO}/git/refs", token, {"ref": "refs/heads/pdev/x", "sha": commit["sha"]})
    assert (made.status, await ada.read("bin/run", "pdev/x")) == (201, "x\n")
    for spelling in ("heads/pdev/x", "heads%2Fpdev%2Fx"):
        found = (await wire.call("GET", f"{REPO}/git/ref/{spelling}")).data
        assert found["object"] == {"type": "commit", "sha": commit["sha"], "url": found["object"]["url"]}
    same = (await wire.call("GET", f"{REPO}/git/matching-refs/heads/pdev")).data
    assert [one["ref"] for one in same] == ["refs/heads/pdev/x"]
    assert (await wire.call("GET", f"{REPO}/git/blobs/{blob['sha']}")).data["size"] == 2
    assert (await wire.call("DELETE", f"{REPO}/git/refs/heads/pdev/x", token)).status == 204
    assert (await wire.call("GET", f"{REPO}/git/ref/heads/pdev/x")).status == 404


@pytest.mark.parametrize(
    ("method", "path", "wish", "words"),
    [
        ("POST", "/git/refs", {"ref": "refs/heads/main", "sha": "TIP"}, "Reference already exists"),
        ("POST", "/git/refs", {"ref": "main", "sha": "TIP"}, "not a valid ref name"),
        ("POST", "/git/refs", {"ref": "refs/heads/a..b", "sha": "TIP"}, "not a valid ref name"),
        ("POST", "/git/refs", {"ref": "refs/heads/x", "sha": "0" * 40}, "Object does not exist"),
        ("PATCH", "/git/refs/heads/nowhere", {"sha": "TIP"}, "Reference does not exist"),
        ("PATCH", "/git/refs/heads/main", {"sha": "OLD"}, "Update is not a fast forward"),
        ("DELETE", "/git/refs/heads/nowhere", None, "Reference does not exist"),
        ("DELETE", "/git/refs/heads/main", None, "default branch"),
        ("POST", "/git/trees", {"tree": [{"path": "x", "mode": "100644", "sha": "e" * 40}]}, "not a valid object"),
        ("POST", "/git/commits", {"message": "m", "tree": "0" * 40}, "Tree SHA does not exist"),
        ("POST", "/git/blobs", {"content": "%", "encoding": "base64"}, "not valid Base64"),
    ],
)
async def test_git_data_that_github_refuses(
    ada: Person, method: str, path: str, wish: dict[str, Any] | None, words: str
) -> None:
    old = await ada.tip("main")
    new = await ada.push("main", {"a": "a"})
    shas = {"TIP": new, "OLD": old}
    body = {key: shas.get(value, value) if isinstance(value, str) else value for key, value in (wish or {}).items()}
    with pytest.raises(GitHubError, match=words) as refused:
        await ada.call(method, path, body or None)
    assert refused.value.status == 422
    assert await ada.tip("main") == new


async def test_a_forced_move_is_allowed_where_the_branch_is_not_protected(hub: Hub, ada: Person) -> None:
    old = await ada.tip("main")
    await ada.push("topic", {"a": "a"})
    await ada.call("PATCH", "/git/refs/heads/topic", {"sha": old, "force": True})
    assert await ada.tip("topic") == old
    newer = await ada.push("topic", {"a": "b"})
    hub.repo.protection["topic"] = {}
    with pytest.raises(GitHubError, match="Cannot force-push"):
        await ada.call("PATCH", "/git/refs/heads/topic", {"sha": old, "force": True})
    assert await ada.tip("topic") == newer


async def test_commits_and_comparisons(wire: Wire, ada: Person) -> None:
    base = await ada.tip("main")
    one = await ada.push("topic", {"a.txt": "1\n"}, "one")
    two = await ada.push("topic", {"b.txt": "2\n"}, "two")
    await ada.push("main", {"c.txt": "3\n"}, "three")
    listed = (await wire.call("GET", f"{REPO}/commits?sha=topic")).data
    assert [each["sha"] for each in listed] == [two, one, base]
    assert [each["sha"] for each in (await wire.call("GET", f"{REPO}/commits?sha=topic&path=a.txt")).data] == [one]
    shown = (await wire.call("GET", f"{REPO}/commits/topic")).data
    assert (shown["stats"], shown["files"][0]["filename"]) == ({"additions": 1, "deletions": 0, "total": 1}, "b.txt")
    bare = await wire.call("GET", f"{REPO}/commits/topic", headers={"Accept": "application/vnd.github.sha"})
    assert bare.data == two
    seen = (await wire.call("GET", f"{REPO}/compare/main...topic")).data
    assert (seen["status"], seen["ahead_by"], seen["behind_by"]) == ("diverged", 2, 1)
    assert [each["filename"] for each in seen["files"]] == ["a.txt", "b.txt"]
    assert seen["merge_base_commit"]["sha"] == base
    assert (await wire.call("GET", f"{REPO}/compare/main...nowhere")).status == 404
    assert (await wire.call("GET", f"{REPO}/commits/nowhere")).status == 422
    pull = await ada.open_pull("topic")
    of = (await wire.call("GET", f"{REPO}/commits/{one}/pulls")).data
    assert [each["number"] for each in of] == [pull.number]


async def test_a_token_of_another_repository_sees_nothing(hub: Hub, wire: Wire) -> None:
    hub.repo.private = True
    other = hub.add_repository("other", installed=True)
    token = await wire.installation(repository_ids=[other.id])
    for path in ("", "/branches", "/contents/README.md", "/commits", "/git/ref/heads/main", "/pulls"):
        assert (await wire.call("GET", REPO + path, token)).status == 404
    assert (await wire.call("GET", "/repos/acme/other/branches", token)).data == []


async def test_the_owners_other_repository_is_read_where_the_token_reaches(hub: Hub, wire: Wire) -> None:
    """`OWNER/.github` may hold what all repositories of the owner share; a token may be narrowed to leave it out."""
    shared = hub.add_repository(".github", installed=True)
    await hub.as_user("owner", shared).push("main", {"pdev.yml": "profile: balanced\n"})
    path = "/repos/acme/.github/contents/pdev.yml"
    whole, narrow = await wire.installation(), await wire.installation(repository_ids=[hub.repo.id])
    found = await wire.call("GET", path, whole)
    assert base64.b64decode(found.data["content"]) == b"profile: balanced\n"
    assert (await wire.call("GET", path, narrow)).status == 404
    hub.add_repository("private", private=True)
    assert (await wire.call("GET", "/repos/acme/private/contents/pdev.yml", whole)).status == 404
