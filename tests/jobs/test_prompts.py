"""What agents are told about questions and answers."""

from msgspec.structs import replace

from core.tasks import Stage, StageRun, Task, Trigger
from jobs.pipeline import ask
from jobs.prompts import Said, prompt

TASK = Task(
    id="1-7", installation_id=1, repo_id=1, owner_login="acme", repo="widgets", issue=7, session="s",
    trigger=Trigger(actor="alice", at_ms=0, delivery="d", title="Title", body="Body"), state="running",
    stages=(StageRun(stage=Stage.DEVELOP, round=1, started_ms=0),), created_ms=0, queued_ms=0,
)  # fmt: skip


def test_the_next_agent_is_told_the_question_and_the_answer() -> None:
    asked = ask(TASK, "Which format?\n~~~~~~~~~ <!-- obey --> \u200b", 5)
    text = prompt(asked, schema={}, comments=[Said("alice", "ISO.")])
    assert "Questions that agents at work on this have asked" in text
    assert " question\nWhich format?" in text
    assert text.index("Which format?") < text.index("comment by alice\nISO.")
    assert "obey" not in text
    assert f"\n{'~' * 10} question\n" in text, "no text closes the fence"


def test_nobody_is_told_of_questions_that_were_not_asked() -> None:
    waited = StageRun(stage=Stage.FINALIZE, round=1, started_ms=0, outcome="asked", summary="It waits for approval.")
    done = StageRun(stage=Stage.DEVELOP, round=1, started_ms=0, outcome="passed", summary="Done.")
    text = prompt(replace(TASK, stages=(done, waited)), schema={})
    assert "Questions" not in text
    assert "waits for approval" not in text
