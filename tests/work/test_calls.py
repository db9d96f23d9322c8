"""What one simple task costs in calls to GitHub: an installation has 5,000 requests and 500 content writes an hour."""

import re
from collections import Counter

from core.tasks import State
from demo.hub.observers import Exchange
from demo.hub.webhooks import Delivery
from demo.player import done, swap
from tests.work.working_desk import WorkingDesk

MEND = (swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+"), done("Keep the numbers."))


async def test_a_simple_task(desk: WorkingDesk) -> None:
    calls: Counter[str] = Counter()

    def note(seen: Exchange | Delivery) -> None:
        if isinstance(seen, Exchange):
            path = re.sub(r"^.*/repos/[^/]+/[^/]+/", "", seen.path.partition("?")[0])
            calls[f"{seen.method} {re.sub(r'[0-9a-f]{40}|[0-9]+', 'N', path)}"] += 1

    issue = await desk.issue("slugify drops numbers")
    desk.agent.plays(*MEND)
    desk.hub.observers.append(note)
    async with desk.working():
        await desk.label(issue.number)
        await desk.until_state(issue.number, State.READY)
    once = ("POST issues/N/comments", "POST pulls", "POST pulls/N/reviews", "PATCH pulls/N", "POST /graphql",
            "GET collaborators/maintainer/permission", "POST issues/N/reactions")  # fmt: skip
    assert {call: calls[call] for call in once} == dict.fromkeys(once, 1)
    written = {call: n for call, n in calls.items() if not call.startswith("GET ") and "access_tokens" not in call}
    assert sum(written.values()) <= 30, written
    assert sum(calls.values()) <= 80, calls
