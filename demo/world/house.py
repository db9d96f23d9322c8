"""What the sample repository says about itself: how it is checked, what agents should know, who owns it.

Its configuration names the tests that pass today, because the others belong to open issues: so pdev itself sees when a
change breaks what worked.
"""

from demo.world.files import FILES, text

HOUSE: dict[str, str] = FILES | {
    ".github/pdev.yml": text(
        """
        # What must still pass after every change. The other test modules belong to open issues.
        verify:
          - python3 -m compileall -q textkit
          - python3 -m unittest -q tests.test_plural
        setup: auto
        review:
          mode: balanced
        pull_request:
          labels: [made with pdev]
          reviewers: codeowners
        """
    ),
    ".github/CODEOWNERS": "* @maintainer\n",
    "AGENTS.md": text(
        """
        # For agents

        - Only the standard library; no new dependency.
        - Every function says in its docstring what it raises.
        - Run the tests of what you touch: `python3 -m unittest tests.test_…`.
        """
    ),
    "textkit/plural.py": text(
        '''
        """Plurals of English words."""


        def plural(word: str) -> str:
            """The word for more than one."""
            return f"{word}s"
        '''
    ),
    "tests/test_plural.py": text(
        """
        import unittest

        from textkit.plural import plural


        class Plural(unittest.TestCase):
            def test_most_words(self):
                self.assertEqual(plural("cat"), "cats")

            def test_a_vowel_before_y(self):
                self.assertEqual(plural("day"), "days")
        """
    ),
}
"""Path to content of the repository's first commit."""
