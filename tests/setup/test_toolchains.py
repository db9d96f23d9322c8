"""Programs outside /usr: the real ones behind links and stand-ins, and nothing of a user's folder besides."""

from pathlib import Path

import pytest

from jobs.sandbox import Bubblewrap, Runtime, SandboxSpec, Surroundings, find_toolchains, this_python
from tests.jobs.conftest import bubblewrap  # noqa: F401


def program(path: Path, text: str = "#!/bin/sh\necho real\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_toolchain_with_a_folder_of_its_own_is_shown_whole(tmp_path: Path) -> None:
    go = program(tmp_path / "opt/go-1.22/bin/go")
    found = find_toolchains(str(go.parent), tmp_path / "home")
    assert found.programs["go"] == go
    assert found.roots == (tmp_path / "opt/go-1.22",)
    assert found.path == (go.parent,)


def test_of_a_users_folder_only_the_program_is_shown(tmp_path: Path) -> None:
    uv = program(tmp_path / "home/.local/bin/uv")
    program(tmp_path / "home/.local/bin/secret")
    assert find_toolchains(str(uv.parent), tmp_path / "home").roots == (uv,)


def test_behind_a_stand_in_of_pyenv_is_the_chosen_version(tmp_path: Path) -> None:
    pyenv = tmp_path / "home/.pyenv"
    shim = program(pyenv / "shims/python3")
    for version in ("3.9.1", "3.10.0", "3.11.7"):
        program(pyenv / "versions" / version / "bin/python3")
    assert find_toolchains(str(shim.parent), tmp_path / "home").roots == (pyenv / "versions/3.11.7",)
    (pyenv / "version").write_text("3.10.0\n")
    assert find_toolchains(str(shim.parent), tmp_path / "home").roots == (pyenv / "versions/3.10.0",)


def test_a_stand_in_for_nothing_is_no_program(tmp_path: Path) -> None:
    shim = program(tmp_path / "home/.pyenv/shims/poetry")
    found = find_toolchains(str(shim.parent), tmp_path / "home")
    assert "poetry" not in found.programs
    assert not found.has("poetry")


def test_behind_rustup_is_the_default_toolchain_and_no_credentials(tmp_path: Path) -> None:
    home = tmp_path / "home"
    rustup = program(home / ".cargo/bin/rustup")
    (home / ".cargo/bin/cargo").symlink_to("rustup")
    (home / ".cargo/credentials.toml").write_text("token")
    for name in ("nightly-x", "stable-x"):
        program(home / ".rustup/toolchains" / name / "bin/cargo")
    (home / ".rustup/settings.toml").write_text('default_toolchain = "stable-x"\n')
    assert find_toolchains(str(rustup.parent), home).roots == (home / ".rustup/toolchains/stable-x",)


def test_a_program_that_is_a_link_into_its_package_keeps_its_name(tmp_path: Path) -> None:
    node = tmp_path / "home/.nvm/versions/node/v22"
    program(node / "bin/node")
    program(node / "lib/node_modules/npm/bin/npm-cli.js")
    (node / "bin/npm").symlink_to("../lib/node_modules/npm/bin/npm-cli.js")
    found = find_toolchains(str(node / "bin"), tmp_path / "home")
    assert found.programs["npm"] == node / "bin/npm"
    assert found.roots == (node,)


def test_a_folder_that_the_operator_names_is_shown(tmp_path: Path) -> None:
    program(tmp_path / "tools/bin/anything")
    found = find_toolchains("", tmp_path / "home", [tmp_path / "tools", tmp_path / "absent"])
    assert found.roots == (tmp_path / "tools",)
    assert found.path == (tmp_path / "tools/bin", tmp_path / "tools")


def test_the_mark_of_a_program_changes_with_it(tmp_path: Path) -> None:
    go = program(tmp_path / "go/bin/go")
    before = find_toolchains(str(go.parent), tmp_path / "home").mark(["go", "absent"])
    program(go, "#!/bin/sh\necho newer\n")
    after = find_toolchains(str(go.parent), tmp_path / "home").mark(["go", "absent"])
    assert before[0] != after[0]
    assert before[1] == after[1] == "absent"


async def test_it_runs_inside(tmp_path: Path, bubblewrap: Bubblewrap) -> None:  # noqa: F811
    program(tmp_path / "go/bin/go")
    for folder in ("tree", "home"):
        (tmp_path / folder).mkdir()
    found = find_toolchains(str(tmp_path / "go/bin"), tmp_path / "home")
    sandbox = Bubblewrap(bubblewrap.program, found.beside(this_python()))
    spec = SandboxSpec(("sh", "-c", "go && ! touch ${0%/*}/x"), tmp_path / "tree", tmp_path / "home")
    async with await sandbox.spawn(spec) as process:
        assert [line async for line in process.lines()] == ["real"]
        assert await process.wait() == 0


@pytest.mark.parametrize("where", ["link", "link/below", "../outside", "/etc", "", "file"])
async def test_nothing_is_shown_behind_a_link_or_outside_the_tree(
    tmp_path: Path,
    bubblewrap: Bubblewrap,  # noqa: F811
    where: str,
) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    for folder in (tree, outside, tmp_path / "home", tmp_path / "packages"):
        folder.mkdir()
    (tree / "link").symlink_to(outside)
    (tree / "file").write_text("mine")
    around = Surroundings(mounts={tree / where: tmp_path / "packages"})
    spec = SandboxSpec(("sh", "-c", "cat file; mount | grep -c packages"), tree, tmp_path / "home", around=around)
    async with await bubblewrap.spawn(spec) as process:
        lines = [line async for line in process.lines()]
    assert lines == ["mine0"]
    assert list(outside.iterdir()) == []


async def test_a_mount_is_read_only_and_its_scratch_is_forgotten(
    tmp_path: Path,
    bubblewrap: Bubblewrap,  # noqa: F811
) -> None:
    tree, packages = tmp_path / "tree", tmp_path / "packages"
    for folder in (tree, packages / ".cache", tmp_path / "home"):
        folder.mkdir(parents=True)
    (packages / "a.js").write_text("a")
    place = tree / "node_modules"
    around = Surroundings(
        env={"COLOR": "red"}, path=(place / "bin",), mounts={place: packages}, scratch=(place / ".cache",)
    )
    script = 'cd node_modules; cat a.js; touch b 2>/dev/null; touch .cache/c; echo " $COLOR ${PATH%%:*}"'
    async with await bubblewrap.spawn(SandboxSpec(("sh", "-c", script), tree, tmp_path / "home", around=around)) as it:
        assert [line async for line in it.lines()] == [f"a red {place / 'bin'}"]
    assert sorted(str(p.relative_to(packages)) for p in packages.rglob("*")) == [".cache", "a.js"]


def test_the_runtime_keeps_what_it_had(tmp_path: Path) -> None:
    program(tmp_path / "go/bin/go")
    runtime = find_toolchains(str(tmp_path / "go/bin"), tmp_path).beside(Runtime(Path("/usr/bin/python3")))
    assert runtime.search_path == f"/usr/local/bin:/usr/bin:/bin:{tmp_path / 'go/bin'}"
