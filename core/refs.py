"""Names of repositories and issues, read and written in one way.

People write `#7`, `7`, `owner/name#7` or paste an address; webhooks and configuration write `owner/name`. Reading
them in several places is how a crafted name ends up in a path or an address, so it happens only here, strictly.
"""

import re
from dataclasses import dataclass
from typing import Self

from core.errors import BadReference

# GitHub: owners have letters, digits and hyphens (managed users also one underscore), at most 39 characters;
# repository names also have dots and underscores, at most 100.
_OWNER = r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}"
_NAME = r"[A-Za-z0-9._-]{1,100}"
_REPO = re.compile(rf"(?P<owner>{_OWNER})/(?P<name>{_NAME})", re.ASCII)
_ISSUE = re.compile(rf"(?:(?P<owner>{_OWNER})/(?P<name>{_NAME}))?#?(?P<number>[1-9][0-9]{{0,9}})", re.ASCII)
_ADDRESS = re.compile(
    rf"https?://[^/\s]+/(?P<owner>{_OWNER})/(?P<name>{_NAME})/(?:issues|pull)/(?P<number>[1-9][0-9]{{0,9}})(?:[/?#]\S*)?",
    re.ASCII,
)

_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,100}")
_NO_BRANCH = re.compile(r"\.\.|//|/\.|\.lock(/|$)|[./]$|\.$|-$|/-")


def is_branch_name(name: str) -> bool:
    """Whether `name` is a branch name we are willing to make: a strict subset of what git allows."""
    return bool(_BRANCH.fullmatch(name)) and not _NO_BRANCH.search(name)


@dataclass(frozen=True, slots=True, order=True)
class RepoRef:
    """A repository by the name it has now; names change, so records use GitHub's id."""

    owner: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `owner/name`; raises `BadReference`."""
        match = _REPO.fullmatch(text.strip())
        if match is None or match["name"] in (".", ".."):
            raise BadReference(f"{_shown(text)} is not a repository.", "Write it as owner/name.")
        return cls(match["owner"], match["name"])

    def issue(self, number: int) -> "IssueRef":
        return IssueRef(self, number)

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class IssueRef:
    """An issue or pull request: they share one row of numbers."""

    repo: RepoRef
    number: int

    @classmethod
    def parse(cls, text: str, *, here: RepoRef | None = None) -> Self:
        """Read `owner/name#7` or an address; with `here` also `#7` and `7`. Raises `BadReference`."""
        stripped = text.strip()
        match = _ADDRESS.fullmatch(stripped) or _ISSUE.fullmatch(stripped)
        if match is None:
            raise BadReference(f"{_shown(text)} is not an issue.", "Write it as #7 or owner/name#7.")
        if match["owner"] is None:
            if here is None:
                raise BadReference(f"{_shown(text)} does not say which repository.", "Write it as owner/name#7.")
            return cls(here, int(match["number"]))
        if "#" not in stripped and not stripped.startswith("http"):
            raise BadReference(f"{_shown(text)} is not an issue.", "Write it as #7 or owner/name#7.")
        return cls(RepoRef.parse(f"{match['owner']}/{match['name']}"), int(match["number"]))

    def __str__(self) -> str:
        return f"{self.repo}#{self.number}"


def _shown(text: str) -> str:
    """The text in quotes, short enough for a comment."""
    short = text if len(text) <= 60 else text[:57] + "…"
    return f"“{short}”"
