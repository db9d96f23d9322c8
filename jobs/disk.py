"""Worktrees that nobody works in any more: taken away at the end of the work, or later, when its worker died first.

A worktree is never the only copy of anything: what was done is pushed to the checkpoint, what was not is done again.
"""

from functools import partial

from core.store import Store
from core.tasks import State
from jobs.git import Cache


async def nobody_works(store: Store, task_id: str) -> bool:
    """Whether nobody goes on with the task soon. A queued one may come back here, to its build products."""
    task = await store.task(task_id)
    return task is None or task.state not in {State.RUNNING, State.QUEUED}


async def clear_worktrees(cache: Cache, store: Store) -> int:
    """Remove what is left on this machine; how many worktrees."""
    removed = 0
    for mirror in cache.on_disk():
        for task_id in mirror.worktrees():
            removed += await mirror.remove_worktree(task_id, when=partial(nobody_works, store, task_id))
    return removed
