"""The effect of the plan: grants slots in the plan's order.

Any number of workers may be rung for the same reason. One of them plans; the others leave, because the planner looks
at the bell's counter once more before it lets go, and plans again if somebody rang meanwhile.
"""

import logging

from core.schedule import is_ready, plan
from jobs.deps import Deps

log = logging.getLogger(__name__)


async def plan_and_grant(deps: Deps, token: str, poke: int | None = None) -> int:
    """Start what may start, until nobody has rung since; how many attempts were granted.

    `token` names this planner; nobody else may use it. `poke`: the ring that is answered. Nothing is left to do while
    somebody else plans, or when a plan was made after that ring.
    """
    granted = 0
    seen = await deps.store.take_plan(token, poke=poke)
    while seen is not None:
        granted += await _grant_planned(deps)
        seen = None if await deps.store.end_plan(token, seen) else await deps.store.take_plan(token)
    return granted


async def _grant_planned(deps: Deps) -> int:
    store = deps.store
    if await store.memory_pressure():
        log.warning("the store is nearly full: no new attempt starts")
        return 0
    tasks = {task.id: task for task in await store.tasks()}
    caps = await store.caps(task.repo_id for task in tasks.values())
    broke = await store.broke(filter(is_ready, tasks.values()))
    planned = plan(tasks.values(), await store.capacity(), caps, deps.clock.now_ms(), broke)
    lease_ms, granted = round(deps.settings.lease_s * 1000), 0
    for task in (tasks[task_id] for task_id in planned.start):
        running = await store.grant(task, lease_ms=lease_ms, repo_cap=caps.cap(task.repo_id))
        if running is None:
            continue  # somebody moved it or took the slot: whoever did has rung
        granted += 1
        await store.note("agent.launching", running, stage=running.stage, round=running.round)
    return granted
