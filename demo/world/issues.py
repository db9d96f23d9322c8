"""The six issues of the sample repository: what people ask for, what the agents do about it, how it shall end.

The agents' ideas are scripted, everything else is real: the edits land in a real worktree, and the tests that an agent
runs are the repository's own, in the sandbox. A script whose tests do not pass fails the run.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from demo.player import (
    Cue,
    Fault,
    Scene,
    barrier,
    crash,
    done,
    edit,
    final,
    fixed,
    plan,
    progress,
    run,
    say,
    spend,
    swap,
    verdict,
    wait,
)  # fmt: skip

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
    first_fault: Fault | None = None
    correct: Callable[[Scene], Iterator[Cue]] | None = None
    together: bool = False
    """Its developer waits until three developers are at work at the same time."""


def _tested(issue: "WorldIssue") -> Iterator[Cue]:
    is_ours = issue.number in BY_NUMBER
    yield run(PYTHON, "-m", "unittest", "-q", issue.tests, expect=0 if is_ours else None)


def _slug(_: Scene) -> Iterator[Cue]:
    yield swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+")
    yield swap("textkit/slug.py", "Lower-case words", "Lower-case words and numbers")


def _wrap(_: Scene) -> Iterator[Cue]:
    yield swap("textkit/wrap.py", "    return lines\n", "    return [*lines, line] if line else lines\n")


def _median(_: Scene) -> Iterator[Cue]:
    yield edit(
        "textkit/stats.py",
        '"""Figures about numbers."""\n\n\n'
        "def median(values: list[float]) -> float:\n"
        '    """The middle value, or the mean of the two in the middle. Raises ValueError for no values."""\n'
        "    if not values:\n"
        '        raise ValueError("median of no values")\n'
        "    ordered = sorted(values)\n"
        "    middle = len(ordered) // 2\n"
        "    if len(ordered) % 2:\n"
        "        return ordered[middle]\n"
        "    return (ordered[middle - 1] + ordered[middle]) / 2\n",
    )


def _unique_slug(_: Scene) -> Iterator[Cue]:
    yield edit(
        "textkit/unique.py",
        '"""Slugs that nobody else has."""\n\n'
        "from textkit.slug import slugify\n\n\n"
        "def unique_slug(title: str, taken: set[str]) -> str:\n"
        '    """The title\'s slug, with a number behind it when it is taken."""\n'
        "    slug, number = slugify(title), 2\n"
        "    while slug in taken:\n"
        '        slug, number = f"{slugify(title)}-{number}", number + 1\n'
        "    return slug\n",
    )
    yield edit(
        "tests/test_unique.py",
        "import unittest\n\n"
        "from textkit.unique import unique_slug\n\n\n"
        "class Unique(unittest.TestCase):\n"
        "    def test_counts_up(self):\n"
        '        self.assertEqual(unique_slug("Top 10", {"top-10", "top-10-2"}), "top-10-3")\n\n'
        "    def test_leaves_a_free_one_alone(self):\n"
        '        self.assertEqual(unique_slug("Top 10", set()), "top-10")\n',
    )


def _duration(scene: Scene) -> Iterator[Cue]:
    yield swap(
        "textkit/duration.py",
        '    """Seconds."""\n',
        '    """Seconds. Raises ValueError for anything else."""\n'
        '    if not re.fullmatch(r"(\\d+[hms])+", text):\n'
        "        raise ValueError(text)\n",
    )


def _duration_corrected(_: Scene) -> Iterator[Cue]:
    yield swap(
        "textkit/duration.py", "raise ValueError(text)", 'raise ValueError(f"not a duration such as 1h30m: {text!r}")'
    )


def _roman(scene: Scene) -> Iterator[Cue]:
    if scene.attempt == 1:
        yield say("Looking at how subtraction works in numerals …")
        yield crash()
    yield swap(
        "textkit/roman.py",
        "    return sum(_VALUES[letter] for letter in numeral)\n",
        "    values = [_VALUES[letter] for letter in numeral]\n"
        "    following = [*values[1:], 0]\n"
        "    return sum(-value if value < after else value for value, after in zip(values, following))\n",
    )


ISSUES: tuple[WorldIssue, ...] = (
    WorldIssue(
        1, "slugify drops numbers",
        "`slugify('Top 10 of 2026')` gives `top-of`. Numbers belong into the slug.\n\nSee `tests/test_slug.py`.",
        "tests.test_slug", _slug, ends="merged", together=True,
    ),
    WorldIssue(
        2, "wrap loses the last line",
        "`wrap('one two three', 7)` gives only `['one two']`.\n\nSee `tests/test_wrap.py`.",
        "tests.test_wrap", _wrap, together=True,
    ),
    WorldIssue(
        3, "median of an even number of values is wrong",
        "It should be the mean of the two in the middle, and of no values a `ValueError`.",
        "tests.test_stats", _median, labels=("priority: high",), together=True,
    ),
    WorldIssue(
        4, "Slugs that are unique",
        "`unique_slug(title, taken)` should count up until the slug is free. Needs #1, because of the numbers.",
        "tests.test_unique", _unique_slug, blocked_by=(1,),
    ),
    WorldIssue(
        5, "parse_duration accepts nonsense",
        "`parse_duration('soon')` is 0. It should raise `ValueError`.",
        "tests.test_duration", _duration, rounds=2, findings=1, correct=_duration_corrected,
        first_fault=Fault(
            "The error says nothing about what a duration looks like.", file="textkit/duration.py", line=11,
            severity="medium", type="quality_issue",
        ),
    ),
    WorldIssue(
        6, "Roman numerals do not subtract",
        "`from_roman('MCMXCIV')` should be 1994.",
        "tests.test_roman", _roman, develop_attempts=2,
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
    yield from issue.develop(scene)
    yield progress(70, "running the tests")
    yield from _tested(issue)
    yield done(f"{issue.title}: mended, and its tests pass.")


def _review(issue: WorldIssue, scene: Scene) -> Iterator[Cue]:
    yield progress(30, "running the tests")
    yield from _tested(issue)
    if issue.first_fault and scene.round == 1:
        yield verdict("corrections_needed", issue.first_fault, summary="It works; one thing should be clearer.")
    else:
        yield verdict("approved", summary="It does what the issue asks for, and its tests pass.")


def _correct(issue: WorldIssue, scene: Scene) -> Iterator[Cue]:
    yield progress(40, "mending what the review found")
    if issue.correct:
        yield from issue.correct(scene)
    yield from _tested(issue)
    yield fixed("F1", how="The message now shows an example.")


def _finalize(issue: WorldIssue, scene: Scene) -> Iterator[Cue]:
    yield final(
        f"fix(textkit): {issue.title}",
        f"### Summary\n\n{issue.body}\n\n### Changes\n\nThe cause is mended where it was; nothing else changes.",
        tested=f"`python -m unittest {issue.tests}`",
    )
