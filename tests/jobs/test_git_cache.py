"""The road of a task through git: cache, worktree, commit, push; repeated, interrupted, side by side."""

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.git import LINK_MODE, NESTED_MODE, GitError, GitKind, Mirror, Worktree
from jobs.sandbox import Bubblewrap, SandboxSpec
from tests.jobs.repositories import AUTHOR, Origin, cache_at, git, mirror_of

BRANCH = "feature/task-7"
REF = f"refs/heads/{BRANCH}"


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin.make(tmp_path)


@pytest.fixture
async def mirror(origin: Origin, tmp_path: Path) -> Mirror:
    return await mirror_of(origin, tmp_path / "data")


async def main_of(mirror: Mirror) -> str:
    sha = await mirror.fetched("refs/heads/main")
    assert sha is not None
    return sha


async def tree_of(mirror: Mirror, task: str = "7") -> Worktree:
    return await mirror.worktree(task, await main_of(mirror), branch=f"feature/task-{task}")


async def test_the_road_from_an_empty_start_to_a_pushed_change(origin: Origin, mirror: Mirror) -> None:
    base = await main_of(mirror)
    start = await mirror.empty_commit(base, "Start work on #7", AUTHOR)
    await mirror.push(None, start, REF, None)
    tree = await mirror.worktree("7", start, branch=BRANCH)
    (tree.path / "src/a.py").write_text("a = 2\n")
    (tree.path / "new.py").write_text("b = 1\n")
    (tree.path / "readme.md").unlink()
    changes = {change.path: change.status for change in await tree.changed_files(start)}
    assert changes == {"src/a.py": "changed", "new.py": "added", "readme.md": "deleted"}
    sha = await tree.commit_all("Do it (#7)", author=AUTHOR)
    assert sha is not None
    assert "-a = 1\n+a = 2\n" in (await tree.diff(start)).text
    await mirror.push(None, sha, REF, start)
    assert origin.files(BRANCH) == {"src/a.py": "a = 2", "new.py": "b = 1", ".gitignore": "*.pyc\nbuild/"}
    assert git("log", "--format=%an %s", f"main..{BRANCH}", cwd=origin.bare).splitlines() == [
        "pdev Do it (#7)", "pdev Start work on #7",
    ]  # fmt: skip


async def test_everything_may_be_done_twice(origin: Origin, mirror: Mirror) -> None:
    base = await main_of(mirror)
    starts = {await mirror.empty_commit(base, "Start", AUTHOR) for _ in range(2)}
    assert len(starts) == 1
    start = starts.pop()
    for _ in range(2):
        await mirror.push(None, start, REF, None)
    for _ in range(2):
        tree = await mirror.worktree("7", start, branch=BRANCH)
        (tree.path / "new.py").write_text("b = 1\n")
    assert await tree.commit_all("Once", author=AUTHOR) is not None
    assert await tree.commit_all("Nothing more", author=AUTHOR) is None
    for _ in range(2):
        await mirror.delete_remote(None, REF, start)
    assert REF not in origin.refs()
    for _ in range(2):
        await mirror.remove_worktree("7")
    assert mirror.worktrees() == ()
    assert not tree.path.exists()


async def test_a_worktree_is_exactly_the_commit_again(mirror: Mirror) -> None:
    tree = await tree_of(mirror)
    (tree.path / "src/a.py").write_text("broken")
    (tree.path / "junk").mkdir()
    (tree.path / "junk/file").write_text("x")
    (tree.path / "build").mkdir()
    (tree.path / "build/kept").write_text("ignored files may stay")
    git("init", "--quiet", "nested", cwd=tree.path)
    again = await tree_of(mirror)
    assert again.path == tree.path
    assert git("status", "--porcelain", cwd=tree.path) == ""
    assert sorted(os.listdir(tree.path)) == [".git", ".gitignore", "build", "readme.md", "src"]


async def test_a_push_never_overwrites_what_somebody_else_pushed(origin: Origin, mirror: Mirror) -> None:
    start = await mirror.empty_commit(await main_of(mirror), "Start", AUTHOR)
    other = origin.commit({"theirs.txt": "x"}, branch=BRANCH)
    for expected in (None, start):
        with pytest.raises(GitError) as refused:
            await mirror.push(None, start, REF, expected)
        assert refused.value.kind is GitKind.CONFLICT
    with pytest.raises(GitError) as refused:
        await mirror.delete_remote(None, REF, start)
    assert refused.value.kind is GitKind.CONFLICT
    assert origin.refs()[REF] == other


async def test_refs_outside_the_branches_come_and_go(origin: Origin, mirror: Mirror, tmp_path: Path) -> None:
    record = await mirror.write_blob(b'{"state": "running"}')
    start = await mirror.empty_commit(await main_of(mirror), "Keep", AUTHOR)
    await mirror.push(None, record, "refs/pdev/state/1-7", None)
    await mirror.push(None, start, "refs/pdev/wip/1-7", None)
    assert await mirror.remote_refs(None, "refs/pdev/") == {
        "refs/pdev/state/1-7": record, "refs/pdev/wip/1-7": start,
    }  # fmt: skip
    elsewhere = await mirror_of(origin, tmp_path / "elsewhere")
    assert await elsewhere.resolve(start) is None
    await elsewhere.fetch(None, ["refs/pdev/wip/1-7", "refs/pdev/state/1-7"])
    assert await elsewhere.fetched("refs/pdev/wip/1-7") == start
    assert await elsewhere.read_blob(record) == b'{"state": "running"}'
    with pytest.raises(GitError) as missing:
        await elsewhere.fetch(None, ["refs/heads/never"])
    assert missing.value.kind is GitKind.MISSING


async def test_a_fetch_follows_the_server_and_keeps_our_branches(origin: Origin, mirror: Mirror) -> None:
    tree = await tree_of(mirror)
    (tree.path / "mine.txt").write_text("x")
    mine = await tree.commit_all("Unpushed", author=AUTHOR)
    origin.commit({"theirs.txt": "x"}, branch="short-lived")
    await mirror.fetch(None)
    assert await mirror.fetched("refs/heads/short-lived") is not None
    git("branch", "-D", "short-lived", cwd=origin.bare)
    await mirror.fetch(None)
    assert await mirror.fetched("refs/heads/short-lived") is None
    assert await mirror.resolve(f"refs/heads/{BRANCH}") == mine


async def test_only_the_snapshot_that_was_looked_at_is_committed(origin: Origin, mirror: Mirror) -> None:
    tree = await tree_of(mirror)
    (tree.path / "seen.txt").write_text("seen")
    (tree.path / "secret.txt").write_text("sneaky")
    (tree.path / "src/a.py").write_text("protected")
    snapshot = await tree.snapshot()
    (tree.path / "seen.txt").write_text("changed since")
    (tree.path / "late.txt").write_text("too late")
    sha = await tree.commit_all("Seen", author=AUTHOR, snapshot=snapshot, exclude=["secret.txt", "src/a.py"])
    assert sha is not None
    await mirror.push(None, sha, REF, None)
    files = origin.files(BRANCH)
    assert files["seen.txt"] == "seen"
    assert files["src/a.py"] == "a = 1"
    assert {"secret.txt", "late.txt"}.isdisjoint(files)


async def test_what_git_cannot_take_is_named_and_does_not_stop_the_rest(mirror: Mirror) -> None:
    tree = await tree_of(mirror)
    base = await tree.head()
    (tree.path / "good.txt").write_text("x")
    (tree.path / ".GIT").mkdir()
    (tree.path / ".GIT/config").write_text("[core]\n")
    (tree.path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tree.path / "pipe")
    (tree.path / "readme.md").unlink()
    os.mkfifo(tree.path / "readme.md")
    (tree.path / "odd\nname\udcff").write_text("x")
    git("init", "--quiet", "nested", cwd=tree.path)
    git("commit", "--quiet", "--allow-empty", "--message", "x", cwd=tree.path / "nested")
    changes = {change.path: change for change in await tree.changed_files(base)}
    assert {path for path, change in changes.items() if change.status == "unstageable"} == {".GIT/config", "readme.md"}
    assert changes["link"].mode == LINK_MODE
    assert changes["nested"].mode == NESTED_MODE
    assert changes["odd\nname\udcff"].status == "added"
    sha = await tree.commit_all("Good only", author=AUTHOR, exclude=set(changes) - {"good.txt"})
    assert [change.path for change in await mirror.changed_files(base, sha or "")] == ["good.txt"]


async def test_a_file_too_large_to_read_is_not_read(mirror: Mirror) -> None:
    tree = await tree_of(mirror)
    with (tree.path / "huge.bin").open("wb") as huge:
        huge.truncate(1 << 40)
    changes = await tree.changed_files(await tree.head())
    assert [(change.path, change.status) for change in changes] == [("huge.bin", "unstageable")]


async def test_contents_are_read_within_caps(mirror: Mirror) -> None:
    tree = await tree_of(mirror)
    (tree.path / "src/a.py").write_text("a = 2\n")
    (tree.path / "big").write_text("x" * 1000)
    (tree.path / "empty").write_text("")
    changes = await tree.changed_files(await tree.head())
    blobs = await mirror.blobs(changes, blob_cap=500)
    seen = {change.path: blobs[change.blob] for change in changes}
    assert seen["src/a.py"].data == b"a = 2\n"
    assert seen["empty"].data == b""
    assert (seen["big"].size, seen["big"].data) == (1000, None)
    old = next(change.old_blob for change in changes if change.path == "src/a.py")
    assert blobs[old].data == b"a = 1\n"


async def test_a_long_diff_is_cut_at_a_line(mirror: Mirror) -> None:
    tree = await tree_of(mirror)
    (tree.path / "long").write_text("line\n" * 100_000)
    diff = await tree.diff(await tree.head(), cap=10_000)
    assert diff.truncated
    assert len(diff.text) <= 10_000
    assert diff.text.endswith("+line\n")


def _locked(tree: Worktree) -> None:
    (tree.git_dir / "locked").write_text("initializing")


def _no_index(tree: Worktree) -> None:
    (tree.git_dir / "index").unlink()


def _bad_index(tree: Worktree) -> None:
    (tree.git_dir / "index").write_bytes(b"DIRC\0\0")


def _no_head(tree: Worktree) -> None:
    (tree.git_dir / "HEAD").unlink()


def _empty_head(tree: Worktree) -> None:
    (tree.git_dir / "HEAD").write_text("")


def _no_metadata(tree: Worktree) -> None:
    shutil.rmtree(tree.git_dir)


def _no_tree(tree: Worktree) -> None:
    shutil.rmtree(tree.path)


def _file_for_tree(tree: Worktree) -> None:
    shutil.rmtree(tree.path)
    tree.path.write_text("")


def _lock_files(tree: Worktree) -> None:
    (tree.git_dir / "index.lock").touch()
    (tree.git_dir / "HEAD.lock").touch()
    (tree.common_dir / "refs/heads" / f"{tree.branch}.lock").touch()
    (tree.git_dir / "stage-left").mkdir()


def _link_replaced(tree: Worktree) -> None:
    (tree.path / ".git").unlink()
    (tree.path / ".git").write_text("gitdir: /nowhere\n")


def _closed_folder(tree: Worktree) -> None:
    (tree.path / "closed/inner").mkdir(parents=True)
    (tree.path / "closed/inner").chmod(0)
    (tree.path / "closed").chmod(0)


@pytest.mark.parametrize(
    "damage",
    [
        _locked, _no_index, _bad_index, _no_head, _empty_head, _no_metadata, _no_tree, _file_for_tree, _lock_files,
        _link_replaced, _closed_folder,
    ],
)  # fmt: skip
async def test_whatever_a_killed_worker_left_is_put_right(mirror: Mirror, damage: Callable[[Worktree], None]) -> None:
    damage(await tree_of(mirror))
    tree = await tree_of(mirror)
    assert sorted(os.listdir(tree.path)) == [".git", ".gitignore", "readme.md", "src"]
    (tree.path / "new.txt").write_text("x")
    assert await tree.commit_all("Works again", author=AUTHOR) is not None
    damage(tree)
    await mirror.remove_worktree("7")
    assert mirror.worktrees() == ()


async def test_what_a_reader_left_is_thrown_away(mirror: Mirror) -> None:
    tree = await tree_of(mirror)
    _closed_folder(tree)
    (tree.path / "src").chmod(0)
    await tree.reset(await tree.head())
    assert sorted(os.listdir(tree.path)) == [".git", ".gitignore", "readme.md", "src"]
    assert await tree.changed_files(await tree.head()) == ()


async def test_an_agent_can_ask_git_and_not_command_it(mirror: Mirror, bubblewrap: Bubblewrap, tmp_path: Path) -> None:
    tree = await tree_of(mirror)
    other = await tree_of(mirror, "8")
    (tree.path / "src/a.py").write_text("a = 2\n")
    (tmp_path / "home").mkdir()
    script = f"git log --oneline | wc -l; git status --short; git diff --stat | tail -1; ls {other.path}; git add -A"
    spec = SandboxSpec(("sh", "-c", script), tree.path, tmp_path / "home", metadata=(tree.common_dir,))
    async with await bubblewrap.spawn(spec) as process:
        said = [line.strip() async for line in process.lines()]
        assert await process.wait() != 0
    assert said == ["1", "M src/a.py", "1 file changed, 1 insertion(+), 1 deletion(-)"]
    assert "Read-only file system" in process.complaints
    assert await tree.commit_all("The host commits", author=AUTHOR) is not None


async def test_a_worker_killed_while_it_stages_changes_nothing(mirror: Mirror) -> None:
    tree = await tree_of(mirror)
    for number in range(300):
        (tree.path / f"file-{number}").write_text("x" * 1000)
    staging = asyncio.create_task(tree.snapshot())
    await asyncio.sleep(0)
    staging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await staging
    assert len(await tree.changed_files(await tree.head())) == 300


async def test_a_damaged_cache_is_made_again_and_kept_aside(origin: Origin, mirror: Mirror, tmp_path: Path) -> None:
    (mirror.path / "HEAD").unlink()
    (mirror.path / "config").write_text("[core\n")
    again = await mirror_of(origin, tmp_path / "data")
    assert await again.fetched("refs/heads/main") == origin.refs()["refs/heads/main"]
    assert [kept.name for kept in mirror.path.parent.glob("broken-*/*")] == ["cache.git"]


async def test_many_at_once_do_not_disturb_each_other(origin: Origin, tmp_path: Path) -> None:
    """Two caches on one folder stand for two workers: only the lock file is between them."""
    one, other = [await mirror_of(origin, tmp_path / "data") for _ in range(2)]

    async def work(mirror: Mirror, task: int) -> None:
        tree = await tree_of(mirror, str(task))
        (tree.path / f"{task}.txt").write_text("x")
        sha = await tree.commit_all(f"Task {task}", author=AUTHOR)
        assert sha is not None
        await mirror.push(None, sha, f"refs/heads/{tree.branch}", None)
        await mirror.fetch(None)
        await mirror.remove_worktree(str(task))

    await asyncio.gather(
        *(work(mirror, task) for task, mirror in enumerate([one, other] * 4)), one.gc(), other.fetch(None)
    )
    assert set(origin.refs()) == {"refs/heads/main", *(f"refs/heads/feature/task-{task}" for task in range(8))}
    assert one.worktrees() == ()


async def test_two_tasks_cannot_have_one_branch(mirror: Mirror) -> None:
    await mirror.worktree("7", await main_of(mirror), branch="shared")
    with pytest.raises(GitError) as refused:
        await mirror.worktree("8", await main_of(mirror), branch="shared")
    assert refused.value.kind is GitKind.CONFLICT


async def test_history_can_be_asked_about(origin: Origin, mirror: Mirror) -> None:
    old = await main_of(mirror)
    origin.commit({"more.txt": "x"})
    await mirror.fetch(None)
    new = await main_of(mirror)
    assert await mirror.is_ancestor(old, new)
    assert not await mirror.is_ancestor(new, old)
    assert await mirror.merge_base(old, new) == old
    assert await mirror.resolve("1" * 40) is None
    with pytest.raises(GitError) as missing:
        await mirror.worktree("7", "1" * 40, branch=BRANCH)
    assert missing.value.kind is GitKind.MISSING


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", "a b", "x" * 65, "ä"])
async def test_task_names_stay_inside_their_folder(mirror: Mirror, name: str) -> None:
    with pytest.raises(GitError) as refused:
        await mirror.remove_worktree(name)
    assert refused.value.kind is GitKind.REFUSED


async def test_git_is_new_enough(tmp_path: Path) -> None:
    assert await cache_at(tmp_path).check() >= (2, 38, 0)


async def test_files_of_a_commit(mirror: Mirror, tmp_path: Path) -> None:
    """Regular files, and what links inside the repository lead to; nothing that is larger or leads out of it."""
    tree = await tree_of(mirror)
    (tree.path / "AGENTS.md").write_text("Use tabs.\n")
    (tree.path / "docs").mkdir()
    (tree.path / "docs/big.md").write_text("x" * 200)
    (tree.path / "CLAUDE.md").symlink_to("AGENTS.md")
    (tree.path / "docs/up.md").symlink_to("../AGENTS.md")
    (tree.path / "out.md").symlink_to("../../etc/passwd")
    (tree.path / "abs.md").symlink_to(str(tmp_path / "secret"))
    (tree.path / "chain.md").symlink_to("CLAUDE.md")
    (tree.path / "gone.md").symlink_to("nothing")
    (tree.path / "folder.md").symlink_to("docs")
    sha = await tree.commit_all("Guide", author=AUTHOR) or ""
    asked = ["AGENTS.md", "CLAUDE.md", "docs/up.md", "docs/big.md", "docs", "out.md", "abs.md", "chain.md", "gone.md",
             "folder.md", "missing.md", "src/*", ":(glob)**"]  # fmt: skip
    found = await mirror.files(sha, asked, cap=100)
    assert found == dict.fromkeys(("AGENTS.md", "CLAUDE.md", "docs/up.md"), b"Use tabs.\n")
    assert await mirror.files(sha, []) == {}
