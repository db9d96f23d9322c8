"""The check runs of a task, read as people read them, and GitHub's limits on them."""

import pytest
from msgspec.structs import replace

from core.messages.checks import Button, CheckView, checks
from core.tasks import Finding, Mark, Needs, Options, PausedBy, Reason, Stage, State, Task, leave_stage, move
from tests.golden import golden
from tests.messages.conftest import APPROVED, CORRECTED, CRITICISED, DEVELOPED, FINALIZED, FOUND, NOW, run


def shown(view: CheckView) -> str:
    lines = [
        f"## {view.name} · {view.status}{f' · {view.conclusion}' if view.conclusion else ''}",
        f"{view.title}",
        view.summary,
    ]
    lines += [f"[annotation] {f}" for f in view.annotations]
    lines += [f"[button] {b.label}: {b.description} ({b.identifier})" for b in view.buttons]
    return "\n\n".join(lines)


def ready(task: Task) -> Task:
    stages = (DEVELOPED, CRITICISED, CORRECTED, APPROVED, FINALIZED)
    return replace(task, state=State.READY, stage=Stage.FINALIZE, round=2, stages=stages, findings=FOUND)


def criticised(task: Task) -> Task:
    found = (replace(FOUND[0], state="open", note=""), replace(FOUND[1], state="open", note=""))
    stages = (DEVELOPED, CRITICISED, run(Stage.CORRECT, None, 2, 0))
    return replace(task, stage=Stage.CORRECT, stages=stages, findings=found)


def approval(task: Task) -> Task:
    stages = (DEVELOPED, APPROVED, run(Stage.FINALIZE, "asked", 1, 0, number=2, summary="It waits for approval."))
    task = replace(
        task, stage=Stage.FINALIZE, round=2, stages=stages, options=Options(ci="approved"), checkpoint_sha="c" * 40
    )
    return move(task, State.WAITING_INPUT, NOW, needs=Needs.APPROVAL, reason=Reason.APPROVAL)


def failed(task: Task, reason: Reason, outcome: str) -> Task:
    return move(leave_stage(task, outcome, NOW, "It says why."), State.FAILED, NOW, reason=reason)


def test_check_runs(at_work: Task) -> None:
    tasks = {
        "at work": at_work,
        "interrupted": move(
            replace(at_work, stages=(replace(at_work.stages[0], attempts=2),)), State.QUEUED, NOW, crashes=1
        ),
        "corrections": criticised(at_work),
        "approval": approval(at_work),
        "paused": move(at_work, State.PAUSED, NOW, paused_by=PausedBy.PERSON, reason=Reason.BY.by("alice")),
        "failed": failed(at_work, Reason.AGENT_FAILED, "failed"),
        "timeout": failed(at_work, Reason.TIMEOUT, "limit"),
        "ready": ready(at_work),
    }
    texts = [f"=== {name}\n\n" + "\n\n".join(shown(v) for v in checks(task)) for name, task in tasks.items()]
    golden("messages/checks", "\n\n".join(texts) + "\n")


@pytest.mark.parametrize(
    ("state", "reason", "status", "conclusion", "labels"),
    [
        (State.BLOCKED, "", "queued", None, []),
        (State.QUEUED, "", "queued", None, []),
        (State.RUNNING, "", "in_progress", None, []),
        (State.WAITING_CHECKS, "", "queued", None, []),
        (State.WAITING_INPUT, Reason.QUESTION, "completed", "action_required", ["Resume"]),
        (State.PAUSED, Reason.BY.by("a"), "completed", "action_required", ["Resume"]),
        (State.READY, "", "completed", "success", []),
        (State.MERGED, Reason.BY.by("a"), "completed", "success", []),
        (State.COMPLETED, Reason.BY.by("a"), "completed", "neutral", []),
        (State.FAILED, Reason.AGENT_FAILED, "completed", "failure", ["Resume"]),
        (State.FAILED, Reason.TIMEOUT, "completed", "timed_out", ["Resume"]),
        (State.FAILED, Reason.IDLE, "completed", "timed_out", ["Resume"]),
        (State.FAILED, Reason.LIMIT, "completed", "timed_out", ["Resume"]),
        (State.CANCELLED, Reason.BY.by("a"), "completed", "cancelled", ["Resume"]),
    ],
)
def test_the_summary(
    at_work: Task, state: State, reason: str, status: str, conclusion: str | None, labels: list[str]
) -> None:
    view = checks(replace(at_work, state=state, reason=reason))[0]
    assert (view.name, view.status, view.conclusion) == ("pdev", status, conclusion)
    assert [b.label for b in view.buttons] == labels
    assert (status == "completed") == (conclusion is not None)


@pytest.mark.parametrize(
    "outcome",
    ["passed", "approved", "corrections_needed", "failed", "limit", "crashed", "cancelled", "paused", "asked",
     "stopped", "of a newer version"],
)  # fmt: skip
@pytest.mark.parametrize("stage", Stage)
def test_every_outcome_of_a_stage(at_work: Task, stage: Stage, outcome: str) -> None:
    view = checks(replace(at_work, stages=(run(stage, outcome, 2, 1),)))[1]
    assert view.status == "completed"
    assert view.conclusion
    assert "_" not in view.title
    assert [b.label for b in view.buttons] == (["Retry"] if view.conclusion in {"failure", "timed_out"} else [])


def test_only_the_last_round_of_a_stage_is_shown(at_work: Task) -> None:
    views = checks(ready(at_work))
    assert [v.name for v in views] == ["pdev", "pdev / develop", "pdev / review", "pdev / correct", "pdev / finalize"]
    assert views[2].title == "Round 2: approved"


def test_progress_is_no_news(at_work: Task) -> None:
    """What an agent reports every second changes only its stage's check run, and that is no reason to write at once."""
    before = [view.digest() for view in checks(at_work, live=False)]
    later = replace(at_work, progress=90, activity="running the tests", updated_ms=NOW + 60_000)
    assert [view.digest() for view in checks(later, live=False)] == before
    assert [view.digest() for view in checks(leave_stage(later, "passed", NOW), live=False)] != before
    pairs = zip(checks(at_work), checks(later), strict=True)
    assert [old.name for old, new in pairs if old.digest() != new.digest()] == ["pdev / develop"]


def test_limits_of_github(at_work: Task) -> None:
    found = tuple(
        Finding(id=f"F{n}", type="t" * 64, severity="high", text="x" * 6_000, file=f"{n}.py", line=n)
        for n in range(200)
    )
    task = replace(criticised(at_work), findings=found, options=Options(ci="approved"), checkpoint_sha="c" * 40)
    task = replace(task, trigger=replace(task.trigger, title="t" * 300), branch="b" * 250)
    for view in checks(task):
        assert len(view.title) <= 255
        assert 0 < len(view.summary) <= 65_535
        assert len(view.annotations) <= 50
        assert all(len(f.title) <= 255 for f in view.annotations)
        assert len(view.buttons) <= 3
    assert "too long to show here" in checks(task)[2].summary


def test_buttons_fit(at_work: Task) -> None:
    buttons: set[Button] = {b for t in (approval(at_work), failed(at_work, Reason.IDLE, "limit"))
                            for v in checks(t) for b in v.buttons}  # fmt: skip
    assert {b.label for b in buttons} == {"Approve", "Resume", "Retry"}
    for b in buttons:
        assert (len(b.label) <= 20, len(b.description) <= 40, len(b.identifier) <= 20) == (True, True, True)


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../../x", "a\nb", "a\x00b", "..", "C:\\x"])
def test_a_path_that_no_file_has_is_not_annotated(at_work: Task, path: str) -> None:
    """GitHub refuses the whole request for one such annotation."""
    odd = Finding(id="F3", type="bug", severity="high", text="Odd.", file=path, line=3)
    task = criticised(at_work)
    view = checks(replace(task, findings=(*task.findings, odd)))[2]
    assert [f.title for f in view.annotations] == ["F1: bug"]


def test_what_was_found_on_another_commit_is_not_annotated(at_work: Task) -> None:
    """A correction reaches the branch before the record says what it has mended."""
    task = replace(criticised(at_work), head_sha="old", checkpoint_sha="old", tip_sha="")
    found = tuple(replace(f, history=(Mark(f.round, "open", "old"),)) for f in task.findings)
    task = replace(task, findings=found)
    assert checks(task)[2].annotations
    corrected = replace(task, head_sha="new", checkpoint_sha="new")
    assert checks(corrected)[2].annotations == ()
    assert checks(replace(task, tip_sha="a person's"))[2].annotations == ()
    kept_off = replace(task, head_sha="start", options=replace(task.options, ci="ready"))
    assert checks(kept_off)[2].annotations, "there is no other place for them yet"


def test_what_is_fixed_is_not_annotated(at_work: Task) -> None:
    task = criticised(at_work)
    fixed = tuple(replace(f, state="fixed") for f in task.findings)
    assert checks(replace(task, findings=fixed))[2].annotations == ()
