"""Setup's commands, run: what they leave, and what of their words people see."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobs.gateway import Gateway
from jobs.layouts import detect
from jobs.running import TAIL
from jobs.sandbox import NoSandbox, Runtime
from jobs.setup.build import Builder, Order, SetupFailed
from jobs.setup.shelf import Note, Place, Shelf

TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    place = Shelf(tmp_path / "setup").shared(1, "a")
    place.begin()
    yield place
    place.clear()


async def built(place: Place, *commands: str, wall_s: float = 60) -> Note:
    async def tell(what: str) -> None:
        pass

    builder = Builder(NoSandbox(), Runtime(Path(sys.executable)), Gateway())
    return await builder.build(place, Order(detect((), {}, lambda name: True), commands, (), wall_s), {}, tell)


async def test_what_people_see_of_a_command_that_fails_has_no_keys_and_nothing_a_terminal_obeys(place: Place) -> None:
    lines = f"//host/:_authToken={TOKEN}\\n", "10%%\\r100%%\\n", "\\033[31mred\\033[0m\\033]0;title\\007\\n"
    with pytest.raises(SetupFailed) as caught:
        await built(place, f"printf '{''.join(lines)}'; exit 3")
    for text in (caught.value.why, caught.value.tail):
        assert TOKEN not in text
        assert "_authToken=[hidden]" in text
        assert "100%\nred\n" in f"{text}\n"
        assert "10%\n" not in text.replace("100%\n", "")
    assert "ended with exit code 3" in caught.value.why


async def test_where_the_tree_is_on_the_worker_is_nobodys_business(place: Place) -> None:
    with pytest.raises(SetupFailed) as caught:
        await built(place, "echo $PWD/setup.py:1; echo $PWD; echo ${PWD%/tree}/venv/bin/pip; exit 1")
    assert caught.value.tail == "setup.py:1\n.\nvenv/bin/pip\n"


async def test_a_flood_is_stopped_and_only_its_end_is_kept(place: Place) -> None:
    with pytest.raises(SetupFailed, match="printed more than anybody reads") as caught:
        await built(place, "yes flooded")
    assert len(caught.value.tail) <= TAIL


async def test_a_command_that_hangs_is_stopped(place: Place) -> None:
    with pytest.raises(SetupFailed, match="was stopped after"):
        await built(place, "sleep 600", wall_s=0.3)


async def test_what_a_command_leaves_running_ends_with_it(place: Place) -> None:
    await built(place, "sleep 600 & mkdir -p web/node_modules")
    assert (place.tree / "web/node_modules/.cache").is_dir()


async def test_the_registry_that_the_package_manager_names_may_be_reached(place: Place, tmp_path: Path) -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    async def tell(what: str) -> None:
        pass

    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "python3").symlink_to(sys.executable)
    (tools / "npm").write_text("#!/bin/sh\necho https://packages.example.org/\n")
    (tools / "npm").chmod(0o755)
    layout = detect(("package.json", "package-lock.json"), {"package.json": "{}"}, lambda name: True)
    get = "python3 -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1])' http://{}/ || true"
    commands = tuple(get.format(host) for host in ("packages.example.org", "other.example.org"))
    runtime = Runtime(tools / "python3")
    builder = Builder(NoSandbox(runtime), runtime, Gateway(resolve=nowhere))
    note = await builder.build(place, Order(layout, commands, (), 60), {}, tell)
    assert note.refused == ("other.example.org",)
