"""What failed gates tell the corrector: findings of a type of their own, which no reviewer's verdict settles. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from core.ledger import GATE, Named
from core.messages import gates as words
from core.tasks import Finding, Gate, Note
from jobs.gates.judging import HARD, kind
from jobs.gates.output import end_of

_OUTPUT = 4_000
"""Characters of a command's output in a finding: what its last failures say."""
_MOST = 20
_SEVERITY = {"change": "critical", "verify": "high", "tests": "high", "coverage": "medium"}
_SETTLED = frozenset({"unfixable", "waived"})


def gate_findings(known: Sequence[Finding], gates: Iterable[Gate], outputs: Mapping[str, str]) -> tuple[Named, ...]:
    """What `core.ledger.gated` is to hear about the gates that failed: one for each command, or each file.

    `outputs`: what a gate's command printed, by gate name. A finding keeps its id as long as its gate fails. Of gates
    that a reviewer may judge otherwise, what the corrector has called unfixable is not named again.
    """
    named: list[Named] = []
    for gate in gates:
        if gate.outcome == "failed":
            named += _of(gate, known, outputs.get(gate.name, ""))
    return tuple(named)


def _of(gate: Gate, known: Sequence[Finding], output: str) -> Iterable[Named]:
    type_ = GATE + gate.name
    ids = {f.file: f for f in known if f.type == type_}
    for path, line, text in _texts(gate, output):
        before = ids.get(path)
        if before and before.state in _SETTLED and kind(gate.name) not in HARD:
            continue
        yield Named(
            id=before.id if before else "", type=type_, severity=_SEVERITY.get(kind(gate.name), "high"), text=text,
            file=path, line=line,
        )  # fmt: skip


def _texts(gate: Gate, output: str) -> Iterable[tuple[str, int, str]]:
    """Path, line and text of each finding."""
    match kind(gate.name):
        case "verify":
            yield "", 0, words.verify_finding(gate.summary, end_of(output, _OUTPUT))
        case "tests" | "coverage":
            say = words.tests_finding if gate.name == "tests" else words.coverage_finding
            for path, notes in list(_by_path(gate.notes))[:_MOST]:
                yield path, notes[0].line, say(notes)
        case _:
            yield "", 0, gate.summary


def _by_path(notes: Iterable[Note]) -> Iterable[tuple[str, list[Note]]]:
    for path, group in groupby(sorted(notes, key=lambda note: note.path), lambda note: note.path):
        yield path, list(group)
