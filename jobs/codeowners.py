"""Who owns a changed file, by the repository's CODEOWNERS. Pure.

GitHub asks code owners by itself only where an organisation's plan and settings say so; here it is the repository's own
wish. The rules are GitHub's: patterns as in .gitignore without `!` and `[…]`, the last line that matches wins, and a
line without owners means nobody.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from jobs.patterns import matches

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks; the first one that is there counts."""
MAX_LINES = 20_000


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: a pattern and its owners (`@login`, `@org/team`, or an address)."""

    pattern: str
    owners: tuple[str, ...]


def rules(text: str) -> tuple[Rule, ...]:
    """The lines that say something; GitHub skips those with syntax that it does not know, and so do we."""
    found = []
    for line in text.splitlines()[:MAX_LINES]:
        words = _words(line)
        if words and not words[0].startswith("!") and "[" not in words[0]:
            found.append(Rule(words[0], tuple(word for word in words[1:] if "@" in word)))
    return tuple(found)


def owners(text: str, paths: Iterable[str]) -> tuple[str, ...]:
    """The owners of these files, each once, in the order in which they are met."""
    lines = rules(text)[::-1]
    found: dict[str, None] = {}
    for path in paths:
        rule = next((rule for rule in lines if matches(rule.pattern, path)), None)
        found |= dict.fromkeys(rule.owners if rule else ())
    return tuple(found)


def _words(line: str) -> list[str]:
    """The line's words up to a comment; a space after a backslash belongs to the word."""
    spoken = re.split(r"(?:^|(?<=\s))#", line, maxsplit=1)[0]
    return [word.replace("\\ ", " ") for word in re.findall(r"(?:\\ |\S)+", spoken)]
