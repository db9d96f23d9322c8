"""The branch of a task: chosen once, begun with an empty commit of ours, and found again after any death.

A branch that somebody else made is never touched; ours is known by its start commit, which is the same whenever it is
made again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.messages.notes import no_base, no_free_branch
from core.tasks import Needs, Reason, Task
from jobs.git import GitError, GitKind, branch_name
from jobs.stops import GaveUp, NeedsPerson

if TYPE_CHECKING:
    from jobs.bench import Bench

_MOST_NAMES = 50


async def open_road(bench: Bench) -> None:
    """Make sure the branch is there with our start commit, and that the record knows what is on it."""
    if not bench.task.branch:
        await _choose(bench)
    refs = await _ours(bench)
    branch = f"refs/heads/{bench.task.branch}"
    if branch not in refs:
        await _begin(bench)
    else:
        await _follow(bench, refs[branch])
    await _pick_up(bench, refs.get(bench.task.wip_ref))


async def _choose(bench: Bench) -> None:
    task = bench.task
    base = bench.default_branch
    base_sha = await bench.mirror.fetched(f"refs/heads/{base}")
    if base_sha is None:
        raise GaveUp(Reason.SETUP, no_base(base))
    start = await bench.mirror.empty_commit(base_sha, _start_message(task), bench.signature(task.created_ms))
    name = branch_name(task.options.branch_pattern, task.issue, task.trigger.title)
    taken = await bench.mirror.remote_refs(await bench.token(), f"refs/heads/{name}")
    names = (name, *(f"{name}-{n}" for n in range(2, _MOST_NAMES)))
    for ours in names:
        if f"refs/heads/{ours}" in taken and await _found_again(bench, ours):
            return
    for free in names:
        if taken.get(f"refs/heads/{free}", start) == start:
            await bench.note(branch=free, base=base, base_sha=base_sha, start_sha=start)
            return
    raise GaveUp(Reason.SETUP, no_free_branch(name, _MOST_NAMES))


async def _found_again(bench: Bench, branch: str) -> bool:
    """Take over the branch and the open pull request that pdev made for this task before its record was lost.

    The time in a start commit is the lost record's, so its words tell that it is ours; what is merged is history.
    """
    task = bench.task
    pulls = await bench.door.pulls(head=f"{task.owner_login}:{branch}", state="open")
    pull = next((pull for pull in pulls if pull.user and pull.user.type == "Bot"), None)
    if pull is None:
        return False
    tip = await bench.mirror.fetched(f"refs/heads/{branch}")
    base = await bench.mirror.fetched(f"refs/heads/{pull.base.ref}")
    start = await bench.mirror.oldest_saying(_start_message(task).splitlines(), base, tip) if tip and base else None
    if start is None:
        return False
    base_sha = await bench.mirror.commit_of(f"{start}^")
    await bench.note(
        branch=branch, base=pull.base.ref, base_sha=base_sha, start_sha=start, pr=pull.number, pr_node=pull.node_id
    )
    return True


async def _ours(bench: Bench) -> dict[str, str]:
    """The branch and the checkpoint as they stand on the server, fetched; absent ones are absent."""
    token = await bench.token()
    names = (f"refs/heads/{bench.task.branch}", bench.task.wip_ref)
    found = {n: sha for n in names for ref, sha in (await bench.mirror.remote_refs(token, n)).items() if ref == n}
    if found:
        await bench.mirror.fetch(token, list(found))
    return found


async def _begin(bench: Bench) -> None:
    """Put the start commit on the branch, or the last work where a person deleted the branch of an earlier run."""
    head = bench.task.head_sha or bench.task.start_sha
    token = await bench.token()
    await bench.fence()
    try:
        await bench.mirror.push(token, head, f"refs/heads/{bench.task.branch}", None)
    except GitError as error:
        if error.kind is not GitKind.CONFLICT:
            raise
        raise NeedsPerson(Needs.CONFLICT, Reason.BRANCH_MOVED) from error
    await bench.note(head_sha=head, tip_sha="")


async def _follow(bench: Bench, remote: str) -> None:
    """Take over what is on the branch: our own push that was not noted, or a person's commits on top of ours."""
    known = bench.task.head_sha or bench.task.start_sha
    if not await bench.mirror.is_ancestor(known, remote):
        raise NeedsPerson(Needs.CONFLICT, Reason.BRANCH_MOVED)
    if remote != bench.task.head_sha or bench.task.tip_sha:
        await bench.note(head_sha=remote, tip_sha="")


async def _pick_up(bench: Bench, wip: str | None) -> None:
    """Go on from the newest of our commits: the checkpoint, unless the branch is ahead of it.

    A checkpoint of an earlier run, whose result is merged or whose record was lost, is not gone on from: the next one
    takes its place.
    """
    bench.wip_sha = wip or ""
    task, newest = bench.task, bench.task.checkpoint_sha
    if wip and wip != newest and await bench.mirror.is_ancestor(newest or task.head_sha, wip):
        newest = wip
    if not newest and task.head_sha != task.start_sha:
        newest = task.head_sha
    if newest and await bench.mirror.is_ancestor(newest, task.head_sha):
        newest = task.head_sha
    elif newest and not await bench.mirror.is_ancestor(task.head_sha, newest):
        raise NeedsPerson(Needs.CONFLICT, Reason.DIVERGED)
    if newest != task.checkpoint_sha:
        await bench.note(checkpoint_sha=newest)


def _start_message(task: Task) -> str:
    return f"Start work on #{task.issue}\n\nPdev-Task: {task.id}"
