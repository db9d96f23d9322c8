"""The parts of the evidence gates, each alone: lines of a diff, coverage reports, output, verdicts, findings."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.ledger import GATE, gated
from core.tasks import Finding, Gate, Note, laid_over
from core.tasks.evidence import MAX_NOTES, MAX_NOTES_IN_ALL, MAX_TEXT
from jobs.gates import Ground, Ran, coverage, gate_findings, judging, run
from jobs.gates.lines import Lines, changed_lines
from jobs.gates.output import end_of, failing, places
from jobs.running import TAIL, Cancelled, Tail, below, cleaned
from jobs.sandbox import NoSandbox

DIFF = """diff --git a/a.py b/a.py
index 1..2 100644
--- a/a.py
+++ b/a.py
@@ -1,3 +1,4 @@
 one
-two
+2
+++ not a header
 three
@@ -10 +11 @@ def f():
-ten
+10
\\ No newline at end of file
diff --git a/gone.py b/gone.py
deleted file mode 100644
--- a/gone.py
+++ /dev/null
@@ -1,2 +0,0 @@
--- a comment of SQL
-b
diff --git "a/\\303\\274 \\"x\\".py" "b/\\303\\274 \\"x\\".py"
new file mode 100644
--- /dev/null
+++ "b/\\303\\274 \\"x\\".py"
@@ -0,0 +1,2 @@
+a\f
+b
"""


def test_lines_of_a_diff() -> None:
    found = changed_lines(DIFF)
    assert {path: (sorted(lines.added), lines.removed) for path, lines in found.items()} == {
        "a.py": ([2, 3, 11], 2), "gone.py": ([], 2), 'ü "x".py': ([1, 2], 0),
    }  # fmt: skip
    assert changed_lines(DIFF[: DIFF.index("three")])["a.py"].added == {2, 3}, "a diff that was cut"
    assert changed_lines("") == {}


COBERTURA = """<?xml version="1.0" ?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage line-rate="0.5"><sources><source>/build/src</source></sources><packages><package><classes>
<class filename="pkg/a.py"><methods/><lines><line number="2" hits="3"/><line number="3" hits="0"/></lines></class>
</classes></package></packages></coverage>"""
LCOV = "TN:\nSF:/build/src/pkg/a.py\nDA:2,1\nDA:3,0,checksum\nend_of_record\n"
JSON = json.dumps({"files": {"src/pkg/a.py": {"executed_lines": [2], "missing_lines": [3]}}})


@pytest.mark.parametrize(
    ("name", "text"), [("coverage.xml", COBERTURA), ("coverage/lcov.info", LCOV), ("coverage.json", JSON)]
)
def test_three_kinds_of_reports(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    found = coverage.find_report(tmp_path)
    assert found is not None
    assert found[0] == name
    judged = coverage.judged(name, found[1], {"src/pkg/a.py": {1, 2, 3}, "docs/a.md": {1}}, "/build")
    assert [(f.path, f.measured, f.missed) for f in judged.files] == [("src/pkg/a.py", 2, (3,))]
    assert judged.percent == 50
    coverage.forget_reports(tmp_path)
    assert coverage.find_report(tmp_path) is None


def test_a_change_that_nobody_can_measure_is_looked_at() -> None:
    gate = judging.is_reviewable({"a.py": Lines({1}, 0)}, is_cut=True, sha="s")
    assert (gate.outcome, "too large to measure" in gate.summary) == ("warned", True)


def test_a_change_without_a_measured_line_passes() -> None:
    judged = coverage.judged("coverage.xml", {"b.py": {1: False}}, {"a.py": {1}}, "/build")
    assert (judged.measured, judged.percent) == (0, 100.0)
    assert judging.is_covered(judged, 90, sha="s").outcome == "passed"


def test_one_file_is_not_covered_by_the_tests_of_another() -> None:
    hits = {"a.py": {1: True}, "pkg/a.py": {1: False}, "src/b.py": {1: True}}
    judged = coverage.judged("x", hits, {"pkg/a.py": {1}, "b.py": {1}}, "/build")
    assert [(f.path, f.missed) for f in judged.files] == [("b.py", ()), ("pkg/a.py", (1,))]
    hits = {"a.py": {1: False}, "/build/a.py": {1: True}}
    assert coverage.judged("x", hits, {"a.py": {1}}, "/build").percent == 100, "two reports of one file"


def test_a_name_that_fits_two_files_measures_neither() -> None:
    judged = coverage.judged("x", {"a.py": {1: False}}, {"one/a.py": {1}, "two/a.py": {1}}, "/build")
    assert judged.files == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("coverage.xml", '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><coverage>&b;</coverage>'),
        ("coverage.xml", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><coverage>&a;</coverage>'),
        ("coverage.xml", '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]><coverage/>'),
        ("coverage.xml", "<coverage><class filename='a'><line number='x' hits='1'/></class></coverage>"),
        ("coverage.xml", "<coverage><class filename='a'><line hits='1'/></class></coverage>"),
        ("coverage.xml", "<coverage>"),
        ("coverage.xml", ""),
        ("coverage.json", "[" * 100_000),
        ("coverage.json", '{"files": []}'),
        ("coverage.json", '{"files": {"a": {"executed_lines": "x"}}}'),
        ("lcov.info", "hello"),
        ("lcov.info", "SF:a\nDA:1"),
        ("lcov.info", "SF:a\nDA:" + "9" * 5000 + ",1"),
    ],
)
def test_reports_that_are_none(name: str, text: str) -> None:
    with pytest.raises(coverage.Unreadable, match=name.replace(".", r"\.")):
        coverage.parse(name, text.encode())


def test_nothing_outside_the_tree_is_read_or_taken_away(tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    tree.mkdir()
    outside.mkdir()
    (outside / "lcov.info").write_text(LCOV)
    (tree / "coverage").symlink_to(outside)
    (tree / "coverage.xml").symlink_to(outside / "lcov.info")
    os.mkfifo(tree / "coverage.json")
    assert coverage.find_report(tree) is None
    coverage.forget_reports(tree)
    assert (outside / "lcov.info").exists()
    assert not (tree / "coverage.xml").is_symlink()


def test_output_without_what_a_terminal_obeys() -> None:
    assert cleaned("\x1b[31mred\x1b[0m\r\n\x1b]0;title\x07a\x00b\u202ec") == "red\nabc"
    assert cleaned("10 %\r20 %\r100 %\ndone") == "100 %\ndone"
    assert "ghp_16C7e42F292c6912E7710c838347Ae178B4a" not in cleaned("x ghp_16C7e42F292c6912E7710c838347Ae178B4a")


def test_the_end_of_the_output_is_kept() -> None:
    tail = Tail()
    for number in range(100_000):
        tail.add(b"line %d\n" % number)
    text = tail.text()
    assert len(text) <= TAIL
    assert text.startswith("line ")
    assert text.endswith("line 99999\n")
    assert tail.seen == sum(len(f"line {n}\n") for n in range(100_000))
    assert end_of("a\nb\nc", 3) == "c"
    short = Tail()
    short.add("grün".encode())
    assert short.text() == "grün"


OUTPUT = """
FAILED tests/test_a.py::test_x[1] - assert 1 == 2
ERROR tests/test_b.py::test_y
FAIL: test_z (tests.test_c.C.test_z)
--- FAIL: TestOne (0.00s)
test tests::two ... FAILED
not ok 3 - adds numbers
  ✕ subtracts (3 ms)
ok 4 - is fine
tests/test_a.py:12: AssertionError
src/a.ts(3,14): error TS2322: Type 'string' is not assignable.
./pkg/f.go:7:2: undefined: x
/build/src/a.py:4: in f
other.py:1: not changed
"""


def test_tests_that_failed() -> None:
    assert failing(OUTPUT) == {
        "tests/test_a.py::test_x[1]", "tests/test_b.py::test_y", "test_z (tests.test_c.C.test_z)", "TestOne",
        "tests::two", "adds numbers", "subtracts",
    }  # fmt: skip
    assert failing("all good\n1 passed") == frozenset()


def test_places_in_the_output() -> None:
    paths = {"tests/test_a.py", "src/a.ts", "pkg/f.go", "src/a.py"}
    found = [(note.path, note.line, note.text) for note in places(below("/build", OUTPUT), paths)]
    assert found == [
        ("tests/test_a.py", 12, "AssertionError"),
        ("src/a.ts", 3, "error TS2322: Type 'string' is not assignable."),
        ("pkg/f.go", 7, "undefined: x"),
        ("src/a.py", 4, "in f"),
    ]


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("/w/tree/a.py:1: no", "a.py:1: no"),
        ("rootdir: /w/tree\nnext", "rootdir: .\nnext"),
        ('File "/w/tree/a.py", in /w/tree/b', 'File "a.py", in b'),
        ("/w/tree-2/a.py /w/trees", "/w/tree-2/a.py /w/trees"),
    ],
)
def test_where_the_tree_was_tells_nobody_anything(output: str, told: str) -> None:
    assert below("/w/tree", output) == below("/w/tree/", output) == told


def ran(verdict: str = "failed", output: str = "", code: int | None = 1) -> Ran:
    return Ran("make test", verdict, code, 1_000, output)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("what", "base", "outcome", "says"),
    [
        (ran("passed", code=0), None, "passed", "`make test` succeeds"),
        (ran(), ("passed",), "failed", "`make test` fails (exit 1); without this change it succeeds"),
        (ran(), ("failed",), "warned", "as it does without this change"),
        (ran(code=137), ("passed",), "failed", "was killed (signal 9)"),
        (ran("missing", code=127), ("missing",), "warned", "could not be started, with and without this change"),
        (ran("missing", code=127), ("passed",), "failed", "could not be started; without this change it succeeds"),
        (ran("late", code=None), ("passed",), "failed", "was stopped after 15 minutes"),
        (ran("late", code=None), ("late",), "warned", "was stopped after 15 minutes, as it does"),
        (ran("flooded", code=None), ("passed",), "failed", "printed without end"),
        (ran(output="FAILED a::b\nFAILED a::c"), ("failed", "a::b"), "failed", "`a::c` fails only with it"),
        (ran(output="FAILED a::b"), ("failed", "a::b", "a::c"), "warned", "as it does without this change"),
        (ran(output="boom"), ("failed", "a::b"), "failed", "now it names none"),
        (ran(output="FAILED a::b"), ("failed",), "failed", "no failing test was named there, and now `a::b` fails"),
        (ran(output="FAILED a::b\nFAILED a::c"), ("late",), "failed", "now `a::b` and `a::c` fail"),
        (ran("late", code=None, output="FAILED a::b"), ("late",), "warned", "as it does without this change"),
        (ran(), None, "failed", "`make test` fails (exit 1)"),
    ],
)
def test_verdicts(what: Ran, base: judging.Base | None, outcome: str, says: str) -> None:
    gate = judging.verified("verify", what, base, sha="s", minutes=15)
    assert gate.outcome == outcome
    assert says in gate.summary


def named(known: tuple[Finding, ...], *gates: Gate, output: str = "") -> tuple[Finding, ...]:
    told = gate_findings(known, gates, {"verify": output})
    return gated(known, told, round_=1)


VERIFY = Gate(name="verify", outcome="failed", summary="`make test` fails (exit 1)", sha="s")
TESTS = Gate(name="tests", outcome="failed", notes=(Note("Gone.", "test_a.py", 1), Note("Off.", "test_b.py", 3)))


def test_findings_of_gates_keep_their_ids_and_only_a_pass_settles_them() -> None:
    first = named((), VERIFY, TESTS, output="one")
    assert [(f.id, f.type, f.file, f.severity) for f in first] == [
        ("F1", "gate:verify", "", "high"), ("F2", "gate:tests", "test_a.py", "high"),
        ("F3", "gate:tests", "test_b.py", "high"),
    ]  # fmt: skip
    again = named(first, VERIFY, output="something else entirely, and much more of it")
    assert [(f.id, f.state) for f in again] == [("F1", "open"), ("F2", "fixed"), ("F3", "fixed")]
    called = tuple(replace(f, state="unfixable") for f in first)
    judged = named(called, VERIFY, TESTS)
    assert [(f.id, f.state) for f in judged] == [("F1", "reopened"), ("F2", "unfixable"), ("F3", "unfixable")]
    assert all(f.type.startswith(GATE) for f in judged)


def test_the_same_failure_has_the_same_fingerprint() -> None:
    def told(output: str) -> tuple[str, ...]:
        return judging.fingerprint([VERIFY], {"verify": output})

    assert told("FAILED a::b\nin 0.12s") == told("FAILED a::b\nin 3.4s")
    assert told("FAILED a::b") != told("FAILED a::c")
    assert told("boom in 0.1s") == told("boom in 0.2s")
    assert told("boom") != told("bang")


def test_what_the_record_keeps_is_bounded() -> None:
    notes = tuple(Note("x" * 9_000, f"p{n}\udcff", n) for n in range(500))
    kept = laid_over((), [Gate(name=f"g{n}", outcome="failed", summary="y" * 9_000, notes=notes) for n in range(100)])
    assert sum(len(gate.notes) for gate in kept) <= MAX_NOTES_IN_ALL
    assert all(len(gate.notes) <= MAX_NOTES and len(gate.summary) <= MAX_TEXT for gate in kept)
    assert kept[0].more + len(kept[0].notes) == 500
    assert kept[0].notes[0].path.encode()
    newer = laid_over(kept, [Gate(name="g1", outcome="passed")])
    assert [gate.outcome for gate in newer if gate.name == "g1"] == ["passed"]


@pytest.mark.parametrize(
    ("command", "verdict", "code"),
    [
        ("true", "passed", 0),
        ("exit 3", "failed", 3),
        ("no-such-program", "missing", 127),
        ("./not-executable", "missing", 126),
        ("python3 -m no_such_module", "missing", 1),
        ("python3 -c 'import no_such_module'", "failed", 1),
        ("yes", "flooded", None),
        ("sleep 60", "late", None),
        ("sleep 60 & true", "passed", 0),
        ("cat", "passed", 0),
    ],
)
async def test_how_commands_end(command: str, verdict: str, code: int | None, tmp_path: Path) -> None:
    tree, home = tmp_path / "tree", tmp_path / "home"
    tree.mkdir()
    home.mkdir()
    (tree / "not-executable").write_text("x")
    ground = Ground(tree, home)
    wall_s = 0.3 if verdict == "late" else 60
    done = await run(NoSandbox(), ground, command, asyncio.Event(), wall_s=wall_s, output_cap=1 << 20)
    assert (done.verdict, done.code) == (verdict, code), done.output


async def test_a_command_is_stopped_when_the_attempt_is(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    cancel = asyncio.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        await run(NoSandbox(), Ground(tmp_path, tmp_path / "home"), "sleep 60", cancel)
