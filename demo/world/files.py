"""The sample repository: a small text toolkit whose tests say what is wrong with it.

Each fault has a test module of its own, so that a pull request can be judged by the module its issue names while the
other faults are still there. Only the standard library is needed, so the tests run in a sandbox without a network.
"""

from textwrap import dedent


def text(indented: str) -> str:
    """A file as it stands in this source, without its indentation."""
    return dedent(indented).lstrip("\n")


FILES: dict[str, str] = {
    ".gitignore": "__pycache__/\n",
    "README.md": text(
        """
        # widgets

        A small text toolkit. Run its tests with `python -m unittest`.
        """
    ),
    "textkit/__init__.py": '"""Small helpers for text and numbers."""\n',
    "textkit/slug.py": text(
        '''
        """Turn titles into names for URLs."""

        import re


        def slugify(title: str) -> str:
            """Lower-case words joined by hyphens."""
            return "-".join(re.findall(r"[a-z]+", title.lower()))
        '''
    ),
    "textkit/wrap.py": text(
        '''
        """Break text into lines."""


        def wrap(text: str, width: int) -> list[str]:
            """Lines of at most `width` characters; words are never cut."""
            lines: list[str] = []
            line = ""
            for word in text.split():
                if line and len(line) + 1 + len(word) > width:
                    lines.append(line)
                    line = word
                else:
                    line = f"{line} {word}".strip()
            return lines
        '''
    ),
    "textkit/stats.py": text(
        '''
        """Figures about numbers."""


        def median(values: list[float]) -> float:
            """The middle value."""
            ordered = sorted(values)
            return ordered[len(ordered) // 2]
        '''
    ),
    "textkit/duration.py": text(
        '''
        """Read durations such as `1h30m`."""

        import re

        _UNITS = {"h": 3600, "m": 60, "s": 1}


        def parse_duration(text: str) -> int:
            """Seconds."""
            return sum(int(n) * _UNITS[u] for n, u in re.findall(r"(\\d+)([hms])", text))
        '''
    ),
    "textkit/roman.py": text(
        '''
        """Roman numerals."""

        _VALUES = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}


        def from_roman(numeral: str) -> int:
            """The number that a Roman numeral stands for."""
            return sum(_VALUES[letter] for letter in numeral)
        '''
    ),
    "tests/__init__.py": "",
    "tests/test_slug.py": text(
        """
        import unittest

        from textkit.slug import slugify


        class Slug(unittest.TestCase):
            def test_words(self):
                self.assertEqual(slugify("Hello, World!"), "hello-world")

            def test_keeps_digits(self):
                self.assertEqual(slugify("Top 10 of 2026"), "top-10-of-2026")
        """
    ),
    "tests/test_wrap.py": text(
        """
        import unittest

        from textkit.wrap import wrap


        class Wrap(unittest.TestCase):
            def test_keeps_the_last_line(self):
                self.assertEqual(wrap("one two three", 7), ["one two", "three"])

            def test_empty(self):
                self.assertEqual(wrap("", 7), [])
        """
    ),
    "tests/test_stats.py": text(
        """
        import unittest

        from textkit.stats import median


        class Median(unittest.TestCase):
            def test_odd(self):
                self.assertEqual(median([3, 1, 2]), 2)

            def test_even(self):
                self.assertEqual(median([4, 1, 3, 2]), 2.5)

            def test_empty(self):
                with self.assertRaises(ValueError):
                    median([])
        """
    ),
    "tests/test_duration.py": text(
        """
        import unittest

        from textkit.duration import parse_duration


        class Duration(unittest.TestCase):
            def test_reads(self):
                self.assertEqual(parse_duration("1h30m"), 5400)

            def test_refuses_nonsense(self):
                for text in ("", "soon", "1h soon", "-5m"):
                    with self.assertRaises(ValueError):
                        parse_duration(text)
        """
    ),
    "tests/test_roman.py": text(
        """
        import unittest

        from textkit.roman import from_roman


        class Roman(unittest.TestCase):
            def test_adds(self):
                self.assertEqual(from_roman("XVI"), 16)

            def test_subtracts(self):
                self.assertEqual(from_roman("MCMXCIV"), 1994)
        """
    ),
}
