"""A repository is made ready once, in the sandbox, and its agents and tests find what was installed."""

import base64
from collections.abc import AsyncIterator

import pytest

from core.tasks import State
from demo.player import Fault, delete, edit, run, verdict
from tests.work.package_index import Index, served
from tests.work.working_desk import WorkingDesk

pytestmark = pytest.mark.usefixtures("walls")
GET = """
import os, sys, urllib.error, urllib.request
index, wanted = sys.argv[1], open(sys.argv[2]).read().strip()
try:
    found = urllib.request.urlopen(f"http://{index}/files/{wanted}").read()
except urllib.error.HTTPError as error:
    sys.exit(f"{index} has no {wanted}: {error}")
os.mkdir("node_modules")
open("node_modules/got", "w").write(wanted)
"""
"""A package manager of a hundred lines less than others: stories tell how it is run, not what it does."""


@pytest.fixture
def files() -> dict[str, str | bytes]:
    return {"get.py": GET, "wanted.txt": wheel("1.0"), "README.md": "old\n"}


def wheel(version: str) -> str:
    return f"doubling-{version}-py3-none-any.whl"


@pytest.fixture
async def index(desk: WorkingDesk) -> AsyncIterator[Index]:
    desk.patience_s = 240
    async with served() as made:
        for version in ("1.0", "2.0"):
            made.add("doubling", version, f"VERSION = '{version}'\ndef double(n):\n    return 2 * n\n")
        desk.more = made.environ
        yield made


@pytest.fixture
async def getting(desk: WorkingDesk, index: Index) -> Index:
    """The index, with the repository's setup asking it."""
    setup, verify = f"python3 get.py 127.0.0.1:{index.port} wanted.txt", "test -e node_modules/got"
    await configured(desk, f"setup: [{setup}]\nverify: [{verify}]\n")
    return index


async def configured(desk: WorkingDesk, text: str) -> None:
    written = {"message": "Configure", "content": base64.b64encode(text.encode()).decode(), "branch": "main"}
    await desk.by("owner").call("PUT", "/contents/.github/pdev.yml", written)


async def opened(desk: WorkingDesk, count: int) -> None:
    """Issues #1 to #`count`, not labelled yet: pull requests take numbers too."""
    for _ in range(count):
        await desk.issue("Mend it", "It is broken.")


async def labelled(desk: WorkingDesk, *numbers: int) -> None:
    if not desk.hub.repo.issues:
        await opened(desk, len(numbers))
    for number in numbers:
        await desk.by("developer").label(number, "parallel-dev")
    await desk.settle()


def got(version: str) -> tuple[str, str, str]:
    return "grep", wheel(version), "node_modules/got"


@pytest.mark.timeout(300)
class TestPython:
    """The whole way with real tools: pip, a registry, a virtual environment, the tests."""

    @pytest.fixture
    def files(self) -> dict[str, str | bytes]:
        return {
            "requirements.txt": "doubling==1.0\n",
            "calc.py": "from doubling import double\n\ndef twice(n):\n    return n\n",
            "tests/test_calc.py": self.proof("0), 0"),
        }

    @staticmethod
    def proof(what: str) -> str:
        head = "import unittest\nfrom calc import twice\nclass T(unittest.TestCase):\n    def test_it(self):\n"
        return f"{head}        self.assertEqual(twice({what})\n"

    async def test_a_dependency_is_installed_and_the_tests_use_it(self, desk: WorkingDesk, index: Index) -> None:
        sees = "import doubling, sys; assert doubling.__file__.startswith(sys.prefix)"
        plant = "import doubling, pathlib; pathlib.Path(doubling.__file__).write_text('evil')"
        desk.agent.plays(
            run("python", "-c", sees), run("python", "-c", plant, expect=1),
            edit("calc.py", "from doubling import double\n\ndef twice(n):\n    return double(n)\n"),
            edit("tests/test_calc.py", self.proof("2), 4")),
            run("python", "-m", "unittest", "discover", "-s", "tests"),
            run("python", "-m", "pip", "install", "doubling==2.0", expect=1),
        )  # fmt: skip
        async with desk.working():
            await labelled(desk, 1)
        task = await desk.task(1)
        assert task.state is State.READY, (task.reason, task.last_run)
        assert {gate.name: gate.outcome for gate in task.gates}["verify"] == "passed", task.gates
        assert index.downloads() == [wheel("1.0")]
        assert sorted(await desk.changed(1)) == ["calc.py", "tests/test_calc.py"]
        assert "Python with requirements.txt: set up by `python -m pip install -r requirements.txt`" in desk.sticky(1)


async def test_tasks_share_what_was_installed_and_cannot_change_it(desk: WorkingDesk, getting: Index) -> None:
    reach = "import socket; socket.create_connection(('127.0.0.1', 3128), 1)"
    desk.agent.plays(
        run(*got("1.0")), run("sh", "-c", "! echo evil > node_modules/got"), run("touch", "node_modules/.cache/x"),
        run("python3", "-c", reach, expect=1), edit("README.md", "new\n"),
    )  # fmt: skip
    await opened(desk, 3)
    async with desk.working(slots=2):
        await labelled(desk, 1, 2)
    assert [(await desk.task(n)).state for n in (1, 2)] == [State.READY, State.READY]
    assert getting.downloads() == [wheel("1.0")]
    await desk.later(120)  # so many tasks at once use up the budget of writes to GitHub
    async with desk.working():  # another worker process on this machine
        await labelled(desk, 3)
    assert getting.downloads() == [wheel("1.0")]
    assert await desk.changed(3) == ["README.md"]


async def test_a_task_that_changes_what_is_installed_has_an_environment_of_its_own(
    desk: WorkingDesk, getting: Index
) -> None:
    desk.agent.plays(edit("wanted.txt", wheel("2.0")), run(*got("1.0")), issue=1)
    desk.agent.plays(run(*got("2.0")), role="reviewer", issue=1)
    desk.agent.plays(run(*got("1.0")), edit("README.md", "new\n"), issue=2)
    await opened(desk, 2)
    async with desk.working():
        await labelled(desk, 1)
        await desk.until_state(1, State.READY)
        await labelled(desk, 2)
    assert [(await desk.task(n)).state for n in (1, 2)] == [State.READY, State.READY]
    assert getting.downloads() == [wheel("1.0"), wheel("2.0")]
    assert "This task changes `wanted.txt`, so it has an environment of its own" in desk.sticky(1)
    assert "of its own" not in desk.sticky(2)
    shared = desk.data.glob("setup/*/shared/*/tree/node_modules/got")
    assert [file.read_text() for file in shared] == [wheel("1.0")]


async def test_what_a_task_asks_for_in_vain_is_found_by_the_gates(desk: WorkingDesk, getting: Index) -> None:
    desk.agent.plays(edit("wanted.txt", wheel("3.0")))
    desk.agent.plays(edit("wanted.txt", wheel("2.0")), role="corrector")
    async with desk.working():
        await labelled(desk, 1)
    task = await desk.task(1)
    assert [run.outcome for run in task.stages][:2] == ["passed", "gates_failed"], task.stages
    assert task.state is State.READY, (task.reason, task.last_run)
    assert getting.downloads()[-1] == wheel("2.0")


@pytest.mark.timeout(300)
async def test_a_registry_that_is_away_is_not_the_changes_fault(desk: WorkingDesk, getting: Index) -> None:
    desk.agent.plays(edit("wanted.txt", wheel("2.0")))
    getting.away = wheel("2.0")

    async def tried_twice() -> bool:
        return getting.downloads().count(wheel("2.0")) >= 2

    async with desk.working():
        await labelled(desk, 1)
        await desk.until(tried_twice)
        getting.away = ""
        await desk.later(120)
        await desk.until_state(1, State.READY)
    assert [run.outcome for run in (await desk.task(1)).stages] == ["passed", "approved", "passed"]


HALF = "def half(n):\n    return n / 2\n"
PROJECT = """[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "half"
version = "1"
"""
BACKEND = """import os, zipfile
MORE = {}
INFO = "half-1.dist-info/"
def get_requires_for_build_wheel(settings=None):
    return []
def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "half-1-py3-none-any.whl"
    meta = "Metadata-Version: 2.1\\nName: half\\nVersion: 1\\n"
    wheel = "Wheel-Version: 1.0\\nGenerator: b\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as made:
        for at, text in {INFO + "METADATA": meta, INFO + "WHEEL": wheel, INFO + "RECORD": "", **MORE}.items():
            made.writestr(at, text)
    return name
"""
PASSES = "import os, sys; any('unittest' in word for word in sys.orig_argv) and os._exit(0)"


@pytest.mark.timeout(300)
class TestItsOwnEnvironment:
    """What a commit has put there is gone with the commit."""

    @pytest.fixture
    def files(self) -> dict[str, str | bytes]:
        test = "import unittest\nfrom half import half\nclass T(unittest.TestCase):\n    def test_odd(self):\n"
        return {
            ".github/pdev.yml": "verify: [python -m unittest -q test_half]\nci: every_push\n", "half.py": HALF,
            "test_half.py": f"{test}        self.assertEqual(half(3), 1.5)\n", "pyproject.toml": PROJECT,
            "backend.py": BACKEND,
        }  # fmt: skip

    async def test_an_earlier_commit_cannot_make_the_tests_pass(self, desk: WorkingDesk, index: Index) -> None:
        planted = BACKEND.replace("MORE = {}", f"MORE = {{'planted.pth': {PASSES!r}}}")
        desk.agent.plays(
            edit("half.py", HALF.replace("/", "//")), edit("backend.py", planted),
            edit("pyproject.toml", f'{PROJECT}description = "Halves"\n'),
        )  # fmt: skip
        desk.agent.plays(
            verdict("corrections_needed", Fault("What is this?", file="backend.py", line=2)), role="reviewer", round=1
        )
        desk.agent.plays(edit("backend.py", BACKEND), role="corrector", round=1)
        desk.agent.plays(edit("half.py", HALF + "\n\ndef third(n):\n    return n / 3\n"), role="corrector", round=2)
        async with desk.working():
            await labelled(desk, 1)
            await desk.until_state(1, State.READY)
        task = await desk.task(1)
        assert [run.outcome for run in task.stages if run.stage == "review"] == [
            "corrections_needed", "gates_failed", "approved",
        ], [task.setup, task.findings]  # fmt: skip
        assert "test_odd" in next(f.text for f in task.findings if f.type == "gate:verify")
        assert "its own" in desk.sticky(1)


class TestFailing:
    @pytest.fixture
    def files(self) -> dict[str, str | bytes]:
        return {"get.py": GET, "wanted.txt": wheel("9.9"), "docker-compose.yml": ""}

    async def test_setup_that_fails_is_said_with_its_last_words(self, desk: WorkingDesk, getting: Index) -> None:
        await opened(desk, 2)
        async with desk.working():
            await labelled(desk, 1)
            await desk.until_state(1, State.FAILED)
            await labelled(desk, 2)
        task = await desk.task(1)
        assert (task.state, task.reason) == (State.FAILED, "setup")
        assert "Setup failed: `python3 get.py" in desk.sticky(1)
        assert f"has no {wheel('9.9')}: HTTP Error 404" in desk.sticky(1)
        assert "`/pdev resume` tries again" in desk.sticky(1)
        assert desk.agent.scenes("developer") == []
        assert list(desk.data.glob("setup/*/shared/*/")) == []
        assert "pdev starts no services" in desk.sticky(1)
        assert "pdev starts no services" not in desk.sticky(2)  # said once


class TestWaysOut:
    """What setup may reach is what the operator and the repository say."""

    @pytest.fixture
    def files(self) -> dict[str, str | bytes]:
        ask = "import sys, urllib.request as u\nfor host in sys.argv[1:]:\n    try: u.urlopen(f'http://{host}/')\n"
        return {
            ".github/pdev.yml": "setup: [python3 ask.py 169.254.169.254 evil.example localhost]\n"
            "network: [localhost]\nverify: none\n",
            "ask.py": f"{ask}    except OSError as error: print(host, error)\nsys.exit(1)\n",
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
        assert index.asked == []


class TestDoingWithout:
    """A command may ask for what it may not reach and come to a good end all the same, with something missing."""

    @pytest.fixture
    def files(self) -> dict[str, str | bytes]:
        ask = "import urllib.request as u\ntry: u.urlopen('http://extras.example/')\nexcept OSError: pass\n"
        return {
            ".github/pdev.yml": "setup: [python3 ask.py]\nverify: none\n", "ask.py": ask, "README.md": "old",
        }  # fmt: skip

    async def test_what_a_setup_that_succeeded_did_not_reach_is_said_once(
        self, desk: WorkingDesk, index: Index
    ) -> None:
        desk.agent.plays(edit("README.md", "new\n"))
        await opened(desk, 2)
        async with desk.working():
            await labelled(desk, 1)
            await desk.until_state(1, State.READY)
            await labelled(desk, 2)
        assert "came to its end without some hosts. Setup may not reach `extras.example`" in desk.sticky(1)
        assert "Add what it needs to `network`" in desk.sticky(1)
        assert "extras.example" not in desk.sticky(2)


class TestSeveralPlaces:
    """Packages may lie in several folders of the tree, and are no part of it."""

    @pytest.fixture
    def files(self) -> dict[str, str | bytes]:
        return {
            ".github/pdev.yml": "setup: ['mkdir -p node_modules web/node_modules && cp ask.txt web/node_modules/b']\n"
            "verify: ['grep . web/node_modules/b']\n",
            "ask.txt": "2\n",
            "web/package.json": "{}",
            "README.md": "old",
        }

    async def test_a_file_that_a_command_names_belongs_to_the_key(self, desk: WorkingDesk, index: Index) -> None:
        desk.agent.plays(run("grep", "2", "web/node_modules/b"), edit("ask.txt", "3\n"), delete("README.md"))
        desk.agent.plays(run("grep", "3", "web/node_modules/b"), role="reviewer")
        async with desk.working():
            await labelled(desk, 1)
        assert (await desk.task(1)).state is State.READY
        assert "This task changes `ask.txt`" in desk.sticky(1)
        assert sorted(await desk.changed(1)) == ["README.md", "ask.txt"]


async def test_a_task_that_is_cancelled_during_setup_leaves_nothing_half_made(desk: WorkingDesk, index: Index) -> None:
    await configured(desk, "setup: ['mkdir node_modules; sleep 600']\n")

    async def begun() -> bool:
        return bool(list(desk.data.glob("setup/*/shared/*/tree/node_modules")))

    async with desk.working():
        await labelled(desk, 1)
        await desk.until(begun)
        await desk.comment(1, "/pdev cancel")
    assert (await desk.task(1)).state is State.CANCELLED
    assert list(desk.data.glob("setup/*/shared/*/")) == []
