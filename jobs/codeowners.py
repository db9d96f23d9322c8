"""Who owns a changed file, by the repository's CODEOWNERS. Pure.

GitHub asks code owners by itself only where an organisation's plan and settings say so; here it is the repository's own
wish. The rules are GitHub's: patterns as in .gitignore without `!` and `[…]`, the last line that matches wins, and a
line without owners means nobody.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

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


def matches(pattern: str, path: str) -> bool:
    """Whether a file's path (from the repository's root) is meant by the pattern.

    A pattern with a slash anywhere but at its end begins at the root; what names a folder means all in it. `docs/*`
    means the files in it and none below, which is GitHub's own exception. Takes no longer than the product of the two
    lengths, whatever the pattern holds.
    """
    parts = [part for part in pattern.split("/") if part]
    if not parts:
        return False
    rooted = "/" in pattern.rstrip("/")
    ends = _ends(parts if rooted else ["**", *parts], path.split("/"))
    depth = path.count("/") + 1
    if pattern.endswith("/"):
        return any(end < depth for end in ends)
    only_itself = parts[-1] == "**" or (rooted and parts[-1] == "*")
    return depth in ends if only_itself else bool(ends)


def _ends(parts: list[str], names: list[str]) -> set[int]:
    """How many of the path's names the pattern can stand for, counted from the first."""
    at = {0}
    for n, part in enumerate(parts):
        if not at:
            return at
        if part == "**":
            last = n == len(parts) - 1
            at = set(range(min(at) + last, len(names) + 1))
        else:
            at = {one + 1 for one in at if one < len(names) and _is_like(part, names[one])}
    return at - {0}


def _is_like(part: str, name: str) -> bool:
    """`*` stands for any characters, `?` for one. Only the last `*` is ever tried again, so no pattern takes long."""
    at = read = 0
    star, resume = -1, 0
    while read < len(name):
        if at < len(part) and part[at] == "*":
            star, resume = at, read
            at += 1
        elif at < len(part) and part[at] in ("?", name[read]):
            at, read = at + 1, read + 1
        elif star >= 0:
            resume += 1
            at, read = star + 1, resume
        else:
            return False
    return not part[at:].strip("*")


def _words(line: str) -> list[str]:
    """The line's words up to a comment; a space after a backslash belongs to the word."""
    spoken = re.split(r"(?:^|(?<=\s))#", line, maxsplit=1)[0]
    return [word.replace("\\ ", " ") for word in re.findall(r"(?:\\ |\S)+", spoken)]
