"""A task as it looks after some work, to be changed by each test."""

import pytest

from core.tasks import Cost, Finding, Gate, Milestone, Options, Stage, StageRun, State, Task, Trigger

NOW = 1_800_000_000_000
MINUTE = 60_000


def run(stage: Stage, outcome: str | None, begin: int, end: int, *, number: int = 1, **fields: object) -> StageRun:
    """A stage that began and ended so many minutes ago."""
    return StageRun(
        stage=stage, round=number, outcome=outcome, started_ms=NOW - begin * MINUTE,
        ended_ms=None if outcome is None else NOW - end * MINUTE, **fields,  # type: ignore[arg-type]
    )  # fmt: skip


DEVELOPED = run(Stage.DEVELOP, "passed", 30, 18, summary="Wrote the parser and its tests.")
CRITICISED = run(Stage.REVIEW, "corrections_needed", 18, 15, summary="Two things are missing.")
CORRECTED = run(Stage.CORRECT, "passed", 15, 9, summary="1 of 2 findings fixed, 1 said to be unfixable.")
APPROVED = run(Stage.REVIEW, "approved", 9, 7, number=2, summary="All is well now.")
FINALIZED = run(Stage.FINALIZE, "passed", 7, 6, number=2, summary="Add a parser")
FOUND = (
    Finding(id="F1", type="bug", severity="high", text="`0` is lost.", file="parser.py", line=12, state="fixed",
            note="Compared properly."),
    Finding(id="F2", type="style", severity="low", text="The name `x` says nothing.\n\nSuggested: `rest`",
            state="unfixable", note="It is part of the interface."),
)  # fmt: skip


@pytest.fixture
def at_work() -> Task:
    """In its first stage, for some minutes."""
    return Task(
        id="1-7", installation_id=5, repo_id=1, owner_login="acme", repo="widgets", issue=7, session="s",
        trigger=Trigger(actor="alice", at_ms=NOW, delivery="d", title="Add a parser", body="It is missing."),
        options=Options(), state=State.RUNNING, stage=Stage.DEVELOP, branch="feature/task-7", base="main",
        base_sha="b" * 40, start_sha="5" * 40, head_sha="5" * 40, pr=12, progress=40, activity="reading parser.py",
        milestones=(Milestone("find the cause", True), Milestone("mend it"), Milestone("thank @alice <!-- x -->")),
        stages=(run(Stage.DEVELOP, None, 4, 0),), gates=(Gate(name="secrets", outcome="passed"),),
        created_ms=NOW - 40 * MINUTE, queued_ms=NOW - 40 * MINUTE, started_ms=NOW - 30 * MINUTE,
        cost=Cost(usd=0.42, tokens=12_345),
    )  # fmt: skip
