"""What people read while a task waits for their word."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from core.messages import approval, words
from core.messages.checks import checks
from core.messages.pulls import draft_body
from core.messages.sticky import sticky
from core.tasks import Finding, Needs, Options, Stage, StageRun, State, Task

NewTask = Callable[..., Task]
NOW = 1_800_000_000_000
SERVER = "https://github.example"
START, CHECKPOINT, OTHER = "a" * 40, "b" * 40, "c" * 40
FOUND = Finding(
    id="F1", type="logic", severity="high", text="Ask @eve about #3. <!-- pdev:task:x -->", file="a.py", line=3
)
KEPT_OFF = {"options": Options(ci="approved"), "start_sha": START, "head_sha": START, "checkpoint_sha": CHECKPOINT}


def waiting(new_task: NewTask, needs: Needs | None, **fields: object) -> Task:
    return new_task(state=State.WAITING_INPUT, needs=needs, branch="feature/task-7", pr=9, **fields)


def test_without_an_address_there_are_no_links(new_task: NewTask) -> None:
    text = sticky(waiting(new_task, Needs.APPROVAL, **KEPT_OFF), NOW)
    assert "](" not in text
    assert f"{START}...{CHECKPOINT}" in text


@pytest.mark.parametrize(
    ("ci", "head", "shown"),
    [("every_push", START, False), ("ready", START, True), ("approved", START, True), ("approved", CHECKPOINT, False)],
)
def test_findings_stand_in_the_comment_until_they_can_stand_at_their_lines(
    new_task: NewTask, ci: str, head: str, shown: bool
) -> None:
    task = new_task(
        state=State.RUNNING, options=Options(ci=ci), head_sha=head, checkpoint_sha=CHECKPOINT, findings=(FOUND,)
    )
    assert ("**F1**" in sticky(task, NOW)) is shown
    assert ("code stays off the branch" in sticky(task, NOW)) is shown


def test_a_thousand_findings_fit_into_a_comment(new_task: NewTask) -> None:
    many = tuple(replace(FOUND, id=f"F{n}", text="x" * 3_000) for n in range(1_000))
    text = sticky(waiting(new_task, Needs.APPROVAL, findings=many, **KEPT_OFF), NOW, server_url=SERVER)
    assert len(text) < 65_536
    assert f"and {1_000 - text.count('🔴')} more" in text
    assert text.index("/pdev approve") < text.index("**Findings**"), "what is to be decided stands above"


def test_the_button_names_the_commit_within_githubs_limits(new_task: NewTask) -> None:
    first, *_ = checks(waiting(new_task, Needs.APPROVAL, **KEPT_OFF), server_url=SERVER)
    later, *_ = checks(waiting(new_task, Needs.APPROVAL, **KEPT_OFF | {"checkpoint_sha": OTHER}))
    (button,) = first.buttons
    assert button.identifier == f"approve:{CHECKPOINT[:12]}"
    assert (len(button.label) <= 20, len(button.description) <= 40, len(button.identifier) <= 20) == (True, True, True)
    assert first.digest() != later.digest()
    assert f"{SERVER}/acme/widgets/compare/{START}...{CHECKPOINT}" in first.summary


def test_who_approved_is_shown_once_it_is_on_the_branch(new_task: NewTask) -> None:
    task = new_task(
        state=State.READY, head_sha=CHECKPOINT, checkpoint_sha=CHECKPOINT, approved_sha=CHECKPOINT, approved_by="dev",
        options=Options(ci="approved"),
    )  # fmt: skip
    assert "`bbbbbbb` approved by dev" in sticky(task, NOW)
    assert approval.fact(replace(task, head_sha=OTHER, checkpoint_sha=OTHER)) == "", "that commit nobody approved"


def test_a_draft_says_why_it_is_empty(new_task: NewTask) -> None:
    assert "a person with push rights approves it" in draft_body(new_task(options=Options(ci="approved")))
    assert "the reviewer approves it" in draft_body(new_task(options=Options(ci="ready")))
    assert "approves" not in draft_body(new_task(options=Options(ci="every_push")))


def test_asking_for_approval_is_not_asking_a_question(new_task: NewTask) -> None:
    runs = tuple(
        StageRun(stage=stage, round=1, started_ms=0, ended_ms=1_000, outcome="asked")
        for stage in (Stage.DEVELOP, Stage.FINALIZE)
    )
    text = sticky(new_task(state=State.RUNNING, stages=runs), NOW)
    assert "develop · asked a question" in text
    assert "finalize · asked for approval" in text


def test_a_finding_mentions_nobody() -> None:
    assert "@eve" not in words.finding(FOUND)
    assert "<!--" not in words.finding(FOUND)
