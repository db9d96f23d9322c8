"""What a person sees and presses in the browser, through the real addresses that answers name as `html_url`."""

import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from demo.hub import Hub
from demo.hub.callers import Caller
from demo.hub.state import CheckRun, Issue, Pull
from tests.conftest import Mailbox


class Browser:
    """Loads pages and sends forms as a browser on the hub's own pages does."""

    def __init__(self, hub: Hub, session: aiohttp.ClientSession) -> None:
        self.hub, self.session = hub, session

    async def see(self, path: str, status: int = 200) -> str:
        async with self.session.get(self.hub.html_url + path, headers={"Accept": "text/html"}) as answer:
            text = await answer.text()
            assert answer.status == status, text
            return text

    async def send(self, path: str, /, *, status: int = 200, origin: str | None = None, **fields: Any) -> str:
        headers = {"Accept": "text/html", "Origin": origin or self.hub.html_url}
        async with self.session.post(self.hub.html_url + path, data=fields, headers=headers) as answer:
            text = await answer.text()
            assert answer.status == status, text
            return text

    async def sign_in(self, login: str) -> None:
        await self.send("/_hub/sign-in", login=login, back="/")


@pytest.fixture
async def browser(hub: Hub) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Browser(hub, session)


@pytest.fixture
async def issue(hub: Hub) -> Issue:
    text = "<!-- marker:1 -->\nIt **breaks**.\n\n- [ ] find\n- [x] report\n"
    return await hub.as_user("maintainer").open_issue("Widgets break <b>badly</b>", text, ["bug"])


async def _as_app(hub: Hub, method: str, path: str, body: Any) -> Any:
    one = hub.installation
    caller = Caller("installation", one.app.bot, one.app, one, one.permissions, None)
    return (await hub.perform(caller, method, f"/repos/{hub.repo.full_name}{path}", body)).data


@pytest.fixture
async def pull(hub: Hub) -> Pull:
    developer = hub.as_user("developer")
    tip = (await developer.call("GET", f"/git/ref/heads/{hub.repo.default_branch}"))["object"]["sha"]
    await developer.call("POST", "/git/refs", {"ref": "refs/heads/feature/x", "sha": tip})
    file = {"message": "Add a file\n\nWith a reason.", "content": "b25lCnR3bwp0aHJlZQo=", "branch": "feature/x"}
    await developer.call("PUT", "/contents/lib/new.py", file)
    wanted = {"title": "Mend it", "head": "feature/x", "base": "main", "body": "Closes nothing", "draft": True}
    made = await developer.call("POST", "/pulls", wanted)
    found = hub.repo.pull(made["number"])
    assert found is not None
    return found


@pytest.fixture
async def run(hub: Hub, pull: Pull) -> CheckRun:
    place = {"path": "lib/new.py", "start_line": 2, "end_line": 2}
    note = {**place, "annotation_level": "warning", "message": "Look <here>"}
    body = {
        "name": "pdev / review",
        "head_sha": pull.head_sha,
        "status": "completed",
        "conclusion": "action_required",
        "output": {"title": "One finding", "summary": "**Look** at it", "text": "a log", "annotations": [note]},
        "actions": [{"label": "Retry", "description": "Run it again", "identifier": "retry"}],
    }
    made = await _as_app(hub, "POST", "/check-runs", body)
    return hub.repo.check_runs[made["id"]]


async def test_an_issue_shows_title_labels_and_text(browser: Browser, issue: Issue) -> None:
    page = await browser.see(f"/acme/widgets/issues/{issue.number}")
    assert "Widgets break &lt;b&gt;badly&lt;/b&gt;" in page
    assert "It <strong>breaks</strong>." in page
    assert "marker:1" not in page
    assert re.search(r'class="label"[^>]*>bug<', page)
    assert "Sign in (top right) to comment" in page


async def test_every_html_url_leads_to_a_page(hub: Hub, browser: Browser, issue: Issue, run: CheckRun) -> None:
    comment = await hub.as_user("developer").comment(issue.number, "Hello")
    developer = hub.as_user("developer")
    pull = next(iter(hub.repo.pulls()))
    answers = [
        await developer.call("GET", path)
        for path in (
            "",
            f"/issues/{issue.number}",
            f"/issues/comments/{comment.id}",
            f"/pulls/{pull.number}",
            f"/check-runs/{run.id}",
            f"/commits/{pull.head_sha}",
            f"/pulls/{pull.number}/files",
            "/contents/README.md",
            "/compare/main...feature/x",
            f"/issues/{issue.number}/timeline",
        )
    ]
    addresses = {one for answer in answers for one in _addresses(answer)}
    assert len(addresses) > 8
    for address in sorted(addresses):
        async with browser.session.get(address, headers={"Accept": "text/html"}) as answer:
            assert answer.status == 200, address


def _addresses(node: Any) -> set[str]:
    if isinstance(node, list):
        return {one for item in node for one in _addresses(item)}
    if not isinstance(node, dict):
        return set()
    own = {node[key] for key in ("html_url", "blob_url", "avatar_url") if isinstance(node.get(key), str)}
    return own | {one for item in node.values() for one in _addresses(item)}


async def test_a_person_labels_comments_and_closes(hub: Hub, browser: Browser, issue: Issue, mailbox: Mailbox) -> None:
    await browser.sign_in("maintainer")
    here = f"/acme/widgets/issues/{issue.number}"
    await browser.send(f"{here}/labels", name="parallel-dev")
    await browser.send(f"{here}/unlabel", name="bug")
    page = await browser.send(f"{here}/comment", body="/pdev status\r\nplease", then="comment")
    assert "/pdev status<br />" in page
    await browser.send(f"{here}/comment", body="", then="close")
    assert [one.name for one in issue.labels] == ["parallel-dev"]
    assert [one.body for one in issue.comments] == ["/pdev status\nplease"]
    assert (issue.state, issue.closed_by and issue.closed_by.login) == ("closed", "maintainer")
    await hub.settle()
    assert mailbox.names == ["issues.labeled", "issues.unlabeled", "issue_comment.created", "issues.closed"]


async def test_a_checkbox_is_an_edit_by_the_person(hub: Hub, browser: Browser, issue: Issue, mailbox: Mailbox) -> None:
    await browser.sign_in("maintainer")
    await browser.send(f"/acme/widgets/issues/{issue.number}/box", line="3")
    assert "- [x] find" in (issue.body or "")
    comment = await hub.as_user("maintainer").comment(issue.number, "- [ ] Stop")
    await browser.send(f"/acme/widgets/comments/{comment.id}/box", line="0")
    assert comment.body == "- [x] Stop"
    await browser.send(f"/acme/widgets/comments/{comment.id}/box", status=422, line="7")
    await hub.settle()
    assert mailbox.names == ["issues.edited", "issue_comment.created", "issue_comment.edited"]
    assert mailbox.received[-1].payload["sender"]["login"] == "maintainer"


async def test_rights_are_those_of_the_person(browser: Browser, issue: Issue) -> None:
    here = f"/acme/widgets/issues/{issue.number}"
    page = await browser.send(f"{here}/labels", status=401, name="x")
    assert "Sign in as somebody" in page
    await browser.sign_in("reader")
    await browser.send(f"{here}/labels", status=403, name="x")
    await browser.send(f"{here}/comment", status=422, body="  ", then="comment")
    assert [one.name for one in issue.labels] == ["bug"]


async def test_a_pull_request_shows_commits_checks_files_and_reviews(
    hub: Hub, browser: Browser, pull: Pull, run: CheckRun
) -> None:
    comment = {"path": "lib/new.py", "line": 3, "side": "RIGHT", "body": "Why **three**?"}
    review = {"event": "COMMENT", "body": "Some questions", "comments": [comment]}
    await hub.as_user("maintainer").call("POST", f"/pulls/{pull.number}/reviews", review)
    here = f"/acme/widgets/pull/{pull.number}"
    talk = await browser.see(here)
    assert "Some questions" in talk
    assert "Why <strong>three</strong>?" in talk
    assert "One finding" in talk
    assert "Draft" in talk
    assert "Add a file" in await browser.see(f"{here}/commits")
    checks = await browser.see(f"{here}/checks")
    assert "<strong>Look</strong> at it" in checks
    assert "Look &lt;here&gt;" in checks
    files = await browser.see(f"{here}/files")
    assert (
        files.index(">two<") < files.index("Look &lt;here&gt;") < files.index(">three<") < files.index("Why <strong>")
    )


async def test_buttons_of_a_check_run_reach_the_app(
    browser: Browser, run: CheckRun, mailbox: Mailbox, hub: Hub
) -> None:
    here = f"/acme/widgets/runs/{run.id}"
    assert "Sign in to press: Retry" in await browser.see(here)
    await browser.send(f"{here}/press", status=401, identifier="retry")
    await browser.sign_in("developer")
    assert "Look &lt;here&gt;" in await browser.send(f"{here}/press", identifier="retry")
    await browser.send(f"{here}/press", status=422, identifier="gone")
    await browser.send(f"{here}/rerun")
    await browser.send(f"/acme/widgets/suites/{run.suite.id}/rerun")
    await hub.settle()
    assert mailbox.names == ["check_run.requested_action", "check_run.rerequested", "check_suite.rerequested"]
    assert mailbox.received[0].payload["requested_action"] == {"identifier": "retry"}


async def test_a_person_reviews_readies_and_merges(hub: Hub, browser: Browser, pull: Pull) -> None:
    here = f"/acme/widgets/pull/{pull.number}"
    await browser.sign_in("maintainer")
    assert "Why?" in await browser.send(f"{here}/line", path="lib/new.py", line="2", body="Why?")
    await browser.send(f"{here}/review", event="approve", body="Good")
    await browser.send(f"{here}/ready")
    assert not pull.draft
    await browser.send(f"{here}/merge", method="squash")
    assert pull.merged
    assert "Merged" in await browser.see(here)


async def test_other_sites_and_other_names_are_refused(hub: Hub, browser: Browser, issue: Issue) -> None:
    await browser.sign_in("maintainer")
    here = f"/acme/widgets/issues/{issue.number}"
    await browser.send(f"{here}/comment", status=403, origin="http://evil.example", body="x", then="comment")
    headers = {"Host": "evil.example", "Accept": "text/html"}
    async with browser.session.get(hub.html_url + here, headers=headers) as answer:
        assert answer.status == 403
    assert issue.comments == []


async def test_signing_in_leads_back_but_never_away(hub: Hub, browser: Browser) -> None:
    headers = {"Origin": hub.html_url}
    for back, expected in (("/acme/widgets", "/acme/widgets"), ("//evil.example", "/"), ("http://evil.example", "/")):
        async with browser.session.post(
            f"{hub.html_url}/_hub/sign-in",
            data={"login": "reader", "back": back},
            headers=headers,
            allow_redirects=False,
        ) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, expected)


async def test_lists_files_and_deliveries_can_be_looked_at(
    hub: Hub, browser: Browser, issue: Issue, pull: Pull, mailbox: Mailbox
) -> None:
    await hub.as_user("maintainer").comment(issue.number, "Hello")
    await hub.settle()
    for path, words in {
        "/": "acme/widgets",
        "/acme/widgets": "Mend it",
        "/acme/widgets/issues": "Widgets break",
        "/acme/widgets/issues?state=closed": "Nothing here",
        "/acme/widgets/issues/new": "Sign in",
        "/acme/widgets/pulls": "feature/x",
        "/acme/widgets/tree/feature/x": "lib/new.py",
        f"/acme/widgets/blob/{pull.head_sha}/lib/new.py": "three",
        "/acme/widgets/commits/feature/x": "Add a file",
        f"/acme/widgets/commit/{pull.head_sha}": "With a reason.",
        "/acme/widgets/compare/main...feature/x": "lib/new.py",
        "/maintainer": "maintain",
        "/apps/pdev": "issue_comment.created",
        f"/acme/widgets/issues/{pull.number}": "Mend it",
        "/_hub/hub.css": "prefers-color-scheme",
    }.items():
        assert words in await browser.see(path), path
    await browser.see("/acme/nothing", status=404)
    delivery = hub.deliveries[-1]
    await browser.send(f"/apps/pdev/deliveries/{delivery.id}/redeliver", status=401)
    await browser.sign_in("owner")
    await browser.send(f"/apps/pdev/deliveries/{delivery.id}/redeliver")
    await hub.settle()
    assert [one.headers["X-GitHub-Delivery"] for one in mailbox.received].count(delivery.guid) == 2


async def test_a_program_that_strays_here_is_told_in_json(hub: Hub, browser: Browser) -> None:
    async with browser.session.get(f"{hub.api_url}/user/nothing", headers={"Accept": "application/json"}) as answer:
        assert answer.status == 404
        assert (await answer.json())["message"] == "Not Found"
    assert hub.unknown_routes == ["GET /user/nothing"]
    hub.unknown_routes.clear()


async def test_watching_reloads(browser: Browser) -> None:
    assert 'http-equiv="refresh"' in await browser.see("/acme/widgets?watch=1")
    assert 'http-equiv="refresh"' not in await browser.see("/acme/widgets")


async def test_a_reviews_threads_stand_at_their_lines_and_fold_when_resolved(
    hub: Hub, browser: Browser, pull: Pull
) -> None:
    suggestion = "Call it so:\n\n```suggestion\nfirst <b>line</b>\n```"
    remarks = [{"path": "lib/new.py", "line": 1, "body": suggestion}, {"path": "lib/new.py", "line": 3, "body": "And?"}]
    maintainer = hub.as_user("maintainer")
    await maintainer.review(pull.number, "COMMENT", "Two things", remarks)
    _, second = pull.threads
    await hub.as_user("developer").answer_review_comment(pull.number, second.comments[0].id, "Mended in the next one.")
    page = await browser.see(f"/acme/widgets/pull/{pull.number}/files")
    assert '<span class="removed">-one\n</span><span class="added">+first &lt;b&gt;line&lt;/b&gt;\n</span>' in page
    assert "Resolved" not in page
    maintainer.resolve_thread(pull.number, second.id)
    for path in ("", "/files"):
        page = await browser.see(f"/acme/widgets/pull/{pull.number}{path}")
        assert page.count('<details class="box review thread folded">') == 1
        assert page.index("Resolved") < page.index("Mended in the next one.")
        assert page.count("Mended in the next one.") == 1
    assert page.index("Suggested change") < page.index("And?"), "each below its line"


async def test_a_thread_whose_line_is_gone_is_told_as_outdated(hub: Hub, browser: Browser, pull: Pull) -> None:
    remark = {"path": "lib/new.py", "line": 2, "body": "Why two?"}
    await hub.as_user("maintainer").review(pull.number, "COMMENT", "", [remark])
    await hub.as_user("developer").push("feature/x", {"lib/new.py": "one\n2\nthree\n"})
    page = await browser.see(f"/acme/widgets/pull/{pull.number}")
    assert page.index("<code>lib/new.py:2</code>") < page.index("Outdated") < page.index("Why two?")
    assert "Why two?" not in await browser.see(f"/acme/widgets/pull/{pull.number}/files")


async def test_who_was_asked_for_a_review_is_shown(hub: Hub, browser: Browser, pull: Pull) -> None:
    hub.add_team("core", "maintainer")
    wanted = {"reviewers": ["maintainer"], "team_reviewers": ["core"]}
    await hub.as_user("developer").call("POST", f"/pulls/{pull.number}/requested_reviewers", wanted)
    page = await browser.see(f"/acme/widgets/pull/{pull.number}")
    assert "acme/core" in page
    assert "requested a review from <b>the team core</b>" in page
    assert "No requests" not in page
