"""Clients that we did not write do their daily work on the hub.

What they accept is evidence that no test of our own could give.
"""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import github
import pytest
from githubkit import AppInstallationAuthStrategy, GitHub, TokenAuthStrategy
from githubkit.webhooks import parse, verify

from demo.hub import Hub
from tests.conftest import Mailbox

PATIENCE_S = 30  # of one foreign process: it is killed then, and the story fails


def _isolated(home: Path) -> Mapping[str, str]:
    """An environment in which git finds nobody's configuration and asks nobody anything."""
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _ME.items()}
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(home)}
    return {"PATH": os.environ["PATH"], "no_proxy": "127.0.0.1", **quiet, **who}


_ME = {"NAME": "Dev", "EMAIL": "dev@example.com"}


async def _run(*argv: str, at: Path, ok: bool = True) -> str:
    def work() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, cwd=at, env=_isolated(at), text=True, capture_output=True, timeout=PATIENCE_S, check=False
        )

    done = await asyncio.to_thread(work)
    assert (done.returncode == 0) is ok, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def _with_token(hub: Hub, login: str) -> str:
    return f"{hub.html_url.replace('://', f'://{login}:{hub.users[login]}@')}/{hub.repo.full_name}.git"


async def test_git_clones_commits_and_pushes(hub: Hub, mailbox: Mailbox, tmp_path: Path) -> None:
    await _run("git", "clone", "-q", _with_token(hub, "developer"), "work", at=tmp_path)
    work = tmp_path / "work"
    await _run("git", "checkout", "-q", "-b", "feature/by-git", at=work)
    (work / "by-git.txt").write_text("hello\n")
    await _run("git", "add", ".", at=work)
    await _run("git", "commit", "-q", "-m", "Add a file", at=work)
    await _run("git", "push", "-q", "origin", "feature/by-git", at=work)
    head = (await _run("git", "rev-parse", "HEAD", at=work)).strip()
    await hub.settle()
    assert "push" in mailbox.names
    found = await hub.as_user("developer").call("GET", "/git/ref/heads/feature/by-git")
    assert found["object"]["sha"] == head


async def test_git_is_refused_without_the_right_to_push(hub: Hub, tmp_path: Path) -> None:
    await _run("git", "clone", "-q", _with_token(hub, "reader"), "work", at=tmp_path)
    work = tmp_path / "work"
    await _run("git", "commit", "-q", "--allow-empty", "-m", "Nothing", at=work)
    said = await _run("git", "push", "-q", "origin", "HEAD:refs/heads/mine", at=work, ok=False)
    assert "denied" in said or "403" in said


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_opens_labels_and_comments(hub: Hub, tmp_path: Path) -> None:
    async def curl(method: str, path: str, body: Any) -> Any:
        address = f"{hub.api_url}/repos/{hub.repo.full_name}{path}"
        headers = ("-H", f"Authorization: Bearer {hub.users['developer']}", "-H", "Accept: application/vnd.github+json")
        text = await _run("curl", "-sSf", "-X", method, *headers, "-d", json.dumps(body), address, at=tmp_path)
        return json.loads(text)

    issue = await curl("POST", "/issues", {"title": "From curl"})
    await curl("POST", f"/issues/{issue['number']}/labels", {"labels": ["bug"]})
    await curl("POST", f"/issues/{issue['number']}/comments", {"body": "Hello"})
    known = hub.repo.issues[issue["number"]]
    assert known.has_label("bug")
    assert [one.body for one in known.comments] == ["Hello"]


async def test_pygithub_works_from_issue_to_check_run(hub: Hub) -> None:
    await asyncio.to_thread(_as_pygithub, hub)


def _as_pygithub(hub: Hub) -> None:
    at_once: dict[str, Any] = {"seconds_between_requests": None, "seconds_between_writes": None}
    token = github.Auth.Token(hub.users["developer"])
    person = github.Github(auth=token, base_url=hub.api_url, retry=None, **at_once)
    repo = person.get_repo(hub.repo.full_name)
    assert person.get_user().login == "developer"

    issue = repo.create_issue("From PyGithub", body="Hello", labels=["bug"])
    issue.add_to_labels("parallel-dev")
    comment = issue.create_comment("A comment")
    comment.edit("A better comment")
    issue.create_reaction("eyes")
    assert {one.name for one in repo.get_issue(issue.number).labels} == {"bug", "parallel-dev"}
    assert [one.body for one in issue.get_comments()] == ["A better comment"]

    base = repo.get_branch(repo.default_branch)
    repo.create_git_ref("refs/heads/by-pygithub", base.commit.sha)
    repo.create_file("by-pygithub.txt", "Add a file", "hello\n", branch="by-pygithub")
    pull = repo.create_pull(
        base=repo.default_branch, head="by-pygithub", title="From PyGithub", body="Closes #1", draft=True
    )
    assert [one.filename for one in pull.get_files()] == ["by-pygithub.txt"]
    assert pull.get_commits().totalCount == 1
    pull.create_review(body="Looks right", event="COMMENT")

    app_auth = github.Auth.AppAuth(hub.app_id, hub.private_key_pem)
    app = github.GithubIntegration(auth=app_auth, base_url=hub.api_url, **at_once)
    bot = app.get_repo_installation(hub.repo.owner.login, hub.repo.name).get_github_for_installation()
    checked = bot.get_repo(hub.repo.full_name)
    run = checked.create_check_run("tests", pull.head.sha, status="in_progress")
    run.edit(status="completed", conclusion="success", output={"title": "Passed", "summary": "All well"})
    assert [one.conclusion for one in checked.get_commit(pull.head.sha).get_check_runs()] == ["success"]
    issue.edit(state="closed")
    assert hub.repo.issues[issue.number].state == "closed"


async def test_githubkit_reads_every_answer_with_its_strict_models(hub: Hub) -> None:
    owner, name = hub.repo.owner.login, hub.repo.name
    here: dict[str, Any] = {"owner": owner, "repo": name}
    person = GitHub(TokenAuthStrategy(hub.users["developer"]), base_url=f"{hub.api_url}/", auto_retry=False)
    rest = person.rest
    async with person:
        repo = (await rest.repos.async_get(**here)).parsed_data
        issue = (await rest.issues.async_create(**here, title="From githubkit", labels=["bug"])).parsed_data
        number = issue.number
        await rest.issues.async_add_labels(**here, issue_number=number, labels=["parallel-dev"])
        comment = (await rest.issues.async_create_comment(**here, issue_number=number, body="Hello")).parsed_data
        await rest.reactions.async_create_for_issue_comment(**here, comment_id=comment.id, content="eyes")
        timeline = (await rest.issues.async_list_events_for_timeline(**here, issue_number=number)).parsed_data
        assert len(timeline) >= 3

        tip = (await rest.repos.async_get_branch(**here, branch=repo.default_branch)).parsed_data.commit.sha
        await rest.git.async_create_ref(**here, ref="refs/heads/by-githubkit", sha=tip)
        blob = (await rest.git.async_create_blob(**here, content="hello\n")).parsed_data
        entry: Any = {"path": "by-githubkit.txt", "mode": "100644", "type": "blob", "sha": blob.sha}
        tree = (await rest.git.async_create_tree(**here, base_tree=tip, tree=[entry])).parsed_data
        made = await rest.git.async_create_commit(**here, message="Add a file", tree=tree.sha, parents=[tip])
        sha = made.parsed_data.sha
        await rest.git.async_update_ref(**here, ref="heads/by-githubkit", sha=sha)
        opened = await rest.pulls.async_create(
            **here, title="From githubkit", head="by-githubkit", base=repo.default_branch
        )
        pull = opened.parsed_data
        assert (await rest.pulls.async_get(**here, pull_number=pull.number)).parsed_data.commits == 1
        assert len((await rest.pulls.async_list_files(**here, pull_number=pull.number)).parsed_data) == 1
        await rest.pulls.async_create_review(**here, pull_number=pull.number, event="COMMENT", body="Looks right")
    await _checks_as_the_app(hub, here, sha)


async def _checks_as_the_app(hub: Hub, here: dict[str, Any], sha: str) -> None:
    strategy = AppInstallationAuthStrategy(hub.app_id, hub.private_key_pem, hub.installation_id)
    bot = GitHub(strategy, base_url=f"{hub.api_url}/", auto_retry=False)
    async with bot:
        note = {
            "path": "by-githubkit.txt",
            "start_line": 1,
            "end_line": 1,
            "annotation_level": "notice",
            "message": "m",
        }
        output: Any = {"title": "Passed", "summary": "All well", "annotations": [note]}
        made = await bot.rest.checks.async_create(**here, name="tests", head_sha=sha, status="in_progress")
        run = made.parsed_data
        done = await bot.rest.checks.async_update(
            **here, check_run_id=run.id, status="completed", conclusion="success", output=output
        )
        assert done.parsed_data.conclusion == "success"
        listed = (await bot.rest.checks.async_list_for_ref(**here, ref=sha)).parsed_data
        assert [one.id for one in listed.check_runs] == [run.id]
        notes = (await bot.rest.checks.async_list_annotations(**here, check_run_id=run.id)).parsed_data
        assert [one.message for one in notes] == ["m"]


async def test_githubkit_verifies_and_parses_our_deliveries(hub: Hub, mailbox: Mailbox) -> None:
    developer = hub.as_user("developer")
    issue = await developer.open_issue("Broken", "Hello", ["bug"])
    await developer.comment(issue.number, "Hello")
    await developer.label(issue.number, "parallel-dev")
    await developer.unlabel(issue.number, "bug")
    await developer.edit(issue.number, title="Still broken")
    await developer.close(issue.number)
    await hub.settle()
    assert len(mailbox.received) >= 6
    for one in mailbox.received:
        assert verify(hub.webhook_secret or "", one.body, one.headers["X-Hub-Signature-256"])
        parsed = parse(one.event, one.body)
        assert parsed.action == one.payload["action"]  # type: ignore[union-attr]
