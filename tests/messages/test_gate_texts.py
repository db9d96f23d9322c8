"""What people and the corrector read about the gates."""

import pytest
from msgspec.structs import replace

from core.messages import gates as words
from core.messages.checks import ANNOTATION_LIMIT, SUMMARY_LIMIT, checks
from core.messages.sticky import sticky
from core.tasks import Gate, Note, Task, laid_over
from jobs.gates import Ran, gate_findings, judging
from jobs.gates.coverage import Coverage, FileCoverage
from tests.golden import golden
from tests.messages.conftest import NOW

SHA = "d" * 40
CHEAP = tuple(Gate(name=name, outcome="passed") for name in ("secrets", "protected", "links", "size"))
GOOD = (*CHEAP, judging.has_changed(2, sha=SHA), judging.tests_kept((), sha=SHA))
RAN = Ran(
    "python -m pytest", "failed", 1, 83_000, "tests/test_a.py:3: AssertionError: `1 | 2`\nFAILED tests/test_a.py::t"
)


def verified(ran: Ran, base: judging.Base | None) -> Gate:
    return judging.verified("verify", ran, base, sha=SHA, minutes=15, paths={"tests/test_a.py"})


CASES: dict[str, tuple[Gate, ...]] = {
    "all passed": (*GOOD, verified(Ran("make test", "passed", 0, 61_000, "ok"), None)),
    "verify failed": (*GOOD, verified(RAN, ("passed",))),
    "base was red": (*GOOD, verified(RAN, ("failed", "tests/test_a.py::t"))),
    "cannot be started": (*GOOD, verified(Ran("tox", "missing", 127, 5, "not found"), ("missing",))),
    "external": (*GOOD, judging.skipped("verify", words.EXTERNAL, sha=SHA)),
    "nothing found": (*GOOD, judging.warned("verify", words.NO_COMMAND, sha=SHA)),
    "weakened": (
        *GOOD,
        judging.tests_kept(
            [
                Note(words.tests_gone(["test_a", "test_b"], 2, is_file=True), "tests/test_a.py"),
                Note(words.switched_off("@pytest.mark.skip"), "tests/test_b.py", 7),
                Note(words.asserts_gone("test_c", 2, left=0), "tests/test_c.py", 3),
            ],
            sha=SHA,
        ),
    ),
    "untested": (
        *GOOD,
        judging.is_covered(Coverage("coverage.xml", (FileCoverage("a.py", 10, (3, 4, 5, 9)),)), 80, sha=SHA),
    ),
    "left out": (
        *GOOD,
        Gate(name="forbidden", outcome="left_out", notes=(Note("a key; nobody commits such files", ".env"),)),
    ),
}


def test_gates_as_people_read_them(at_work: Task) -> None:
    shown = []
    for name, gates in CASES.items():
        task = replace(at_work, gates=laid_over((), gates))
        (view,) = [view for view in checks(task, output=RAN.output) if view.name == "pdev / gates"]
        shown.append(f"=== {name}\n\n## {view.conclusion}: {view.title}\n\n{view.summary}")
        shown += [
            f"[annotation] {one.annotation_level} {one.path}:{one.start_line} {one.message}" for one in view.annotations
        ]
        shown.append(f"[comment] {words.in_one_line(task)}")
        told = gate_findings((), task.gates, {"verify": RAN.output})
        shown += [f"[finding {one.type}, {one.severity}, {one.file}:{one.line}] {one.text}" for one in told]
    golden("messages/gates", "\n\n".join(shown) + "\n")


def test_before_a_change_is_judged_nothing_is_said(at_work: Task) -> None:
    task = replace(at_work, gates=CHEAP)
    assert words.in_one_line(task) == ""
    assert [view for view in checks(task) if view.name == "pdev / gates"] == []


@pytest.mark.parametrize(
    "evil", ["```\n</details>\n@org closes #1 <!-- pdev:task:1-8 -->", "|" * 300, "`" * 300, "x" * 9_000]
)
def test_what_programs_print_stays_where_it_is_shown(at_work: Task, evil: str) -> None:
    notes = tuple(Note(evil, f"a{n}.py", n) for n in range(300))
    many = tuple(Gate(name=f"verify {n}", outcome="failed", summary=evil, notes=notes, sha=SHA) for n in range(2, 60))
    task = replace(at_work, gates=laid_over((), many))
    (view,) = [view for view in checks(task, output=evil * 2_000) if view.name == "pdev / gates"]
    assert len(view.summary) <= SUMMARY_LIMIT
    assert len(view.text) <= SUMMARY_LIMIT
    assert len(view.annotations) <= ANNOTATION_LIMIT
    assert len(view.title) <= 255
    assert "@org" not in view.summary + sticky(task, NOW)
    fence = view.text.partition("text\n")[0]
    assert view.text.count(fence) == 2
    rows = [line for line in view.summary.splitlines() if line.startswith("| ")]
    assert all(row.replace("\\|", "").count("|") == 5 for row in rows)


def test_odd_paths_get_no_annotation(at_work: Task) -> None:
    notes = (Note("x", "../a.py", 1), Note("x", "/etc/passwd", 1), Note("x", "a\\b", 1), Note("x", "a.py", 0))
    task = replace(at_work, gates=(Gate(name="tests", outcome="failed", notes=notes, sha=SHA),))
    (view,) = [view for view in checks(task) if view.name == "pdev / gates"]
    assert [(one.path, one.start_line) for one in view.annotations] == [("a.py", 1)]
