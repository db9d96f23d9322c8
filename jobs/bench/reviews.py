"""A round's findings as a review of the pull request, and the conversations about them, settled as they are.

GitHub takes a review whole or not at all, so it is decided beforehand which findings can stand at their line. One that
is named again keeps its conversation; one that is settled is answered there, once, and folded away.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from core.errors import GitHubAway, Refused, Transient, UserError
from core.messages import findings as talk
from core.messages import pulls as words
from core.tasks import Finding, Task, gravity
from jobs.bench.lines import Shown, is_shown, shown_lines

if TYPE_CHECKING:
    from core.github import Thread
    from jobs.bench import Bench

log = logging.getLogger(__name__)

MOST_AT_LINES = 50
"""Comments at lines in one review; the other findings stand in its text."""
MOST_ANSWERS = 30
"""Conversations answered after one review: each costs two of the content writes that GitHub allows an hour."""


async def post_review(bench: Bench, findings: tuple[Finding, ...], summary: str) -> None:
    """The round's findings as a review of the pull request, once; nothing where its code is not on the branch yet."""
    task = replace(bench.task, findings=findings)
    if task.pr is None or task.head_sha != task.checkpoint_sha:
        return
    threads = await _threads(bench, task) if findings else {}
    if not await _is_reviewed(bench, task):
        await bench.fence()
        try:
            await _create(bench, task, summary, [f for f in _named(task) if f.id not in threads])
        except GitHubAway:
            if not await _is_reviewed(bench, task):  # else only the answer was lost: no reason to review once more
                raise
    await _settle(bench, [(f, threads[f.id]) for f in findings if f.id in threads])


def _named(task: Task) -> list[Finding]:
    """What this round asks for, the gravest first."""
    found = [f for f in task.findings if f.is_open and f.round == task.round]
    return sorted(found, key=gravity)


async def _is_reviewed(bench: Bench, task: Task) -> bool:
    """Whether this round's review stands there; a person who copies the marker keeps nobody from reviewing."""
    marker = words.review_marker(task)
    reviews = await bench.door.reviews(task.pr or 0)
    return any(r.body.startswith(marker) and r.user and r.user.type == "Bot" for r in reviews)


async def _threads(bench: Bench, task: Task) -> dict[str, Thread]:
    """The conversation of each finding that has one; only a bot's marker counts."""
    found: dict[str, Thread] = {}
    for thread in await bench.door.threads(task.pr or 0):
        if thread.first and thread.first.by_bot:
            marker = thread.first.body.split("\n", 1)[0].strip()
            found |= {f.id: thread for f in task.findings if talk.finding_marker(task, f) == marker}
    return found


async def _create(bench: Bench, task: Task, summary: str, fresh: list[Finding]) -> None:
    assert task.pr is not None, "a task that is reviewed has a pull request"
    shown = await _shown(bench, task) if any(f.line for f in fresh) else {}
    at_lines = [f for f in fresh if f.line and is_shown(shown, f.file, f.line, f.line)][:MOST_AT_LINES]
    comments = [_comment(task, f, shown) for f in at_lines]
    try:
        body = words.review_body(task, summary, at_lines={f.id for f in at_lines})
        await bench.door.create_review(task.pr, body=body, comments=comments, commit_id=task.head_sha)
    except Refused:
        if not comments:
            raise
        # GitHub refuses the whole review for one line that it does not show; then all findings stand in the text.
        log.info("%s: GitHub refused the lines of a review", task.slug)
        await bench.fence()
        body = words.review_body(task, summary)
        await bench.door.create_review(task.pr, body=body, comments=[], commit_id=task.head_sha)


async def _shown(bench: Bench, task: Task) -> Shown:
    """The lines that the pull request's page shows: what its head changes since it left its base."""
    return shown_lines((await bench.mirror.shown_diff(await bench.base(task.head_sha), task.head_sha)).text)


def _comment(task: Task, f: Finding, shown: Shown) -> dict[str, Any]:
    """A comment for GitHub; of lines that stand in two hunks, or beyond what is shown, it is put at the first."""
    whole = is_shown(shown, f.file, f.line, max(f.line, f.end_line))
    place: dict[str, Any] = {"path": f.file, "line": f.line, "side": "RIGHT"}
    if whole and f.end_line > f.line:
        place |= {"line": f.end_line, "start_line": f.line, "start_side": "RIGHT"}
    return place | {"body": talk.at_line(task, f, suggest=whole)}


async def _settle(bench: Bench, known: list[tuple[Finding, Thread]]) -> None:
    """Say in each conversation what became of its finding, and fold it away or open it again.

    Nothing else waits for this, so it ends where GitHub's patience does; the next review goes on from there.
    """
    left = MOST_ANSWERS
    for f, thread in known:
        if left and _is_news(f, thread):
            left -= 1
            try:
                await _settle_one(bench, f, thread)
            except UserError as gone:
                log.info("%s: the conversation about %s was not answered: %s", bench.task.slug, f.id, gone)
            except Transient as away:
                log.info("%s: conversations are answered later: %s", bench.task.slug, away)
                return


def _is_news(f: Finding, thread: Thread) -> bool:
    match f.state:
        case "fixed" | "waived":
            return not thread.is_resolved
        case "reopened":
            return thread.is_resolved or not _is_answered(f, thread)
        case "unfixable":
            return not _is_answered(f, thread)
        case _:
            return False


def _is_answered(f: Finding, thread: Thread) -> bool:
    marker = talk.answer_marker(f)
    return any(said.by_bot and said.body.startswith(marker) for said in thread.comments)


async def _settle_one(bench: Bench, f: Finding, thread: Thread) -> None:
    if not _is_answered(f, thread):
        await bench.fence()
        await bench.door.answer_thread(thread.id, talk.answer(f), budget="progress")
    settled = f.state in {"fixed", "waived"}
    if f.state != "unfixable" and thread.is_resolved != settled:
        await bench.fence()
        await bench.door.resolve_thread(thread.id, resolved=settled, budget="progress")
