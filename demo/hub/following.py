"""Where the threads of a pull request stand after its branch moved.

A thread keeps its line while the line is still there and the diff still shows it, else it is outdated: its `line` and
`position` are null from then on and only the `original_…` ones remain. A client that forgets this asks for `line` and
fails in round two.
"""

import re

from demo.hub import gitstore
from demo.hub.gitstore import FileChange
from demo.hub.pull_facts import files_of, git_of
from demo.hub.review_places import Place, Side, places
from demo.hub.state import Pull, ReviewComment, ReviewThread

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


async def follow_threads(pull: Pull, old: str, new: str) -> None:
    """Move every thread that is not outdated from head `old` to head `new`."""
    current = [thread for thread in pull.threads if not thread.outdated]
    if not current:
        return
    moved = {
        one.previous or one.filename: one for one in await gitstore.changed_files(git_of(pull.issue.repo), old, new)
    }
    shown = {one.filename: places(one.patch or "") for one in await files_of(pull)}
    for thread in current:
        _follow(thread, moved.get(thread.comments[0].path), shown.get(thread.comments[0].path, {}), new)


def _follow(thread: ReviewThread, change: FileChange | None, shown: dict[tuple[Side, int], Place], head: str) -> None:
    first = thread.comments[0]
    if first.line is None:
        thread.outdated = not shown
        return
    line = moved_line(first.line, change) if first.side == "RIGHT" else first.line
    place = shown.get((first.side, line)) if line else None
    for comment in thread.comments:
        if place is None:
            comment.line = comment.start_line = comment.position = None
        else:
            _move(comment, place, head)
    thread.outdated = place is None


def _move(comment: ReviewComment, place: Place, head: str) -> None:
    if comment.start_line is not None and comment.line is not None:
        comment.start_line += place.line - comment.line
    comment.line, comment.position, comment.commit_id = place.line, place.position, head


def moved_line(line: int, change: FileChange | None) -> int | None:
    """The number that a line of the old file has in the new one; None where the change touched it."""
    if change is None:
        return line
    if change.status != "modified" or change.patch is None:
        return None
    lines = places(change.patch)
    if found := lines.get(("LEFT", line)):
        same = (at for (side, at), place in lines.items() if side == "RIGHT" and place.position == found.position)
        return next(same, None)
    hunks = [[int(number or 1) for number in groups] for groups in _HUNK.findall(change.patch)]
    return line + sum(new - old for start, old, _, new in hunks if start < line)
