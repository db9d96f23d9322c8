"""Check runs and statuses: GitHub's limits, whose they are, and what pressing their buttons sends."""

from typing import Any

import pytest

from demo.hub import GitHubError, Hub, Person
from demo.hub.check_changes import rolled_up
from demo.hub.seed import add_app, add_installation
from demo.hub.state import CheckRun
from tests.conftest import Mailbox
from tests.hub.conftest import Reply, Wire

RUNS = "/repos/acme/widgets/check-runs"
BUTTONS = [{"label": "Retry", "description": "Run the stage again", "identifier": "retry"}]


class Checks:
    """Our App at work on the tip of `main`."""

    def __init__(self, wire: Wire, token: str, sha: str) -> None:
        self.wire, self.token, self.sha = wire, token, sha

    async def create(self, **wish: Any) -> Reply:
        return await self.wire.call("POST", RUNS, self.token, {"name": "pdev", "head_sha": self.sha} | wish)

    async def update(self, run: Reply, **wish: Any) -> Reply:
        return await self.wire.call("PATCH", f"{RUNS}/{run.data['id']}", self.token, wish)

    async def get(self, path: str) -> Any:
        return (await self.wire.call("GET", f"/repos/acme/widgets{path}", self.token)).data


@pytest.fixture
def ada(hub: Hub) -> Person:
    return hub.as_user("developer")


@pytest.fixture
async def checks(wire: Wire, ada: Person) -> Checks:
    sha = await ada.tip("main")
    assert sha is not None
    return Checks(wire, await wire.installation(), sha)


def notes(count: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"path": "a.py", "start_line": n, "end_line": n, "annotation_level": "warning", "message": f"note {n}"} | more
        for n in range(1, count + 1)
    ]


async def test_a_run_lives_from_queued_to_completed_and_again(
    hub: Hub, checks: Checks, ada: Person, mailbox: Mailbox
) -> None:
    made = await checks.create(status="queued", external_id="task-1")
    assert (made.status, made.data["status"], made.data["conclusion"]) == (201, "queued", None)
    assert made.headers["Location"] == made.data["url"]
    running = await checks.update(made, status="in_progress", output={"title": "T", "summary": "S", "text": "x"})
    assert running.data["output"]["summary"] == "S"
    done = await checks.update(made, conclusion="success", actions=BUTTONS)
    assert (done.data["status"], done.data["completed_at"] is None) == ("completed", False)
    again = await checks.update(made, status="queued")
    assert (again.data["conclusion"], again.data["completed_at"]) == (None, None)
    await hub.settle()
    assert mailbox.names == ["check_run.created", "check_run.completed", "check_suite.completed"]
    assert (await checks.get(f"/check-runs/{made.data['id']}"))["external_id"] == "task-1"


async def test_annotations_add_up_and_the_rest_of_the_output_is_replaced(checks: Checks) -> None:
    first = {"title": "T", "summary": "one", "text": "text", "annotations": notes(50)}
    made = await checks.create(output=first)
    await checks.update(made, output={"summary": "two", "annotations": notes(3, title="more")})
    run = await checks.get(f"/check-runs/{made.data['id']}")
    assert {key: run["output"][key] for key in ("title", "summary", "text", "annotations_count")} == {
        "title": "T",
        "summary": "two",
        "text": None,
        "annotations_count": 53,
    }
    listed = await checks.get(f"/check-runs/{made.data['id']}/annotations?per_page=100")
    assert [one["title"] for one in listed[49:]] == [None, "more", "more", "more"]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"head_sha": "0" * 40}, "No commit found for SHA: " + "0" * 40),
        ({"head_sha": "main"}, "No commit found for SHA: main"),
        ({"output": {"title": "T", "summary": "S", "annotations": notes(51)}}, "No more than 50 items are allowed"),
        ({"actions": BUTTONS * 4}, "No more than 3 items are allowed"),
        ({"actions": [BUTTONS[0] | {"label": "x" * 21}]}, "20"),
        ({"actions": [BUTTONS[0] | {"identifier": "x" * 21}]}, "20"),
        ({"actions": [BUTTONS[0] | {"description": "x" * 41}]}, "40"),
        ({"output": {"title": "T", "summary": "s" * 65_536}}, "65535"),
        ({"output": {"title": "T", "summary": "S", "text": "s" * 65_536}}, "65535"),
        ({"output": {"summary": "S"}}, "title"),
        ({"output": {"title": "T"}}, "summary"),
        ({"status": "completed"}, "conclusion"),
        ({"conclusion": "stale"}, "stale"),
        ({"conclusion": "great"}, "great"),
        ({"output": {"title": "T", "summary": "S", "annotations": notes(1, start_column=1, end_line=9)}}, "Columns"),
    ],
)
async def test_what_github_refuses_is_refused(hub: Hub, checks: Checks, wish: dict[str, Any], words: str) -> None:
    refused = await checks.create(**wish)
    assert refused.status == 422, refused.data
    assert words in refused.data["message"]
    assert hub.repo.check_runs == {}
    hub.problems.clear()


async def test_the_longest_texts_are_accepted(checks: Checks) -> None:
    made = await checks.create(output={"title": "T", "summary": "s" * 65_535, "text": "t" * 65_535})
    assert made.status == 201


async def test_only_apps_write_checks_and_only_their_own(hub: Hub, wire: Wire, checks: Checks, ada: Person) -> None:
    with pytest.raises(GitHubError, match="403 You must authenticate via a GitHub App"):
        await ada.call("POST", "/check-runs", {"name": "x", "head_sha": checks.sha})
    made = await checks.create()
    other = add_app(hub.world, hub.now(), slug="other", owner=hub.repo.owner, public_key_pem=hub.app.public_key_pem)
    installed = add_installation(hub.world, hub.now(), app=other, account=hub.repo.owner, repos=None)
    path = f"/app/installations/{installed.id}/access_tokens"
    token = (await wire.call("POST", path, wire.jwt(iss=str(other.id)))).data["token"]
    refused = await wire.call("PATCH", f"{RUNS}/{made.data['id']}", token, {"status": "queued"})
    assert (refused.status, "Invalid app_id" in refused.data["message"]) == (403, True)
    weak = await wire.installation(permissions={"checks": "read"})
    assert (await wire.call("POST", RUNS, weak, {"name": "x", "head_sha": checks.sha})).status == 403


async def test_lists_show_the_newest_of_each_name(checks: Checks) -> None:
    first = await checks.create(name="pdev", status="completed", conclusion="failure")
    second = await checks.create(name="pdev")
    review = await checks.create(name="pdev / review", status="in_progress")
    suite = first.data["check_suite"]["id"]

    async def ids(path: str) -> list[int]:
        listed = await checks.get(path)
        assert listed["total_count"] == len(listed["check_runs"])
        return [one["id"] for one in listed["check_runs"]]

    new, old, other = second.data["id"], first.data["id"], review.data["id"]
    assert await ids("/commits/main/check-runs") == [other, new]
    assert await ids(f"/commits/{checks.sha}/check-runs?filter=all") == [other, new, old]
    assert await ids("/commits/heads%2Fmain/check-runs?check_name=pdev%20%2F%20review") == [other]
    assert await ids("/commits/main/check-runs?status=in_progress") == [other]
    assert await ids(f"/check-suites/{suite}/check-runs?filter=all") == [other, new, old]
    suites = await checks.get("/commits/main/check-suites")
    assert [(one["id"], one["status"]) for one in suites["check_suites"]] == [(suite, "in_progress")]
    assert (await checks.get(f"/check-suites/{suite}"))["latest_check_runs_count"] == 3
    missing = await checks.wire.call("GET", "/repos/acme/widgets/commits/nowhere/check-runs", checks.token)
    assert (missing.status, missing.data["message"]) == (422, "No commit found for SHA: nowhere")


async def test_runs_belong_to_a_commit_and_not_to_a_branch(checks: Checks, ada: Person) -> None:
    await checks.create()
    await ada.push("main", {"next.txt": "x"})
    assert (await checks.get("/commits/main/check-runs"))["total_count"] == 0
    assert (await checks.get(f"/commits/{checks.sha}/check-runs"))["total_count"] == 1


async def test_buttons_work_on_completed_runs_for_people_who_may_write(
    hub: Hub, checks: Checks, ada: Person, mailbox: Mailbox
) -> None:
    made = await checks.create(actions=BUTTONS)
    number = made.data["id"]
    with pytest.raises(GitHubError, match="no button"):
        await ada.press(number, "retry")
    await checks.update(made, conclusion="action_required")
    with pytest.raises(GitHubError, match="403"):
        await hub.as_user("triager").press(number, "retry")
    with pytest.raises(GitHubError, match="no button"):
        await ada.press(number, "approve")
    await ada.press(number, "retry")
    await hub.settle()
    pressed = mailbox.received[-1].payload
    assert (pressed["action"], pressed["requested_action"]) == ("requested_action", {"identifier": "retry"})
    sender = pressed["sender"]
    assert isinstance(sender, dict)
    assert sender["login"] == "developer"


async def test_rerun_asks_the_app_and_changes_only_the_suite(
    hub: Hub, checks: Checks, ada: Person, mailbox: Mailbox
) -> None:
    made = await checks.create(conclusion="success")
    suite = made.data["check_suite"]["id"]
    await ada.rerun(made.data["id"])
    assert (await checks.get(f"/check-runs/{made.data['id']}"))["conclusion"] == "success"
    shown = await checks.get(f"/check-suites/{suite}")
    assert (shown["status"], shown["conclusion"]) == ("queued", None)
    await ada.rerun_all(suite)
    await hub.settle()
    assert mailbox.names[-2:] == ["check_run.rerequested", "check_suite.rerequested"]
    with pytest.raises(GitHubError, match="403"):
        await hub.as_user("reader").rerun(made.data["id"])


async def test_a_push_gives_each_app_with_checks_its_suite(hub: Hub, ada: Person, mailbox: Mailbox) -> None:
    sha = await ada.push("topic", {"a": "a"})
    await hub.settle()
    (asked,) = [one.payload for one in mailbox.received if one.event == "check_suite"]
    suite = asked["check_suite"]
    assert isinstance(suite, dict)
    assert (suite["head_sha"], suite["head_branch"], suite["status"]) == (sha, "topic", "queued")


@pytest.mark.parametrize(
    ("runs", "rolled"),
    [
        ([], ("queued", None)),
        ([("queued", None)], ("queued", None)),
        ([("completed", "success"), ("queued", None)], ("in_progress", None)),
        ([("completed", "success"), ("completed", "neutral")], ("completed", "success")),
        ([("completed", "success"), ("completed", "failure"), ("completed", "cancelled")], ("completed", "failure")),
        ([("completed", "skipped"), ("completed", "action_required")], ("completed", "action_required")),
    ],
)
async def test_a_suite_is_as_good_as_its_worst_run(
    hub: Hub, checks: Checks, runs: list[tuple[str, str | None]], rolled: tuple[str, str | None]
) -> None:
    made = [await checks.create(name=f"run {n}") for n in range(len(runs))]
    known: list[CheckRun] = [hub.repo.check_runs[one.data["id"]] for one in made]
    for run, (status, conclusion) in zip(known, runs, strict=True):
        run.status, run.conclusion = status, conclusion
    assert rolled_up(known) == rolled


async def test_statuses_are_combined_by_context(hub: Hub, wire: Wire, ada: Person, mailbox: Mailbox) -> None:
    sha, base = await ada.tip("main"), "/repos/acme/widgets"
    assert (await wire.call("GET", f"{base}/commits/main/status")).data["state"] == "pending"
    for context, state in (("ci", "pending"), ("lint", "success"), ("ci", "failure")):
        await ada.call("POST", f"/statuses/{sha}", {"state": state, "context": context})
    combined = (await wire.call("GET", f"{base}/commits/{sha}/status")).data
    assert (combined["state"], combined["total_count"]) == ("failure", 2)
    await ada.call("POST", f"/statuses/{sha}", {"state": "success", "context": "ci"})
    assert (await wire.call("GET", f"{base}/commits/main/status")).data["state"] == "success"
    listed = (await wire.call("GET", f"{base}/commits/main/statuses")).data
    assert [one["state"] for one in listed] == ["success", "failure", "success", "pending"]
    with pytest.raises(GitHubError, match="422 No commit found for SHA"):
        await ada.call("POST", f"/statuses/{'0' * 40}", {"state": "success"})
    with pytest.raises(GitHubError, match="403"):
        await hub.as_user("reader").call("POST", f"/statuses/{sha}", {"state": "success"})
