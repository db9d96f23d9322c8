"""One check run per name and head, ever."""

import pytest
from msgspec.structs import replace

from core.store import Surface
from core.tasks import Finding, Needs, PausedBy, Reason, Stage, State
from jobs.report import Reporter
from tests.report.conftest import Room

FOUND = (
    Finding(id="F1", type="bug", severity="high", text="It is wrong.", file="parser.py", line=1),
    Finding(id="F2", type="bug", severity="low", text="It is long.", file="parser.py", line=2),
)


async def working(room: Room, reporter: Reporter) -> str:
    """In its first stage, and shown; the head."""
    await room.run()
    sha = await room.commit()
    await reporter.report(room.id)
    return sha


async def reviewing(room: Room, reporter: Reporter) -> str:
    await working(room, reporter)
    await room.leave(stage=Stage.REVIEW)
    sha = await room.commit("two")
    await room.enter()
    room.clock.advance(seconds=3)
    await reporter.report(room.id)
    return sha


async def test_they_follow_the_head(room: Room, reporter: Reporter) -> None:
    old = await working(room, reporter)
    assert {name: run.status for name, run in room.checks(old).items()} == {
        "pdev": "in_progress", "pdev / develop": "in_progress",
    }  # fmt: skip
    await room.leave(stage=Stage.REVIEW)
    new = await room.commit("two")
    await room.enter()
    room.clock.advance(seconds=3)
    await reporter.report(room.id)
    assert {name: (run.conclusion, run.output.title) for name, run in room.checks(old).items()} == {
        "pdev": ("neutral", "Superseded"), "pdev / develop": ("neutral", "Superseded"),
    }  # fmt: skip
    assert {name: run.conclusion for name, run in room.checks(new).items()} == {
        "pdev": None, "pdev / develop": "success", "pdev / review": None,
    }  # fmt: skip


async def test_a_head_without_a_check_of_its_own_yet(room: Room, reporter: Reporter) -> None:
    await room.run()
    await reporter.report(room.id)
    assert room.hub.repo.check_runs == {}


@pytest.mark.parametrize("which", [1, 2, 3, 4])
async def test_an_answer_that_got_lost(room: Room, reporter: Reporter, which: int) -> None:
    """Whichever of the writes it was: the check run is found by task, name and head, and not made again."""
    await room.run()
    sha = await room.commit()
    room.hub.fail("POST", "/check-runs", status=502, after_effect=True, times=1)
    if which > 1:  # another head, and with it another first write
        await reporter.report(room.id)
        sha = await room.commit("two")
        room.hub.fail("POST", "/check-runs", status=502, after_effect=True, times=which - 1)
    for _ in range(which + 1):
        room.clock.advance(minutes=2)
        await reporter.report(room.id)
    assert {run.status for run in room.checks(sha).values()} == {"in_progress"}
    assert set(room.checks(sha)) == {"pdev", "pdev / develop"}
    assert await room.is_shown()


async def test_one_that_was_lost_on_a_head_that_was_left(room: Room, reporter: Reporter) -> None:
    await room.run()
    old = await room.commit()
    room.hub.fail("POST", "/check-runs", status=502, after_effect=True)
    await reporter.report(room.id)
    new = await room.commit("two")
    room.clock.advance(minutes=2)
    await reporter.report(room.id)
    assert [run.conclusion for run in room.checks(old).values()] == ["neutral"]
    assert set(room.checks(new)) == {"pdev", "pdev / develop"}


async def test_a_store_that_forgot(room: Room, reporter: Reporter) -> None:
    sha = await reviewing(room, reporter)
    await room.store.save_surface(room.id, Surface())
    await room.leave("approved", stage=Stage.FINALIZE)
    await room.enter()
    await reporter.report(room.id)
    assert {name: run.conclusion for name, run in room.checks(sha).items()} == {
        "pdev": None, "pdev / develop": "success", "pdev / review": "success", "pdev / finalize": None,
    }  # fmt: skip


async def test_annotations_come_once(room: Room, reporter: Reporter) -> None:
    sha = await reviewing(room, reporter)
    await room.leave("corrections_needed", findings=FOUND)
    await room.move(State.WAITING_INPUT, needs=Needs.ANSWER, reason=Reason.ROUNDS)
    await reporter.report(room.id)
    review = room.checks(sha)["pdev / review"]
    assert [note.title for note in review.output.annotations] == ["F1: bug", "F2: bug"]

    # The same head is reviewed again: one finding stays, one is new.
    await room.move(State.QUEUED)
    third = replace(FOUND[0], id="F3")
    await room.run()
    await reporter.report(room.id)
    assert review.status == "in_progress"
    await room.leave("corrections_needed", findings=(*FOUND, third))
    await room.move(State.FAILED, reason=Reason.AGENT_FAILED)
    await reporter.report(room.id)
    assert [note.title for note in review.output.annotations] == ["F1: bug", "F2: bug", "F3: bug"]


async def test_buttons_stand_on_completed_runs_only(room: Room, reporter: Reporter) -> None:
    sha = await working(room, reporter)
    assert [run.actions for run in room.checks(sha).values()] == [[], []]
    await room.leave("failed", "The model is away.")
    await room.move(State.FAILED, reason=Reason.AGENT_FAILED)
    await reporter.report(room.id)
    assert {name: [a.label for a in run.actions] for name, run in room.checks(sha).items()} == {
        "pdev": ["Resume"], "pdev / develop": ["Retry"],
    }  # fmt: skip
    await room.move(State.QUEUED)
    await reporter.report(room.id)
    assert [a for run in room.checks(sha).values() if run.status != "completed" for a in run.actions] == []
    assert room.checks(sha)["pdev"].status == "queued"


async def test_a_very_long_summary(room: Room, reporter: Reporter) -> None:
    sha = await reviewing(room, reporter)
    found = tuple(Finding(id=f"F{n}", type="bug", severity="low", text="x" * 6_000) for n in range(200))
    await room.leave("corrections_needed", "y" * 20_000, findings=found)
    await room.move(State.PAUSED, paused_by=PausedBy.PERSON)
    await reporter.report(room.id)
    assert 15_000 < len(room.checks(sha)["pdev / review"].output.summary or "") <= 65_535
    assert await room.is_shown()


async def test_work_that_was_withdrawn(room: Room, reporter: Reporter) -> None:
    """Its branch is deleted, but the commit and its check runs are still there: none stays open for ever."""
    sha = await working(room, reporter)
    await room.set(head_sha="")
    await room.leave("failed", "Nothing to do.")
    await room.move(State.FAILED, reason=Reason.NO_CHANGE)
    await reporter.report(room.id)
    assert {(run.conclusion, run.output.title) for run in room.checks(sha).values()} == {("neutral", "Withdrawn")}
    # … and when it goes on, the same start commit is pushed again.
    await room.move(State.QUEUED)
    await room.run()
    await room.set(head_sha=sha)
    await reporter.report(room.id)
    assert {run.status for run in room.checks(sha).values()} == {"in_progress"}


async def test_times_are_those_of_the_stage(room: Room, reporter: Reporter) -> None:
    """GitHub shows how long it took, on every head that shows the stage."""
    await room.run()
    began = room.clock.now()
    room.clock.advance(minutes=12)
    await room.leave(stage=Stage.REVIEW)
    room.clock.advance(hours=2)
    sha = await room.commit()
    await reporter.report(room.id)
    stage = room.checks(sha)["pdev / develop"]
    assert stage.started_at is not None
    assert stage.completed_at is not None
    assert abs((stage.started_at - began).total_seconds()) < 60
    assert 719 <= (stage.completed_at - stage.started_at).total_seconds() <= 721
