"""What a repository keeps elsewhere is there for agents and setup, read-only, and in no commit of theirs."""

import hashlib
from pathlib import Path

import pytest

from core.tasks import State
from demo.hub import gitstore
from demo.hub.git_writes import plant_files, site_ident
from demo.hub.seed import add_repository
from demo.hub.state import Repository
from demo.player import edit, run
from tests.work.working_desk import WorkingDesk

pytestmark = pytest.mark.usefixtures("walls")
LARGE = b"a large file\n"
ELSEWHERE = "https://code.example/"
"""Only https is fetched; git is told that the story's own GitHub is there."""
OID = hashlib.sha256(LARGE).hexdigest()
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize {len(LARGE)}\n"


@pytest.fixture
def files() -> dict[str, str | bytes]:
    return {
        "README.md": "old\n",
        ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n",
        "big.bin": POINTER,
        ".lfsconfig": "[lfs]\n\turl = http://127.0.0.1:1/evil\n",
    }


async def planted(desk: WorkingDesk, name: str, files: dict[str, str | bytes]) -> tuple[str, str]:
    """A public repository of the same owner: its address, as git in this story knows it, and its commit."""
    hub, known = desk.hub, desk.data.parent / "known.gitconfig"
    known.write_text(f'[url "{hub.html_url}/"]\n\tinsteadOf = {ELSEWHERE}\n')
    desk.git_env |= {"GIT_CONFIG_GLOBAL": str(known), "GIT_ALLOW_PROTOCOL": "http:https"}
    repo: Repository = add_repository(
        hub.world, hub.data_dir, hub.now(), owner=hub.repo.owner, name=name, private=False
    )
    await plant_files(hub, repo, files)
    sha = await gitstore.read_ref(hub.git(repo), "refs/heads/main")
    assert sha is not None
    return f"{ELSEWHERE}{repo.full_name}.git", sha


async def nested(desk: WorkingDesk, modules: dict[str, tuple[str, str]], config: str) -> None:
    """Commit submodules (path → address and commit) and the configuration to the default branch."""
    hub, git = desk.hub, desk.hub.git(desk.hub.repo)
    text = "".join(f'[submodule "{at}"]\n\tpath = {at}\n\turl = {url}\n' for at, (url, _) in modules.items())
    main = await gitstore.read_ref(git, "refs/heads/main")
    assert main is not None
    changes = [gitstore.TreeChange(at, "160000", sha) for at, (_, sha) in modules.items()]
    for path, content in {".gitmodules": text, ".github/pdev.yml": config}.items():
        changes.append(gitstore.TreeChange(path, "100644", await gitstore.write_blob(git, content.encode())))
    tree = await gitstore.write_tree(git, main, changes)
    commit = await gitstore.write_commit(git, tree, [main], "Nest", author=site_ident(hub))
    await gitstore.move_ref(git, "refs/heads/main", commit, expected=main)


async def worked(desk: WorkingDesk) -> None:
    desk.patience_s = 240
    async with desk.working():
        await desk.issue("Mend it", "It is broken.", "parallel-dev")
        await desk.settle()
    task = await desk.task(1)
    assert task.state is State.READY, (task.reason, task.last_run)
    assert await desk.changed(1) == ["README.md"]


async def test_allowed_submodules_are_there_and_others_are_named(desk: WorkingDesk) -> None:
    lib, other = await planted(desk, "lib", {"lib.txt": "from lib\n"}), await planted(desk, "other", {"a": "b"})
    config = f"submodules: ['{lib[0]}']\nsetup: ['grep lib libs/lib/lib.txt']\nverify: none\n"
    await nested(desk, {"libs/lib": lib, "libs/other": other}, config)
    desk.agent.plays(
        run("grep", "from lib", "libs/lib/lib.txt"), run("sh", "-c", "! touch libs/lib/mine"),
        run("test", "!", "-e", "libs/other/a"), edit("README.md", "new\n"),
    )  # fmt: skip
    await worked(desk)
    assert "Submodules are empty: `libs/other`." in desk.sticky(1)


async def test_without_the_program_large_files_stay_pointers_and_that_is_said(desk: WorkingDesk) -> None:
    desk.agent.plays(run("grep", OID, "big.bin"), edit("README.md", "new\n"))
    await worked(desk)
    assert "Of 1 large file (Git LFS) there are only pointers: this worker has no `git-lfs`" in desk.sticky(1)


_GIT_LFS = """#!/bin/sh
# Stands in for git-lfs: says who it is, and "fetches" into its cache when it was given the right address.
[ "$1" = version ] && echo git-lfs/3 && exit 0
[ "$1" = fetch ] && [ "$2" = --include=big.bin ] || exit 2
case "$(git config lfs.url)" in */acme/widgets.git/info/lfs) ;; *) exit 3 ;; esac
mkdir -p "$GIT_DIR/lfs/objects/{a}/{b}" && printf 'a large file\\n' > "$GIT_DIR/lfs/objects/{a}/{b}/{oid}"
"""


async def test_large_files_are_shown_over_their_pointers(desk: WorkingDesk, folder: Path) -> None:
    programs = folder / "programs"
    programs.mkdir()
    (programs / "git-lfs").write_text(_GIT_LFS.format(a=OID[:2], b=OID[2:4], oid=OID))
    (programs / "git-lfs").chmod(0o755)
    desk.git_env["PATH"] = f"{programs}:/usr/local/bin:/usr/bin:/bin"
    desk.agent.plays(
        run("grep", "large", "big.bin"), run("sh", "-c", "! echo mine > big.bin"), edit("README.md", "new\n")
    )  # fmt: skip
    await worked(desk)
    assert "pointers" not in desk.sticky(1)
