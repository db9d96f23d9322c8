"""What becomes of findings when reviewers, gates, correctors and people speak of them. Pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace

from core import ledger
from core.ledger import REQUIRED, Named, Waiver, wish
from core.ledger.room import MAX_FINDINGS, MAX_MARKS, MAX_NOTE, MAX_TEXT, ROOM
from core.messages.notes import GATE_PASSES, REVIEWER_APPROVED
from core.tasks import Finding, LastReview, Mark, Options, Reason, Stage, StageRun, State, Task, Trigger

OPEN = Finding(id="F1", type="bug", severity="high", text="It is wrong.", file="a.py", line=3)
FIXED = Finding(id="F2", type="style", severity="low", text="A line is long.", state="fixed", note="Shortened.")
UNFIXABLE = Finding(id="F3", type="style", severity="low", text="Names are odd.", state="unfixable", note="It must be.")


def judge(
    findings: tuple[Finding, ...], *named: Named, approves: bool = False, round_: int = 2, mode: str = "strict"
) -> tuple[Finding, ...]:
    return ledger.judged(
        findings, named, approves=approves, round_=round_, required=REQUIRED[mode], mode=mode, commit="c" * 40  # type: ignore[index]
    )  # fmt: skip


def states(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(f.id, f.state) for f in findings]


def test_the_first_findings_get_ids() -> None:
    found = judge(
        (), Named(text="One.", file="a.py", line=3, end_line=5, replacement="x"), Named(text="Two."), round_=1
    )
    assert [(f.id, f.text, f.file, f.line, f.end_line, f.replacement, f.round, f.state) for f in found] == [
        ("F1", "One.", "a.py", 3, 5, "x", 1, "open"), ("F2", "Two.", "", 0, 0, None, 1, "open"),
    ]  # fmt: skip
    assert found[0].history == (Mark(1, "open", "c" * 40),)


def test_one_that_is_named_again_is_open_again_where_it_is_now() -> None:
    again = Named(text="Still long.", id="F2", severity="high", type="bug", file="b.py", line=9)
    one, two = judge((OPEN, FIXED), again)
    assert one == OPEN
    assert (two.text, two.severity, two.type, two.file, two.line, two.round, two.state, two.note) == (
        "Still long.", "high", "bug", "b.py", 9, 2, "reopened", "",
    )  # fmt: skip


def test_one_that_is_named_again_without_a_place_keeps_its_own() -> None:
    (one,) = judge((OPEN,), Named(text="Still.", id="F1"))
    assert (one.file, one.line, one.round, one.state) == ("a.py", 3, 2, "open")


def test_an_approval_settles_what_nobody_named() -> None:
    found = judge((OPEN, FIXED, UNFIXABLE), approves=True)
    assert [(f.state, f.note) for f in found] == [
        ("fixed", REVIEWER_APPROVED), ("fixed", "Shortened."), ("waived", "It must be."),
    ]  # fmt: skip


def test_without_an_approval_what_nobody_named_stays_as_it_is() -> None:
    found = judge((OPEN, FIXED, UNFIXABLE), Named(text="Something else entirely."))
    assert states(found) == [("F1", "open"), ("F2", "fixed"), ("F3", "unfixable"), ("F4", "open")]


def test_an_approval_with_findings_leaves_them_open() -> None:
    assert states(judge((OPEN,), Named(text="Yet this."), approves=True)) == [("F1", "fixed"), ("F2", "open")]


def test_an_id_that_we_never_gave_is_a_new_finding() -> None:
    assert [f.id for f in judge((OPEN,), Named(text="Odd.", id="F99"))] == ["F1", "F2"]


def test_an_id_given_twice_names_the_first() -> None:
    found = judge((OPEN,), Named(text="First.", id="F1"), Named(text="Second thing.", id="F1"))
    assert [(f.id, f.text) for f in found] == [("F1", "First."), ("F2", "Second thing.")]


SLUG = Finding(
    id="F1", type="bug", severity="high", file="slug.py", line=20, state="fixed",
    text="The pattern drops digits: `[a-z]+` must be `[a-z0-9]+`.",
)  # fmt: skip


@pytest.mark.parametrize(
    ("again", "same"),
    [
        (Named(text=SLUG.text, file="slug.py", line=20), True),
        (Named(text=SLUG.text, file="slug.py", line=20, id="F7"), True),
        (Named(text=SLUG.text, file="slug.py", line=300), True),
        (Named(text=SLUG.text, file="slug.py"), True),
        (Named(text="The pattern still drops digits.", type="bug", file="slug.py", line=22), True),
        (Named(text="The pattern `[a-z]+` still drops digits, it must be changed.", file="slug.py", line=29), True),
        (Named(text="Rename this function.", type="bug", file="slug.py", line=20), False),
        (Named(text="The pattern still drops digits.", type="bug", file="slug.py", line=200), False),
        (Named(text=SLUG.text, file="other.py", line=20), False),
    ],
)
def test_a_renamed_finding_is_recognised(again: Named, same: bool) -> None:
    assert states(judge((SLUG,), again)) == ([("F1", "reopened")] if same else [("F1", "fixed"), ("F2", "open")])


def test_the_nearest_of_several_alike_is_meant() -> None:
    first, second = (Named(text="It has no docstring.", file="a.py", line=n) for n in (10, 40))
    found = judge((), first, second, round_=1)
    assert len(found) == 2
    found = judge(found, Named(text="It has no docstring.", file="a.py", line=43))
    assert [(f.id, f.line, f.round) for f in found] == [("F1", 10, 1), ("F2", 43, 2)]


def test_the_same_words_twice_are_one_finding() -> None:
    one = Named(text="It has no docstring.", file="a.py", line=10)
    assert len(judge((), one, one)) == 1


@pytest.mark.parametrize(
    ("mode", "blocking"),
    [("strict", {"critical", "high", "medium", "low"}), ("balanced", {"critical", "high", "medium"}),
     ("lenient", {"critical", "high"})],
)  # fmt: skip
def test_what_a_mode_does_not_require_stays_visible_and_stops_nothing(mode: str, blocking: set[str]) -> None:
    words = {"critical": "It deletes data.", "high": "Wrong sum.", "medium": "No test here.", "low": "Odd name."}
    found = judge((), *(Named(text=text, severity=level) for level, text in words.items()), mode=mode)
    assert {f.severity for f in found if f.is_open} == blocking
    assert all("need not be mended" in f.note for f in found if f.state == "waived")


def test_what_was_let_be_for_its_severity_is_open_once_it_is_worse() -> None:
    found = judge((), Named(text="Odd name."), mode="lenient")
    assert states(found) == [("F1", "waived")]
    assert states(judge(found, Named(text="Odd name.", severity="high"), mode="lenient")) == [("F1", "open")]


def test_what_a_person_let_be_stays_so() -> None:
    (waived,) = ledger.waived((OPEN,), Waiver(), by="alice", round_=2)
    assert (waived.state, waived.note, waived.waived_by) == ("waived", "alice lets it be.", "alice")
    assert judge((waived,), Named(text="Still.", id="F1", severity="critical"), round_=3) == (waived,)


def test_a_person_lets_some_be() -> None:
    found = ledger.waived((OPEN, FIXED, UNFIXABLE), Waiver(frozenset({"F1"})), by="alice", round_=2)
    assert states(found) == [("F1", "waived"), ("F2", "fixed"), ("F3", "unfixable")]
    assert states(ledger.waived((OPEN, FIXED, UNFIXABLE), Waiver(), by="a", round_=2)) == [
        ("F1", "waived"), ("F2", "fixed"), ("F3", "waived"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("waive F1", {"F1"}), ("Waive f1, F3 and f12", {"F1", "F3", "F12"}), ("waive all", set()),
        ("waive F2\nIt is fine as it is.", {"F2"}), ("waive", None), ("waive the rule", None),
        ("waive F1 please", None),
        ("F1 is fine", None), ("", None), ("waived F1", None), ("waive and", None),
    ],
)  # fmt: skip
def test_the_wish_to_let_be(text: str, ids: set[str] | None) -> None:
    found = wish(text)
    assert (found and set(found.ids)) == (None if ids is None else ids)


def test_a_waiver_that_names_nothing_is_noticed() -> None:
    assert Waiver(frozenset({"F9"})).misses((OPEN,))
    assert Waiver(frozenset({"F2"})).misses((OPEN, FIXED))
    assert Waiver().misses((FIXED,))
    assert not Waiver(frozenset({"F1", "F3"})).misses((OPEN, UNFIXABLE))


TESTS = Named(type="gate:tests", severity="high", text="`make test` failed.")


def test_a_gate_speaks_for_itself() -> None:
    """No reviewer settles, renames or imitates what a gate has found; the gate does, or a person."""
    (failed,) = ledger.gated((), [TESTS], round_=1)
    assert states(judge((failed,), approves=True, round_=1)) == [("F1", "open")]
    assert judge((failed,), Named(text="Fine by me.", id="F1", severity="low"), approves=True) == (failed,)
    found = judge((failed,), Named(text="`make test` failed.", type="gate:tests"))
    assert [(f.id, f.type) for f in found] == [("F1", "gate:tests"), ("F2", "tests")]
    assert states(ledger.gated((OPEN, replace(failed, id="F2")), [], round_=2)) == [("F1", "open"), ("F2", "fixed")]
    (passes,) = ledger.gated((failed,), [], round_=2)
    assert passes.note == GATE_PASSES
    (claimed,) = ledger.corrected((failed,), {"F1": "Mended."}, {}, round_=1)
    assert (claimed.state, claimed.note, claimed.is_claimed) == ("open", "Mended.", True), "a word, until it has run"
    (again,) = ledger.gated((claimed,), [TESTS], round_=2)
    assert (again.state, again.note, again.is_claimed) == ("reopened", "", False)
    (mended,) = ledger.gated((claimed,), [], round_=2)
    assert (mended.state, mended.note) == ("fixed", GATE_PASSES)
    (given_up,) = ledger.corrected((failed,), {}, {"F1": "The issue asks for it."}, round_=1)
    assert given_up.state == "unfixable"
    (waived,) = ledger.waived((failed,), Waiver(), by="alice", round_=2)
    assert ledger.gated((waived,), [TESTS], round_=3) == (waived,)


def test_the_corrector_answers() -> None:
    fourth, fifth, sixth = (replace(OPEN, id=name, state="reopened") for name in ("F4", "F5", "F6"))
    found = ledger.corrected(
        (OPEN, FIXED, UNFIXABLE, fourth, fifth, sixth), {"F1": "Compared.", "F2": "again", "F9": "", "F4": "Yes."},
        {"F4": "It must be.", "F5": "n" * 9_000}, round_=2, commit="abc",
    )  # fmt: skip
    assert states(found) == [
        ("F1", "fixed"), ("F2", "fixed"), ("F3", "unfixable"), ("F4", "unfixable"), ("F5", "unfixable"),
        ("F6", "reopened"),
    ]  # fmt: skip
    assert [f.note for f in found[:4]] == ["Compared.", "Shortened.", "It must be.", "It must be."]
    assert len(found[4].note) == MAX_NOTE
    assert found[0].history[-1] == Mark(2, "fixed", "abc")


def test_a_reviewer_insists_on_what_the_corrector_cannot_mend() -> None:
    answered = ledger.corrected((OPEN,), {}, {"F1": "It must be."}, round_=1)
    assert ledger.disputed(answered) == ()
    insisted = judge(answered, Named(text="No.", id="F1"))
    assert [f.id for f in ledger.disputed(insisted)] == ["F1"]
    assert ledger.disputed(ledger.corrected(insisted, {"F1": "Done."}, {}, round_=2)) == ()


def task(round_: int = 2, **fields: object) -> Task:
    made = Task(
        id="1-7", installation_id=5, repo_id=1, owner_login="acme", repo="widgets", issue=7, session="s",
        trigger=Trigger(actor="alice", at_ms=1, delivery="d", title="A title", body="A body"), created_ms=1,
        queued_ms=1, state=State.RUNNING, stage=Stage.REVIEW, round=round_, options=Options(max_rounds=5),
    )  # fmt: skip
    return replace(made, **fields)


def reviewed(*ids: str, round_: int = 1, tree: str = "t1") -> LastReview:
    return LastReview(round=round_, tree=tree, outcome="corrections_needed", open=ids)


DISPUTED = replace(OPEN, state="reopened", history=(Mark(1, "unfixable"), Mark(2, "reopened")))


@pytest.mark.parametrize(
    ("at", "findings", "why"),
    [
        (task(), (FIXED,), None),
        (task(1), (OPEN,), None),
        (task(5), (OPEN,), Reason.ROUNDS),
        (task(5, allowed_round=6), (OPEN,), None),
        (task(9, allowed_round=9), (OPEN,), Reason.ROUNDS),
        (task(last_review=reviewed("F1")), (OPEN,), Reason.NO_PROGRESS),
        (task(last_review=reviewed("F1", "F2")), (OPEN, FIXED), None),
        (task(last_review=reviewed("F2")), (OPEN, FIXED), None),
        (task(3, last_review=reviewed("F1")), (OPEN,), None),
        (task(), (DISPUTED,), Reason.UNFIXABLE),
        (task(5), (DISPUTED, OPEN), Reason.UNFIXABLE),
        (task(options=Options(max_rounds=2)), (OPEN,), Reason.ROUNDS),
    ],
)
def test_when_a_person_is_asked(at: Task, findings: tuple[Finding, ...], why: Reason | None) -> None:
    assert ledger.stop_reason(at, findings) is why


CORRECTED = (StageRun(stage=Stage.CORRECT, round=1, started_ms=1, outcome="passed"),)


@pytest.mark.parametrize(
    ("at", "tree", "same"),
    [
        (task(last_review=reviewed("F1"), stages=CORRECTED, findings=(OPEN,)), "t1", True),
        (task(last_review=reviewed("F1"), stages=CORRECTED, findings=(OPEN,)), "t2", False),
        (task(last_review=reviewed("F1"), stages=(), findings=(OPEN,)), "t1", False),
        (task(last_review=reviewed("F1"), stages=CORRECTED, findings=(UNFIXABLE,)), "t1", False),
        (task(last_review=reviewed("F1"), stages=CORRECTED, findings=(OPEN,), allowed_round=2), "t1", False),
        (task(stages=CORRECTED), "t1", False),
        (task(3, last_review=reviewed("F1"), stages=CORRECTED, findings=(OPEN,)), "t1", False),
    ],
)
def test_when_there_is_nothing_new_to_review(at: Task, tree: str, same: bool) -> None:
    assert ledger.unchanged(at, tree) is same


@pytest.mark.parametrize(
    ("mode", "met", "partly", "missing", "told"),
    [
        ("strict", 3, 0, 0, 0), ("strict", 2, 1, 0, 1), ("balanced", 19, 0, 1, 0), ("balanced", 9, 0, 1, 1),
        ("balanced", 9, 1, 0, 0), ("lenient", 6, 0, 4, 0), ("lenient", 0, 6, 4, 0), ("lenient", 5, 0, 5, 5),
        ("strict", 0, 0, 0, 0),
    ],
)  # fmt: skip
def test_requirements_that_are_not_met(mode: str, met: int, partly: int, missing: int, told: int) -> None:
    statuses = [(f"do thing number{n} well", status) for n, status in enumerate(
        ["met"] * met + ["partly"] * partly + ["missing"] * missing)]  # fmt: skip
    found = ledger.requirements_unmet(statuses, mode)  # type: ignore[arg-type]
    assert [(f.type, f.severity) for f in found] == [("missing_requirement", "high")] * told


def test_a_requirement_that_a_finding_names_is_not_told_twice() -> None:
    named = Named(text="The option --json is not there: the issue asks for it, see its second list.")
    statuses = [("the option --json", "missing"), ("an exit code of 2 for bad input", "missing")]
    (found,) = ledger.requirements_unmet(statuses, "strict", [named])
    assert "exit code" in found.text


WORDS = ("alpha", "beta", "gamma", "delta", "epsilon")


@given(
    some.lists(
        some.tuples(
            some.booleans(),
            some.lists(
                some.tuples(some.sampled_from(["", "F1", "F2", "F3", "F9"]), some.sampled_from(WORDS)), max_size=4
            ),
            some.lists(some.sampled_from(["F1", "F2", "F3", "F9"]), max_size=4),
        ),
        max_size=6,
    )
)
def test_the_ledger_loses_nothing(rounds: list[tuple[bool, list[tuple[str, str]], list[str]]]) -> None:
    """Ids are unique and stay, nothing disappears, who names something leaves something open, histories are capped."""
    findings: tuple[Finding, ...] = ()
    for round_, (approves, named, mended) in enumerate(rounds, 1):
        before = findings
        findings = judge(before, *(Named(id=i, text=text) for i, text in named), approves=approves, round_=round_)
        assert [f.id for f in findings] == [f"F{n}" for n in range(1, len(findings) + 1)]
        assert [f.id for f in findings][: len(before)] == [f.id for f in before]
        if approves or named:
            assert any(f.is_open for f in findings) == bool(named) or not approves
        findings = ledger.corrected(findings, dict.fromkeys(mended, "So."), {}, round_=round_)
        assert all(not f.is_open for f in findings if f.id in mended)
        assert all(f.history[-1].state == f.state and len(f.history) <= MAX_MARKS for f in findings)


@given(some.integers(1, 500), some.sampled_from([10, 4_000, 6_000, 30_000]), some.integers(1, 3))
def test_the_ledger_has_a_bounded_size(count: int, size: int, rounds: int) -> None:
    """However much reviewers hand in, round after round; what is open is never dropped for what is settled."""
    findings: tuple[Finding, ...] = ()
    for round_ in range(1, rounds + 1):
        named = [Named(text=f"w{round_}x{n} " + "y" * size, file=f"{round_}-{n}.py", line=n + 1, replacement="z" * size)
                 for n in range(count)]  # fmt: skip
        findings = judge(findings, *named, round_=round_)
        if round_ < rounds:
            findings = ledger.corrected(findings, {f.id: "h" * 4_000 for f in findings}, {}, round_=round_)
    assert sum(f.is_open for f in findings) == count
    assert len(findings) <= MAX_FINDINGS
    assert len({f.id for f in findings}) == len(findings)
    assert all(len(f.text) <= MAX_TEXT for f in findings)
    assert sum(len(f.text) + len(f.note) + len(f.replacement or "") for f in findings) <= ROOM + 400 * len(findings)
