"""What a pull request and its reviews say."""

from msgspec.structs import replace

from core.messages import pulls
from core.messages.notes import corrected, no_base, no_free_branch
from core.tasks import Finding, Options, Stage, Task
from tests.golden import golden
from tests.messages.conftest import APPROVED, CORRECTED, CRITICISED, DEVELOPED, FINALIZED, FOUND

BODY = "Adds a parser for #3.\n\n- reads files\n- closes #4 and thanks @bob\n\n```python\nparse('x')\n```"


def finished(task: Task) -> Task:
    gates = {"secrets": "passed", "size": "left_out: big.bin (12 MB)"}
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
            pulls.final_body(finished(at_work), BODY, "`make test`, 12 passed."),
        ),
        "final, nothing found": (
            pulls.final_title(at_work, ""),
            pulls.final_body(replace(at_work, stages=(DEVELOPED, APPROVED), gates={}), "It is done.", ""),
        ),
    }
    shown = [f"=== {name}\n\n# {title}\n\n{body}" for name, (title, body) in texts.items()]
    golden("messages/pulls", "\n".join(shown))


def test_reviews(at_work: Task) -> None:
    found = tuple(replace(f, state="open", note="") for f in FOUND)
    task = replace(at_work, stage=Stage.REVIEW, findings=found)
    texts = [
        pulls.review_body(task, "Two things are missing."),
        pulls.review_body(replace(task, findings=found[:1], options=Options(max_rounds=1)), "One thing is missing."),
        pulls.review_body(task, "Two things are missing.", at_lines={"F1"}),
        pulls.review_body(replace(task, round=2, findings=FOUND), "All is well now."),
    ]
    golden("messages/reviews", "\n\n---\n\n".join(texts) + "\n")


def test_notes() -> None:
    open_ones = tuple(replace(f, state="open") for f in FOUND)
    third = replace(open_ones[0], id="F3")
    notes = [
        corrected(open_ones, FOUND),
        corrected(open_ones[:1], FOUND),
        corrected((*open_ones, third), (*FOUND, third)),
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
    task = replace(finished(at_work), round=1, findings=found, gates={f"g{n}": much for n in range(9)})
    assert len(pulls.final_body(task, much, much)) <= 65_536
    assert len(pulls.review_body(task, much)) <= 65_536
    long = replace(task, trigger=replace(task.trigger, title="@1" * 300))
    assert len(pulls.draft_title(long, drafts=False)) <= 256
    assert pulls.draft_title(long, drafts=False).endswith("(#7)")
    assert len(pulls.final_title(task, "@1" * 128)) <= 256
