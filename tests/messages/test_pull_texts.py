"""What a pull request and its reviews say."""

from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace

from core.messages import findings, pulls, words
from core.messages.notes import corrected, no_base, no_free_branch, not_required, waived_by
from core.tasks import Finding, Gate, LastReview, Mark, Options, Reason, Requirement, Stage, Task
from tests.golden import golden
from tests.messages.conftest import APPROVED, CORRECTED, CRITICISED, DEVELOPED, FINALIZED, FOUND

BODY = "Adds a parser for #3.\n\n- reads files\n- closes #4 and thanks @bob\n\n```python\nparse('x')\n```"


def finished(task: Task) -> Task:
    gates = (
        Gate(name="secrets", outcome="passed"),
        Gate(name="size", outcome="left_out", summary="big.bin (12 MB)"),
        Gate(name="make test", outcome="passed", summary="12 passed", ms=4_000, sha="c" * 40),
    )
    return replace(
        task, round=2, stages=(DEVELOPED, CRITICISED, CORRECTED, APPROVED, FINALIZED), findings=FOUND, gates=gates
    )


def test_pull_requests(at_work: Task) -> None:
    public = replace(at_work, options=Options(ci="approved"))
    texts = {
        "draft": (pulls.draft_title(at_work, drafts=True), pulls.draft_body(at_work)),
        "without drafts": (pulls.draft_title(at_work, drafts=False), pulls.draft_body(public)),
        "final": (
            pulls.final_title(at_work, " Add a\n parser "),
            pulls.final_body(
                finished(at_work),
                BODY,
                "`make test`, 12 passed.",
                changelog="- Added: a parser for #3.",
                checklist=[("Reads empty files", True), ("Reads files of another encoding", False)],
                refused=[
                    pulls.label_refused("needs docs", "GitHub refused it (422)."),
                    pulls.reviewer_refused("team/docs", "It is no collaborator."),
                ],
            ),
        ),
        "final, nothing found": (
            pulls.final_title(at_work, ""),
            pulls.final_body(replace(at_work, stages=(DEVELOPED, APPROVED), gates=()), "It is done.", ""),
        ),
    }
    shown = [f"=== {name}\n\n# {title}\n\n{body}" for name, (title, body) in texts.items()]
    golden("messages/pulls", "\n".join(shown))


ASKED = (
    Requirement("reads `a|b` @bob <!-- pdev:x -->", "missing"),
    Requirement("reads\nfiles", "partly", "parser.py:12"),
    Requirement("is fast", "met"),
)


def listed(task: Task, *asked: Requirement) -> Task:
    return replace(task, last_review=LastReview(round=task.round, tree="t", outcome="approved", requirements=asked))


def test_what_the_issue_asks_for(at_work: Task) -> None:
    task = listed(finished(at_work), *ASKED)
    texts = (pulls.review_body(task, "Nearly."), pulls.final_body(task, "It is done.", ""))
    golden("messages/requirements", "\n\n=====\n\n".join(texts))
    for text in texts:
        assert "1 of 3 requirements met" in text
        assert "@bob" not in text
    assert "requirement" not in pulls.review_body(replace(task, round=3), "Another round, not judged yet.")


def test_however_much_there_is_it_fits(at_work: Task) -> None:
    """All parts at their longest together."""
    long = tuple(Requirement("|" * 300, "partly", "|" * 300) for _ in range(60))
    much = tuple(replace(FOUND[0], id=f"F{n}", text="word " * 900, state="open", round=2) for n in range(1, 400))
    gates = tuple(Gate(name=f"command {n}", outcome="failed", summary="x " * 300) for n in range(60))
    task = replace(listed(finished(at_work), *long), findings=much, gates=gates)
    boxes = [("box " * 80, True)] * 30
    refused = ["r" * 300] * 30
    body = pulls.final_body(task, "b" * 60_000, "t" * 20_000, changelog="c" * 300, checklist=boxes, refused=refused)
    assert len(body) <= pulls.BODY_LIMIT
    assert len(pulls.review_body(task, "s" * 20_000)) <= pulls.BODY_LIMIT


def handed_over(task: Task, why: Reason) -> Task:
    last = LastReview(round=2, tree="t", outcome="corrections_needed", stop=why)
    let_be = replace(FOUND[1], round=2, state="waived", note=not_required("low", "balanced"))
    again = replace(FOUND[0], round=2, state="reopened", note="", end_line=15)
    return replace(task, round=2, last_review=last, findings=(again, let_be))


def test_conversations(at_work: Task) -> None:
    code = "rest = read()  # `x`, ```y```\n"
    told = replace(FOUND[0], state="open", note="", replacement=code)
    history = (Mark(1, "open"), Mark(1, "fixed", "abc1234def"), Mark(2, "fixed"))
    settled = [
        replace(FOUND[0], history=history), replace(FOUND[0], note=""), FOUND[1],
        replace(FOUND[1], state="waived", note=waived_by("alice")),
        replace(FOUND[0], state="reopened", note="", round=2, history=(*history, Mark(2, "reopened"))),
    ]  # fmt: skip
    texts = [
        findings.at_line(at_work, told, suggest=True), findings.at_line(at_work, told, suggest=False),
        findings.at_line(at_work, replace(told, replacement=""), suggest=True), *map(findings.answer, settled),
    ]  # fmt: skip
    golden("messages/conversations", "\n\n---\n\n".join(texts) + "\n")


@given(some.text(alphabet="`~ \n\rab", max_size=60))
def test_no_code_ends_its_suggestion(code: str) -> None:
    block = findings.suggestion(code)
    fence = block.partition("suggestion")[0]
    inside = block.removeprefix(f"{fence}suggestion\n").removesuffix(fence)
    assert fence not in inside
    assert inside.removesuffix("\n") == code.removesuffix("\n")


def test_reviews(at_work: Task) -> None:
    found = tuple(replace(f, state="open", note="") for f in FOUND)
    task = replace(at_work, stage=Stage.REVIEW, findings=found)
    texts = [
        pulls.review_body(task, "Two things are missing."),
        pulls.review_body(replace(task, findings=found[:1], options=Options(max_rounds=1)), "One thing is missing."),
        pulls.review_body(task, "Two things are missing.", at_lines={"F1"}),
        pulls.review_body(replace(task, round=2, findings=FOUND), "All is well now."),
        pulls.review_body(handed_over(task, Reason.NO_PROGRESS), "As before."),
        pulls.review_body(handed_over(task, Reason.UNFIXABLE), "It must be mended."),
    ]
    golden("messages/reviews", "\n\n---\n\n".join(texts) + "\n")


def test_notes() -> None:
    open_ones = tuple(replace(f, state="open") for f in FOUND)
    third = replace(open_ones[0], id="F3")
    failed = replace(third, id="F4", type="gate:verify")
    claimed = replace(failed, note="The test compares what it should.", history=(Mark(1, "open"), Mark(1, "claimed")))
    notes = [
        corrected(open_ones, FOUND),
        corrected(open_ones[:1], FOUND),
        corrected((*open_ones, third), (*FOUND, third)),
        corrected((failed, third), (claimed, third)),
        words.finding(claimed),
        no_base("main"),
        no_free_branch("feature/task-7", 50),
    ]
    golden("messages/notes", "\n".join(notes) + "\n")


def test_nothing_an_agent_writes_closes_or_mentions(at_work: Task) -> None:
    evil = "Fixes #1, closes acme/other#2, GH-3 and https://github.com/acme/widgets/issues/4\n@everyone <!-- pdev:x -->"
    task = replace(
        finished(at_work), findings=(Finding(id="F1", type=evil[:64], severity="low", text=evil, note=evil),)
    )
    for text in (
        pulls.final_body(task, evil, evil),
        pulls.final_title(task, evil),
        pulls.review_body(replace(task, round=1), evil),
        pulls.draft_title(replace(task, trigger=replace(task.trigger, title=evil)), drafts=True),
    ):
        own = text.replace("Closes #7", "").replace("(#7)", "")
        for loud in ("#1", "#2", "GH-3", "/issues/4", "@everyone", "<!-- pdev:x"):
            assert loud not in own


def test_an_open_code_block_or_fold_swallows_nothing(at_work: Task) -> None:
    body = pulls.final_body(finished(at_work), "Look:\n```python\nx = 1\n<details><summary>more</summary>", "`t`\n~~~~")
    assert "x = 1\n<details><summary>more</summary>\n```\n\n</details>\n\n### How" in body
    assert "~~~~\n~~~~\n\n<details><summary>2 reviews" in body


def test_limits_of_github(at_work: Task) -> None:
    much = "x" * 60_000
    found = tuple(
        Finding(id=f"F{n}", type="t" * 64, severity="high", text="y" * 6_000, note="z" * 1_000) for n in range(200)
    )
    task = replace(
        finished(at_work),
        round=1,
        findings=found,
        gates=tuple(Gate(name=f"g{n}", outcome="failed", summary=much[:300]) for n in range(40)),
    )
    assert len(pulls.final_body(task, much, much)) <= 65_535
    assert len(pulls.review_body(task, much)) <= 65_535
    long = replace(task, trigger=replace(task.trigger, title="@1" * 300))
    assert len(pulls.draft_title(long, drafts=False)) <= 256
    assert pulls.draft_title(long, drafts=False).endswith("(#7)")
    assert len(pulls.final_title(task, "@1" * 128)) <= 256


def test_only_what_a_reviewer_judged_counts_as_a_review(at_work: Task) -> None:
    by_gates = replace(CRITICISED, outcome="gates_failed")
    text = pulls.final_body(replace(at_work, stages=(DEVELOPED, by_gates, CORRECTED, APPROVED)), "Adds it.", "")
    assert "<summary>1 review, 0 findings</summary>" in text
