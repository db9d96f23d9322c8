"""CODEOWNERS as GitHub reads it. The patterns and what they mean are from GitHub's documentation of the file."""

import pytest

from jobs.codeowners import MAX_LINES, owners, rules
from jobs.patterns import matches


@pytest.mark.parametrize(
    ("pattern", "path", "means"),
    [
        ("*", "a.py", True),
        ("*", "deep/er/a.py", True),
        ("*.js", "a.js", True),
        ("*.js", "deep/er/a.js", True),
        ("*.js", "a.json", False),
        ("/build/logs/", "build/logs/x/y.txt", True),
        ("/build/logs/", "deep/build/logs/y.txt", False),
        ("/build/logs/", "build/logs", False),
        ("docs/*", "docs/getting-started.md", True),
        ("docs/*", "docs/build-app/troubleshooting.md", False),
        ("apps/", "apps/a.py", True),
        ("apps/", "deep/apps/er/a.py", True),
        ("/docs/", "docs/a.md", True),
        ("/docs/", "deep/docs/a.md", False),
        ("/scripts/", "scripts/a/b.sh", True),
        ("**/logs", "build/logs/y.txt", True),
        ("**/logs", "logs/y.txt", True),
        ("**/logs", "deeply/nested/logs", True),
        ("/apps/github", "apps/github/a.py", True),
        ("/apps/github", "apps/github-more/a.py", False),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**", "a/x/y", True),
        ("a/**", "a", False),
        ("a?c.txt", "abc.txt", True),
        ("a?c.txt", "a/c.txt", False),
        ("with space.txt", "with space.txt", True),
        ("a.c", "abc", False),
        ("/*", "a.py", True),
        ("/*", "deep/a.py", False),
    ],
)
def test_patterns(pattern: str, path: str, means: bool) -> None:
    assert matches(pattern, path) is means


FILE = r"""
# A comment
*        @everyone @acme/all   # and one behind it
*.py     @python docs@example.org
/docs/   @writers
/docs/private/
!important @nobody
[abc].txt  @nobody
with\ space.txt @spacious
"""


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["a.txt"], ("@everyone", "@acme/all")),
        (["a.py"], ("@python", "docs@example.org")),
        (["docs/a.py"], ("@writers",)),
        (["docs/private/a.py"], ()),
        (["with space.txt"], ("@spacious",)),
        (["a.py", "docs/b", "c.py", "d"], ("@python", "docs@example.org", "@writers", "@everyone", "@acme/all")),
        ([], ()),
    ],
)
def test_the_last_line_that_matches_wins(paths: list[str], found: tuple[str, ...]) -> None:
    assert owners(FILE, paths) == found


def test_what_github_does_not_know_is_skipped() -> None:
    assert [rule.pattern for rule in rules(FILE)] == ["*", "*.py", "/docs/", "/docs/private/", "with space.txt"]
    assert rules("#only\n\n   \n") == ()
    assert len(rules("* @a\n" * (MAX_LINES + 5))) == MAX_LINES


@pytest.mark.parametrize(
    "pattern", ["/", "//", "**", "**/**", "/**", "*" * 60, "a*" * 30 + "b", "**/" * 40 + "b", "(", "+", "\\", "a/../b"]
)
def test_an_odd_pattern_breaks_nothing(pattern: str) -> None:
    owners(f"{pattern} @a\n", ["a/b/c.txt", "a" * 200, "x" * 60 + "y"])
