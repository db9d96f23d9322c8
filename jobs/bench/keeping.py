"""What becomes of the work: committed, kept outside every branch, and brought to the branch where it may go there.

Only the host commits and pushes, with hardened git, and the cheap gates stand before every push.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.tasks import Needs, Reason, Task, laid_over
from jobs.gates import check
from jobs.git import GitError, GitKind
from jobs.stops import GaveUp, NeedsPerson

if TYPE_CHECKING:
    from jobs.bench import Bench

_PUSH_PAUSES_S = (0.5, 2.0, 8.0, 30.0)
"""Between tries to push while GitHub's git does not answer; together as long as the worker waits for its API."""


async def keep(bench: Bench, message: str) -> None:
    """Commit what the agent left in the worktree, without what the gates refuse, and push it to the checkpoint.

    Does nothing when nothing changed, so it may be called at any time while the lease is ours.
    """
    snapshot = await bench.worktree.snapshot()
    changes = await bench.worktree.changed_files(await bench.worktree.head(), snapshot)
    if not changes:
        return
    blobs = await bench.mirror.blobs(changes)
    report = await asyncio.to_thread(check, changes, blobs, protected=bench.config.protected)
    left_out = [path for path, _ in report.left_out]
    text = f"{message}\n\nPdev-Task: {bench.task.id}"
    await bench.worktree.commit_all(text, author=bench.signature(), snapshot=snapshot, exclude=left_out)
    sha = await bench.worktree.head()
    if sha != bench.task.checkpoint_sha:
        await _push_checkpoint(bench, sha)
    await bench.note(checkpoint_sha=sha, gates=laid_over(bench.task.gates, report.gates))


async def _push_checkpoint(bench: Bench, sha: str) -> None:
    """The ref is ours by its name, so an answer that got lost is no conflict: what stands there is replaced."""
    ref = bench.task.wip_ref
    token = await bench.token()  # before the question, so that nothing slow comes after it
    await bench.still_ours()
    try:
        await _push(bench, token, sha, ref, bench.wip_sha or None)
    except NeedsPerson:
        standing = (await bench.mirror.remote_refs(token, ref)).get(ref)
        await bench.still_ours()
        await _push(bench, token, sha, ref, standing)
    bench.wip_sha = sha


def may_publish(task: Task, *, final: bool = False) -> bool:
    """Whether agent-written code may reach the branch now, and with it the repository's CI and its secrets.

    What is there already (a person has put it there) needs nobody's leave.
    """
    if task.checkpoint_sha == task.head_sha:
        return True
    match task.options.ci:
        case "every_push":
            return True
        case "ready":
            return final
        case _:
            return final and bool(task.approved_sha) and task.approved_sha == task.checkpoint_sha


async def publish(bench: Bench, *, final: bool = False) -> None:
    """Bring the branch to the checkpoint, if it may go there now; a person's push is never overwritten.

    Raises `NeedsPerson` when somebody else moved the branch meanwhile.
    """
    sha = bench.task.checkpoint_sha
    if not sha or sha == bench.task.head_sha or not may_publish(bench.task, final=final):
        return
    token = await bench.token()
    await bench.fence()
    await _push(bench, token, sha, f"refs/heads/{bench.task.branch}", bench.task.head_sha)
    await bench.note(head_sha=sha, tip_sha="")


async def _push(bench: Bench, token: str, sha: str, ref: str, expected: str | None) -> None:
    """Push until it is there: what is given up now, an agent would have to do again."""
    try:
        for pause_s in (*_PUSH_PAUSES_S, None):
            if await _has_pushed(bench, token, sha, ref, expected, is_last=pause_s is None):
                return
            await asyncio.sleep(pause_s or 0)
            token = await bench.token()
            await bench.still_ours()
    except GitError as error:
        match error.kind:
            case GitKind.CONFLICT:
                raise NeedsPerson(Needs.CONFLICT, Reason.DIVERGED) from error
            case GitKind.WORKFLOW_REFUSED | GitKind.REJECTED | GitKind.DENIED:
                raise GaveUp(Reason.REFUSED, error.text) from error
            case _:
                raise


async def _has_pushed(bench: Bench, token: str, sha: str, ref: str, expected: str | None, *, is_last: bool) -> bool:
    """A push that had its effect although its answer was lost succeeds when it is done again."""
    try:
        await bench.mirror.push(token, sha, ref, expected)
    except GitError as error:
        if is_last or not error.passes:
            raise
        return False
    return True
