"""What ended tasks leave on this worker's disk.

A worker that was killed removes no worktree, and an agent's HOME is kept so that it can go on with its own
conversation: both would pile up for ever. A day after its task has ended nobody comes back for them; what is of use to
people is on GitHub.
"""

import asyncio
import re
from pathlib import Path

from core.clock import Clock
from core.errors import PdevError
from core.store import Store
from core.tasks import Task
from jobs.git import Cache, Mirror
from jobs.git.trees import remove_tree
from jobs.sweep.setups import tidy_setups

KEPT_MS = 86_400_000
_BRANCHES = "pdev/"
"""Where the local branches of worktrees are, by the task's id."""
_TASK = re.compile(r"[0-9]+-[0-9]+", re.ASCII)


def may_go(task: Task | None, now_ms: int) -> bool:
    """Whether nobody will come back for what a task has on disk: it has no record any more, or ended a day ago."""
    return task is None or (task.ended and now_ms - (task.settled_ms or task.updated_ms) > KEPT_MS)


async def tidy_disk(data_dir: Path, store: Store, clock: Clock) -> int:
    """Remove worktrees, local branches and homes of tasks that are over, and environments that nobody uses; how many.

    Raises GitError and the store's errors; whatever is left then is found next time.
    """
    homes = data_dir / "homes"
    gone = {home.name for home in homes.iterdir()} if homes.is_dir() else set()
    gone = {name for name in gone if await _may_go(store, name, clock)}
    for name in gone:
        await asyncio.to_thread(remove_tree, homes / name)
    # Our own view of the cache: the locks on it are files, so whoever works in it is waited for.
    for mirror in Cache(data_dir / "git").kept():
        gone |= await _tidy_mirror(mirror, store, clock)

    async def is_over(task_id: str) -> bool:
        return await _may_go(store, task_id, clock)

    return len(gone) + await tidy_setups(data_dir / "setup", clock, is_over)


async def _tidy_mirror(mirror: Mirror, store: Store, clock: Clock) -> set[str]:
    branches = {name.removeprefix(_BRANCHES) for name in await mirror.branches() if name.startswith(_BRANCHES)}
    gone = {name for name in branches | {*mirror.worktrees()} if await _may_go(store, name, clock)}
    for name in gone:
        await mirror.remove_worktree(name)
        if name in branches:
            await mirror.forget_branch(_BRANCHES + name)
    if gone:
        await mirror.gc()
    return gone


async def _may_go(store: Store, task_id: str, clock: Clock) -> bool:
    if not _TASK.fullmatch(task_id):
        return False  # not ours
    try:
        return may_go(await store.task(task_id), clock.now_ms())
    except PdevError:
        return False  # a record that cannot be read now may be mended
