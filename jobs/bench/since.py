"""Since when the change counts: the one commit that everything about a task's change is compared with.

It is where the branch left its base branch, as on the pull request's page. A person may merge the base into the branch:
what came with that is nobody's work here, so it is not shown to a reviewer, not judged, and its owners are not asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.bench import Bench


async def base_of(bench: Bench, commit: str) -> str:
    """The best common ancestor of `commit` and the base branch as last fetched.

    What the base holds already (the pull request is merged), and what shares no history with it, counts from where
    the task began.
    """
    task, mirror = bench.task, bench.mirror
    tip = await mirror.fetched(f"refs/heads/{task.base}")
    common = await mirror.merge_base(tip, commit) if tip else None
    return task.base_sha if common in (None, commit) else common
