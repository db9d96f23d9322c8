"""The real git client against the hub: what github.com accepts, what it refuses, and what it tells afterwards."""

import asyncio
import base64
import os
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.hub import GitHubError, Hub
from demo.hub.gitstore import ZERO_SHA, history, list_refs
from tests.conftest import Mailbox
from tests.hub.conftest import Wire


@dataclass(slots=True)
class Shell:
    """git as a stranger's machine has it: no configuration, an empty home."""

    home: Path
    hub: Hub

    async def git(self, *args: str, cwd: Path | None = None, ok: bool = True) -> str:
        """stdout and stderr together; `ok=False`: it must fail."""
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            "git", *args, cwd=cwd or self.home, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        out, _ = await process.communicate()
        text = out.decode()
        assert (process.returncode == 0) == ok, text
        return text

    def url(self, token: str | None = None, name: str = "acme/widgets.git") -> str:
        user = f"x-access-token:{token}@" if token else ""
        return self.hub.html_url.replace("://", f"://{user}") + f"/{name}"

    async def clone(self, token: str | None = None, *flags: str) -> Path:
        await self.git("clone", "-q", *flags, self.url(token), "work")
        return self.home / "work"

    async def commit(self, work: Path, path: str, text: str = "text\n") -> str:
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(text)
        await self.git("add", "-A", cwd=work)
        await self.git("commit", "-qm", f"change {path}", cwd=work)
        return (await self.git("rev-parse", "HEAD", cwd=work)).strip()


@pytest.fixture
def shell(tmp_path: Path, hub: Hub) -> Shell:
    home = tmp_path / "home"
    home.mkdir()
    return Shell(home, hub)


Refs = Callable[[], Awaitable[dict[str, str]]]


@pytest.fixture
def refs(hub: Hub) -> Refs:
    return lambda: list_refs(hub.git(hub.repo))


@pytest.mark.parametrize("protocol", ["0", "1", "2"])
async def test_clone_and_push_in_every_protocol(shell: Shell, hub: Hub, wire: Wire, refs: Refs, protocol: str) -> None:
    work = await shell.clone(await wire.installation(), "-c", f"protocol.version={protocol}")
    assert (work / "README.md").read_text() == "# widgets\n"
    sha = await shell.commit(work, "src/a.py")
    await shell.git("push", "-q", "origin", "HEAD:refs/heads/feature/x", cwd=work)
    assert (await refs())["refs/heads/feature/x"] == sha
    await shell.git("fetch", "-q", "origin", sha, cwd=work)


async def test_a_partial_clone_fetches_what_it_lacks_later(shell: Shell, wire: Wire, hub: Hub) -> None:
    await hub.as_user("developer").push("main", {f"f{n}.txt": f"{n}\n" * 50 for n in range(30)})
    work = await shell.clone(await wire.installation(), "--filter=blob:none", "--no-checkout")
    missing = await shell.git("rev-list", "--objects", "--all", "--missing=print", cwd=work)
    assert missing.count("\n?") == 31
    await shell.git("checkout", "-q", "main", cwd=work)
    assert (work / "f29.txt").read_text() == "29\n" * 50


async def test_a_large_fetch_request_survives_being_gzipped(shell: Shell, wire: Wire, hub: Hub) -> None:
    """git gzips a request above one kilobyte, which the HTTP server inflates already: many haves make one."""
    work = await shell.clone(await wire.installation())
    for n in range(40):
        await shell.git("commit", "-q", "--allow-empty", "-m", f"local {n}", cwd=work)
    await hub.as_user("developer").push("main", {"b.txt": "b\n"})
    await shell.git("fetch", "-q", "origin", cwd=work)
    assert "b.txt" in await shell.git("ls-tree", "--name-only", "origin/main", cwd=work)


async def test_a_large_push_is_streamed(shell: Shell, wire: Wire, refs: Refs) -> None:
    work = await shell.clone(await wire.installation(), "-c", "http.postBuffer=65536")
    (work / "big.bin").write_bytes(os.urandom(3_000_000))
    sha = await shell.commit(work, "small.txt")
    await shell.git("push", "-q", "origin", "HEAD:big", cwd=work)
    assert (await refs())["refs/heads/big"] == sha


async def test_tokens_in_a_header_work_without_any_credential_in_the_url(shell: Shell, wire: Wire, refs: Refs) -> None:
    work = await shell.clone()
    await shell.commit(work, "a.txt")
    basic = base64.b64encode(f"x-access-token:{await wire.installation()}".encode()).decode()
    header = f"http.extraHeader=Authorization: Basic {basic}"
    await shell.git("-c", header, "push", "-q", shell.url(), "HEAD:from-header", cwd=work)
    assert "refs/heads/from-header" in await refs()


async def test_refs_of_our_own_are_kept_and_told_to_nobody(
    shell: Shell, wire: Wire, refs: Refs, mailbox: Mailbox, hub: Hub
) -> None:
    work = await shell.clone(await wire.installation())
    sha = await shell.commit(work, "a.txt")
    await shell.git("push", "-q", "origin", "HEAD:refs/pdev/wip/7", cwd=work)
    assert (await refs())["refs/pdev/wip/7"] == sha
    await shell.git("fetch", "-q", "origin", "refs/pdev/wip/7", cwd=work)
    await hub.settle()
    assert mailbox.names == []


async def test_a_push_is_told_with_its_commits_and_asks_for_checks(
    shell: Shell, wire: Wire, mailbox: Mailbox, hub: Hub
) -> None:
    work = await shell.clone(await wire.installation())
    first, second = await shell.commit(work, "a.txt"), await shell.commit(work, "b.txt")
    await shell.git("push", "-q", "origin", "HEAD:topic", cwd=work)
    await shell.git("push", "-q", "--force", "origin", f"{first}:topic", cwd=work)
    await shell.git("push", "-q", "origin", ":topic", cwd=work)
    await hub.settle()
    assert sorted(mailbox.names) == ["check_suite.requested", "check_suite.requested", "push", "push", "push"]
    pushes = {str(one.payload["after"]): one.payload for one in mailbox.received if one.event == "push"}
    made = pushes[second]
    assert (made["ref"], made["before"], made["created"], made["forced"]) == ("refs/heads/topic", ZERO_SHA, True, False)
    commits = made["commits"]
    assert isinstance(commits, list)
    assert [(one["id"], one["added"]) for one in commits] == [(first, ["a.txt"]), (second, ["b.txt"])]
    assert (pushes[first]["forced"], pushes[first]["commits"]) == (True, [])
    assert (pushes[ZERO_SHA]["deleted"], pushes[ZERO_SHA]["head_commit"]) == (True, None)


async def test_a_lease_is_honoured(shell: Shell, wire: Wire, hub: Hub, refs: Refs) -> None:
    work = await shell.clone(await wire.installation())
    await shell.commit(work, "mine.txt")
    theirs = await hub.as_user("developer").push("main", {"theirs.txt": "x\n"})
    said = await shell.git("push", "--force-with-lease=main:" + "1" * 40, "origin", "HEAD:main", cwd=work, ok=False)
    assert "stale info" in said
    said = await shell.git("push", "origin", "HEAD:main", cwd=work, ok=False)
    assert "fetch first" in said
    assert (await refs())["refs/heads/main"] == theirs


@pytest.mark.parametrize(
    ("who", "private", "verb", "words"),
    [
        ("nobody", False, "push", "could not read Username"),
        ("nobody", True, "ls-remote", "could not read Username"),
        ("wrong", True, "ls-remote", "Authentication failed"),
        ("stranger", True, "ls-remote", "not found"),
        ("reader", False, "push", "403"),
        ("triager", True, "push", "403"),
        ("read-only App", False, "push", "403"),
        ("other repository's App", True, "ls-remote", "not found"),
    ],
)
async def test_who_has_no_right_is_refused(
    shell: Shell, wire: Wire, hub: Hub, who: str, private: bool, verb: str, words: str
) -> None:
    hub.repo.private = private
    other = hub.add_repository("other", installed=True)
    token = {
        "nobody": None,
        "wrong": "ghs_wrong",
        "read-only App": await wire.installation(permissions={"contents": "read"}),
        "other repository's App": await wire.installation(repository_ids=[other.id]),
        **hub.users,
    }[who]
    args = ["ls-remote", shell.url(token)] if verb == "ls-remote" else ["push", shell.url(token), "HEAD:x"]
    await shell.git("init", "-q", "repo")
    await shell.git("commit", "-q", "--allow-empty", "-m", "x", cwd=shell.home / "repo")
    assert words in await shell.git(*args, cwd=shell.home / "repo", ok=False)


async def test_anonymous_may_read_what_is_public(shell: Shell) -> None:
    work = await shell.clone(None, "--depth=1")
    assert (work / "README.md").exists()


async def test_the_suffix_is_optional_and_an_expired_token_is_none(shell: Shell, wire: Wire) -> None:
    wire.hub.repo.private = True
    token = await wire.installation()
    assert "refs/heads/main" in await shell.git("ls-remote", shell.url(token, "acme/widgets"))
    wire.clock.advance(hours=1, seconds=1)
    assert "Authentication failed" in await shell.git("ls-remote", shell.url(token), ok=False)


async def test_an_app_without_the_permission_pushes_no_workflow(
    shell: Shell, wire: Wire, hub: Hub, refs: Refs, mailbox: Mailbox
) -> None:
    work = await shell.clone(await wire.installation())
    await shell.commit(work, ".github/workflows/ci.yml", "on: push\n")
    said = await shell.git("push", "origin", "HEAD:refs/heads/topic", "HEAD~1:refs/heads/harmless", cwd=work, ok=False)
    sentence = (
        "refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` "
        "without `workflows` permission"
    )
    assert f"[remote rejected] HEAD -> topic ({sentence})" in said
    assert {"refs/heads/topic", "refs/heads/harmless"} & (await refs()).keys() == {"refs/heads/harmless"}
    await shell.git("push", "-q", shell.url(hub.users["developer"]), "HEAD:topic", cwd=work)
    await shell.commit(work, "a.txt")
    await shell.git("push", "-q", "origin", "HEAD:topic", cwd=work)
    await hub.settle()
    assert mailbox.names.count("push") == 3


@pytest.mark.parametrize(
    ("rule", "refspec", "why"),
    [
        ({}, "+HEAD~1:kept", "Cannot force-push"),
        ({}, ":kept", "Cannot delete"),
        ({"required_pull_request_reviews": {"required_approving_review_count": 1}}, "HEAD:kept", "pull request"),
    ],
)
async def test_a_protected_branch_is_protected(
    shell: Shell, wire: Wire, hub: Hub, refs: Refs, rule: dict[str, object], refspec: str, why: str
) -> None:
    await hub.as_user("developer").push("kept", {"a.txt": "a\n"})
    work = await shell.clone(await wire.installation(), "--branch=kept")
    if refspec.startswith("HEAD"):
        await shell.commit(work, "b.txt")
    before = await refs()
    hub.repo.protection["kept"] = rule
    said = await shell.git("push", "origin", refspec, cwd=work, ok=False)
    assert "protected branch hook declined" in said
    assert "GH006: Protected branch update failed for refs/heads/kept." in said
    assert why in said
    assert await refs() == before


async def test_many_push_at_once_and_each_is_told_once(
    shell: Shell, wire: Wire, hub: Hub, refs: Refs, mailbox: Mailbox
) -> None:
    work = await shell.clone(await wire.installation())
    await shell.commit(work, "a.txt")
    await asyncio.gather(*(shell.git("push", "-q", "origin", f"HEAD:refs/heads/b{n}", cwd=work) for n in range(6)))
    await hub.settle()
    told = [str(one.payload["ref"]) for one in mailbox.received if one.event == "push"]
    assert sorted(told) == sorted((await refs()).keys() - {"refs/heads/main"}) == [f"refs/heads/b{n}" for n in range(6)]
    assert mailbox.names.count("check_suite.requested") == 1


async def test_a_renamed_repository_is_found_under_its_old_name(shell: Shell, wire: Wire, hub: Hub) -> None:
    await hub.as_user("owner").rename_repository("gadgets")
    token = await wire.installation()
    assert "refs/heads/main" in await shell.git("ls-remote", shell.url(token, "acme/widgets"))
    assert "refs/heads/main" in await shell.git("ls-remote", shell.url(token, "acme/gadgets"))


async def test_of_two_writers_who_saw_the_same_branch_one_is_told(hub: Hub) -> None:
    ada, bob = hub.as_user("developer"), hub.as_user("maintainer")
    done = await asyncio.gather(
        *(one.push("main", {f"{n}.txt": "x"}) for n, one in enumerate((ada, bob) * 3)),
        return_exceptions=True,
    )
    refused = [one for one in done if not isinstance(one, str)]
    assert all(isinstance(one, GitHubError) and one.status == 409 for one in refused)
    tip = await ada.tip("main")
    assert tip is not None
    assert len(await history(hub.git(hub.repo), tip)) == 1 + len(done) - len(refused)


async def test_nobody_writes_the_refs_of_pull_requests(shell: Shell, wire: Wire) -> None:
    work = await shell.clone(await wire.installation())
    await shell.commit(work, "a.txt")
    said = await shell.git("push", "origin", "HEAD:refs/pull/1/head", cwd=work, ok=False)
    assert "deny updating a hidden ref" in said


async def test_the_old_protocol_and_nonsense_are_refused(wire: Wire, hub: Hub) -> None:
    assert (await wire.call("GET", "/acme/widgets.git/info/refs")).status == 403
    token = hub.users["developer"]
    broken = await wire.session.post(
        hub.html_url + "/acme/widgets.git/git-receive-pack", data=b"zzzz", headers={"Authorization": f"token {token}"}
    )
    assert broken.status == 400


async def test_git_has_bad_days_too(shell: Shell, wire: Wire, hub: Hub, refs: Refs) -> None:
    hub.fail("GET", "/info/refs", status=502)
    said = await shell.git("clone", "-q", shell.url(), "work", ok=False)
    assert "502" in said
    work = await shell.clone(await wire.installation())
    sha = await shell.commit(work, "a.py")
    hub.fail("POST", "/git-receive-pack", status=502)
    assert "502" in await shell.git("push", "-q", "origin", "HEAD:refs/heads/x", cwd=work, ok=False)
    assert "refs/heads/x" not in await refs()
    hub.fail("POST", "/git-receive-pack", status=502, after_effect=True)
    assert "502" in await shell.git("push", "-q", "origin", "HEAD:refs/heads/x", cwd=work, ok=False)
    assert (await refs())["refs/heads/x"] == sha, "only its answer was lost"
    assert hub.faults.unmet == []
