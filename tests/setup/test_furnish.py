"""Submodules and large files: which are fetched, what of them is believed, and where they are shown."""

import asyncio
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jobs.git import Cache, Entry, Mirror, listing
from jobs.git.lfs import pointers, read_pointer
from jobs.setup.furnish import Furniture, _Fetch, _put, addresses_of, is_allowed
from tests.jobs.repositories import Origin, git


@pytest.mark.parametrize(
    ("address", "prefixes", "allowed"),
    [
        ("https://git.example/team/lib", ["https://git.example/team"], True),
        ("https://git.example/team/lib.git", ["https://git.example/team/"], True),
        ("https://git.example/team/lib.git", ["https://git.example/team/lib"], True),
        ("https://git.example/team/lib", [], False),
        ("https://git.example/teams/lib", ["https://git.example/team"], False),
        ("https://git.example/team/../evil/lib", ["https://git.example/team"], False),
        ("https://git.example/team/%2e%2e/evil", ["https://git.example/team"], False),
        ("https://git.example.evil/team", ["https://git.example"], False),
        ("https://git.example@evil/team", ["https://git.example"], False),
        ("https://me:word@git.example/team/lib", ["https://me:word@git.example/team"], False),
        ("http://git.example/team/lib", ["http://git.example/team"], False),
        ("file:///etc", ["file:///etc"], False),
        ("ext::sh -c id", ["ext::sh"], False),
        ("ssh://git.example/a", ["ssh://git.example"], False),
        ("git@git.example:a", ["git@git.example:"], False),
        ("--upload-pack=id", ["--upload-pack=id"], False),
        ("", [""], False),
        ("https://[::1", ["https://[::1"], False),
    ],
)
def test_which_addresses_are_fetched(address: str, prefixes: list[str], allowed: bool) -> None:
    assert is_allowed(address, prefixes) is allowed


def test_addresses_are_read_and_relative_ones_resolved() -> None:
    text = (
        '[submodule "a"]\n\tpath = libs/a\n\turl = ../other.git\n[submodule "b"]\n path=b\n url=https://x.example/b\n'
    )
    assert addresses_of(text, "https://git.example/team/app") == {
        "libs/a": "https://git.example/team/other.git", "b": "https://x.example/b"
    }  # fmt: skip
    assert addresses_of("[[[ %(x)s", "https://git.example/a/b") == {}
    assert addresses_of('[submodule "a"]\npath = a\nurl = %(home)s\n', "https://x.example/a/b") == {"a": "%(home)s"}


@dataclass
class World:
    """Repositories to fetch from, by file address, which only tests allow."""

    folder: Path
    cache: Cache
    made: list[Origin] = field(default_factory=list)

    def origin(self, name: str) -> Origin:
        (self.folder / name).mkdir()
        self.made.append(origin := Origin.make(self.folder / name))
        return origin

    def nest(self, outer: Origin, path: str, inner: Origin, sha: str) -> str:
        """Record `inner` at `sha` as a submodule of `outer`."""
        modules = outer.clone / ".gitmodules"
        before = modules.read_text() if modules.exists() else ""
        modules.write_text(f'{before}[submodule "{path}"]\n\tpath = {path}\n\turl = {inner.url}\n')
        git("update-index", "--add", "--cacheinfo", f"160000,{sha},{path}", cwd=outer.clone)
        git("add", ".gitmodules", cwd=outer.clone)
        git("commit", "--quiet", "-m", "nest", cwd=outer.clone)
        git("push", "--quiet", outer.url, "HEAD:refs/heads/main", cwd=outer.clone)
        return git("rev-parse", "HEAD", cwd=outer.clone)

    async def fetched(self, outer: Origin, sha: str, *allowed: str) -> tuple[Furniture, _Fetch]:
        mirror: Mirror = await self.cache.repository(outer.url, 1)
        await mirror.fetch(None)
        found = Furniture()
        fetch = _Fetch(self.cache, allowed, self.folder / "modules", found)
        entries = await listing(mirror, sha)
        await fetch.modules(mirror, entries, outer.url, "")
        return found, fetch


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, Cache(tmp_path / "git", protocols=frozenset({"file"})))


async def test_nothing_is_fetched_that_is_not_allowed(world: World) -> None:
    inner, outer = world.origin("inner"), world.origin("outer")
    sha = world.nest(outer, "libs/inner", inner, inner.commit({"lib.py": "x\n"}))
    found, fetch = await world.fetched(outer, sha)
    assert (found.shown, fetch.refused, fetch.failed) == ({}, ["libs/inner"], [])
    assert not (world.folder / "modules").exists()


async def test_several_tasks_may_want_the_same_submodule_at_once(world: World) -> None:
    inner = world.origin("inner")
    sha = inner.commit({f"{n}.py": "x\n" for n in range(50)})
    mirror = await world.cache.repository(inner.url, 3)
    await mirror.fetch(None)
    target = world.folder / "modules" / "one"
    await asyncio.gather(*(_put(mirror, sha, target) for _ in range(4)))
    assert len(list(target.glob("*.py"))) == 50
    assert [left.name for left in target.parent.iterdir()] == ["one"]


LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n"


def test_a_pointer_is_the_whole_file() -> None:
    oid = hashlib.sha256(b"x").hexdigest()
    text = LFS.format(oid=oid, size=1)
    pointer = read_pointer(text)
    assert pointer is not None
    assert (pointer.oid, pointer.size) == (oid, 1)
    assert pointer.place(Path("/g")) == Path(f"/g/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}")
    for other in (
        f"{text}more\n",
        f"# {text}",
        text.replace("sha256", "md5"),
        text.replace(oid, "../../etc/passwd"),
        "",
    ):
        assert read_pointer(other) is None


async def test_pointers_are_looked_for_only_where_attributes_ask(world: World) -> None:
    origin = world.origin("large")
    text = LFS.format(oid="a" * 64, size=7)
    plain = origin.commit({"big.bin": text, "small.bin": "no pointer\n"})
    asked = origin.commit({"data/.gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"})
    mirror = await world.cache.repository(origin.url, 2)
    await mirror.fetch(None)
    entries: dict[str, Entry] = dict(await listing(mirror, plain))
    assert await pointers(mirror, entries) == {}
    assert list(await pointers(mirror, await listing(mirror, asked))) == ["big.bin"]
