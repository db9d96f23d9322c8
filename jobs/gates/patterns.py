"""Path patterns as people write them in CODEOWNERS and .gitignore, read generously: they protect.

A pattern that is read too widely costs a question; one that is read too narrowly lets an agent at a file that its
owners wanted to keep. So case does not count, and what matches a folder holds for everything below it.
"""

import re
from collections.abc import Iterable
from functools import lru_cache


def matching(path: str, patterns: Iterable[str]) -> str | None:
    """The first pattern that covers `path` (folded, parts joined by `/`), or None."""
    return next((pattern for pattern in patterns if (rule := _rule(pattern)) and rule.fullmatch(path)), None)


@lru_cache(maxsize=1024)
def _rule(pattern: str) -> re.Pattern[str] | None:
    """None for what is no pattern: a comment, an empty line."""
    words = pattern.strip().casefold()
    if not words.strip("/") or words.startswith("#"):
        return None
    inner = words.strip("/")
    # Only a slash at the beginning or in the middle ties a pattern to the top.
    anchor = "" if words.startswith("/") or "/" in inner else "(?:.*/)?"
    return re.compile(f"{anchor}{_translated(inner)}(?:/.*)?", re.DOTALL)


def _translated(pattern: str) -> str:
    out = []
    for part in re.split(r"(^\*\*/|/\*\*/|/\*\*$|\*+|\?)", pattern):
        match part:
            case "**/":
                out.append("(?:.*/)?")
            case "/**/":
                out.append("/(?:.*/)?")
            case "/**":
                out.append("/.*")
            case "?":
                out.append("[^/]")
            case _ if part.startswith("*"):
                out.append("[^/]*")
            case _:
                out.append(re.escape(part))
    return "".join(out)
