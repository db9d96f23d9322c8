"""Tasks that a budget stopped and that may go on: a new day has begun, or somebody granted more.

A grant to what several tasks spend from (a session, a repository's day) is made on one issue and sets all of them free.
Nobody is told when midnight has passed. So the purses are asked again and again, and whoever is solvent goes on.
"""

from core.budget import SHARED
from core.clock import Clock
from core.store import Store
from core.tasks import PausedBy, State, Task, resumed


async def wake_solvent(store: Store, clock: Clock) -> int:
    """Let the tasks go on that a shared budget had stopped which has something left; how many."""
    stopped = [task for task in await store.tasks() if is_stopped(task)]
    broke = await store.broke(stopped)
    woken = 0
    for task in stopped:
        if task.id not in broke:
            after = await store.change(task.id, lambda t: resumed(t, clock.now_ms()) if is_stopped(t) else None)
            woken += after.state is not State.PAUSED
    return woken


def is_stopped(task: Task) -> bool:
    """Whether what stopped it can end without anybody doing something about this very task."""
    by_budget = task.state is State.PAUSED and task.paused_by is PausedBy.BUDGET
    return by_budget and task.exhausted is not None and task.exhausted.scope in SHARED
