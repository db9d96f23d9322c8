"""Path patterns as people write them in CODEOWNERS and .gitignore, without `!` and `[…]`. Pure.

Both sides are strangers': a repository writes the patterns, its agents name the files. As regular expressions some of
them take longer than an attempt lasts and hold every other agent up meanwhile. Here no pattern takes longer than the
product of the two lengths.
"""

from collections.abc import Iterable


def matches(pattern: str, path: str) -> bool:
    """Whether a file's path (from the repository's root) is meant by the pattern, as GitHub reads CODEOWNERS.

    A pattern with a slash anywhere but at its end begins at the root; what names a folder means all in it. `docs/*`
    means the files in it and none below, which is GitHub's own exception.
    """
    parts = _parts(pattern)
    ends = _ends(parts, path.split("/")) if parts else set()
    depth = path.count("/") + 1
    if pattern.endswith("/"):
        return any(end < depth for end in ends)
    only_itself = bool(parts) and (parts[-1] == "**" or (_is_rooted(pattern) and parts[-1] == "*"))
    return depth in ends if only_itself else bool(ends)


def protecting(path: str, patterns: Iterable[str]) -> str | None:
    """The first pattern that may mean `path` (case folded, parts joined by `/`) or a folder above it; else None.

    Read generously: a pattern that is read too widely costs a question; one that is read too narrowly lets an agent at
    a file that its owners wanted to keep. So case does not count, and what matches a folder, or a file where one should
    be, holds for everything below it.
    """
    names = path.split("/")
    return next((pattern for pattern in patterns if _covers(pattern.strip().casefold(), names)), None)


def _covers(pattern: str, names: list[str]) -> bool:
    parts = [] if pattern.startswith("#") else _parts(pattern)
    return bool(parts) and bool(_ends(parts, names))


def _parts(pattern: str) -> list[str]:
    parts = [part for part in pattern.split("/") if part]
    return parts if _is_rooted(pattern) or not parts else ["**", *parts]


def _is_rooted(pattern: str) -> bool:
    return "/" in pattern.rstrip("/")


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
