"""The demo's report sees what stands on GitHub twice, too long, or otherwise than in the record."""

from collections.abc import Callable
from dataclasses import replace as replace_app
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from cli.demo.witness import disagreements
from core.messages.sticky import marker
from core.tasks import State, Task, Trigger
from demo.hub import Hub
from demo.hub.state import CheckRun, CheckSuite, Comment, Issue, Pull

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OLD, HEAD = "0" * 40, "1" * 40
TASK = Task(
    id="1-7", installation_id=5, repo_id=1, owner_login="acme", repo="widgets", issue=7, session="",
    trigger=Trigger(actor="alice", at_ms=1, delivery="d", title="A title", body=""), created_ms=1, queued_ms=1,
    state=State.READY, branch="feature/task-7", head_sha=HEAD,
)  # fmt: skip


class Shown:
    """A hub whose state is written by hand: what a person would find there at the end of the demo."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.bot = next(iter(hub.world.accounts.values()))
        self.issue(7)

    def issue(self, number: int) -> Issue:
        repo = self.hub.repo
        made = Issue(
            id=number, number=number, repo=repo, user=self.bot, title="A title", body="", created_at=NOW, updated_at=NOW
        )
        repo.issues[number] = made
        return made

    def comment(self, body: str) -> None:
        on = self.hub.repo.issues[7]
        on.comments.append(
            Comment(id=len(on.comments), number=7, user=self.bot, body=body, created_at=NOW, updated_at=NOW)
        )

    def pull(self, number: int, branch: str = "feature/task-7") -> None:
        issue = self.issue(number)
        issue.pull = Pull(
            id=number, issue=issue, head_repo=self.hub.repo, head_ref=branch, head_sha=HEAD, base_ref="main",
            base_sha=OLD,
        )  # fmt: skip

    def check(
        self, name: str = "pdev", sha: str = HEAD, conclusion: str | None = "success", *, task: str = "1-7"
    ) -> CheckRun:
        number = len(self.hub.repo.check_runs)
        suite = CheckSuite(id=number, app=self.hub.app, head_sha=sha, created_at=NOW, updated_at=NOW)
        run = CheckRun(
            id=number, suite=suite, name=name, head_sha=sha, status="completed" if conclusion else "in_progress",
            started_at=NOW, conclusion=conclusion, external_id=f"{task}/{name}",
        )  # fmt: skip
        self.hub.repo.check_runs[number] = run
        return run

    def all_is_well(self) -> None:
        self.comment("A person's words.")
        self.comment(f"{marker(TASK)}\nReady")
        self.pull(8)
        self.pull(9, "somebody-elses")
        for name in ("pdev", "pdev / develop"):
            self.check(name)
            self.check(name, OLD, "neutral")


@pytest.fixture
def shown(tmp_path: Path, private_key_pem: str) -> Shown:
    return Shown(Hub(tmp_path, now=lambda: NOW, private_key_pem=private_key_pem))


def found(shown: Shown, task: Task = TASK) -> list[str]:
    return disagreements(shown.hub.repo, shown.hub.app, [task])


def test_nothing_is_said_where_all_is_well(shown: Shown) -> None:
    shown.all_is_well()
    assert found(shown) == []


@pytest.mark.parametrize(
    ("doctor", "sentence"),
    [
        (lambda s: s.pull(10), "#7: 2 pull requests of feature/task-7"),
        (lambda s: s.comment(f"{marker(TASK)}\nReady"), "#7: 2 comments that say where it stands"),
        (lambda s: s.hub.repo.issues[7].comments.clear(), "#7: 0 comments that say where it stands"),
        (lambda s: s.check("pdev / develop"), "2 check runs 'pdev / develop' on 1111111"),
        (
            lambda s: s.check("pdev / review", OLD, None),
            "#7: check run 'pdev / review' on 0000000 is in_progress, but the task is ready",
        ),
    ],
)
def test_what_is_there_twice_or_still_open(shown: Shown, doctor: Callable[[Shown], None], sentence: str) -> None:
    shown.all_is_well()
    doctor(shown)
    assert found(shown) == [sentence]


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED, State.COMPLETED, State.WAITING_INPUT, State.PAUSED])
def test_a_summary_that_contradicts_the_record(shown: Shown, state: State) -> None:
    shown.all_is_well()
    sentence = f"#7: check run 'pdev' says success, but the task is {state}"
    assert found(shown, replace(TASK, state=state)) == [sentence]


def test_a_summary_that_is_missing_or_has_not_ended(shown: Shown) -> None:
    shown.all_is_well()
    assert found(shown, replace(TASK, tip_sha="2" * 40)) == ["#7: no check run 'pdev' on 2222222"]
    assert found(shown, replace(TASK, state=State.RUNNING)) == [
        "#7: check run 'pdev' says success, but the task is running"
    ]


def test_an_app_that_is_not_ours_may_do_as_it_likes(shown: Shown) -> None:
    shown.all_is_well()
    for _ in range(2):
        shown.check("ci", conclusion=None).suite.app = replace_app(shown.hub.app, id=1)
    assert found(shown) == []
