"""The bare repositories behind the hub: what git says is what GitHub would answer."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.hub import gitstore
from demo.hub.gitstore import Git, Ident

ADA = Ident("Ada", "ada@example.com", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


async def repository(tmp_path: Path, seed: dict[str, str | bytes] | None = None) -> tuple[Git, str]:
    git = gitstore.create(tmp_path / "7.git")
    files = seed or {"a.txt": "one\ntwo\nthree\n"}
    return git, await gitstore.commit_files(git, "main", files, "Initial commit", parent=None, author=ADA)


async def commit(git: Git, branch: str, parent: str, **files: str | bytes | None) -> str:
    return await gitstore.commit_files(git, branch, files, f"change {branch}", parent=parent, author=ADA)


async def test_a_seed_is_the_first_commit_on_the_default_branch(tmp_path: Path) -> None:
    git, sha = await repository(tmp_path, {"docs/ü b.md": "hé\n", "run": "#!/bin/sh\n", "blob": b"\x00\xff"})
    first = await gitstore.read_commit(git, sha)
    assert (first.author, first.parents, first.message) == (ADA, (), "Initial commit")
    assert await gitstore.resolve_commit(git, "main") == await gitstore.resolve_commit(git, "HEAD") == sha
    tree = await gitstore.read_tree(git, sha, recursive=True)
    assert [(entry.path, entry.mode, entry.kind, entry.size) for entry in tree] == [
        ("blob", "100644", "blob", 2),
        ("docs", "040000", "tree", None),
        ("docs/ü b.md", "100644", "blob", 4),
        ("run", "100755", "blob", 10),
    ]
    assert await gitstore.read_blob(git, f"{sha}:blob") == b"\x00\xff"
    assert (await gitstore.read_entry(git, sha, "docs/ü b.md")).sha == tree[2].sha


async def test_an_absent_object_has_a_name_in_the_error(tmp_path: Path) -> None:
    git, sha = await repository(tmp_path)
    with pytest.raises(gitstore.UnknownObject, match=r"nowhere\.txt"):
        await gitstore.read_entry(git, sha, "nowhere.txt")
    with pytest.raises(gitstore.UnknownObject):
        await gitstore.read_blob(git, "f" * 40)
    with pytest.raises(gitstore.UnknownObject):
        await gitstore.read_commit(git, "f" * 40)
    with pytest.raises(gitstore.UnknownObject):
        await gitstore.write_tree(git, sha, [gitstore.TreeChange("x", "100644", "e" * 40)])


@pytest.mark.parametrize("name", ["main", "heads/main", "refs/heads/main", "HEAD"])
async def test_a_commit_has_many_names(tmp_path: Path, name: str) -> None:
    git, sha = await repository(tmp_path)
    assert await gitstore.resolve_commit(git, name) == sha


@pytest.mark.parametrize("name", ["mian", "heads/mian", "f" * 40, "--all", "main..main", "", "abc"])
async def test_what_is_no_commit_resolves_to_none(tmp_path: Path, name: str) -> None:
    git, _ = await repository(tmp_path)
    assert await gitstore.resolve_commit(git, name) is None


async def test_a_ref_moves_only_from_where_it_is_expected(tmp_path: Path) -> None:
    git, first = await repository(tmp_path)
    second = await commit(git, "main", first, b="2\n")
    await gitstore.move_ref(git, "refs/pdev/wip/1", first, expected=None)
    with pytest.raises(gitstore.RefMoved):
        await gitstore.move_ref(git, "refs/pdev/wip/1", second, expected=None)
    await gitstore.fast_forward(git, "refs/pdev/wip/1", second, expected=first)
    with pytest.raises(gitstore.NotFastForward):
        await gitstore.fast_forward(git, "refs/pdev/wip/1", first, expected=second)
    assert await gitstore.list_refs(git, "refs/pdev/wip/") == {"refs/pdev/wip/1": second}
    with pytest.raises(gitstore.RefMoved):
        await gitstore.delete_ref(git, "refs/pdev/wip/1", expected=first)
    await gitstore.delete_ref(git, "refs/pdev/wip/1", expected=second)
    assert await gitstore.read_ref(git, "refs/pdev/wip/1") is None


def test_ref_changes_are_told_once_each() -> None:
    before, after = {"a": "1", "b": "2", "c": "3"}, {"b": "2", "c": "4", "d": "5"}
    assert gitstore.changes_between(before, after) == [
        ("1", gitstore.ZERO_SHA, "a"),
        ("3", "4", "c"),
        (gitstore.ZERO_SHA, "5", "d"),
    ]


async def test_a_comparison_is_what_the_files_tab_shows(tmp_path: Path) -> None:
    git, base = await repository(
        tmp_path, {"a.txt": "one\ntwo\nthree\n", "old": "line\n" * 9, "gone": "x\n", "bin": b"\0"}
    )
    head = await commit(git, "topic", base, **{
        "a.txt": "one\n2\nthree\nfour\n", "old": None, "new": "line\n" * 9, "gone": None, "bin": b"\0\1", "empty": "",
    })  # fmt: skip
    await commit(git, "main", base, other="o\n")
    main = await gitstore.resolve_commit(git, "main")
    assert main is not None
    seen = await gitstore.compare(git, main, head)
    assert seen is not None
    assert (seen.merge_base, seen.ahead, seen.behind, seen.status) == (base, 1, 1, "diverged")
    assert [one.sha for one in seen.commits] == [head]
    table = [(f.filename, f.status, f.additions, f.deletions, f.previous, f.patch is not None) for f in seen.files]
    assert table == [
        ("a.txt", "modified", 2, 1, None, True),
        ("bin", "modified", 0, 0, None, False),
        ("empty", "added", 0, 0, None, False),
        ("gone", "removed", 0, 1, None, True),
        ("new", "renamed", 0, 0, "old", False),
    ]
    assert seen.files[0].patch == "@@ -1,3 +1,4 @@\n one\n-two\n+2\n three\n+four"
    same = await gitstore.compare(git, head, head)
    assert same is not None
    assert (same.status, same.files) == ("identical", ())


async def test_merge_squash_and_rebase_keep_what_both_sides_did(tmp_path: Path) -> None:
    git, base = await repository(tmp_path)
    one = await commit(git, "topic", base, b="1\n")
    head = await commit(git, "topic", one, c="2\n")
    main = await commit(git, "main", base, d="3\n")
    who = {"author": ADA, "committer": ADA}
    tree = await gitstore.merged_tree(git, main, head)
    merge = await gitstore.read_commit(git, await gitstore.merge_commit(git, main, head, "M", **who))
    squash = await gitstore.read_commit(git, await gitstore.squash_commit(git, main, head, "S", **who))
    rebased = await gitstore.history(git, await gitstore.rebase_commits(git, main, head, committer=ADA), exclude=[main])
    assert (merge.parents, merge.tree) == ((main, head), tree)
    assert (squash.parents, squash.tree) == ((main,), tree)
    assert rebased[0].tree == tree
    assert [one.message for one in rebased] == ["change topic", "change topic"]
    assert rebased[-1].parents == (main,)


async def test_a_conflict_is_seen_and_nothing_moves(tmp_path: Path) -> None:
    git, base = await repository(tmp_path)
    head = await commit(git, "topic", base, **{"a.txt": "ONE\n"})
    main = await commit(git, "main", base, **{"a.txt": "uno\n"})
    assert not await gitstore.is_mergeable(git, main, head)
    assert await gitstore.is_mergeable(git, base, head)
    with pytest.raises(gitstore.Conflict):
        await gitstore.rebase_commits(git, main, head, committer=ADA)
    assert await gitstore.list_refs(git) == {"refs/heads/main": main, "refs/heads/topic": head}


async def test_the_git_data_api_builds_a_commit_without_a_branch(tmp_path: Path) -> None:
    git, base = await repository(tmp_path, {"dir/a": "1\n", "dir/b": "2\n"})
    blob = await gitstore.write_blob(git, b"new\n")
    tree = await gitstore.write_tree(
        git, base, [gitstore.TreeChange("dir/c", "100755", blob), gitstore.TreeChange("dir/a", "100644", None)]
    )
    sha = await gitstore.write_commit(git, tree, [base], "by hand", author=ADA)
    assert [entry.path for entry in await gitstore.read_tree(git, sha, path="dir")] == ["b", "c"]
    assert await gitstore.object_kind(git, blob) == "blob"
    assert (await gitstore.read_commit(git, sha)).message == "by hand"
