"""Pull requests: what makes one, what GitHub refuses, what moves them, and what a merge brings about."""

from typing import Any

import pytest

from demo.hub import GitHubError, Hub, Person
from demo.hub.gitstore import read_ref
from demo.hub.pull_changes import closing_numbers
from demo.hub.state import Pull
from tests.conftest import Mailbox
from tests.hub.conftest import Wire

PULLS = "/repos/acme/widgets/pulls"


@pytest.fixture
def ada(hub: Hub) -> Person:
    return hub.as_user("developer")


async def proposed(ada: Person, branch: str = "topic", **wish: Any) -> Pull:
    await ada.push(branch, {f"{branch}.txt": "text\n"})
    return await ada.open_pull(branch, **wish)


async def test_a_pull_request_tells_what_git_knows(hub: Hub, wire: Wire, ada: Person, mailbox: Mailbox) -> None:
    await ada.push("topic", {"a.txt": "1\n2\n"}, "first")
    sha = await ada.push("topic", {"a.txt": "1\n", "b.txt": "b\n"}, "second")
    token = await wire.installation()
    made = await wire.call("POST", PULLS, token, {"title": "T", "head": "topic", "base": "main", "draft": True})
    assert made.status == 201
    assert made.headers["Location"] == made.data["url"]
    one = (await wire.call("GET", made.data["url"])).data
    assert (one["draft"], one["mergeable"], one["mergeable_state"], one["merged"]) == (True, True, "draft", False)
    assert (one["commits"], one["additions"], one["deletions"], one["changed_files"]) == (2, 2, 0, 2)
    assert (one["head"]["sha"], one["head"]["label"], one["base"]["ref"]) == (sha, "acme:topic", "main")
    assert one["user"]["login"] == "pdev[bot]"
    files = (await wire.call("GET", f"{PULLS}/1/files")).data
    assert [(each["filename"], each["status"], each["patch"]) for each in files] == [
        ("a.txt", "added", "@@ -0,0 +1 @@\n+1"),
        ("b.txt", "added", "@@ -0,0 +1 @@\n+b"),
    ]
    commits = (await wire.call("GET", f"{PULLS}/1/commits")).data
    assert [each["commit"]["message"] for each in commits] == ["first", "second"]
    assert [each["author"]["login"] for each in commits] == ["developer", "developer"]
    await hub.settle()
    assert mailbox.names[-1] == "pull_request.opened"
    assert await read_ref(hub.git(hub.repo), "refs/pull/1/head") == sha


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"head": "empty"}, "No commits between main and empty"),
        ({"head": "main"}, "No commits between main and main"),
        ({"head": "taken"}, r"A pull request already exists for acme:taken\."),
        ({"head": "acme:taken"}, r"A pull request already exists for acme:taken\."),
        ({"head": "nowhere"}, "'field': 'head', 'code': 'invalid'"),
        ({"head": "topic", "base": "nowhere"}, "'field': 'base', 'code': 'invalid'"),
        ({"head": "somebody:topic"}, "'field': 'head', 'code': 'invalid'"),
        ({"head": "topic", "title": ""}, "'field': 'title', 'code': 'missing_field'"),
        ({"head": "topic", "title": "t" * 257}, "title is too long"),
        ({"head": "topic", "body": "b" * 65_537}, "body is too long"),
        ({"head": "topic", "draft": True}, "Draft pull requests are not supported in this repository"),
    ],
)
async def test_what_github_refuses_is_refused(hub: Hub, ada: Person, wish: dict[str, Any], words: str) -> None:
    await proposed(ada, "taken")
    await ada.push("topic", {"topic.txt": "x"})
    tip = await ada.tip("main")
    await ada.call("POST", "/git/refs", {"ref": "refs/heads/empty", "sha": tip})
    hub.repo.drafts_available = False
    with pytest.raises(GitHubError, match=words) as refused:
        await ada.call("POST", "/pulls", {"title": "T", "base": "main"} | wish)
    assert refused.value.status == 422
    assert len(list(hub.repo.pulls())) == 1


async def test_a_closed_one_does_not_stand_in_the_way(ada: Person) -> None:
    first = await proposed(ada)
    await ada.close_pull(first.number)
    second = await ada.open_pull("topic")
    with pytest.raises(GitHubError, match="already exists"):
        await ada.reopen_pull(first.number)
    await ada.close_pull(second.number)
    await ada.reopen_pull(first.number)
    assert first.open


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [3, 1]),
        ("?state=all", [3, 2, 1]),
        ("?state=closed", [2]),
        ("?head=acme:a", [1]),
        ("?head=other:a", []),
        ("?base=kept", [3]),
        ("?direction=asc", [1, 3]),
        ("?per_page=1&page=2", [1]),
    ],
)
async def test_lists_are_filtered(hub: Hub, wire: Wire, ada: Person, query: str, numbers: list[int]) -> None:
    await ada.push("kept", {"k": "k"})
    for branch, base in (("a", "main"), ("b", "main"), ("c", "kept")):
        await proposed(ada, branch, base=base)
    await ada.close_pull(2)
    assert [one["number"] for one in (await wire.call("GET", PULLS + query)).data] == numbers


async def test_a_head_filter_without_an_owner_is_a_mistake_that_github_does_not_tell(hub: Hub, wire: Wire) -> None:
    assert (await wire.call("GET", PULLS + "?head=topic")).status == 200
    assert "without `owner:`" in hub.problems.pop()


async def test_pushes_move_it_and_deleting_its_branch_closes_it(hub: Hub, ada: Person, mailbox: Mailbox) -> None:
    pull = await proposed(ada)
    before = pull.head_sha
    sha = await ada.push("topic", {"more.txt": "x"})
    await ada.delete_branch("topic")
    await hub.settle()
    moved = next(one.payload for one in mailbox.received if one.payload.get("action") == "synchronize")
    assert (moved["before"], moved["after"], pull.head_sha) == (before, sha, sha)
    assert [name for name in mailbox.names if name.startswith("pull_request.")] == [
        "pull_request.opened",
        "pull_request.synchronize",
        "pull_request.closed",
    ]
    assert not pull.open
    with pytest.raises(GitHubError, match="has been deleted"):
        await ada.reopen_pull(pull.number)


async def test_an_edit_tells_what_stood_there_before(hub: Hub, ada: Person, mailbox: Mailbox) -> None:
    pull = await proposed(ada, title="[WIP] old")
    await ada.push("kept", {"k": "k"})
    await ada.edit_pull(pull.number, title="new", base="kept")
    await hub.settle()
    edits = [one.payload["changes"] for one in mailbox.received if one.payload.get("action") == "edited"]
    assert {"title": {"from": "[WIP] old"}} in edits
    assert any(isinstance(one, dict) and one.get("base", {}).get("ref") == {"from": "main"} for one in edits)
    with pytest.raises(GitHubError, match="'base'"):
        await ada.edit_pull(pull.number, base="nowhere")


async def test_a_conflict_shows_in_mergeable(wire: Wire, ada: Person) -> None:
    pull = await proposed(ada)
    await ada.push("main", {"topic.txt": "another\n"})
    one = (await wire.call("GET", f"{PULLS}/{pull.number}")).data
    assert (one["mergeable"], one["mergeable_state"]) == (False, "dirty")
    with pytest.raises(GitHubError, match="405 Pull Request is not mergeable"):
        await ada.merge(pull.number)
    with pytest.raises(GitHubError, match="conflict"):
        await ada.call("PUT", f"/pulls/{pull.number}/update-branch", {})


@pytest.mark.parametrize(("method", "parents"), [("merge", 2), ("squash", 1), ("rebase", 1)])
async def test_a_merge_closes_what_it_promised(
    hub: Hub, wire: Wire, ada: Person, mailbox: Mailbox, method: str, parents: int
) -> None:
    issue, other = await ada.open_issue("broken"), await ada.open_issue("also broken")
    await ada.push("topic", {"x.txt": "x\n"}, f"repair\n\nfixes #{other.number}")
    pull = await ada.open_pull("topic", body=f"Closes #{issue.number}\n\nsee #999")
    await ada.push("main", {"unrelated.txt": "u\n"})
    hub.repo.delete_branch_on_merge = True
    sha = await hub.as_user("maintainer").merge(pull.number, method)
    assert await ada.tip("main") == sha == pull.merge_commit_sha
    assert await ada.tip("topic") is None
    assert await ada.read("x.txt") == "x\n"
    assert (pull.merged, pull.open, issue.state, other.state) == (True, False, "closed", "closed")
    assert (await wire.call("GET", f"{PULLS}/{pull.number}/merge")).status == 204
    commit = (await wire.call("GET", f"/repos/acme/widgets/commits/{sha}")).data
    assert len(commit["parents"]) == parents
    one = (await wire.call("GET", f"{PULLS}/{pull.number}")).data
    assert (one["merged_by"]["login"], one["changed_files"], one["commits"]) == ("maintainer", 1, 1)
    await hub.settle()
    closed = [one.payload for one in mailbox.received if one.payload.get("action") == "closed"]
    assert sorted(str(next(key for key in ("issue", "pull_request") if key in one)) for one in closed) == [
        "issue",
        "issue",
        "pull_request",
    ]
    with pytest.raises(GitHubError, match="405"):
        await ada.merge(pull.number)
    with pytest.raises(GitHubError, match="cannot be reopened"):
        await ada.reopen_pull(pull.number)


async def test_a_merge_elsewhere_closes_nothing(ada: Person) -> None:
    issue = await ada.open_issue("broken")
    await ada.push("kept", {"k": "k"})
    pull = await proposed(ada, base="kept", body=f"Closes #{issue.number}")
    await ada.merge(pull.number)
    assert (pull.merged, issue.state) == (True, "open")


async def test_pushing_its_commits_to_the_base_merges_it(ada: Person) -> None:
    pull = await proposed(ada)
    await ada.call("PATCH", "/git/refs/heads/main", {"sha": pull.head_sha})
    assert (pull.merged, pull.merge_commit_sha) == (True, pull.head_sha)


async def test_merges_are_refused_in_three_ways(hub: Hub, ada: Person) -> None:
    pull = await proposed(ada, draft=True)
    with pytest.raises(GitHubError, match="405 Pull Request is still a draft"):
        await ada.merge(pull.number)
    pull.draft = False
    with pytest.raises(GitHubError, match="409 Head branch was modified"):
        await ada.merge(pull.number, sha="0" * 40)
    hub.repo.protection["main"] = {"required_status_checks": {"contexts": ["ci"]}}
    with pytest.raises(GitHubError, match="405 At least one"):
        await ada.merge(pull.number)
    with pytest.raises(GitHubError, match="403 Must have write rights"):
        await hub.as_user("reader").merge(pull.number)
    await hub.as_user("developer").call("POST", f"/statuses/{pull.head_sha}", {"state": "success", "context": "ci"})
    await ada.merge(pull.number)
    assert pull.merged


async def test_a_branch_is_brought_up_to_date(ada: Person) -> None:
    pull = await proposed(ada)
    with pytest.raises(GitHubError, match="no new commits"):
        await ada.call("PUT", f"/pulls/{pull.number}/update-branch", {})
    await ada.push("main", {"u.txt": "u\n"})
    with pytest.raises(GitHubError, match="expected head sha"):
        await ada.call("PUT", f"/pulls/{pull.number}/update-branch", {"expected_head_sha": "0" * 40})
    before = pull.head_sha
    await ada.call("PUT", f"/pulls/{pull.number}/update-branch", {"expected_head_sha": before})
    assert pull.head_sha != before
    assert await ada.read("u.txt", "topic") == "u\n"


async def test_a_mention_shows_on_the_other_issue_as_it_is_now(hub: Hub, wire: Wire, ada: Person) -> None:
    issue = await ada.open_issue("broken")
    pull = await proposed(ada, body=f"Closes #{issue.number}, closes #{issue.number}")
    await ada.close_pull(pull.number)
    lines = (await wire.call("GET", f"/repos/acme/widgets/issues/{issue.number}/timeline")).data
    (line,) = [one for one in lines if one["event"] == "cross-referenced"]
    assert (line["source"]["issue"]["number"], line["source"]["issue"]["state"]) == (pull.number, "closed")


async def test_reviews_are_requested_from_collaborators_but_not_from_the_author(hub: Hub, ada: Person) -> None:
    pull = await proposed(ada)
    await ada.request_review(pull.number, "maintainer")
    with pytest.raises(GitHubError, match="pull request author"):
        await ada.request_review(pull.number, "developer")
    with pytest.raises(GitHubError, match="collaborators"):
        await ada.request_review(pull.number, "stranger")
    shown = await ada.call("GET", f"/pulls/{pull.number}/requested_reviewers")
    assert [one["login"] for one in shown["users"]] == ["maintainer"]
    await ada.call("DELETE", f"/pulls/{pull.number}/requested_reviewers", {"reviewers": ["maintainer"]})
    assert pull.requested_reviewers == []


async def test_a_team_is_asked_like_a_person(hub: Hub, ada: Person, mailbox: Mailbox) -> None:
    pull, team = await proposed(ada), hub.add_team("core", "maintainer")
    asked = f"/pulls/{pull.number}/requested_reviewers"
    with pytest.raises(GitHubError, match="collaborators"):
        await ada.call("POST", asked, {"reviewers": ["maintainer"], "team_reviewers": ["nobody"]})
    assert pull.requested_reviewers == []
    made = await ada.call("POST", asked, {"reviewers": ["maintainer"], "team_reviewers": ["core", "core"]})
    assert [one["slug"] for one in made["requested_teams"]] == ["core"]
    shown = await ada.call("GET", asked)
    assert ([one["login"] for one in shown["users"]], shown["teams"][0]["id"]) == (["maintainer"], team.id)
    await hub.settle()
    assert mailbox.names[-2:] == ["pull_request.review_requested"] * 2
    assert mailbox.received[-1].payload["requested_team"]["slug"] == "core"
    await ada.call("DELETE", asked, {"reviewers": [], "team_reviewers": ["core"]})
    assert pull.requested_teams == []


async def test_diff_and_patch_are_text(wire: Wire, ada: Person) -> None:
    pull = await proposed(ada)
    for kind, start in (("diff", "diff --git"), ("patch", "From ")):
        answer = await wire.call("GET", f"{PULLS}/{pull.number}", headers={"Accept": f"application/vnd.github.{kind}"})
        assert str(answer.data).startswith(start)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Closes #7", [7]),
        ("fix #1, fixed #2 and RESOLVES: #3", [1, 2, 3]),
        ("closes acme/widgets#4 closes other/repo#5", [4]),
        ("#6 prefixes #7 closed#8", []),
        ("closes #1 closes #1", [1]),
    ],
)
def test_closing_keywords(hub: Hub, text: str, numbers: list[int]) -> None:
    assert closing_numbers(hub.repo, text) == numbers
