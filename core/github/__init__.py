"""The one door to GitHub.

Everything that can go wrong between us and GitHub is met here, once: tokens that expire or can do too much, redirects
that would carry them away, limits, outages, answers that are not what they were. Behind the door there are typed
answers and the errors of `core.errors`, nothing of HTTP.
"""

import asyncio
import random as chance
from collections.abc import Awaitable, Callable, Mapping

import aiohttp
from redis.asyncio import Redis

from core.clock import Clock
from core.github.answers import (
    Account,
    App,
    CheckRun,
    Comment,
    Delivery,
    DeliveryDetail,
    Installation,
    Issue,
    Label,
    Pull,
    Reaction,
    Repository,
    Review,
    TimelineEvent,
)
from core.github.app import AppDoor, InstallationDoor
from core.github.budget import STATS_KEY, Budget, Kind
from core.github.calls import CALLS, Call, needed_permissions
from core.github.checks import CheckFields
from core.github.documents import DOCUMENTS
from core.github.repo import RepoDoor
from core.github.sender import Office, Sender
from core.github.threads import Thread, ThreadComment
from core.github.tokens import AppKey, Scope, Tokens
from core.github.wire import Station
from core.metrics import Metrics
from core.refs import RepoRef
from core.secret import Secret
from core.settings import Settings

__all__ = [
    "CALLS",
    "DOCUMENTS",
    "STATS_KEY",
    "Account",
    "App",
    "AppDoor",
    "Call",
    "CheckFields",
    "CheckRun",
    "Comment",
    "Delivery",
    "DeliveryDetail",
    "GitHub",
    "Installation",
    "InstallationDoor",
    "Issue",
    "Kind",
    "Label",
    "Pull",
    "Reaction",
    "RepoDoor",
    "Repository",
    "Review",
    "Thread",
    "ThreadComment",
    "TimelineEvent",
    "needed_permissions",
]

_READ_ALL = {"issues": "read", "metadata": "read"}


class GitHub:
    """All doors of one App in one process. Make it inside the running loop; the session is the caller's to close."""

    def __init__(
        self,
        *,
        app_id: str,
        private_key: Secret,
        api_url: str,
        server_url: str,
        session: aiohttp.ClientSession,
        redis: "Redis | None",
        clock: Clock,
        metrics: Metrics | None = None,
        patience_s: float = 10,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Callable[[], float] = chance.random,
        budget: Budget | None = None,
    ) -> None:
        """`patience_s`: how long one call may wait for limits and outages (handlers 10 s, workers longer)."""
        self._server_url = server_url
        self._key = AppKey(app_id, private_key, clock)
        self._office = Office(
            station=Station(session, api_url, clock),
            budget=budget or Budget(redis, clock),
            metrics=metrics or Metrics(),
            sleep=sleep,
            random=random,
            patience_s=patience_s,
        )
        self._app = AppDoor(Sender(self._office, self._key))
        self._tokens = Tokens(self._app.mint, clock)

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        *,
        session: aiohttp.ClientSession,
        redis: "Redis | None",
        clock: Clock,
        metrics: Metrics | None = None,
        patience_s: float = 10,
    ) -> "GitHub":
        return cls(
            app_id=settings.app_id,
            private_key=settings.private_key,
            api_url=settings.github_api_url,
            server_url=settings.github_server_url,
            session=session,
            redis=redis,
            clock=clock,
            metrics=metrics,
            patience_s=patience_s,
            budget=Budget(
                redis, clock,
                writes_a_minute=settings.writes_per_minute, writes_an_hour=settings.writes_per_hour,
            ),
        )  # fmt: skip

    def app(self) -> AppDoor:
        """Calls of the App itself."""
        return self._app

    def installation(self, installation_id: int) -> InstallationDoor:
        """Reading across all repositories of an installation."""
        scope = Scope(installation_id, tuple(sorted(_READ_ALL.items())))
        return InstallationDoor(Sender(self._office, self._key, tokens=self._tokens, scope=scope))

    def repo(
        self,
        installation_id: int,
        ref: RepoRef,
        *,
        repo_id: int | None = None,
        permissions: Mapping[str, str] | None = None,
        patience_s: float | None = None,
    ) -> RepoDoor:
        """One repository. `permissions`: what the token may do, by default all that the calls of the door need.

        Making a door costs nothing; the token is minted at its first call and shared by all doors of equal scope.
        Give `repo_id` where it is known: a token by id survives a rename.
        """
        wanted = needed_permissions() if permissions is None else permissions
        scope = Scope(installation_id, tuple(sorted(wanted.items())), repo_id, "" if repo_id else ref.name)
        sender = Sender(self._office, self._key, tokens=self._tokens, scope=scope, patience_s=patience_s)
        return RepoDoor(sender, ref, self._server_url)
