"""The review loop: findings become a review, corrections answer them, and people are asked when it goes on too long."""

from core.tasks import Needs, State
from demo.hub.state import Review
from demo.player import Fault, edit, fixed, run, swap, verdict
from tests.work.working_desk import BOT, WorkingDesk

MEND = swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+")
FAULT = Fault("Say so in the docstring.", file="textkit/slug.py", line=8, severity="medium", type="quality_issue")


def reviews(desk: WorkingDesk, number: int) -> list[Review]:
    return [review for review in desk.pr(number).reviews if review.user.login == BOT]


async def test_findings_are_reviewed_corrected_and_approved(desk: WorkingDesk) -> None:
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    desk.agent.plays(verdict("corrections_needed", FAULT, summary="Nearly."), role="reviewer", round=1)
    desk.agent.plays(swap("textkit/slug.py", "Lower-case words", "Lower-case words and numbers"), role="corrector")
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    task, pull = await desk.task(issue.number), desk.pr(issue.number)
    assert [(s.stage, s.round, s.outcome) for s in task.stages] == [
        ("develop", 1, "passed"), ("review", 1, "corrections_needed"), ("correct", 1, "passed"),
        ("review", 2, "approved"), ("finalize", 2, "passed"),
    ]  # fmt: skip
    assert [(f.id, f.state, f.round) for f in task.findings] == [("F1", "fixed", 1)]

    first, second = reviews(desk, issue.number)
    assert {r.state for r in (first, second)} == {"COMMENTED"}
    assert "asks for 1 change" in first.body
    assert "nothing to change" in second.body
    assert first.commit_id != second.commit_id == task.head_sha
    (inline,) = pull.review_comments
    assert (inline.path, inline.original_commit_id, inline.review_id) == ("textkit/slug.py", first.commit_id, first.id)
    assert "Say so in the docstring" in inline.body
    assert "numbers and numbers" not in await desk.by("reader").read("textkit/slug.py", task.branch)
    assert "Lower-case words and numbers" in await desk.by("reader").read("textkit/slug.py", task.branch)


async def test_a_finding_outside_the_diff_stands_in_the_review_itself(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(MEND)
    far = Fault("Look here too.", file="README.md", line=400)
    desk.agent.plays(verdict("corrections_needed", far), role="reviewer", round=1)
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    assert desk.pr(issue.number).review_comments == []
    assert "Look here too." in reviews(desk, issue.number)[0].body


async def test_after_the_last_round_a_person_decides(desk: WorkingDesk) -> None:
    """The cap of `balanced` is five reviews; what the sixth would say is not worth its money."""
    issue = await desk.issue()
    desk.agent.plays(MEND)
    desk.agent.plays(verdict("corrections_needed", FAULT, summary="Never good enough."), role="reviewer")
    desk.agent.plays(fixed(unfixable={"F1": "I cannot."}), role="corrector")
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.WAITING_INPUT)
        await desk.rest()
        task = await desk.task(issue.number)
        assert (task.needs, task.reason, task.round) == (Needs.ANSWER, "rounds", task.options.max_rounds)
        assert len(reviews(desk, issue.number)) == task.options.max_rounds
        assert "Findings are still open after 5 rounds" in desk.sticky(issue.number)
        assert (await desk.check(issue.number, "pdev")).conclusion == "action_required"
        assert desk.pr(issue.number).draft

        desk.agent.plays(verdict("approved"), role="reviewer")
        await desk.comment(issue.number, "/pdev resume")
        await desk.until_state(issue.number, State.READY)
    assert (await desk.task(issue.number)).open_findings == ()


async def test_an_agent_that_reviews_changes_nothing(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(MEND)
    desk.agent.plays(edit("reviewer.txt", "I was here"), role="reviewer")
    desk.agent.plays(edit("finalizer.txt", "So was I"), role="finalizer")
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    assert sorted(await desk.changed(issue.number)) == ["textkit/slug.py"]


async def test_nothing_that_a_reviewer_leaves_reaches_the_next_agent(desk: WorkingDesk) -> None:
    """Not even in files that git ignores, where the corrector's tests would pick up what is planted there."""
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND, edit(".gitignore", "*.pyc\n"))
    planted = (edit("textkit/slug.pyc", "planted"), edit("textkit/more.py", "planted"))
    desk.agent.plays(*planted, verdict("corrections_needed", FAULT), role="reviewer", round=1)
    gone = (run("test", "!", "-e", "textkit/slug.pyc"), run("test", "!", "-e", "textkit/more.py"))
    desk.agent.plays(*gone, edit("more.txt", "more\n"), role="corrector")
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    assert [reply.ok for scene in desk.agent.scenes("corrector") for reply in scene.replies] == [True] * 4
