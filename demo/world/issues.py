"""The eight issues of the sample repository: what people ask for, what the agents do about it, how it shall end.

The agents' ideas are scripted, everything else is real: the edits land in a real worktree, and the tests that an agent
runs are the repository's own, in the sandbox. A script whose tests do not pass fails the run.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from demo.player import (
    Cue,
    Fault,
    Scene,
    ask,
    barrier,
    done,
    edit,
    final,
    fixed,
    plan,
    progress,
    run,
    spend,
    verdict,
    wait,
)  # fmt: skip
from demo.world import work

PYTHON = "python3"
THINK_MS = 250
"""How long a scripted agent seems to think, so that a person can follow; tests set it to 0."""


@dataclass(frozen=True, slots=True)
class WorldIssue:
    """One issue and its fate. `tests` is the test module that its pull request must make pass."""

    number: int
    title: str
    body: str
    tests: str
    develop: Callable[[Scene], Iterator[Cue]]
    ends: str = "ready"
    rounds: int = 1
    findings: int = 0
    develop_attempts: int = 1
    labels: tuple[str, ...] = ()
    blocked_by: tuple[int, ...] = ()
    faults: tuple[Fault, ...] = ()
    """What the reviewer finds in the first round."""
    boasts: bool = False
    """Its developer says that the tests pass, and has not run them."""
    question: str = ""
    answer: str = ""
    """What the maintainer answers when the developer has asked; until then it does what it can."""
    half: Callable[[Scene], Iterator[Cue]] | None = None
    correct: Callable[[Scene], Iterator[Cue]] | None = None
    together: bool = False
    """Its developer waits until three developers are at work at the same time."""


def _tested(issue: "WorldIssue") -> Iterator[Cue]:
    is_ours = issue.number in BY_NUMBER
    yield run(PYTHON, "-m", "unittest", "-q", issue.tests, expect=0 if is_ours else None)


ISSUES: tuple[WorldIssue, ...] = (
    WorldIssue(
        1, "slugify drops numbers",
        "`slugify('Top 10 of 2026')` gives `top-of`. Numbers belong into the slug.\n\nSee `tests/test_slug.py`.",
        "tests.test_slug", work.slug, ends="merged", together=True,
    ),
    WorldIssue(
        2, "wrap loses the last line",
        "`wrap('one two three', 7)` gives only `['one two']`.\n\nSee `tests/test_wrap.py`.",
        "tests.test_wrap", work.wrap, together=True,
    ),
    WorldIssue(
        3, "median of an even number of values is wrong",
        "It should be the mean of the two in the middle, and of no values a `ValueError`.",
        "tests.test_stats", work.median, labels=("priority: high",), together=True,
    ),
    WorldIssue(
        4, "Slugs that are unique",
        "`unique_slug(title, taken)` should count up until the slug is free. Needs #1, because of the numbers.",
        "tests.test_unique", work.unique_slug, blocked_by=(1,),
    ),
    WorldIssue(
        5, "parse_duration accepts nonsense",
        "`parse_duration('soon')` is 0. It should raise `ValueError`, and the README should say so.",
        "tests.test_duration", work.duration, rounds=2, findings=3, correct=work.duration_corrected,
        faults=(
            Fault(
                "The error says nothing about what a duration looks like.", file="textkit/duration.py", line=11,
                severity="medium", type="quality_issue", replacement=f"        {work.SAYS_WHY}",
            ),
            Fault(
                "This passes for any `ValueError`, also one from a bug. Look at the message.", severity="high",
                file="tests/test_duration.py", line=16, type="tests",
            ),
            Fault("Say what it gives and what it raises.", file="README.md", line=5, type="documentation"),
        ),
    ),
    WorldIssue(
        6, "Roman numerals do not subtract",
        "`from_roman('MCMXCIV')` should be 1994.",
        "tests.test_roman", work.roman, develop_attempts=2,
    ),
    WorldIssue(
        7, "plural of city is cities",
        "`plural('city')` gives `citys`. A `y` behind a consonant becomes `ies`.",
        "tests.test_plural", work.plural, rounds=2, findings=1, correct=work.plural_corrected, boasts=True,
    ),
    WorldIssue(
        8, "Show seconds as a clock does",
        "`clock(seconds)` should give something like `1:02:03`.",
        "tests.test_clock", work.clock, develop_attempts=2,
        half=work.half_a_clock, question="Should 90 seconds be `1:30`, or `0:01:30` as for longer times?",
        answer="Always with hours: people sort these.",
    ),
)  # fmt: skip
BY_NUMBER = {issue.number: issue for issue in ISSUES}


def script(think_ms: int = THINK_MS) -> Callable[[Scene], Iterator[Cue]]:
    """What every agent of this world does."""

    def play(scene: Scene) -> Iterator[Cue]:
        issue = BY_NUMBER.get(scene.issue) or _visitors(scene)
        yield wait(think_ms)
        yield from {"developer": _develop, "reviewer": _review, "corrector": _correct, "finalizer": _finalize}[
            scene.role
        ](issue, scene)
        yield spend(tokens_in=1800, tokens_out=240, usd=0.01, turns=1)

    return play


def _visitors(scene: Scene) -> WorldIssue:
    """An issue that somebody opened while looking around: scripted agents have no ideas, so they only take a note."""

    def take_a_note(_: Scene) -> Iterator[Cue]:
        yield edit(f"notes/issue-{scene.issue}.md", f"# {scene.title}\n\nA real agent would work on this.\n")

    return WorldIssue(scene.issue, scene.title, "A scripted agent took a note of this.", "tests", take_a_note)


def _develop(issue: WorldIssue, scene: Scene) -> Iterator[Cue]:
    yield plan("find the cause", "change it", "run the tests")
    yield progress(10, "finding the cause")
    if issue.together:
        yield barrier("three at once", 3)
    if issue.half and issue.answer not in scene.prompt:
        yield from issue.half(scene)
        yield ask(issue.question)
        return
    yield from issue.develop(scene)
    yield progress(70, "running the tests")
    if not issue.boasts:
        yield from _tested(issue)
    yield done(f"{issue.title}: mended, and its tests pass.")


def _review(issue: WorldIssue, scene: Scene) -> Iterator[Cue]:
    yield progress(30, "running the tests")
    yield from _tested(issue)
    if issue.faults and scene.round == 1:
        yield verdict("corrections_needed", *issue.faults, summary="It works; some things should be clearer.")
    else:
        yield verdict("approved", summary="It does what the issue asks for, and its tests pass.")


def _correct(issue: WorldIssue, scene: Scene) -> Iterator[Cue]:
    yield progress(40, "mending what the review found")
    if issue.correct:
        yield from issue.correct(scene)
    yield from _tested(issue)
    found = [f"F{number}" for number in range(1, max(1, len(issue.faults)) + 1)]
    yield fixed(*found, how="Done as it says, and the tests of it pass.")


def _finalize(issue: WorldIssue, scene: Scene) -> Iterator[Cue]:
    yield final(
        f"fix(textkit): {issue.title}",
        f"### Summary\n\n{issue.body}\n\n### Changes\n\nThe cause is mended where it was; nothing else changes.",
        tested=f"`python -m unittest {issue.tests}`",
    )
