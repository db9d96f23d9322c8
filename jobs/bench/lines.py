"""Which lines a pull request's page shows: comments may stand on these and no others. Pure.

GitHub refuses a whole review for one comment on a line that its diff does not show, and does not say which.
"""

from collections.abc import Mapping

from jobs.git import hunks

Shown = Mapping[str, tuple[range, ...]]
"""By path: the lines of the new file in each hunk, from the first to the last."""


def shown_lines(diff: str) -> Shown:
    """Read git's readable diff; a path that it cannot tell is left out."""
    found: dict[str, list[range]] = {}
    for hunk in hunks(diff):
        if hunk.path and hunk.shown:
            found.setdefault(hunk.path, []).append(hunk.shown)
    return {path: tuple(shown) for path, shown in found.items()}


def is_shown(shown: Shown, path: str, first: int, last: int) -> bool:
    """Whether all lines from first to last stand in one hunk."""
    return any(first in hunk and last in hunk and first <= last for hunk in shown.get(path, ()))
