"""What a repository tells everybody who works in it: AGENTS.md and its relatives, as the default branch has them.

An agent that reads them from its own branch would obey whatever an earlier agent, or a stranger's commit, has written
there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from jobs.prompts.text import visible

MAX_ALL = 40_000
"""Characters of all guidance together."""
_EACH = 20_000
_EXCERPT = 8_000
"""Contribution guides are long and mostly about people."""
FILES: tuple[tuple[str, int], ...] = (
    ("AGENTS.md", _EACH),
    ("CLAUDE.md", _EACH),
    (".github/copilot-instructions.md", _EACH),
    ("CONTRIBUTING.md", _EXCERPT),
    (".github/CONTRIBUTING.md", _EXCERPT),
    ("docs/CONTRIBUTING.md", _EXCERPT),
)
"""Paths and the characters of each that count, the most telling first."""


@dataclass(frozen=True, slots=True)
class Guidance:
    """One such file, as far as it counts."""

    path: str
    text: str


def guidance(files: Mapping[str, str]) -> tuple[Guidance, ...]:
    """Of the repository's `files` (path → text) what enters a prompt; the same text under two names counts once."""
    kept: list[Guidance] = []
    left = MAX_ALL
    for path, limit in FILES:
        text = visible(files.get(path, ""), min(limit, left)).strip() if left > 0 else ""
        if text and text not in {one.text for one in kept}:
            kept.append(Guidance(path, text))
            left -= len(text)
    return tuple(kept)
