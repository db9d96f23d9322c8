"""Reviews: verdicts, inline comments on lines that the diff shows, answers, and threads that are resolved."""

from typing import Any

import pytest

from demo.hub import GitHubError, Hub, Person
from demo.hub.following import moved_line
from demo.hub.gitstore import FileChange
from demo.hub.review_places import places
from demo.hub.state import Pull
from tests.conftest import Mailbox
from tests.hub.conftest import Wire

PULLS = "/repos/acme/widgets/pulls"
PATCH = """@@ -1,4 +1,5 @@
 one
-two
+2
+2b
 three
 four
@@ -10,2 +11,1 @@
 ten
-eleven
\\ No newline at end of file"""


@pytest.fixture
def ada(hub: Hub) -> Person:
    return hub.as_user("developer")


@pytest.fixture
def bob(hub: Hub) -> Person:
    return hub.as_user("maintainer")


@pytest.fixture
async def pull(ada: Person) -> Pull:
    """`a.txt` changes in line 2 and 20 of 20."""
    lines = [f"line {n}\n" for n in range(1, 21)]
    await ada.push("main", {"a.txt": "".join(lines)})
    lines[1], lines[19] = "changed 2\n", "changed 20\n"
    await ada.push("topic", {"a.txt": "".join(lines), "image.bin": b"\0\1"})
    return await ada.open_pull("topic")


def test_a_patch_shows_some_lines_on_each_side() -> None:
    shown = places(PATCH)
    assert sorted(number for side, number in shown if side == "LEFT") == [1, 2, 3, 4, 10, 11]
    assert sorted(number for side, number in shown if side == "RIGHT") == [1, 2, 3, 4, 5, 11]
    assert shown["RIGHT", 3].position == 4
    assert shown["RIGHT", 3].hunk == "@@ -1,4 +1,5 @@\n one\n-two\n+2\n+2b"
    assert shown["LEFT", 11].hunk == "@@ -10,2 +11,1 @@\n ten\n-eleven"


async def test_a_review_with_comments_is_told_as_one(
    hub: Hub, wire: Wire, bob: Person, pull: Pull, mailbox: Mailbox
) -> None:
    remarks = [
        {"path": "a.txt", "line": 2, "body": "why?"},
        {"path": "a.txt", "line": 20, "start_line": 18, "start_side": "RIGHT", "body": "and this?"},
        {"path": "a.txt", "line": 2, "side": "LEFT", "body": "was better"},
    ]
    review = await bob.review(pull.number, "REQUEST_CHANGES", "Please change", remarks)
    comments = (await wire.call("GET", f"{PULLS}/{pull.number}/comments")).data
    assert [(one["line"], one["side"], one["start_line"]) for one in comments] == [
        (2, "RIGHT", None),
        (20, "RIGHT", 18),
        (2, "LEFT", None),
    ]
    assert comments[0]["diff_hunk"].endswith("-line 2\n+changed 2")
    assert {one["pull_request_review_id"] for one in comments} == {review.id}
    same = (await wire.call("GET", f"{PULLS}/{pull.number}/reviews/{review.id}/comments")).data
    assert [one["id"] for one in same] == [one["id"] for one in comments]
    await hub.settle()
    assert sorted(mailbox.names) == ["pull_request_review.submitted"] + ["pull_request_review_comment.created"] * 3
    listed = (await wire.call("GET", f"{PULLS}/{pull.number}/reviews")).data
    assert [(one["state"], one["body"]) for one in listed] == [("CHANGES_REQUESTED", "Please change")]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"comments": [{"path": "a.txt", "line": 10, "body": "x"}]}, "Line could not be resolved"),
        ({"comments": [{"path": "a.txt", "line": 2, "start_line": 9, "body": "x"}]}, "Start line could not be"),
        ({"comments": [{"path": "image.bin", "line": 1, "body": "x"}]}, "Line could not be resolved"),
        ({"comments": [{"path": "b.txt", "line": 1, "body": "x"}]}, "Path could not be resolved"),
        ({"event": "REQUEST_CHANGES"}, "Body can't be blank"),
        ({"event": "COMMENT", "body": " "}, "Body can't be blank"),
        ({"body": "b" * 65_537}, "too long"),
        ({"body": "x", "commit_id": "0" * 40}, "No commit found"),
    ],
)
async def test_what_github_refuses_is_refused(bob: Person, pull: Pull, wish: dict[str, Any], words: str) -> None:
    with pytest.raises(GitHubError, match=words) as refused:
        await bob.call("POST", f"/pulls/{pull.number}/reviews", {"event": "COMMENT"} | wish)
    assert refused.value.status == 422
    assert (pull.reviews, pull.review_comments) == ([], [])


@pytest.mark.parametrize(
    ("event", "words"),
    [("APPROVE", "Can not approve your own"), ("REQUEST_CHANGES", "Can not request changes on your own")],
)
async def test_nobody_judges_his_own(ada: Person, pull: Pull, event: str, words: str) -> None:
    with pytest.raises(GitHubError, match=words):
        await ada.review(pull.number, event, "x")
    assert (await ada.review(pull.number, "COMMENT", "just saying")).state == "COMMENTED"


async def test_a_pending_review_is_its_authors_secret(hub: Hub, ada: Person, bob: Person, pull: Pull) -> None:
    wish = {"body": "draft", "comments": [{"path": "a.txt", "line": 2, "body": "hm"}]}
    made = await bob.call("POST", f"/pulls/{pull.number}/reviews", wish)
    where = f"/pulls/{pull.number}/reviews/{made['id']}"
    assert made["state"] == "PENDING"
    assert await ada.call("GET", f"/pulls/{pull.number}/reviews") == []
    assert await ada.call("GET", f"/pulls/{pull.number}/comments") == []
    with pytest.raises(GitHubError, match="404"):
        await ada.call("GET", where)
    with pytest.raises(GitHubError, match="only have one pending review"):
        await bob.call("POST", f"/pulls/{pull.number}/reviews", {"body": "another"})
    await bob.call("POST", where + "/events", {"event": "APPROVE"})
    assert [one["state"] for one in await ada.call("GET", f"/pulls/{pull.number}/reviews")] == ["APPROVED"]
    with pytest.raises(GitHubError, match="non-pending"):
        await bob.call("DELETE", where)
    await bob.call("PUT", where + "/dismissals", {"message": "outdated"})
    assert pull.reviews[0].state == "DISMISSED"


async def test_a_review_answers_its_request(bob: Person, ada: Person, pull: Pull) -> None:
    await ada.request_review(pull.number, "maintainer")
    await bob.review(pull.number, "APPROVE")
    assert pull.requested_reviewers == []


async def test_a_single_comment_and_its_answers_make_a_thread(
    hub: Hub, ada: Person, bob: Person, pull: Pull, mailbox: Mailbox
) -> None:
    where = f"/pulls/{pull.number}/comments"
    wish = {"path": "a.txt", "line": 2, "side": "RIGHT", "body": "why?", "commit_id": pull.head_sha}
    first = await bob.call("POST", where, wish)
    await ada.answer_review_comment(pull.number, first["id"], "because")
    second = await bob.call("POST", where, wish | {"body": "I see", "in_reply_to": first["id"]})
    assert second["in_reply_to_id"] == first["id"]
    (thread,) = pull.threads
    assert [one.body for one in thread.comments] == ["why?", "because", "I see"]
    with pytest.raises(GitHubError, match="Replies to replies"):
        await ada.answer_review_comment(pull.number, second["id"], "no")
    with pytest.raises(GitHubError, match="missing_field"):
        await bob.call("POST", where, {"body": "where?"})
    edited = await bob.call("PATCH", f"/pulls/comments/{second['id']}", {"body": "I see!"})
    assert edited["body"] == "I see!"
    with pytest.raises(GitHubError, match="403"):
        await hub.as_user("reader").call("PATCH", f"/pulls/comments/{second['id']}", {"body": "mine"})
    await bob.call("DELETE", f"/pulls/comments/{second['id']}")
    assert (await bob.call("GET", "/pulls/comments"))[0]["id"] == first["id"]
    bob.resolve_thread(pull.number, thread.id)
    assert thread.resolved
    await hub.settle()
    assert mailbox.names[-1] == "pull_request_review_thread.resolved"
    assert mailbox.names.count("pull_request_review_comment.created") == 3


async def test_a_remark_is_acknowledged_with_an_emoji_once(wire: Wire, bob: Person, pull: Pull) -> None:
    await bob.review(pull.number, "COMMENT", "", [{"path": "a.txt", "line": 2, "body": "/pdev fix"}])
    token = await wire.installation()
    where = f"/repos/acme/widgets/pulls/comments/{pull.review_comments[0].id}/reactions"
    made = [await wire.call("POST", where, token, {"content": "eyes"}) for _ in range(2)]
    assert [one.status for one in made] == [201, 200]
    assert [one["content"] for one in (await wire.call("GET", where)).data] == ["eyes"]
    assert (await wire.call("DELETE", f"{where}/{made[0].data['id']}", token)).status == 204


def _change(patch: str) -> FileChange:
    return FileChange("a.txt", "modified", 0, 0, "0" * 40, None, patch)


@pytest.mark.parametrize(
    ("line", "moved"),
    [(1, 1), (2, None), (3, 4), (4, 5), (7, 8), (10, 11), (11, None), (12, 12), (99, 99)],
)
def test_a_line_is_followed_through_a_change(line: int, moved: int | None) -> None:
    assert moved_line(line, _change(PATCH)) == moved


async def test_a_thread_keeps_its_line_until_the_line_is_gone(hub: Hub, ada: Person, bob: Person, pull: Pull) -> None:
    remarks: list[dict[str, Any]] = [
        {"path": "a.txt", "line": 2, "body": "will change"},
        {"path": "a.txt", "line": 20, "start_line": 19, "start_side": "RIGHT", "body": "will move"},
        {"path": "a.txt", "line": 2, "side": "LEFT", "body": "was better"},
    ]
    await bob.review(pull.number, "COMMENT", "", remarks)
    text = await ada.read("a.txt", "topic")
    await ada.push("topic", {"a.txt": "first\n" + text.replace("changed 2\n", "again\n")})
    shown = await ada.call("GET", f"/pulls/{pull.number}/comments")
    assert [(one.get("line"), one["start_line"], one["original_line"]) for one in shown] == [
        (None, None, 2),
        (21, 20, 20),
        (2, None, 2),
    ]
    assert [one.outdated for one in pull.threads] == [True, False, False]
    assert shown[1]["commit_id"] == pull.head_sha
    assert "position" not in shown[0]
    assert shown[1]["original_commit_id"] == shown[0]["commit_id"] != pull.head_sha
    await ada.answer_review_comment(pull.number, shown[0]["id"], "It is gone.")
    bob.resolve_thread(pull.number, pull.threads[0].id)
    await hub.settle()
    await ada.push("topic", {"a.txt": None})
    assert [one.outdated for one in pull.threads] == [True, True, False]
