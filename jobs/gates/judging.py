"""What each evidence gate says of what was found out. Pure."""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from core.messages import gates as words
from core.tasks import Gate, Note
from jobs.gates.commands import Ran
from jobs.gates.coverage import Coverage
from jobs.gates.lines import Lines
from jobs.gates.output import failing, places

MANY_LINES = 1_000
"""Changed lines above which a change is hard to review (the seed's size warning)."""
HARD = frozenset({"verify", "change"})
"""Gates that only a pass settles. The others a reviewer may judge otherwise, once the corrector has said why."""

Base = tuple[str, ...]
"""What a command did on the base: its verdict, then the names of the tests that failed there."""


def verify_name(number: int) -> str:
    """`verify`, `verify 2`, …: one gate for each command."""
    return "verify" if number == 1 else f"verify {number}"


def kind(gate_name: str) -> str:
    """The gate's name without its number."""
    return gate_name.partition(" ")[0]


def base_key(base_sha: str, command: str) -> str:
    """Under what a command's result on the base is remembered."""
    return f"{base_sha[:12]}:{hashlib.sha256(command.encode()).hexdigest()[:12]}"


def base_of(ran: Ran) -> Base:
    return (ran.verdict, *sorted(failing(ran.output)))


def verified(name: str, ran: Ran, base: Base | None, *, sha: str, minutes: float, paths: Collection[str] = ()
             ) -> Gate:  # fmt: skip
    """The verdict on one command, with what it did on the `base` where it did not succeed.

    What failed before fails without blame, unless tests fail now that were not named then. `paths` are files of the
    change, at whose lines the output may point.
    """
    how = words.ran(ran.command, ran.verdict, ran.code, minutes)
    if ran.verdict == "passed":
        return Gate(name=name, outcome="passed", summary=how, ms=ran.ms, sha=sha)
    before: str = base[0] if base else "passed"
    notes = places(ran.output, paths)
    if base and before != "passed":
        worse = _worse(how, ran, base)
        if not worse:
            how = words.mend_command(how) if ran.verdict == "missing" else words.on_base(how, before)
            return Gate(name=name, outcome="warned", summary=how, notes=notes, ms=ran.ms, sha=sha)
        how = worse
    elif base:
        how = words.on_base(how, before)
    return Gate(name=name, outcome="failed", summary=how, notes=notes, ms=ran.ms, sha=sha)


def _worse(how: str, ran: Ran, base: Base) -> str:
    """What is worse than on a base that was red already, or ""; only names of failed tests can tell.

    Where one of both names none, it failed in another way: that excuses nothing.
    """
    before, now = frozenset(base[1:]), failing(ran.output)
    if ran.verdict != "failed":
        return ""
    if before and not now:
        return words.broke_off(how)
    new = sorted(now - before)
    return words.broken(how, new, named_before=bool(before)) if new else ""


def has_changed(changed: int, *, sha: str) -> Gate:
    """`changed`: how many files differ from the merge base."""
    if changed:
        return Gate(name="change", outcome="passed", sha=sha)
    return Gate(name="change", outcome="failed", summary=words.change_is_empty(), sha=sha)


def is_reviewable(lines: Mapping[str, Lines], *, is_cut: bool = False, sha: str) -> Gate:
    """`is_cut`: there are more lines than those."""
    number = sum(len(one.added) + one.removed for one in lines.values())
    if is_cut:
        return Gate(name="lines", outcome="warned", summary=words.TOO_LARGE, sha=sha)
    if number > MANY_LINES:
        return Gate(name="lines", outcome="warned", summary=words.many_lines(number, len(lines)), sha=sha)
    return Gate(name="lines", outcome="passed", summary=words.lines_changed(number, len(lines)), sha=sha)


def tests_kept(notes: Sequence[Note], *, sha: str) -> Gate:
    return Gate(name="tests", outcome="failed" if notes else "passed", notes=tuple(notes), sha=sha)


def is_covered(coverage: Coverage, least: int, *, sha: str) -> Gate:
    """Compared with `least` percent; the notes name each file below it, the worst first."""
    if not coverage.measured:
        return Gate(name="coverage", outcome="passed", summary=words.unmeasured(coverage.report), sha=sha)
    said = words.covered(coverage.percent, least, coverage.report)
    if coverage.percent >= least:
        return Gate(name="coverage", outcome="passed", summary=said, sha=sha)
    missing = sorted((f for f in coverage.files if f.missed), key=lambda file: -len(file.missed))
    notes = tuple(Note(words.untested(f.missed, f.measured), f.path, f.missed[0]) for f in missing)
    return Gate(name="coverage", outcome="failed", summary=said, notes=notes, sha=sha)


def skipped(name: str, why: str, *, sha: str) -> Gate:
    return Gate(name=name, outcome="skipped", summary=why, sha=sha)


def warned(name: str, why: str, *, sha: str) -> Gate:
    return Gate(name=name, outcome="warned", summary=why, sha=sha)


def fingerprint(gates: Iterable[Gate], outputs: Mapping[str, str]) -> tuple[str, ...]:
    """What fails and how, without what differs from run to run: equal when a correction brought nothing."""
    found = []
    for gate in gates:
        if gate.outcome == "failed":
            output = outputs.get(gate.name, "")
            says = sorted(failing(output)) or [re.sub(r"\d+", "0", output[-2_000:])]
            notes = [] if output else [f"{note.path}: {note.text}" for note in gate.notes]
            digest = hashlib.sha256("\n".join((*says, *notes)).encode("utf-8", "replace")).hexdigest()
            found.append(f"{gate.name}:{digest[:12]}")
    return tuple(found)
