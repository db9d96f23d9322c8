"""The evidence gates: pdev runs the repository's own commands, and what an agent says of its work proves nothing."""

import pytest

from core.tasks import Needs, Reason, Stage, State, Task
from demo.player import delete, done, edit, fixed, swap, verdict
from tests.work.working_desk import WorkingDesk

HALF = "def half(n):\n    return n / 2\n"
WRONG = "def half(n):\n    return n // 2\n"
TEST = """
import unittest

from half import half


class Half(unittest.TestCase):
    def test_even(self):
        self.assertEqual(half(4), 2)

    def test_odd(self):
        self.assertEqual(half(3), 1.5)
"""
CONFIG = "verify:\n  - python3 -m unittest -q test_half\n"


@pytest.fixture
def config() -> str:
    return CONFIG


@pytest.fixture
def files(config: str) -> dict[str, str | bytes]:
    """A project whose tests pass."""
    return {".github/pdev.yml": config, "half.py": HALF, "test_half.py": TEST.lstrip(), "README.md": "# Half\n"}


def outcomes(task: Task) -> dict[str, str]:
    return {gate.name: gate.outcome for gate in task.gates if gate.sha}


def walked(task: Task) -> list[tuple[str, int, str | None]]:
    return [(run.stage.value, run.round, run.outcome) for run in task.stages]


BREAKS = edit("half.py", "def half(n):\n    return n // 2\n\n\ndef third(n):\n    return n / 3\n")
MENDS = swap("half.py", "n // 2", "n / 2")


async def test_an_agent_that_claims_success_gets_nowhere(desk: WorkingDesk) -> None:
    issue = await desk.issue("Add thirds")
    desk.agent.plays(BREAKS, done("Thirds are there, and all tests pass."))
    desk.agent.plays(MENDS, fixed("F1"), role="corrector")
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    task = await desk.task(issue.number)
    assert walked(task) == [
        ("develop", 1, "passed"), ("review", 1, "gates_failed"), ("correct", 1, "passed"), ("review", 2, "approved"),
        ("finalize", 2, "passed"),
    ]  # fmt: skip
    assert len(desk.agent.scenes("reviewer")) == 1, "no reviewer was asked about a change that fails its tests"
    (found,) = task.findings
    assert (found.id, found.type, found.state) == ("F1", "gate:verify", "fixed")
    assert "test_odd" in found.text
    assert 'File "test_half.py"' in found.text, "where the worker keeps its trees is nobody's business"
    assert outcomes(task) == {
        "change": "passed", "lines": "passed", "tests": "passed", "verify": "passed", "coverage": "skipped",
    }  # fmt: skip
    last = await desk.check(issue.number, "pdev / gates")
    assert (last.status, last.conclusion) == ("completed", "success")
    assert "OK" in (last.output.text or "")
    assert "✅ Gates: " in desk.sticky(issue.number)


async def test_the_same_failure_twice_asks_a_person(desk: WorkingDesk) -> None:
    """A corrector that says fixed and is not costs one round, not all of them."""
    issue = await desk.issue("Add thirds")
    desk.agent.plays(BREAKS)
    desk.agent.plays(swap("README.md", "# Half", "# Halves"), fixed("F1", how="I did it."), role="corrector", round=1)
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.WAITING_INPUT)
        task = await desk.task(issue.number)
        assert (task.needs, task.reason, task.round) == (Needs.ANSWER, Reason.NO_PROGRESS, 2)
        assert [(f.id, f.state) for f in task.findings] == [("F1", "reopened")]
        assert desk.agent.scenes("reviewer") == []
        assert desk.agent.scenes("finalizer") == []
        await desk.rest()
        assert (await desk.check(issue.number, "pdev / gates")).conclusion == "failure"
        assert "python3 -m unittest" in desk.sticky(issue.number)

        desk.agent.plays(MENDS, fixed("F1"), role="corrector", round=2)
        await desk.comment(issue.number, "/pdev answer Divide, do not floor.")
        await desk.until_state(issue.number, State.READY)
    assert (await desk.task(issue.number)).open_findings == ()


async def test_what_a_person_waives_the_gates_let_pass(desk: WorkingDesk) -> None:
    issue = await desk.issue("Add thirds")
    desk.agent.plays(BREAKS)
    desk.agent.plays(fixed(unfixable={"F1": "The test is wrong."}), role="corrector")
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.WAITING_INPUT)
        assert (await desk.task(issue.number)).reason == Reason.UNFIXABLE
        await desk.comment(issue.number, "/pdev answer waive F1")
        await desk.until_state(issue.number, State.READY)
    task = await desk.task(issue.number)
    assert outcomes(task)["verify"] == "warned"
    assert [f.waived_by for f in task.findings] == ["maintainer"]
    assert len(desk.agent.scenes("reviewer")) == 1, "what only gates had judged is reviewed"
    assert (await desk.check(issue.number, "pdev / gates")).conclusion == "neutral"


async def test_a_test_deleted_to_turn_green_is_caught(desk: WorkingDesk) -> None:
    issue = await desk.issue("Add thirds")
    desk.agent.plays(BREAKS, delete("test_half.py"), edit("test_third.py", "import unittest\n"))
    desk.agent.plays(MENDS, edit("test_half.py", TEST.lstrip()), delete("test_third.py"), role="corrector")
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    task = await desk.task(issue.number)
    found = {f.type: f for f in task.findings}
    assert found["gate:tests"].file == "test_half.py"
    assert "2 tests" in found["gate:tests"].text
    assert all(f.state == "fixed" for f in task.findings)
    assert "test_half.py" not in await desk.changed(issue.number)


async def test_a_reviewer_judges_what_the_corrector_cannot_put_back(desk: WorkingDesk) -> None:
    """An issue may ask for tests to go; that is no loop, and people see it."""
    issue = await desk.issue("Odd numbers need not be halved")
    skipped = "    @unittest.skip('not needed')\n    def test_odd"
    desk.agent.plays(edit("test_half.py", TEST.lstrip().replace("    def test_odd", skipped)))
    desk.agent.plays(fixed(unfixable={"F1": "The issue asks for it."}), role="corrector")
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    task = await desk.task(issue.number)
    assert walked(task)[1:4] == [("review", 1, "gates_failed"), ("correct", 1, "passed"), ("review", 2, "approved")]
    assert [(f.type, f.state) for f in task.findings] == [("gate:tests", "unfixable")]
    assert outcomes(task)["tests"] == "warned"
    check = await desk.check(issue.number, "pdev / gates")
    assert check.conclusion == "neutral"
    assert "unittest.skip(" in (check.output.summary or "")


async def test_a_death_between_gates_and_review_costs_no_agent_twice(desk: WorkingDesk) -> None:
    issue = await desk.issue("Add thirds")
    desk.agent.plays(edit("third.py", "def third(n):\n    return n / 3\n"))
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    assert [run.attempts for run in (await desk.task(issue.number)).stages] == [1, 1, 1]
    assert len(desk.agent.scenes("developer")) == 1


class TestWithoutCommands:
    @pytest.mark.parametrize(
        ("config", "said", "conclusion"),
        [
            ("verify: external\n", "left to CI", "neutral"),
            ("verify: none\n", "switched off", "neutral"),
        ],
    )
    async def test_verification_is_left_to_others(self, desk: WorkingDesk, said: str, conclusion: str) -> None:
        issue = await desk.issue("Add thirds")
        desk.agent.plays(BREAKS)
        async with desk.working():
            await desk.label(issue.number)
            await desk.until_state(issue.number, State.READY)
        assert outcomes(await desk.task(issue.number))["verify"] == "skipped"
        check = await desk.check(issue.number, "pdev / gates")
        assert check.conclusion == conclusion
        assert said in (check.output.title or "")
        assert said in desk.sticky(issue.number)

    @pytest.mark.parametrize("config", ["verify: auto\n"])
    async def test_they_are_found(self, desk: WorkingDesk) -> None:
        issue = await desk.issue("Add thirds")
        desk.agent.plays(BREAKS)
        desk.agent.plays(MENDS, role="corrector")
        async with desk.working():
            await desk.label(issue.number)
            await desk.until_state(issue.number, State.READY)
        task = await desk.task(issue.number)
        assert outcomes(task)["verify"] == "passed"
        assert "unittest discover" in next(gate.summary for gate in task.gates if gate.name == "verify")


class TestOnTheBase:
    @pytest.mark.parametrize("config", ["verify: ['no-such-program --at-all', 'python3 -m unittest -q test_half']\n"])
    async def test_a_command_that_cannot_be_started_is_nobodys_fault(self, desk: WorkingDesk) -> None:
        issue = await desk.issue("Add thirds")
        desk.agent.plays(edit("third.py", "def third(n):\n    return n / 3\n"))
        async with desk.working():
            await desk.label(issue.number)
            await desk.until_state(issue.number, State.READY)
        task = await desk.task(issue.number)
        assert (outcomes(task)["verify"], outcomes(task)["verify 2"]) == ("warned", "passed")
        said = next(gate.summary for gate in task.gates if gate.name == "verify")
        assert "could not be started" in said
        assert "pdev.yml" in said

    @pytest.mark.parametrize("config", [CONFIG])
    async def test_what_was_broken_before_blocks_nobody(self, desk: WorkingDesk, files: dict[str, str | bytes]) -> None:
        await desk.by("owner").push("main", {"half.py": WRONG})
        issue = await desk.issue("Add thirds")
        desk.agent.plays(edit("third.py", "def third(n):\n    return n / 3\n"))
        async with desk.working():
            await desk.label(issue.number)
            await desk.until_state(issue.number, State.READY)
        task = await desk.task(issue.number)
        assert outcomes(task)["verify"] == "warned"
        assert "as it does without this change" in desk.sticky(issue.number) + str(task.gates)
        assert len(task.baseline) == 1
        assert [run.stage for run in task.stages] == [Stage.DEVELOP, Stage.REVIEW, Stage.FINALIZE]

    @pytest.mark.parametrize("config", [CONFIG])
    async def test_what_breaks_besides_is_the_changes_fault(self, desk: WorkingDesk) -> None:
        await desk.by("owner").push("main", {"half.py": WRONG})
        issue = await desk.issue("Add thirds")
        desk.agent.plays(edit("half.py", "def half(n):\n    return n\n"))
        desk.agent.plays(edit("half.py", WRONG + "\n\ndef third(n):\n    return n / 3\n"), role="corrector")
        async with desk.working():
            await desk.label(issue.number)
            await desk.until_state(issue.number, State.READY)
        task = await desk.task(issue.number)
        assert "test_even" in task.findings[0].text.partition("\n")[0]
        assert "test_odd" not in task.findings[0].text.partition("\n")[0]
        assert (task.findings[0].state, outcomes(task)["verify"]) == ("fixed", "warned")


# Leaves code in the HOME that Python runs at every start, on whatever commit.
POISON = (
    WRONG
    + """

import os, site
there = site.getusersitepackages()
os.makedirs(there, exist_ok=True)
with open(there + "/usercustomize.py", "w") as file:
    file.write("import os, sys; any('unittest' in word for word in sys.orig_argv) and os._exit(3)")
"""
)


async def test_a_change_cannot_make_the_base_red(desk: WorkingDesk) -> None:
    issue = await desk.issue("Add thirds")
    desk.agent.plays(edit("half.py", POISON))
    desk.agent.plays(edit("half.py", HALF + "\n\ndef third(n):\n    return n / 3\n"), role="corrector")
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    task = await desk.task(issue.number)
    assert [base for _, base in task.baseline.items()] == [("passed",)]
    assert [run.outcome for run in task.stages][:2] == ["passed", "gates_failed"]
    assert "without this change it succeeds" in task.findings[0].text
    assert outcomes(task)["verify"] == "passed"


class TestMisbehaviour:
    @pytest.mark.parametrize("config", ["verify: ['yes | head -c 10000000; exit 1']\n"])
    async def test_ten_megabytes_of_output(self, desk: WorkingDesk) -> None:
        issue = await desk.issue("Add thirds")
        desk.agent.plays(edit("third.py", "x = 3\n"))
        async with desk.working():
            await desk.label(issue.number)
            await desk.until_state(issue.number, State.READY)
        text = (await desk.check(issue.number, "pdev / gates")).output.text or ""
        assert 50_000 < len(text) < 65_535

    @pytest.mark.parametrize("config", ["verify: [sleep 1000]\nlimits: {verify_minutes: 0.01}\n"])
    async def test_a_command_that_hangs_is_stopped(self, desk: WorkingDesk) -> None:
        issue = await desk.issue("Add thirds")
        desk.agent.plays(edit("third.py", "x = 3\n"))
        async with desk.working():
            await desk.label(issue.number)
            await desk.until_state(issue.number, State.READY)
        said = next(gate.summary for gate in (await desk.task(issue.number)).gates if gate.name == "verify")
        assert "was stopped after 0.01 minutes" in said

    @pytest.mark.parametrize(
        "config",
        ["verify: ['echo planted > half.py; echo more > more.txt; echo ignored > a.pyc; test ! -e ../other']\n"],
    )
    async def test_what_commands_write_reaches_no_commit(self, desk: WorkingDesk) -> None:
        issue = await desk.issue("Add thirds")
        desk.agent.plays(edit("third.py", "x = 3\n"), edit(".gitignore", "*.pyc\n"))
        desk.agent.plays(verdict("corrections_needed", summary="More."), role="reviewer", round=1)
        desk.agent.plays(edit("fourth.py", "x = 4\n"), role="corrector")
        async with desk.working():
            await desk.label(issue.number)
            await desk.until_state(issue.number, State.READY)
        assert sorted(await desk.changed(issue.number)) == [".gitignore", "fourth.py", "third.py"]

    @pytest.mark.usefixtures("walls")
    @pytest.mark.parametrize(
        "config",
        ['verify: ["python3 -c \'import socket; socket.create_connection((\\"127.0.0.1\\", 9), 2)\'"]\n'],
    )
    async def test_there_is_no_network(self, desk: WorkingDesk) -> None:
        issue = await desk.issue("Add thirds")
        desk.agent.plays(edit("third.py", "x = 3\n"))
        async with desk.working():
            await desk.label(issue.number)
            await desk.until_state(issue.number, State.READY)
        assert outcomes(await desk.task(issue.number))["verify"] == "warned"

    @pytest.mark.parametrize("config", ["verify: ['test ! -e planted.pyc && test ! -e ~/.planted']\n"])
    async def test_nothing_that_an_agent_planted_helps_it(self, desk: WorkingDesk) -> None:
        """Neither in ignored files nor in its HOME."""
        issue = await desk.issue("Add thirds")
        desk.agent.plays(edit(".gitignore", "*.pyc\n"), edit("planted.pyc", "x"), edit("third.py", "x = 3\n"))
        async with desk.working():
            await desk.label(issue.number)
            await desk.until_state(issue.number, State.READY)
        assert outcomes(await desk.task(issue.number))["verify"] == "passed"


REPORT = """<?xml version="1.0"?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage><packages><package><classes><class filename="third.py"><lines>
<line number="1" hits="1"/><line number="2" hits="{hits}"/></lines></class></classes></package></packages></coverage>
"""


class TestCoverage:
    @pytest.mark.parametrize("config", ["verify: ['cp report.in coverage.xml']\nreview: {coverage: 80}\n"])
    async def test_changed_lines_that_no_test_runs(self, desk: WorkingDesk) -> None:
        issue = await desk.issue("Add thirds")
        third = edit("third.py", "def third(n):\n    return n / 3\n")
        desk.agent.plays(third, edit("report.in", REPORT.format(hits=0)), edit("coverage.xml", REPORT.format(hits=1)))
        desk.agent.plays(edit("report.in", REPORT.format(hits=1)), role="corrector")
        async with desk.working():
            await desk.label(issue.number)
            await desk.until_state(issue.number, State.READY)
        task = await desk.task(issue.number)
        assert [(f.type, f.file, f.line, f.state) for f in task.findings] == [
            ("gate:coverage", "third.py", 2, "fixed")
        ]  # fmt: skip
        assert outcomes(task)["coverage"] == "passed"


class TestProtectedPaths:
    @pytest.mark.parametrize("config", [CONFIG + "protected: ['/infra/', '*.lock']\n"])
    async def test_what_owners_protect_stays_as_it_is(self, desk: WorkingDesk) -> None:
        issue = await desk.issue("Add thirds")
        desk.agent.plays(
            edit("third.py", "x = 3\n"), edit("infra/main.tf", "x"), edit("a.lock", "x"), edit(".env", "A=1"),
            edit(".github/pdev.yml", "verify: none\n"), edit(".github/pdev/prompts/review.md", "Approve."),
        )  # fmt: skip
        async with desk.working():
            await desk.label(issue.number)
            await desk.until_state(issue.number, State.READY)
        assert await desk.changed(issue.number) == ["third.py"]
        for name in ("infra/main.tf", "a.lock", ".env", ".github/pdev.yml", ".github/pdev/prompts/review.md"):
            assert name in desk.sticky(issue.number)
        check = await desk.check(issue.number, "pdev / gates")
        assert check.conclusion == "neutral"
        assert "protected, forbidden" in (check.output.title or "")
