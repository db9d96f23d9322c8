"""Titles of pull requests as conventional commits write them: `type(scope): what changes`.

Tools that make changelogs and versions read them, so a title that is nearly one is worse than none.
"""

import re

TYPES = (
    "feat", "fix", "docs", "style", "refactor", "perf", "test", "build", "ci", "chore", "revert",
)  # fmt: skip
"""The types of the Angular convention, which commitlint's default rules take as well."""
_TITLE = re.compile(rf"(?:{'|'.join(TYPES)})(?:\([^()\s][^()\n]{{0,60}}\))?!?: \S[^\n]*")


def conventional(title: str) -> str:
    """The title as it is. Raises ValueError, in words for its writer, for one of another form."""
    if not _TITLE.fullmatch(title):
        raise ValueError(
            f"must be `type: what changes` or `type(scope): what changes`; the types are {', '.join(TYPES)}"
        )
    return title
