"""Who owns which delivery: one handler for each (event, action), and its type.

What is not in this table is answered 202 and forgotten. `app.yml` asks GitHub for exactly these events; a test holds
the two equal.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from bot import events
from bot.handlers import checks, comments, installations, issues, pull_requests, pushes
from bot.handlers.case import Case, Desk
from core.deliveries import Delivery

__all__ = ["BY_THEMSELVES", "ROUTES", "Case", "Desk", "Route", "handle", "owned", "tell"]

# The handler takes the very type beside it, which a dict of callables cannot say; the decoder guarantees it.
Handler = Callable[[Any, Case], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Route:
    """What a delivery is decoded to, and who handles it; the handler tells in a few words what it did, for the log."""

    type: type[events.Event]
    handler: Handler


ROUTES: dict[tuple[str, str], Route] = {
    ("issues", "labeled"): Route(events.IssuesEvent, issues.on_labeled),
    ("issues", "unlabeled"): Route(events.IssuesEvent, issues.on_unlabeled),
    ("issues", "closed"): Route(events.IssuesEvent, issues.on_closed),
    ("issues", "reopened"): Route(events.IssuesEvent, issues.on_reopened),
    ("issues", "edited"): Route(events.IssuesEvent, issues.on_edited),
    ("issues", "deleted"): Route(events.IssuesEvent, issues.on_deleted),
    ("issues", "transferred"): Route(events.IssuesEvent, issues.on_transferred),
    ("issue_dependencies", "blocked_by_added"): Route(events.DependencyEvent, issues.on_dependency),
    ("issue_dependencies", "blocked_by_removed"): Route(events.DependencyEvent, issues.on_dependency),
    ("issue_comment", "created"): Route(events.CommentEvent, comments.on_created),
    ("check_run", "rerequested"): Route(events.CheckRunEvent, checks.on_run_rerequested),
    ("check_run", "requested_action"): Route(events.CheckRunEvent, checks.on_button),
    ("check_suite", "rerequested"): Route(events.CheckSuiteEvent, checks.on_suite_rerequested),
    ("pull_request", "closed"): Route(events.PullEvent, pull_requests.on_closed),
    ("pull_request", "opened"): Route(events.PullEvent, pull_requests.on_opened),
    ("pull_request", "reopened"): Route(events.PullEvent, pull_requests.on_reopened),
    ("pull_request", "synchronize"): Route(events.PullEvent, pull_requests.on_synchronize),
    ("push", ""): Route(events.PushEvent, pushes.on_push),
    ("repository", "renamed"): Route(events.RepositoryEvent, installations.on_renamed),
    ("repository", "publicized"): Route(events.RepositoryEvent, installations.on_publicized),
    ("repository", "privatized"): Route(events.RepositoryEvent, installations.on_privatized),
    ("repository", "transferred"): Route(events.RepositoryEvent, installations.on_renamed),
    ("installation", "created"): Route(events.InstallationEvent, installations.on_added),
    ("installation", "deleted"): Route(events.InstallationEvent, installations.on_lost),
    ("installation", "suspend"): Route(events.InstallationEvent, installations.on_lost),
    ("installation", "unsuspend"): Route(events.InstallationEvent, installations.on_back),
    ("installation", "new_permissions_accepted"): Route(events.InstallationEvent, installations.on_back),
    ("installation_repositories", "added"): Route(events.InstallationEvent, installations.on_added),
    ("installation_repositories", "removed"): Route(events.InstallationEvent, installations.on_removed),
}

BY_THEMSELVES = frozenset({"check_run", "check_suite", "installation", "installation_repositories"})
"""Events that GitHub sends every App without being asked (the first two for the permission `checks`)."""


def owned() -> dict[tuple[str, str], type[events.Event]]:
    """The type of each (event, action) that somebody handles."""
    return {name: route.type for name, route in ROUTES.items()}


async def handle(delivery: Delivery, tries: int, desk: Desk) -> str:
    """Hand a stored delivery to its owner. Raises whatever goes wrong."""
    route = ROUTES.get((delivery.event, delivery.action))
    if route is None:
        return "nobody owns this event any more"
    event = msgspec.json.decode(delivery.body, type=route.type)
    case = Case(desk, delivery, event, tries)
    # "privatized" may be lost. Only this way round: a late delivery must not show what has been hidden since.
    if event.repository is not None and event.repository.private:
        await installations.hide(case)
    return await route.handler(event, case)


async def tell(delivery: Delivery, desk: Desk, cause: str, text: str) -> None:
    """Say something where a delivery came from, once; nowhere if it is about no issue."""
    route = ROUTES.get((delivery.event, delivery.action))
    if route is None or not delivery.issue:
        return
    case = Case(desk, delivery, msgspec.json.decode(delivery.body, type=route.type))
    await case.say(delivery.issue, cause, [text], look_first=True)
