"""What people see on the pull request: findings at their lines, conversations that end, and who is asked to look."""

import json
from collections.abc import Callable, Mapping

import pytest

from core.tasks import State
from demo.hub.observers import Exchange
from demo.hub.state import Pull, Review, ReviewThread
from demo.player import Cue, Fault, Step, done, edit, final, fixed, hold, swap, verdict
from tests.work.test_review_loop import FAULT, reviews
from tests.work.working_desk import BOT, WorkingDesk

MEND = swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+")
LONG = "".join(f"line {n}\n" for n in range(1, 41))


async def configure(desk: WorkingDesk, text: str, **files: str) -> None:
    """Put `.github/pdev.yml`, and other files of `.github`, on the default branch."""
    more: Mapping[str, str | bytes | None] = {f".github/{name}": body for name, body in files.items()}
    await desk.by("owner").push("main", {".github/pdev.yml": text, **more})
    await desk.settle()


def threads(desk: WorkingDesk, number: int) -> list[ReviewThread]:
    return desk.pr(number).threads


def first_review(desk: WorkingDesk, number: int) -> Review:
    return reviews(desk, number)[0]


async def test_lines_in_the_diff_are_commented_and_the_others_are_told(desk: WorkingDesk) -> None:
    """One line that the page does not show costs the others nothing."""
    issue = await desk.issue()
    desk.agent.plays(MEND, edit("new/ä file.txt", LONG))
    faults = (
        FAULT, Fault("Look here too.", file="README.md", line=400), Fault("Nowhere at all."),
        Fault("In a new file.", file="new/ä file.txt", line=40),
        Fault("Behind its end.", file="new/ä file.txt", line=41),
    )  # fmt: skip
    desk.agent.plays(verdict("corrections_needed", *faults), role="reviewer", round=1)
    desk.agent.plays(edit("more.txt", "x\n"), fixed("F1", "F2", "F3", "F4", "F5"), role="corrector")
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    assert {(t.comments[0].path, t.comments[0].line) for t in threads(desk, issue.number)} == {
        ("textkit/slug.py", 8), ("new/ä file.txt", 40),
    }  # fmt: skip
    body = first_review(desk, issue.number).body
    assert all(words in body for words in ("Look here too.", "Nowhere at all.", "Behind its end."))
    assert "In a new file." not in body
    refused = [seen for seen in desk.exchanges if seen.status == 422 and seen.path.endswith("/reviews")]
    assert refused == [], "nothing was sent that GitHub refuses"


async def test_where_github_refuses_a_line_all_the_same_the_review_is_sent_once_more(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(MEND)
    desk.agent.plays(verdict("corrections_needed", FAULT), role="reviewer", round=1)
    desk.hub.fail("POST", "/reviews", status=422, times=1)
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    assert threads(desk, issue.number) == []
    assert "Say so in the docstring." in first_review(desk, issue.number).body


async def test_code_for_exactly_these_lines_is_a_suggestion(desk: WorkingDesk) -> None:
    issue = await desk.issue()
    desk.agent.plays(edit("new.txt", LONG), MEND)
    code = 'two = "```"\nthree = 3\n'
    faults = (
        Fault("Write these anew.", file="new.txt", line=2, end_line=3, replacement=code),
        Fault("Drop this.", file="new.txt", line=9, replacement=""),
        Fault("Beyond the file.", file="new.txt", line=39, end_line=70, replacement="x"),
    )
    desk.agent.plays(verdict("corrections_needed", *faults), role="reviewer", round=1)
    desk.agent.plays(edit("new.txt", LONG + "more\n"), fixed("F1", "F2", "F3"), role="corrector")
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    two, drop, beyond = (thread.comments[0] for thread in threads(desk, issue.number))
    assert (two.start_line, two.line) == (2, 3)
    assert two.body.endswith(f"Write these anew.\n\n````suggestion\n{code}````")
    assert (drop.start_line, drop.line) == (None, 9)
    assert drop.body.endswith("```suggestion\n```")
    assert (beyond.start_line, beyond.line) == (None, 39)
    assert "suggestion" not in beyond.body


async def test_a_reopened_finding_goes_on_in_its_conversation(desk: WorkingDesk) -> None:
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    other = Fault("And test it.", file="textkit/slug.py", line=6, severity="high")
    desk.agent.plays(verdict("corrections_needed", FAULT), role="reviewer", round=1)
    says = swap("textkit/slug.py", "Lower-case words", "Lower-case words, digits")
    desk.agent.plays(says, fixed("F1", how="Said it."), role="corrector", round=1)
    desk.agent.plays(verdict("corrections_needed", other), role="reviewer", round=2)
    desk.agent.plays(edit("test.txt", "x\n"), fixed("F2", how="Tested."), role="corrector", round=2)
    again = Fault("It is wrong once more.", id="F1", file="textkit/slug.py", line=8)
    desk.agent.plays(verdict("corrections_needed", again), role="reviewer", round=3)
    desk.agent.plays(edit("third.txt", "x\n"), hold("third"), fixed("F1", how="Now."), role="corrector", round=3)
    async with desk.working():
        await desk.label(issue.number)
        await desk.agent.reached("third")
        first, second = threads(desk, issue.number)
        assert (first.resolved, second.resolved) == (False, True)
        said = [comment.body.split("\n", 1)[1] for comment in first.comments[1:]]
        assert said[0].startswith("Fixed in ")
        assert said[0].endswith(": Said it.")
        assert said[1:] == ["Reopened in round 3: It is wrong once more."]
        await desk.agent.release("third")
        await desk.until_state(issue.number, State.READY)
    assert [thread.resolved for thread in threads(desk, issue.number)] == [True, True]
    assert len(first.comments) == 4


async def test_a_person_who_copies_a_marker_leads_nobody_astray(desk: WorkingDesk) -> None:
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    desk.agent.plays(verdict("corrections_needed", FAULT), role="reviewer", round=1)
    desk.agent.plays(edit("more.txt", "x\n"), hold("gate"), fixed("F1"), role="corrector")
    async with desk.working():
        await desk.label(issue.number)
        await desk.agent.reached("gate")
        pull = desk.pr(issue.number)
        marker = pull.threads[0].comments[0].body.split("\n", 1)[0]
        place = {"path": "textkit/slug.py", "line": 8, "side": "RIGHT", "commit_id": pull.head_sha}
        await desk.by("developer").call("POST", f"/pulls/{pull.number}/comments", {"body": f"{marker}\nMine.", **place})
        await desk.agent.release("gate")
        await desk.until_state(issue.number, State.READY)
    ours, theirs = threads(desk, issue.number)
    assert (ours.resolved, len(ours.comments)) == (True, 2)
    assert (theirs.resolved, len(theirs.comments)) == (False, 1)


DEATHS = [("POST", "/reviews"), ("POST", "/labels"), ("POST", "/requested_reviewers"), ("PATCH", "/pulls/")]


@pytest.mark.parametrize(("method", "path"), DEATHS)
async def test_answers_that_get_lost_repeat_nothing(desk: WorkingDesk, method: str, path: str) -> None:
    """GitHub does it and the connection breaks: the next try finds it done, and no agent is paid twice."""
    await _with_losses(desk, lambda: desk.hub.fail(method, path, after_effect=True, status=502))


@pytest.mark.parametrize("document", ["addPullRequestReviewThreadReply", "resolveReviewThread"])
async def test_conversations_whose_answers_get_lost_say_nothing_twice(desk: WorkingDesk, document: str) -> None:
    """The next call after the threads were read answers in one, the one after that resolves it."""
    lost: list[bytes] = []
    wanted = b"reviewThreads(" if document.startswith("add") else b"addPullRequestReviewThreadReply("

    def lose(seen: object) -> None:
        if isinstance(seen, Exchange) and wanted in seen.request_body and not lost:
            if document.startswith("add") and not desk.agent.scenes("corrector"):
                return
            lost.append(wanted)
            desk.hub.fail("POST", "/graphql", after_effect=True, status=502)

    desk.hub.observers.append(lose)
    await _with_losses(desk, lambda: None)
    assert lost


async def _with_losses(desk: WorkingDesk, lose: Callable[[], None]) -> None:
    await configure(desk, "pull_request:\n  labels: [docs]\n  reviewers: [maintainer]\n")
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    desk.agent.plays(verdict("corrections_needed", FAULT), role="reviewer", round=1)
    async with desk.working():
        await desk.label(issue.number)
        lose()
        await desk.until_state(issue.number, State.READY)
    pull = desk.pr(issue.number)
    assert len(reviews(desk, issue.number)) == 2
    assert [scene.round for scene in desk.agent.scenes("reviewer")] == [1, 2], "no verdict is asked for twice"
    assert len(desk.agent.scenes("finalizer")) == 1, "nor the pull request's text"
    assert [one.login for one in pull.requested_reviewers] == ["maintainer"]
    assert [label.name for label in pull.issue.labels] == ["docs"]
    (thread,) = pull.threads
    assert (thread.resolved, len(thread.comments)) == (True, 2)


async def finished(desk: WorkingDesk, config: str, *cues: Cue, **files: str) -> Pull:
    await configure(desk, config, **files)
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND, *cues)
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    return desk.pr(issue.number)


async def test_labels_and_reviewers_are_as_configured(desk: WorkingDesk) -> None:
    """What GitHub does not let us do is told, and holds nothing back."""
    config = "pull_request:\n  labels: [by agents, docs]\n  reviewers: ['@maintainer', nobody-here, team/docs]\n"
    pull = await finished(desk, config)
    assert {label.name for label in pull.issue.labels} == {"by agents", "docs"}
    assert [one.login for one in pull.requested_reviewers] == ["maintainer"]
    body = pull.issue.body or ""
    assert "`nobody-here` could not be asked for a review: " in body
    assert "`team/docs` could not be asked for a review: " in body
    assert "`maintainer` could not" not in body


OWNERS = """
# Everything, unless something below says otherwise
*                 @owner @acme/all
*.py              @maintainer docs@example.org   # the last line that matches wins
/tests/           @developer
/textkit/free.py
"""


async def test_code_owners_are_those_of_the_default_branch(desk: WorkingDesk) -> None:
    pull = await finished(desk, "pull_request: {reviewers: codeowners}\n", CODEOWNERS=OWNERS)
    assert [one.login for one in pull.requested_reviewers] == ["maintainer"]


async def test_what_a_person_merged_from_the_base_branch_is_not_the_change(desk: WorkingDesk) -> None:
    """No reviewer reads it, and its owners are not asked."""
    await configure(desk, "pull_request: {reviewers: codeowners}\n", CODEOWNERS="*.py @maintainer\n*.txt @developer\n")
    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(MEND)
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
        await desk.rest()
        pull = desk.pr(issue.number)
        pull.requested_reviewers.clear()
        await desk.by("maintainer").push("main", {"theirs.txt": "somebody else's\n"})
        await desk.by("maintainer").call("PUT", f"/pulls/{pull.number}/update-branch", {})
        await desk.settle()
        await desk.comment(issue.number, "/pdev resume")
        await desk.until(lambda: _has_run(desk, "finalizer", 2))
        await desk.until_state(issue.number, State.READY)
    prompts = [scene.prompt for role in ("reviewer", "finalizer") for scene in desk.agent.scenes(role)]
    assert len(prompts) == 4
    assert all("+" in one and "a-z0-9" in one and "theirs.txt" not in one for one in prompts)
    assert [one.login for one in pull.requested_reviewers] == ["maintainer"]


async def _has_run(desk: WorkingDesk, role: str, times: int) -> bool:
    return len(desk.agent.scenes(role)) == times


async def test_a_task_that_only_took_over_the_base_branch_changes_nothing(desk: WorkingDesk) -> None:
    """Its own start commit is no change, and neither is what a person merged into the branch."""
    issue = await desk.issue()
    desk.agent.plays(hold("looking"), done("It is mended already."))
    async with desk.working():
        await desk.label(issue.number)
        await desk.agent.reached("looking")
        pull = desk.pr(issue.number)
        await desk.comment(issue.number, "/pdev pause")
        await desk.until_state(issue.number, State.PAUSED)
        await desk.by("maintainer").push("main", {"theirs.txt": "somebody else's\n"})
        await desk.by("maintainer").call("PUT", f"/pulls/{pull.number}/update-branch", {})
        await desk.settle()
        desk.agent.plays(done("It is mended already."))
        await desk.comment(issue.number, "/pdev resume")
        task = await desk.until_state(issue.number, State.FAILED)
    assert (task.reason, task.head_sha) == ("no_change", "")


async def test_without_code_owners_nobody_is_asked(desk: WorkingDesk) -> None:
    pull = await finished(desk, "pull_request: {reviewers: codeowners}\n")
    assert pull.requested_reviewers == []


async def test_the_finalizers_words_stand_in_the_frame(desk: WorkingDesk) -> None:
    words: Step = final(
        "fix(slug): keep digits", "Digits stay.", "`make test`", changelog="Fixed: digits stay in slugs.",
        checklist={"Documented": True, "Benchmarked": False},
    )  # fmt: skip
    desk.agent.plays(words, role="finalizer")
    pull = await finished(desk, "review: {mode: balanced}\n")
    body = pull.issue.body or ""
    assert pull.issue.title == "fix(slug): keep digits"
    assert body.startswith(f"Closes #{pull.number - 1}\n")
    for part in (
        "Digits stay.",
        "- [x] Documented\n- [ ] Benchmarked",
        "### Changelog\n\nFixed: digits stay in slugs.",
    ):
        assert part in body


HUGE = [Fault(f"{n} " + "word " * 800, file="new.txt", line=n + 1, severity="high") for n in range(400)]


@pytest.mark.parametrize("ci", ["every_push", "ready"])
async def test_four_hundred_findings_of_four_kilobytes(desk: WorkingDesk, ci: str) -> None:
    """They fit GitHub's limits and ours everywhere; the judge of every exchange holds GitHub's."""
    await configure(desk, f"ci: {ci}\n")
    issue = await desk.issue("slugify drops numbers")
    await desk.label(issue.number)
    desk.agent.plays(MEND, edit("new.txt", "".join(f"line {n}\n" for n in range(500))))
    desk.agent.plays(verdict("corrections_needed", *HUGE, summary="Much. " * 3_000), role="reviewer", round=1)
    ids = [f"F{n}" for n in range(1, 401)]
    desk.agent.plays(edit("more.txt", "x\n"), hold("correcting"), fixed(*ids, how="so " * 300), role="corrector")
    async with desk.working():
        await desk.agent.reached("correcting")
        await desk.shown(issue.number)
        task = await desk.task(issue.number)
        assert len(task.open_findings) == 400
        (correcting,) = desk.agent.scenes("corrector")
        assert [one for one in ids if f"\n{one}: open, high" not in correcting.prompt] == []
        kept = await desk.redis.hgetall(f"pdev:task:{task.id}")  # type: ignore[misc]
        assert 0 < sum(map(len, kept.values())) < 700_000
        assert len(desk.sticky(issue.number)) <= 65_535
        run = await desk.check(issue.number, "pdev / review")
        assert 0 < len(run.output.annotations) <= 50
        await desk.agent.release("correcting")
        await desk.until_state(issue.number, State.READY)
        await desk.rest()
        await desk.shown(issue.number)
    pull = desk.pr(issue.number)
    assert len(pull.threads) == (50 if ci == "every_push" else 0)
    assert sum(thread.resolved for thread in pull.threads) >= (30 if ci == "every_push" else 0)
    told = [*(review.body for review in pull.reviews), *(comment.body for comment in pull.review_comments)]
    told += [pull.issue.body or "", desk.sticky(issue.number)]
    assert max(map(len, told)) <= 65_535
    for seen in desk.exchanges:
        body = json.loads(seen.request_body) if seen.request_body.startswith(b"{") else {}
        if "query" not in body:
            assert len(body.get("comments", ())) <= 50
            assert len((body.get("output") or {}).get("annotations", ())) <= 50
            assert len(body.get("actions", ())) <= 3
    assert {comment.user.login for comment in pull.review_comments} <= {BOT}
