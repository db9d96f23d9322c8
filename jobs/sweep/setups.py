"""What setup left on this worker's disk and nobody uses any more.

Environments are made again when they are missing, so the only mistake would be to take one away under a running agent.
Whoever uses one touches its note, and nothing that was touched within a day is taken.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from core.clock import Clock
from jobs.git.trees import remove_tree
from jobs.setup.shelf import Place, Shelf, size_of

DAY_S = 86_400
UNUSED_S = 14 * DAY_S
MOST_BYTES = 30 << 30
"""Of all environments together; the one that was not used for the longest goes first."""
MOST_DOWNLOADS = 10 << 30
"""Of one repository's download caches, which are thrown away whole."""


async def tidy_setups(root: Path, clock: Clock, may_go: Callable[[str], Awaitable[bool]]) -> int:
    """Remove what ended tasks had for themselves and what was not used; how many things. `may_go` judges a task id."""
    shelf, now_s, gone = Shelf(root), clock.now_ms() / 1000, 0
    for task_id, folder in list(shelf.private_folders()):
        if await may_go(task_id):
            await asyncio.to_thread(remove_tree, folder)
            gone += 1
    for place in over([place for _, place in shelf.places()], now_s):
        await asyncio.to_thread(place.clear)
        gone += 1
    for module in list(shelf.all_modules()):
        if now_s - module.stat().st_mtime > UNUSED_S:
            await asyncio.to_thread(remove_tree, module)
            gone += 1
    for downloads in list(shelf.downloads()):
        if await asyncio.to_thread(_is_too_much, downloads, now_s):
            await asyncio.to_thread(remove_tree, downloads)
            gone += 1
    return gone


def over(places: list[Place], now_s: float, *, most: int = MOST_BYTES) -> list[Place]:
    """Those that are too old, and then the oldest until what is left fits; none that was used within a day."""
    by_age = sorted((place for place in places if now_s - place.used_at() > DAY_S), key=Place.used_at)
    old = [place for place in by_age if now_s - place.used_at() > UNUSED_S or not place.weight()]
    excess = sum(place.weight() for place in places) - sum(place.weight() for place in old) - most
    for place in by_age:
        if excess <= 0:
            break
        if place not in old:
            old.append(place)
            excess -= place.weight()
    return old


def _is_too_much(downloads: Path, now_s: float) -> bool:
    idle_s = now_s - downloads.stat().st_mtime
    return idle_s > UNUSED_S or (idle_s > DAY_S and size_of(downloads) > MOST_DOWNLOADS)
