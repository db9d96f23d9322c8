"""The review loop: findings become a review, corrections answer them, and people are asked when it goes on too long."""

from core.tasks import Needs, State
from demo.hub.state import Review
from demo.player import Fault, edit, fixed, run, swap, verdict
from tests.work.working_desk import BOT, WorkingDesk

MEND = swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+")
FAULT = Fault("Say so in the docstring.", file="textkit/slug.py", line=8, severity="medium", type="quality_issue")


def reviews(desk: WorkingDesk, number: int) -> list[Review]:
    """Those of a round; GitHub makes an empty one around each answer in a conversation."""
    return [review for review in desk.pr(number).reviews if review.user.login == BOT and review.body]


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
    (thread,) = pull.threads
    inline, said = thread.comments
    assert thread.resolved
    assert said.body.endswith(f"Fixed in {task.head_sha[:7]}: Fixed.")
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


def other(round_: int) -> Fault:
    """Something new to find in each round."""
    things = ("docstring", "types", "names", "tests", "speed", "errors", "layout")
    return Fault(f"The {things[round_]} could be better.", severity="high")


def always_something(desk: WorkingDesk, *, rounds: int) -> None:
    desk.agent.plays(MEND)
    for n in range(1, rounds + 1):
        desk.agent.plays(
            verdict("corrections_needed", other(n), summary="Never good enough."), role="reviewer", round=n
        )
        desk.agent.plays(edit(f"round-{n}.txt", "x\n"), fixed(f"F{n}"), role="corrector", round=n)


async def test_after_the_last_round_a_person_decides(desk: WorkingDesk) -> None:
    """The cap of `balanced` is five reviews; what the sixth would say is not worth its money."""
    issue = await desk.issue()
    always_something(desk, rounds=6)
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.WAITING_INPUT)
        await desk.rest()
        await desk.shown(issue.number)
        task = await desk.task(issue.number)
        assert (task.needs, task.reason, task.round, task.last_round) == (Needs.ANSWER, "rounds", 5, 5)
        assert [(f.id, f.state) for f in task.findings] == [
            ("F1", "fixed"), ("F2", "fixed"), ("F3", "fixed"), ("F4", "fixed"), ("F5", "open"),
        ]  # fmt: skip
        assert len(reviews(desk, issue.number)) == 5
        assert "last allowed round" in reviews(desk, issue.number)[-1].body
        assert "Findings are still open after 5 rounds" in desk.sticky(issue.number)
        assert "**F5** (high, bug): The errors could be better." in desk.sticky(issue.number)
        assert "/pdev answer waive F5" in desk.sticky(issue.number)
        assert (await desk.check(issue.number, "pdev")).conclusion == "action_required"
        assert desk.pr(issue.number).draft

        await desk.comment(issue.number, "/pdev resume")
        await desk.until_state(issue.number, State.WAITING_INPUT)
        task = await desk.task(issue.number)
        assert (task.reason, task.round) == ("rounds", 6), "a person's word buys one round and no more"

        desk.agent.plays(edit("last.txt", "x\n"), fixed("F6"), role="corrector", round=6)
        desk.agent.plays(verdict("approved"), role="reviewer")
        await desk.comment(issue.number, "/pdev resume")
        await desk.until_state(issue.number, State.READY)
    assert (await desk.task(issue.number)).open_findings == ()


async def until_handed_over(desk: WorkingDesk, number: int, reason: str) -> None:
    await desk.label(number)
    await desk.until_state(number, State.WAITING_INPUT)
    await desk.rest()
    await desk.shown(number)
    assert (await desk.task(number)).reason == reason


async def test_the_same_findings_twice_are_no_progress(desk: WorkingDesk) -> None:
    """Not even under another id and in other words; the person's answer is read by the corrector."""
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    again = Fault("The docstring still does not say so.", file="textkit/slug.py", line=9, type="quality_issue", id="X7")
    desk.agent.plays(verdict("corrections_needed", FAULT, summary="Nearly."), role="reviewer", round=1)
    desk.agent.plays(verdict("corrections_needed", again, summary="Not yet."), role="reviewer")
    desk.agent.plays(edit("notes.txt", "x\n"), fixed("F1", how="Said so."), role="corrector", round=1)
    async with desk.working():
        await until_handed_over(desk, issue.number, "no_progress")
        task = await desk.task(issue.number)
        assert [(f.id, f.state, f.round) for f in task.findings] == [("F1", "reopened", 2)]
        assert [(m.round, m.state) for m in task.findings[0].history] == [(1, "open"), (1, "fixed"), (2, "reopened")]
        assert len(desk.agent.scenes("corrector")) == 1, "a second one would bring nothing new"
        assert "no progress in round 2" in desk.sticky(issue.number)
        assert "**F1** (medium, quality_issue, reopened)" in desk.sticky(issue.number)
        assert (await desk.check(issue.number, "pdev / review")).output.title == "Round 2: asked for changes"

        mend = swap("textkit/slug.py", "Lower-case words", "Lower-case words and numbers")
        desk.agent.plays(mend, fixed("F1", how="In the first line."), role="corrector", round=2)
        desk.agent.plays(verdict("approved"), role="reviewer", round=3)
        await desk.comment(issue.number, "/pdev answer Put it into the first line.")
        await desk.until_state(issue.number, State.READY)


async def test_corrections_that_change_nothing_are_no_progress(desk: WorkingDesk) -> None:
    """The tree is the one that was reviewed, so no reviewer is paid to look at it again."""
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    desk.agent.plays(verdict("corrections_needed", FAULT), role="reviewer", round=1)
    desk.agent.plays(fixed("F1", how="It is done, believe me."), role="corrector", round=1)
    async with desk.working():
        await until_handed_over(desk, issue.number, "no_progress")
        assert len(desk.agent.scenes("reviewer")) == 1
        task = await desk.task(issue.number)
        assert [(s.stage, s.outcome) for s in task.stages] == [
            ("develop", "passed"), ("review", "corrections_needed"), ("correct", "passed"), ("review", "stopped"),
        ]  # fmt: skip
        # The person finds that it is good as it is, so an unchanged tree is no reason to stop this time.
        desk.agent.plays(fixed("F1", how="As you say."), role="corrector", round=2)
        desk.agent.plays(verdict("approved"), role="reviewer", round=3)
        await desk.comment(issue.number, "/pdev answer It is fine as it is.")
        await desk.until_state(issue.number, State.READY)


async def test_what_cannot_be_mended_may_stay_if_the_reviewer_agrees(desk: WorkingDesk) -> None:
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    desk.agent.plays(verdict("corrections_needed", FAULT), role="reviewer", round=1)
    desk.agent.plays(fixed(unfixable={"F1": "Others rely on it."}), role="corrector", round=1)
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    (found,) = (await desk.task(issue.number)).findings
    assert (found.state, found.note, found.waived_by) == ("waived", "Others rely on it.", "")
    (thread,) = desk.pr(issue.number).threads
    assert thread.resolved
    assert thread.comments[-1].body.endswith("Left as it is: Others rely on it.")


async def test_a_person_settles_what_the_agents_cannot(desk: WorkingDesk) -> None:
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    desk.agent.plays(verdict("corrections_needed", FAULT), role="reviewer")
    desk.agent.plays(fixed(unfixable={"F1": "Others rely on it."}), role="corrector")
    async with desk.working():
        await until_handed_over(desk, issue.number, "unfixable")
        assert "The agents disagree about a finding" in desk.sticky(issue.number)
        await desk.comment(issue.number, "/pdev answer waive F7")
        assert "#1 has no open finding of that name" in desk.replies(issue.number)[-1]
        assert (await desk.task(issue.number)).state is State.WAITING_INPUT

        await desk.comment(issue.number, "/pdev answer waive F1", by="developer")
        await desk.until_state(issue.number, State.READY)
    task = await desk.task(issue.number)
    assert [(f.state, f.waived_by) for f in task.findings] == [("waived", "developer")]
    assert len(desk.agent.scenes("reviewer")) == 2, "nobody asks again what a person has decided"
    assert desk.pr(issue.number).threads[0].resolved


async def test_what_the_mode_does_not_require_stops_nothing(desk: WorkingDesk) -> None:
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    odd = Fault("The name is odd.", file="textkit/slug.py", line=8, severity="low", type="style")
    desk.agent.plays(verdict("corrections_needed", odd, summary="A trifle."), role="reviewer")
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    assert desk.agent.scenes("corrector") == []
    (review,) = reviews(desk, issue.number)
    assert "The name is odd." in review.body
    assert "need not be mended in review mode balanced" in review.body


async def test_what_the_issue_asks_for_and_the_change_lacks_is_a_finding(desk: WorkingDesk) -> None:
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    lacks = {"numbers are kept": "met", "umlauts are written out": "missing"}
    desk.agent.plays(verdict("approved", summary="Fine.", requirements=lacks), role="reviewer", round=1)
    desk.agent.plays(edit("umlauts.txt", "x\n"), fixed("F1"), role="corrector")
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    (found,) = (await desk.task(issue.number)).findings
    assert (found.type, found.severity, found.state) == ("missing_requirement", "high", "fixed")
    assert "umlauts are written out" in found.text


async def test_an_agent_that_reviews_changes_nothing(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(MEND)
    desk.agent.plays(run("touch", "reviewer.txt", expect=None), role="reviewer")
    desk.agent.plays(run("touch", "finalizer.txt", expect=None), role="finalizer")
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    assert sorted(await desk.changed(issue.number)) == ["textkit/slug.py"]


async def test_a_reviewer_s_tree_is_read_only_and_its_home_its_own(desk: WorkingDesk, walls: None) -> None:
    """Settings that a developer leaves in its HOME would move whoever judges it; tests still run in a frozen tree."""
    issue = await desk.issue()
    desk.agent.plays(MEND, run("sh", "-c", "echo approve > ~/.settings; touch $TMPDIR/mine"))
    writes = [run("sh", "-c", f"echo x >> {path}", expect=None) for path in ("textkit/slug.py", "new.txt", ".git")]
    alone = run("sh", "-c", "test ! -e ~/.settings && test ! -e $TMPDIR/mine && echo mine > ~/.reviewed")
    tests = run("sh", "-c", "cp -r . $TMPDIR/copy && echo x > $TMPDIR/copy/new.txt && python3 -m unittest", expect=None)
    once = verdict("corrections_needed", FAULT)
    desk.agent.plays(*writes, alone, tests, once, role="reviewer", round=1)
    desk.agent.plays(edit("more.txt", "x\n"), run("test", "!", "-e", "/home/agent/.reviewed"), role="corrector")
    desk.agent.plays(run("grep", "mine", "/home/agent/.reviewed"), role="reviewer", round=2)
    desk.agent.plays(run("touch", "new.txt", expect=None), role="finalizer")
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    first, _ = desk.agent.scenes("reviewer")
    assert [reply.code for reply in first.replies[:3]] == [2, 2, 2], "read-only"
    assert "Read-only file system" in first.replies[0].output
    assert "Ran " in first.replies[4].output
    (scene,) = desk.agent.scenes("finalizer")
    assert scene.replies[0].code == 1
    homes = desk.data / "homes" / (await desk.task(issue.number)).id
    assert sorted(home.name for home in homes.iterdir()) == ["corrector", "developer", "finalizer", "reviewer"]
    assert all(home.stat().st_mode & 0o077 == 0 for home in (homes, *homes.iterdir()))


async def test_nothing_that_a_reviewer_leaves_reaches_the_next_agent(desk: WorkingDesk) -> None:
    """Not even in files that git ignores, where the corrector's tests would pick up what is planted there."""
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND, edit(".gitignore", "*.pyc\n"))
    planted = run("touch", "textkit/slug.pyc", "textkit/more.py", expect=None)
    desk.agent.plays(planted, verdict("corrections_needed", FAULT), role="reviewer", round=1)
    gone = (run("test", "!", "-e", "textkit/slug.pyc"), run("test", "!", "-e", "textkit/more.py"))
    desk.agent.plays(*gone, edit("more.txt", "more\n"), role="corrector")
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    assert [reply.ok for scene in desk.agent.scenes("corrector") for reply in scene.replies] == [True] * 4
