"""What becomes of the findings when a reviewer judges, gates fail, a corrector answers or a person decides."""

import dataclasses
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.structs import replace

from core.ledger.room import fitting
from core.ledger.same import match, words_of
from core.messages import notes
from core.tasks import Finding, Mark
from core.tasks.findings import CLAIMED

_ID = re.compile(r"F\d{1,6}")
GATE = "gate:"
"""Begins the type of a finding that one of pdev's own gates made; only that gate, or a person, settles it."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A finding as it was named this round; `id` where it was said to be a known one."""

    text: str
    type: str = "general"
    severity: str = "medium"
    id: str = ""
    file: str = ""
    line: int = 0
    end_line: int = 0
    replacement: str | None = None


def judged(
    findings: Sequence[Finding], named: Sequence[Named], *, approves: bool, round_: int, required: Collection[str],
    mode: str, commit: str = "",
) -> tuple[Finding, ...]:  # fmt: skip
    """The ledger after a reviewer's verdict. `required`: the severities that must be mended in this review `mode`.

    Who is named is open (again); an approval settles who is not. Gates speak for themselves.
    """
    gates = {f.id for f in findings if _is_gate(f)}
    said = [_without_disguise(n) for n in named if n.id not in gates]
    ledger, told = _named([f for f in findings if f.id not in gates], said, round_, commit, taken=findings)
    if approves:
        ledger = {i: f if i in told else _settled(f, round_, commit) for i, f in ledger.items()}
    return _joined(findings, {i: _required(f, required, mode, round_) for i, f in ledger.items()})


def gated(findings: Sequence[Finding], named: Sequence[Named], *, round_: int, commit: str = "") -> tuple[Finding, ...]:
    """The ledger after the gates have run: `named` is all that they found wrong (types `gate:…`)."""
    ledger, told = _named([f for f in findings if _is_gate(f)], named, round_, commit, taken=findings)
    passed = {i: f if i in told or not f.is_open else _passed(f, round_, commit) for i, f in ledger.items()}
    return _joined(findings, passed)


def corrected(
    findings: Sequence[Finding],
    fixed: Mapping[str, str],
    unfixable: Mapping[str, str],
    *,
    round_: int,
    commit: str = "",
) -> tuple[Finding, ...]:  # fmt: skip
    """The ledger after the corrector's answer (id → how, id → why); one that it calls both is not fixed.

    What it does not mention stays open, and so does what a gate has found: the gate runs again and settles it.
    """
    answers = {f: ("fixed", how) for f, how in fixed.items()} | {f: ("unfixable", why) for f, why in unfixable.items()}
    ledger = []
    for f in findings:
        if f.is_open and f.id in answers:
            state, note = answers[f.id]
            claims = state == "fixed" and _is_gate(f)
            f = _claimed(f, note, round_, commit) if claims else replace(_marked(f, state, round_, commit), note=note)
        ledger.append(f)
    return fitting(ledger)


@dataclasses.dataclass(frozen=True, slots=True)
class Waiver:
    """A person's wish to let findings be: these, or all that are not settled."""

    ids: frozenset[str] = frozenset()

    def misses(self, findings: Iterable[Finding]) -> bool:
        """Whether it names something that there is not, or nothing is left to let be."""
        there = {f.id for f in findings if _may_be_waived(f)}
        return not there or not self.ids <= there

    def covers(self, f: Finding) -> bool:
        return _may_be_waived(f) and (not self.ids or f.id in self.ids)


def wish(text: str) -> Waiver | None:
    """What `waive F1 F3` or `waive all` means at the beginning of an answer; None when it begins otherwise."""
    first = text.strip().split("\n", 1)[0].replace(",", " ").split()
    named = [word.upper() for word in first[1:] if word.casefold() != "and"]
    if not named or first[0].casefold() != "waive":
        return None
    if named == ["ALL"]:
        return Waiver()
    return Waiver(frozenset(named)) if all(_ID.fullmatch(word) for word in named) else None


def waived(findings: Sequence[Finding], waiver: Waiver, *, by: str, round_: int) -> tuple[Finding, ...]:
    """The ledger after a person let findings be: whoever names them again changes nothing."""
    return tuple(
        replace(_marked(f, "waived", round_), note=notes.waived_by(by), waived_by=by) if waiver.covers(f) else f
        for f in findings
    )


def _may_be_waived(f: Finding) -> bool:
    return f.is_open or f.state == "unfixable"


def _without_disguise(named: Named) -> Named:
    """A reviewer's finding that gives itself out as a gate's is the reviewer's all the same."""
    if not named.type.casefold().startswith(GATE):
        return named
    return dataclasses.replace(named, type=named.type[len(GATE) :].strip() or "general")


def _named(
    known: Sequence[Finding], named: Iterable[Named], round_: int, commit: str, *, taken: Sequence[Finding]
) -> tuple[dict[str, Finding], set[str]]:
    """The known findings with those named open (again), and the new ones behind them; and the ids that were named."""
    ledger = {f.id: f for f in known}
    words = {f.id: words_of(f.text) for f in known}
    unnamed, seen = dict(ledger), set[tuple[str, str, int, str]]()
    last = max((int(f.id[1:]) for f in taken), default=0)
    for one in sorted(named, key=lambda n: n.id not in ledger):
        new = _new(one)
        if (key := (new.type, new.file, new.line, new.text)) in seen:
            continue
        seen.add(key)
        old = unnamed.pop(one.id, None) or match(new, list(unnamed.values()), words)
        if old is None:
            last += 1
            ledger[f"F{last}"] = _marked(replace(new, id=f"F{last}", round=round_), "open", round_, commit)
        else:
            unnamed.pop(old.id, None)
            ledger[old.id] = _again(old, new, round_, commit)
    return ledger, ledger.keys() - unnamed.keys()


def _joined(before: Sequence[Finding], after: dict[str, Finding]) -> tuple[Finding, ...]:
    """All findings in the order in which they were found."""
    kept = {f.id: after.get(f.id, f) for f in before} | after
    return fitting(list(kept.values()))


def _new(one: Named) -> Finding:
    line = one.line if one.file else 0
    return Finding(
        id="", type=one.type or "general", severity=one.severity, text=one.text, file=one.file, line=line,
        end_line=one.end_line if line and one.end_line > line else 0, replacement=one.replacement if line else None,
    )  # fmt: skip


def _again(old: Finding, new: Finding, round_: int, commit: str) -> Finding:
    """A known finding in the words of this round; lines move, so the newest place counts, unless none was given."""
    if old.waived_by:  # a person has decided
        return old
    if not new.file:
        new = replace(new, file=old.file, line=old.line, end_line=old.end_line)
    state = "reopened" if old.state in {"fixed", "unfixable", "reopened"} or old.is_claimed else "open"
    now = replace(new, id=old.id, history=old.history, round=round_)
    return _marked(now, state, round_, commit)


def _settled(f: Finding, round_: int, commit: str) -> Finding:
    """An approval: what was open is fixed, what the corrector could not mend may stay."""
    if f.state == "unfixable":
        return _marked(f, "waived", round_, commit)
    return replace(_marked(f, "fixed", round_, commit), note=notes.REVIEWER_APPROVED) if f.is_open else f


def _claimed(f: Finding, how: str, round_: int, commit: str) -> Finding:
    return replace(f, note=how, history=(*f.history, Mark(round_, CLAIMED, commit)))


def _passed(f: Finding, round_: int, commit: str) -> Finding:
    return replace(_marked(f, "fixed", round_, commit), note=notes.GATE_PASSES)


def _required(f: Finding, required: Collection[str], mode: str, round_: int) -> Finding:
    if not f.is_open or f.severity in required:
        return f
    return replace(_marked(f, "waived", round_), note=notes.not_required(f.severity, mode))


def _is_gate(f: Finding) -> bool:
    return f.type.startswith(GATE)


def _marked(f: Finding, state: str, round_: int, commit: str = "") -> Finding:
    return replace(f, state=state, history=(*f.history, Mark(round_, state, commit)))
