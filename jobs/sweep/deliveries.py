"""Webhooks that GitHub sent and nobody took.

GitHub keeps its deliveries for three days and sends one again only when it is asked to. A delivery of which no try
arrived is asked for once more; once, because what fails twice fails for a reason that a third try does not know.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from core.errors import Transient
from core.github import Delivery
from jobs.deps import Deps

log = logging.getLogger(__name__)

_KEPT = timedelta(days=3)
_OVERLAP = timedelta(minutes=10)
"""GitHub's list is not complete at its newest end."""
_CURSOR = "pdev:sweep:deliveries"
_ASKED_MS = 4 * 86_400_000


async def redeliver_lost(deps: Deps) -> int:
    """Ask for each lost delivery once more; how many. Raises errors of `core.errors`."""
    since = deps.clock.now() - _KEPT
    if stored := await deps.redis.get(_CURSOR):
        since = max(since, datetime.fromtimestamp(int(stored) / 1000, UTC) - _OVERLAP)
    tries = await deps.github.app().deliveries(since=since)
    asked = 0
    for delivery in lost(tries):
        asked += await _redeliver(deps, delivery)
    if tries:
        newest = max(one.delivered_at for one in tries)
        await deps.redis.set(_CURSOR, round(newest.timestamp() * 1000))
    return asked


def lost(tries: Iterable[Delivery]) -> list[Delivery]:
    """The newest try of each delivery of which none arrived, oldest first."""
    by_guid: defaultdict[str, list[Delivery]] = defaultdict(list)
    for one in tries:
        by_guid[one.guid].append(one)
    newest = [
        max(group, key=lambda one: one.delivered_at)
        for group in by_guid.values()
        if not any(one.arrived for one in group)
    ]
    return sorted(newest, key=lambda one: one.delivered_at)


async def _redeliver(deps: Deps, delivery: Delivery) -> bool:
    key = f"pdev:sweep:asked:{delivery.guid}"
    if not await deps.redis.set(key, "1", nx=True, px=_ASKED_MS):
        return False
    try:
        await deps.github.app().redeliver(delivery.id)
    except Transient:
        await deps.redis.delete(key)
        raise
    log.warning("webhook %s (%s, %s) had not arrived, asked for again", delivery.guid, delivery.event, delivery.status)
    return True
