"""The name of a task's branch.

A branch name made from an issue's title once carried a Unicode space into a shell and stole a token elsewhere. Ours
are made from a pattern and a number, are strictly ASCII, and are refused rather than repaired when the pattern is bad.
"""

import re
import unicodedata

from core.refs import is_branch_name
from jobs.git.errors import GitError, GitKind

_SLUG = 40


def slug(title: str) -> str:
    """The readable part of a title: lower-case ASCII words joined by dashes, at most 40 characters."""
    letters = unicodedata.normalize("NFKD", " ".join(title.casefold().split())).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters)[:_SLUG].strip("-")


def branch_name(pattern: str, issue: int, title: str = "") -> str:
    """`pattern` with `{id}` and `{slug}` filled in, for example `feature/task-{id}` → `feature/task-7`.

    Raises GitError (refused) when the pattern lacks `{id}`, so that tasks would share a branch, or gives a name that
    git or we do not accept.
    """
    if "{id}" not in pattern:
        raise GitError(GitKind.REFUSED, "branch", f"the pattern {pattern!r} has no {{id}}")
    name = pattern.replace("{id}", str(issue)).replace("{slug}", slug(title) or "task")
    if not is_branch_name(name):
        raise GitError(GitKind.REFUSED, "branch", f"the pattern {pattern!r} gives {name!r}, not a branch name")
    return name
