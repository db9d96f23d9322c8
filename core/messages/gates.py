"""What pdev's own gates found, told to people (check run, comment, pull request) and to the corrector (findings)."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from core.messages import words
from core.messages.words import CONFIG, code, count, listed
from core.tasks import Gate, Note, Task

OfLine = Callable[[str], str]
LOG_LIMIT = 65_000
"""Characters of the log in a check run's text; GitHub takes 65,535."""
_TABLE = 30_000

EXTERNAL = "left to CI, as the configuration says"
NONE = "switched off in the configuration"
NO_COMMAND = f"no command was found that verifies this repository; name some under `verify` in {CONFIG}"
NO_REPORT = "the tests left no coverage report"
NOT_RUN = "not run: the verify commands did not pass"
TOO_LARGE = "the change is too large to measure; split the issue, or look at the change yourself"
UNREADY = "not run: the repository could not be made ready"

WHAT: Mapping[str, str] = {
    "secrets": "No secret is in the change",
    "protected": "Protected paths stay as they are",
    "links": "Links stay inside the repository",
    "nested": "No repository inside the repository",
    "names": "Names are readable",
    "forbidden": "No files that nobody commits",
    "size": "Files are small enough",
    "change": "There is a change",
    "lines": "It can be reviewed at once",
    "tests": "Tests are not weakened",
    "coverage": "Changed lines are tested",
}
_ICONS = {"passed": "✅", "failed": "❌", "warned": "⚠️", "left_out": "✂️", "skipped": "➖"}
_RESULTS = {
    "passed": "passed",
    "failed": "failed",
    "warned": "look at it",
    "left_out": "left out",
    "skipped": "not run",
}


# ── what gates say ──────────────────────────────────────────────────────────────────────────────────────────────────


def ran(command: str, verdict: str, exit_code: int | None, minutes: float) -> str:
    """How a verify command ended, in a few words."""
    ends = {
        "passed": "succeeds",
        "failed": f"fails (exit {exit_code})",
        "missing": "could not be started",
        "late": f"was stopped after {minutes:g} minutes",
        "flooded": "was stopped: it printed without end",
    }
    if verdict == "failed" and exit_code is not None and exit_code > 128:
        ends["failed"] = f"was killed (signal {exit_code - 128})"
    return f"{code(command, 120)} {ends[verdict]}"


def on_base(how: str, verdict: str) -> str:
    """`how` with what the same command does without the change."""
    return (
        f"{how}, as it does without this change" if verdict != "passed" else f"{how}; without this change it succeeds"
    )


def broken(how: str, tests: Sequence[str], *, named_before: bool) -> str:
    """Tests fail of which nothing was said before, among others that did (`named_before`), or after another failure."""
    named = listed([code(name, 80) for name in tests], 3)
    fail = "fails" if len(tests) == 1 else "fail"
    if named_before:
        return f"{how}: without this change too, but {named} {fail} only with it"
    return f"{how}: without this change too, but no failing test was named there, and now {named} {fail}"


def broke_off(how: str) -> str:
    return f"{how}: without this change too, but it named the failing tests there, and now it names none"


def mend_command(how: str) -> str:
    return f"{how}, with and without this change: look at `setup` and `verify` in {CONFIG}, or at the worker"


def change_is_empty() -> str:
    return "Nothing differs from the base branch any more. Make the change that the issue asks for."


def many_lines(number: int, files: int) -> str:
    return f"{number:,} changed lines in {count(files, 'file')}: hard to review at once"


def lines_changed(number: int, files: int) -> str:
    return f"{count(number, 'changed line')} in {count(files, 'file')}"


def covered(percent: float, least: int, report: str) -> str:
    return f"{percent:.0f} % of the measured changed lines are tested ({code(report)}); {least} % are asked for"


def unmeasured(report: str) -> str:
    return f"{code(report)} measures none of the changed lines"


def unreadable_report(why: str) -> str:
    return f"the coverage report cannot be read: {words.line(why, 150)}"


def untested(lines: Sequence[int], measured: int) -> str:
    """`lines` of a file that no test runs, out of so many that are measured."""
    return (
        f"No test runs {'line' if len(lines) == 1 else 'lines'} {ranges(lines)} ({len(lines)} of {measured} changed)."
    )


def ranges(lines: Sequence[int]) -> str:
    """`3, 7-9`; at most twelve of them."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][1] + 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in runs[:12]]
    return ", ".join(shown) + (" …" if len(runs) > 12 else "")


def tests_gone(names: Sequence[str], number: int, *, is_file: bool) -> str:
    named = ", ".join(code(name, 60) for name in names[:5]) + (" …" if len(names) > 5 else "")
    what = "The file is deleted, and with it" if is_file else "Gone from here:"
    return f"{what} {count(number, 'test')} ({named})."


def switched_off(line: str) -> str:
    return f"Switches tests off: {code(line, 120)}"


def asserts_nothing(line: str) -> str:
    return f"Asserts nothing: {code(line, 120)}"


def asserts_gone(test: str, number: int, *, left: int) -> str:
    rest = f"{count(left, 'assert')} left" if left else "it asserts nothing any more"
    return f"{code(test, 80)} lost {count(number, 'assert')}; {rest}."


def too_long_to_compare() -> str:
    return "Too large now to be compared with what stood here before. Keep files of tests and settings below 500 KB."


def excludes(line: str) -> str:
    return f"Excludes tests, or hides that they fail: {code(line, 120)}"


def runs_by_itself(name: str) -> str:
    return f"Python runs {code(name, 80)} by itself whenever it starts, so it can make any command succeed."


def script_changed(name: str, before: str, after: str) -> str:
    now = code(after, 80) if after else "gone"
    return f"The script {code(name)} was {code(before, 80)} and is {now}."


# ── findings, which the corrector reads ─────────────────────────────────────────────────────────────────────────────


def verify_finding(summary: str, output: str) -> str:
    said = f"\n\nThe end of what it printed:\n\n{words.fenced(output)}" if output.strip() else " It printed nothing."
    return f"pdev ran it itself: {summary}. Make it succeed, without weakening what it checks.{said}"


def tests_finding(notes: Iterable[Note]) -> str:
    return (
        f"The tests are weaker than before the change:\n\n{_listed(notes)}\n\nPut back what was taken from them and "
        "mend the code instead. If the issue itself asks for this, call the finding unfixable and say where it does."
    )


def coverage_finding(notes: Iterable[Note]) -> str:
    return (
        f"The change is not tested enough.\n\n{_listed(notes)}\n\nAdd tests that run these lines and would fail "
        "without them. If they cannot be tested here, call the finding unfixable and say why."
    )


def failed_summary(failed: Iterable[Gate]) -> str:
    """Why no reviewer was asked."""
    told = "\n".join(f"- {label(gate)}: {words.plain(gate.summary, 300)}" for gate in failed)
    return f"pdev's own gates did not pass, so no reviewer was asked:\n\n{told}"


def _listed(notes: Iterable[Note]) -> str:
    return "\n".join(f"- {f'line {note.line}: ' if note.line else ''}{note.text}" for note in notes)


# ── check run, comment, pull request ────────────────────────────────────────────────────────────────────────────────


def label(gate: Gate) -> str:
    return gate.name if gate.name.startswith("verify") else WHAT.get(gate.name, gate.name)


def has_run(task: Task) -> bool:
    """Whether the gates that judge a finished change have judged one; the cheap ones stand before every push."""
    return any(gate.sha for gate in task.gates)


def judged(task: Task) -> list[Gate]:
    """Those that had something to judge, what needs eyes first."""
    order = ("failed", "left_out", "warned", "passed", "skipped")
    return sorted(task.gates, key=lambda gate: order.index(gate.outcome))


def conclusion(task: Task) -> str:
    """What the check run `pdev / gates` concludes."""
    outcomes = {gate.outcome for gate in task.gates}
    if "failed" in outcomes:
        return "failure"
    is_verified = all(gate.outcome != "skipped" for gate in task.gates if gate.name.startswith("verify"))
    return "success" if is_verified and not outcomes & {"warned", "left_out"} else "neutral"


def title(task: Task) -> str:
    """`9 of 10 passed: verify`, with the names of those that did not."""
    asked = [gate for gate in task.gates if gate.outcome != "skipped"]
    passed = sum(gate.passed for gate in asked)
    others = [gate.name for gate in judged(task) if gate.outcome in {"failed", "left_out", "warned"}]
    away = [gate.summary for gate in task.gates if gate.outcome == "skipped" and gate.name.startswith("verify")]
    text = f"{passed} of {len(asked)} passed" + (f"; not: {', '.join(others)}" if others else "")
    return words.line(f"{text}; verify: {away[0]}" if away else text, 255)


def in_one_line(task: Task) -> str:
    """For the sticky comment; "" before any of them judged a change."""
    if not has_run(task):
        return ""
    icon = {"failure": "❌", "neutral": "⚠️"}.get(conclusion(task), "✅")
    return f"{icon} Gates: {title(task)}"


def table(task: Task) -> str:
    """All gates with what they found and how long they took."""
    rows = ["| | gate | result | |", "|---|---|---|---|"]
    for gate in judged(task):
        took = words.duration(gate.ms) if gate.ms else ""
        said = gate.summary or (count(len(gate.notes) + gate.more, "finding") if gate.notes else "")
        result = f"{_RESULTS[gate.outcome]}{': ' if said else ''}{_cell(said)}"
        rows.append(f"| {_ICONS[gate.outcome]} | {_cell(label(gate))} | {result} | {took} |")
    return "\n".join(rows)


def summary(task: Task) -> str:
    """The check run's summary: the table, then what each gate noted."""
    sha = next((gate.sha for gate in task.gates if gate.sha), "")
    judges = f"pdev ran these itself on `{sha[:7]}`; no agent's word counts here." if sha else ""
    told = [
        f"**{label(gate)}**\n\n{words.fitting([_noted(note) for note in gate.notes], _TABLE)}"
        + (f"\n\n… and {gate.more} more" if gate.more else "")
        for gate in judged(task) if gate.notes
    ]  # fmt: skip
    return words.fitting([part for part in (judges, table(task), *told) if part], 65_000)


def log(output: str) -> str:
    """The end of what the commands printed, as the check run's text."""
    return words.fenced(output[-LOG_LIMIT:]) if output.strip() else ""


def _noted(note: Note) -> str:
    where = f"{code(f'{note.path}:{note.line}' if note.line else note.path, 200)}: " if note.path else ""
    return f"- {where}{words.line(note.text, 300)}"


def _cell(text: str) -> str:
    return " ".join(words.line(text, 300).split()).replace("|", "\\|")
