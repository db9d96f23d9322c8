"""What developers and correctors of the sample repository do to its files, issue by issue."""

from collections.abc import Iterator

from demo.player import Cue, Scene, crash, edit, say, swap

SAYS_WHY = 'raise ValueError(f"not a duration such as 1h30m: {text!r}")'
_LOOKS_AT_IT = 'assertRaisesRegex(ValueError, "not a duration"):\n            parse'


def slug(_: Scene) -> Iterator[Cue]:
    yield swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+")
    yield swap("textkit/slug.py", "Lower-case words", "Lower-case words and numbers")


def wrap(_: Scene) -> Iterator[Cue]:
    yield swap("textkit/wrap.py", "    return lines\n", "    return [*lines, line] if line else lines\n")


def median(_: Scene) -> Iterator[Cue]:
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


def unique_slug(_: Scene) -> Iterator[Cue]:
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


def duration(scene: Scene) -> Iterator[Cue]:
    yield swap("README.md", "`python -m unittest`.\n", "`python -m unittest`.\n\n`parse_duration` reads `1h30m`.\n")
    yield swap(
        "tests/test_duration.py",
        "                parse_duration(text)\n",
        "                parse_duration(text)\n\n"
        "    def test_says_what_is_wrong(self):\n"
        "        with self.assertRaises(ValueError):\n"
        '            parse_duration("soon")\n',
    )
    yield swap(
        "textkit/duration.py",
        '    """Seconds."""\n',
        '    """Seconds. Raises ValueError for anything else."""\n'
        '    if not re.fullmatch(r"(\\d+[hms])+", text):\n'
        "        raise ValueError(text)\n",
    )


def duration_corrected(_: Scene) -> Iterator[Cue]:
    yield swap("textkit/duration.py", "raise ValueError(text)", SAYS_WHY)
    yield swap("tests/test_duration.py", "assertRaises(ValueError):\n            parse", _LOOKS_AT_IT)
    yield swap("README.md", "reads `1h30m`.", "reads `1h30m` as seconds, and raises `ValueError` for anything else.")


def plural(_: Scene) -> Iterator[Cue]:
    yield swap(
        "textkit/plural.py",
        '    return f"{word}s"\n',
        '    if word.endswith("y"):\n        return f"{word[:-1]}ies"\n    return f"{word}s"\n',
    )
    yield swap(
        "tests/test_plural.py",
        '"days")\n',
        '"days")\n\n    def test_a_consonant_before_y(self):\n        self.assertEqual(plural("city"), "cities")\n',
    )


def plural_corrected(_: Scene) -> Iterator[Cue]:
    yield swap("textkit/plural.py", 'if word.endswith("y"):', 'if word.endswith("y") and word[-2:-1] not in "aeiou":')


def half_a_clock(_: Scene) -> Iterator[Cue]:
    yield edit(
        "tests/test_clock.py",
        "import unittest\n\n"
        "from textkit.clock import clock\n\n\n"
        "class Clock(unittest.TestCase):\n"
        "    def test_minutes(self):\n"
        '        self.assertEqual(clock(90), "1:30")\n',
    )


def clock(_: Scene) -> Iterator[Cue]:
    yield edit(
        "textkit/clock.py",
        '"""Seconds as a clock shows them."""\n\n\n'
        "def clock(seconds: int) -> str:\n"
        '    """`h:mm:ss`. Raises ValueError for less than nothing."""\n'
        "    if seconds < 0:\n"
        "        raise ValueError(seconds)\n"
        '    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"\n',
    )
    yield swap("tests/test_clock.py", '"1:30"', '"0:01:30"')


def roman(scene: Scene) -> Iterator[Cue]:
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
