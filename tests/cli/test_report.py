"""The demo's report: what the tasks' records say and pull requests show, held against what the world wanted."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from cli.demo.conversations import Conversations, conversations
from cli.demo.report import differences
from core.messages.findings import at_line, finding_marker
from core.tasks import Finding, Stage, StageRun, State, Task, Trigger
from demo.hub import Hub
from demo.hub.state import Issue, Pull, ReviewComment, ReviewThread
from demo.world import BY_NUMBER

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TASK = Task(
    id="1-6", installation_id=5, repo_id=1, owner_login="acme", repo="widgets", issue=6, session="",
    trigger=Trigger(actor="alice", at_ms=1, delivery="d", title="A title", body=""), created_ms=1, queued_ms=1,
    state=State.READY,
)  # fmt: skip
NOBODY = Conversations()


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
    assert differences(BY_NUMBER[6], replace(TASK, stages=(run,)), NOBODY, is_quiet=is_quiet) == found


REVIEWED = replace(
    TASK, id="1-5", issue=5, pr=9,
    stages=(StageRun(stage=Stage.DEVELOP, round=1, attempts=1, started_ms=1),
            StageRun(stage=Stage.REVIEW, round=2, attempts=1, started_ms=1)),
    findings=tuple(
        Finding(id=f"F{n}", round=1, type=fault.type, severity=fault.severity, text=fault.text, file=fault.file,
                line=fault.line, replacement=fault.replacement, state="fixed")
        for n, fault in enumerate(BY_NUMBER[5].faults, 1)
    ),
)  # fmt: skip
SETTLED = Conversations(resolved=3, suggestions=1, answered=3)


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        (SETTLED, []),
        (NOBODY,
         ["resolved conversations is 0, not 3", "answered conversations is 0, not 3", "suggestions is 0, not 1"]),
        (Conversations(resolved=2, open=1, suggestions=1, answered=3),
         ["resolved conversations is 2, not 3", "open conversations is 1, not 0"]),
        (Conversations(resolved=3, suggestions=0, answered=2),
         ["answered conversations is 2, not 3", "suggestions is 0, not 1"]),
        (Conversations(resolved=3, suggestions=1, answered=3, twice=("F2",)),
         ["conversations held twice is ('F2',), not ()"]),
    ],
)  # fmt: skip
def test_what_the_review_left_on_the_pull_request_counts(shown: Conversations, found: list[str]) -> None:
    told = differences(BY_NUMBER[5], REVIEWED, shown, is_quiet=True)
    assert told == [f"#5: {problem}" for problem in found]


class Shown:
    """A hub with one pull request whose conversations are written by hand."""

    def __init__(self, folder: Path) -> None:
        self.repo = Hub(folder, now=lambda: NOW).repo
        self.user = self.repo.owner
        issue = Issue(
            id=9, number=9, repo=self.repo, user=self.user, title="A title", body="", created_at=NOW, updated_at=NOW
        )
        self.repo.issues[9] = issue
        self.pull = issue.pull = Pull(
            id=9, issue=issue, head_repo=self.repo, head_ref="feature/task-5", head_sha="1" * 40, base_ref="main",
            base_sha="0" * 40,
        )  # fmt: skip

    def thread(self, *bodies: str, resolved: bool = False) -> None:
        number = len(self.pull.threads)
        said = [
            ReviewComment(
                id=10 * number + place, review_id=1, user=self.user, body=body, path="README.md", commit_id="1" * 40,
                original_commit_id="1" * 40, diff_hunk="", created_at=NOW, updated_at=NOW,
            )
            for place, body in enumerate(bodies)
        ]  # fmt: skip
        self.pull.threads.append(ReviewThread(number, said, resolved=resolved))


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return Shown(tmp_path / "hub")


def test_conversations_are_read_from_the_pull_request(shown: Shown) -> None:
    for f in REVIEWED.findings:
        shown.thread(at_line(REVIEWED, f, suggest=True), "Fixed.", resolved=True)
    shown.thread("I wonder about this.")
    assert conversations(shown.repo, REVIEWED) == SETTLED


def test_a_conversation_that_stays_open_or_stands_twice_is_seen(shown: Shown) -> None:
    first, second, _ = REVIEWED.findings
    shown.thread(at_line(REVIEWED, first, suggest=False))
    shown.thread(finding_marker(REVIEWED, second), "Fixed.", resolved=True)
    shown.thread(finding_marker(REVIEWED, second))
    assert conversations(shown.repo, REVIEWED) == Conversations(resolved=1, open=2, answered=1, twice=("F2",))


def test_without_a_pull_request_there_are_none(shown: Shown) -> None:
    assert conversations(shown.repo, replace(REVIEWED, pr=None)) == NOBODY
