"""Programs planted wherever an agent, a repository or an operator's own settings could name one: none may run.

The first test shows that the plants are alive: an ordinary user's git runs many of them.
"""

import os
import shlex
import stat
from pathlib import Path

import pytest

from jobs.git import GitError, Mirror, Worktree
from tests.jobs.repositories import AUTHOR, Origin, git, mirror_of

HOOKS = (
    "applypatch-msg", "pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-checkout", "post-merge",
    "pre-push", "pre-rebase", "reference-transaction", "post-index-change", "post-rewrite",
)  # fmt: skip
ATTRIBUTES = "* filter=planted diff=planted merge=planted\n"


class Plants:
    """Programs that leave a file behind when they run."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.fired = folder / "programs", folder / "fired"
        self.folder.mkdir()
        self.fired.mkdir()

    def program(self, name: str, *, then: str = "") -> str:
        """A program that says it ran; as a filter it passes its input on."""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(self.fired / name))}\n{then}\n")
        path.chmod(0o755)
        return str(path)

    def hooks(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in HOOKS:
            link = folder / name
            link.unlink(missing_ok=True)
            link.symlink_to(self.program(f"hook-{name}"))

    def by_name(self) -> list[tuple[str, str]]:
        """Settings that name a program under a fixed key."""
        return [
            ("core.fsmonitor", self.program("fsmonitor")),
            ("core.sshCommand", self.program("ssh-command")),
            ("core.pager", self.program("pager", then="cat")),
            ("core.editor", self.program("editor")),
            ("core.askPass", self.program("ask-pass")),
            ("core.gitProxy", self.program("git-proxy")),
            ("sequence.editor", self.program("sequence-editor")),
            ("diff.external", self.program("diff-external")),
            ("interactive.diffFilter", self.program("diff-filter", then="cat")),
            ("credential.helper", f"!{self.program('credential-helper')}"),
            ("gpg.program", self.program("gpg")),
            ("commit.gpgSign", "true"),
            ("uploadpack.packObjectsHook", self.program("pack-objects", then='exec "$@"')),
            ("core.hooksPath", str(self.folder / "hooks")),
        ]

    def by_driver(self) -> list[tuple[str, str]]:
        """Settings whose key an attacker chooses."""
        return [
            ("filter.planted.clean", self.program("filter-clean", then="cat")),
            ("filter.planted.smudge", self.program("filter-smudge", then="cat")),
            ("diff.planted.command", self.program("diff-command")),
            ("diff.planted.textconv", self.program("textconv", then='cat "$1"')),
            ("merge.planted.driver", self.program("merge-driver")),
            ("alias.status", f"!{self.program('alias')}"),
            ("trailer.planted.command", self.program("trailer")),
            ("remote.origin.receivepack", self.program("receive-pack")),
            ("remote.origin.uploadpack", self.program("upload-pack")),
        ]

    def write(self, config: Path, settings: list[tuple[str, str]]) -> None:
        for key, value in settings:
            git("config", "--file", str(config), key, value, cwd=self.folder)

    def seen(self) -> set[str]:
        return set(os.listdir(self.fired))


@pytest.fixture
def plants(tmp_path: Path) -> Plants:
    return Plants(tmp_path)


@pytest.fixture
def home(plants: Plants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An operator whose own settings and environment are full of programs."""
    home = tmp_path / "home"
    home.mkdir()
    plants.write(home / ".gitconfig", [*plants.by_name(), *plants.by_driver()])
    plants.hooks(plants.folder / "hooks")
    monkeypatch.setenv("HOME", str(home))
    for variable in (
        "GIT_EXTERNAL_DIFF",
        "GIT_SSH_COMMAND",
        "GIT_ASKPASS",
        "GIT_PAGER",
        "GIT_EDITOR",
        "GIT_PROXY_COMMAND",
    ):
        monkeypatch.setenv(variable, plants.program(f"variable-{variable}"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'core.fsmonitor={plants.program('parameters')}'")
    monkeypatch.setenv("GIT_TRACE", str(plants.fired / "trace"))
    return home


def plant_in_tree(plants: Plants, tree: Path) -> None:
    """What an agent can do in its worktree, and more: without a sandbox it could also replace `.git`."""
    (tree / ".gitattributes").write_text(ATTRIBUTES)
    (tree / "sub").mkdir(exist_ok=True)
    (tree / "sub" / ".gitattributes").write_text(ATTRIBUTES)
    for place in (tree / "nested", tree):
        link = place / ".git"
        if link.is_file():
            link.unlink()
        git("init", "--quiet", str(place), cwd=tree)
        plants.write(link / "config", [*plants.by_name(), *plants.by_driver()])
        plants.hooks(link / "hooks")
    env = {"GIT_CONFIG_GLOBAL": "/dev/null"}
    harmless = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "commit.gpgSign=false"]
    git(*harmless, "commit", "--quiet", "--allow-empty", "--message", "x", cwd=tree / "nested", env=env)


async def every_host_path(mirror: Mirror, tree: Worktree, origin: Origin) -> None:
    """All that the host ever does with git, on a tree that an agent has had."""
    base = await tree.head()
    (tree.path / "work.txt").write_text("work")
    snapshot = await tree.snapshot()
    changes = await tree.changed_files(base, snapshot)
    await mirror.blobs(changes)
    await tree.diff(base, snapshot)
    sha = await tree.commit_all("Work", author=AUTHOR, snapshot=snapshot, exclude=["nested", ".gitattributes"])
    assert sha is not None
    await mirror.push(None, sha, "refs/heads/feature/task-7", None)
    await mirror.remote_refs(None, "refs/heads/")
    origin.commit({"more.txt": "x"})
    await mirror.fetch(None)
    await mirror.diff(base, sha)
    await mirror.merge_base(base, sha)
    await tree.reset(sha)
    await mirror.worktree("7", sha, branch="feature/task-7")
    await mirror.gc()
    await mirror.delete_remote(None, "refs/heads/feature/task-7", sha)
    await mirror.remove_worktree("7")


def test_an_ordinary_git_runs_the_plants(plants: Plants, home: Path, tmp_path: Path) -> None:
    origin = Origin.make(tmp_path)
    plant_in_tree(plants, origin.clone)
    env = {"HOME": str(home)}
    commands = (
        ["status"], ["diff"], ["add", "--all"], ["-c", "diff.external=", "diff", "HEAD"], ["commit", "--message", "x"],
        ["commit", "--message", "x", "--no-gpg-sign"], ["-c", "diff.external=", "log", "-p", "--textconv"],
        ["checkout", "-b", "other"], ["stash"], ["push", origin.url, "HEAD:refs/heads/y"], ["reset", "--hard"],
    )  # fmt: skip
    for command in commands:
        git(*command, cwd=origin.clone, check=False, env=env)
    assert plants.seen() >= {
        "fsmonitor", "filter-clean", "filter-smudge", "diff-command", "gpg", "hook-pre-commit", "hook-commit-msg",
        "hook-post-commit", "hook-post-checkout", "hook-pre-push", "hook-post-index-change",
        "hook-reference-transaction",
    }  # fmt: skip


async def test_nothing_planted_runs(plants: Plants, home: Path, tmp_path: Path) -> None:
    origin = Origin.make(tmp_path)
    mirror = await mirror_of(origin, tmp_path / "data")
    base = await mirror.fetched("refs/heads/main")
    tree = await mirror.worktree("7", base or "", branch="feature/task-7")
    plant_in_tree(plants, tree.path)
    await every_host_path(mirror, tree, origin)
    assert plants.seen() == set()


async def test_nothing_runs_even_if_the_cache_itself_was_written_to(plants: Plants, home: Path, tmp_path: Path) -> None:
    """The second line: keys with a fixed name are overridden even in our own git directory."""
    origin = Origin.make(tmp_path)
    mirror = await mirror_of(origin, tmp_path / "data")
    base = await mirror.fetched("refs/heads/main")
    tree = await mirror.worktree("7", base or "", branch="feature/task-7")
    plants.write(mirror.path / "config", plants.by_name())
    plants.hooks(mirror.path / "hooks")
    plant_in_tree(plants, tree.path)
    await every_host_path(mirror, tree, origin)
    assert plants.seen() == set()


@pytest.mark.parametrize("scheme", ["ext::", "ssh://host/"])
async def test_an_address_cannot_be_turned_into_a_program(plants: Plants, tmp_path: Path, scheme: str) -> None:
    origin = Origin.make(tmp_path)
    mirror = await mirror_of(origin, tmp_path / "data")
    command = f"{scheme}{plants.program('transport')} "
    plants.write(mirror.path / "config", [(f"url.{command}.insteadOf", "file://"), ("protocol.ext.allow", "always")])
    with pytest.raises(GitError):
        await mirror.fetch(None)
    with pytest.raises(GitError):
        await mirror.push(None, await mirror.commit_of("refs/remotes/origin/main"), "refs/heads/x", None)
    assert plants.seen() == set()


async def test_settings_of_the_operator_stay_out(home: Path, tmp_path: Path) -> None:
    """A git that runs as root replaces the device when it is told to use /dev/null as its settings."""
    origin = Origin.make(tmp_path)
    mirror = await mirror_of(origin, tmp_path / "data")
    assert mirror.git.empty_config.is_file()
    assert mirror.git.empty_config.read_bytes() == b""
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
