"""A repository is made ready once, in the sandbox, and its agents and tests find what was installed."""

from collections.abc import AsyncIterator

import pytest

from core.tasks import State
from demo.player import delete, edit, run
from tests.work.package_index import Index, served
from tests.work.working_desk import WorkingDesk

pytestmark = pytest.mark.usefixtures("walls")
TEST = "import unittest\nfrom calc import twice\nclass T(unittest.TestCase):\n    def test_it(self):\n"
SEES = "import doubling, sys; assert doubling.__file__.startswith(sys.prefix)"


@pytest.fixture
def files() -> dict[str, str | bytes]:
    return {
        "requirements.txt": "doubling==1.0\n",
        "calc.py": "from doubling import double\n\ndef twice(n):\n    return n\n",
        "tests/test_calc.py": TEST + "        self.assertEqual(twice(0), 0)\n",
    }


@pytest.fixture
async def index(desk: WorkingDesk) -> AsyncIterator[Index]:
    desk.sets_up = True
    async with served() as made:
        for version in ("1.0", "2.0"):
            made.add("doubling", version, f"VERSION = '{version}'\ndef double(n):\n    return 2 * n\n")
        desk.more = made.environ
        yield made


async def labelled(desk: WorkingDesk, *numbers: int) -> None:
    for _ in numbers:
        await desk.issue("Double it", "It does not.", "parallel-dev")
    await desk.settle()


async def test_a_dependency_is_installed_and_the_tests_use_it(desk: WorkingDesk, index: Index) -> None:
    desk.agent.plays(
        run("python", "-c", SEES),
        edit("calc.py", "from doubling import double\n\ndef twice(n):\n    return double(n)\n"),
        edit("tests/test_calc.py", TEST + "        self.assertEqual(twice(2), 4)\n"),
        run("python", "-m", "unittest", "discover", "-s", "tests"),
    )
    async with desk.working():
        await labelled(desk, 1)
    task = await desk.task(1)
    assert task.state is State.READY, (task.reason, task.last_run)
    assert {gate.name: gate.outcome for gate in task.gates}["verify"] == "passed", task.gates
    assert index.downloads() == ["doubling-1.0-py3-none-any.whl"]
    assert sorted(await desk.changed(1)) == ["calc.py", "tests/test_calc.py"]
    assert "Python with requirements.txt: set up by `python -m pip install -r requirements.txt`" in desk.sticky(1)


async def test_a_second_task_installs_nothing_anew(desk: WorkingDesk, index: Index) -> None:
    desk.agent.plays(run("python", "-c", SEES), edit("calc.py", "from doubling import double as twice\n"))
    async with desk.working(slots=2):
        await labelled(desk, 1, 2)
    assert [(await desk.task(n)).state for n in (1, 2)] == [State.READY, State.READY]
    assert index.downloads() == ["doubling-1.0-py3-none-any.whl"]
    async with desk.working():  # another worker process on this machine, later
        await labelled(desk, 3)
    assert index.downloads() == ["doubling-1.0-py3-none-any.whl"]


async def test_an_agent_cannot_write_to_what_tasks_share(desk: WorkingDesk, index: Index) -> None:
    plant = "import doubling, pathlib; pathlib.Path(doubling.__file__).write_text('evil')"
    reach = "import socket; socket.create_connection(('127.0.0.1', 3128), 1)"
    desk.agent.plays(
        run("python", "-c", plant, expect=1), run("python", "-c", reach, expect=1),
        run("python", "-m", "pip", "install", "doubling==2.0", expect=1),
        edit("calc.py", "import doubling\ntwice = abs\n"),
    )  # fmt: skip
    async with desk.working():
        await labelled(desk, 1)
    assert (await desk.task(1)).state is State.READY


async def test_a_task_that_changes_a_manifest_has_an_environment_of_its_own(desk: WorkingDesk, index: Index) -> None:
    newer = "import doubling; assert doubling.VERSION == '2.0'"
    desk.agent.plays(edit("requirements.txt", "doubling==2.0\n"), run("python", "-c", newer, expect=1), issue=1)
    desk.agent.plays(run("python", "-c", newer), role="reviewer", issue=1)
    desk.agent.plays(run("python", "-c", newer, expect=1), edit("calc.py", "twice = abs\n"), issue=2)
    async with desk.working():
        await labelled(desk, 1)
        await desk.until_state(1, State.READY)
        await labelled(desk, 2)
    assert [(await desk.task(n)).state for n in (1, 2)] == [State.READY, State.READY]
    assert index.downloads() == ["doubling-1.0-py3-none-any.whl", "doubling-2.0-py3-none-any.whl"]
    assert "This task changes `requirements.txt`, so it has an environment of its own" in desk.sticky(1)
    assert "of its own" not in desk.sticky(2)
    shared = list(desk.data.glob("setup/*/shared/*/venv/lib/*/site-packages/doubling.py"))
    assert [file.read_text()[:15] for file in shared] == ["VERSION = '1.0'"]


async def test_what_a_task_asks_for_in_vain_is_found_by_the_gates(desk: WorkingDesk, index: Index) -> None:
    desk.agent.plays(edit("requirements.txt", "doubling==3.0\n"))
    desk.agent.plays(edit("requirements.txt", "doubling==2.0\n"), role="corrector")
    async with desk.working():
        await labelled(desk, 1)
    task = await desk.task(1)
    assert task.state is State.READY, (task.reason, task.last_run)
    assert [run.outcome for run in task.stages][:2] == ["passed", "gates_failed"]
    assert index.downloads()[-1] == "doubling-2.0-py3-none-any.whl"


async def test_setup_that_fails_is_said_with_its_last_words(desk: WorkingDesk, index: Index) -> None:
    index.packages.clear()
    async with desk.working():
        await labelled(desk, 1)
    task = await desk.task(1)
    assert (task.state, task.reason) == (State.FAILED, "setup")
    assert "Setup failed: `python -m pip install -r requirements.txt` ended with exit code 1" in desk.sticky(1)
    assert "No matching distribution found for doubling==1.0" in desk.sticky(1)
    assert "`/pdev resume` tries again" in desk.sticky(1)
    assert desk.agent.scenes("developer") == []
    assert list(desk.data.glob("setup/*/shared/*/")) == []


class TestWaysOut:
    """What setup may reach is what the operator and the repository say."""

    @pytest.fixture
    def files(self) -> dict[str, str | bytes]:
        ask = "import sys, urllib.request as u\nfor host in sys.argv[1:]:\n    try: u.urlopen(f'http://{host}/')\n"
        return {
            ".github/pdev.yml": "setup: [python3 ask.py 169.254.169.254 evil.example localhost]\n"
            "network: [localhost]\nverify: none\n",
            "ask.py": f"{ask}    except OSError as error: print(host, error)\nsys.exit(1)\n",
            "docker-compose.yml": "",
        }

    async def test_a_host_that_is_not_allowed_is_refused_and_said(self, desk: WorkingDesk, index: Index) -> None:
        async with desk.working():
            await labelled(desk, 1)
        sticky = desk.sticky(1)
        assert (await desk.task(1)).reason == "setup"
        for host in ("169.254.169.254", "evil.example", "localhost"):
            assert f"{host} HTTP Error 403" in sticky
        assert "Setup may not reach `169.254.169.254`, `evil.example` and `localhost`" in sticky
        assert "Add what it needs to `network`" in sticky
        assert "pdev starts no services" in sticky
        assert index.asked == []

    async def test_what_is_not_supported_is_said_once(self, desk: WorkingDesk, index: Index) -> None:
        async with desk.working():
            await labelled(desk, 1)
            await labelled(desk, 2)
        assert "pdev starts no services" in desk.sticky(1)
        assert "pdev starts no services" not in desk.sticky(2)


class TestPackagesInTheTree:
    """`node_modules` must lie in the tree, and is no part of it."""

    @pytest.fixture
    def files(self) -> dict[str, str | bytes]:
        return {
            ".github/pdev.yml": "setup: ['mkdir -p node_modules/left web/node_modules/right && echo 1 > "
            "node_modules/left/a && cp ask.txt web/node_modules/right/b']\nverify: ['grep 1 node_modules/left/a']\n",
            "ask.txt": "2\n",
            "web/package.json": "{}",
            "README.md": "old",
        }

    async def test_they_are_there_for_agents_and_gates_and_in_no_commit(self, desk: WorkingDesk, index: Index) -> None:
        look = "cat web/node_modules/right/b && ! touch node_modules/left/a && touch node_modules/.cache/x"
        desk.agent.plays(run("sh", "-c", look), edit("README.md", "new"))
        desk.agent.plays(run("sh", "-c", look), role="reviewer")
        async with desk.working():
            await labelled(desk, 1)
        task = await desk.task(1)
        assert task.state is State.READY, (task.reason, task.last_run)
        assert await desk.changed(1) == ["README.md"]
        assert desk.agent.scenes("reviewer")

    async def test_a_file_that_a_command_names_belongs_to_the_key(self, desk: WorkingDesk, index: Index) -> None:
        desk.agent.plays(edit("ask.txt", "3\n"), delete("README.md"))
        desk.agent.plays(run("grep", "3", "web/node_modules/right/b"), role="reviewer")
        async with desk.working():
            await labelled(desk, 1)
        assert (await desk.task(1)).state is State.READY
        assert "This task changes `ask.txt`" in desk.sticky(1)


async def test_a_worker_that_is_stopped_during_setup_leaves_nothing_half_made(desk: WorkingDesk, index: Index) -> None:
    async with desk.working():
        await labelled(desk, 1)
        await desk.comment(1, "/pdev cancel")
    assert (await desk.task(1)).state in {State.CANCELLED, State.READY}
    for folder in desk.data.glob("setup/*/shared/*/"):
        assert folder.with_suffix(".json").is_file()
