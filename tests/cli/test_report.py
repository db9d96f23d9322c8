"""The demo's report: what the tasks' records say, held against what the world wanted."""

import pytest
from msgspec.structs import replace

from cli.demo.report import differences
from core.tasks import Stage, StageRun, State, Task, Trigger
from demo.world import BY_NUMBER

TASK = Task(
    id="1-6", installation_id=5, repo_id=1, owner_login="acme", repo="widgets", issue=6, session="",
    trigger=Trigger(actor="alice", at_ms=1, delivery="d", title="A title", body=""), created_ms=1, queued_ms=1,
    state=State.READY,
)  # fmt: skip


@pytest.mark.parametrize(
    ("tries", "is_quiet", "found"),
    [
        (2, True, []),
        (1, True, ["#6: develop attempts is 1, not 2"]),
        (3, True, ["#6: develop attempts is 3, not 2"]),
        (3, False, []),
        (1, False, ["#6: develop attempts is 1, not 2"]),
    ],
)
def test_the_crash_that_the_story_wants_has_happened(tries: int, is_quiet: bool, found: list[str]) -> None:
    run = StageRun(stage=Stage.DEVELOP, round=1, attempts=tries, started_ms=1)
    assert differences(BY_NUMBER[6], replace(TASK, stages=(run,)), is_quiet=is_quiet) == found
