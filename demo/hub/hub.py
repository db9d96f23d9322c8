"""The simulated GitHub as one object: start it, act on it as people do, plan its failures, look at its world."""

import importlib
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from yarl import URL

from demo.hub.auth import person_token
from demo.hub.callers import Caller
from demo.hub.dispatch import dispatch
from demo.hub.errors import GitHubError
from demo.hub.faults import Delay, Fault, Faults
from demo.hub.git_writes import plant_files
from demo.hub.gitstore import Git
from demo.hub.installing import Manifest, install, ping
from demo.hub.limits import Limits
from demo.hub.observers import Exchange, Observer
from demo.hub.people import Person
from demo.hub.pull_changes import announce_pull
from demo.hub.pull_facts import git_of
from demo.hub.routing import JSON, ROUTES, Answer, RouteTable
from demo.hub.seed import add_account, add_repository, new_key, plant
from demo.hub.server import Server
from demo.hub.state import Account, App, Installation, Pull, Repository, Team, World
from demo.hub.urls import Urls
from demo.hub.webhooks import Courier, Delivery, Mishap

PullAnnouncer = Callable[["Hub", Pull, str, Account, Mapping[str, Any]], Awaitable[None]]
"""`(hub, pull, action, sender, extra payload keys)`: sends the `pull_request` event."""

ROOMS = (
    "demo.hub.apps",
    "demo.hub.assignees",
    "demo.hub.checks",
    "demo.hub.comments",
    "demo.hub.contents",
    "demo.hub.deliveries",
    "demo.hub.git_data",
    "demo.hub.git_http",
    "demo.hub.graphql",
    "demo.hub.history",
    "demo.hub.issues",
    "demo.hub.labels",
    "demo.hub.merges",
    "demo.hub.pages",
    "demo.hub.pulls",
    "demo.hub.reactions",
    "demo.hub.relations",
    "demo.hub.repos",
    "demo.hub.review_comments",
    "demo.hub.reviews",
    "demo.hub.search",
    "demo.hub.statuses",
    "demo.hub.users",
)
"""Modules whose routes make up the hub; importing one registers its routes."""

for _room in ROOMS:
    importlib.import_module(_room)


class Hub:
    """GitHub on 127.0.0.1 with one organisation, one repository, six people and our App installed.

    `now`: aware UTC time, the caller's clock. `strict`: unknown request fields are 422 (GitHub ignores many) and are
    always listed in `problems`. `private_key_pem`: the App's key; making one takes about 0.1 s, so tests share one.
    `files`: path to content of the first commit (default: a README).
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        now: Callable[[], datetime],
        webhook_url: str | None = None,
        webhook_secret: str = "hub-webhook-secret",  # noqa: S107 - a simulated GitHub's default, not a secret
        owner: str = "acme",
        repo: str = "widgets",
        private: bool = False,
        strict: bool = True,
        private_key_pem: str | None = None,
        new_guid: Callable[[], str] = lambda: str(uuid4()),
        files: Mapping[str, str | bytes] | None = None,
    ) -> None:
        self.data_dir, self.now, self.strict = data_dir, now, strict
        self.world, self.urls = World(), Urls()
        self.faults, self.limits = Faults(), Limits(now)
        self.observers: list[Observer] = []
        self.courier = Courier(self.world, self.urls, now, new_guid, self.observe)
        self.table = RouteTable(ROUTES)
        self.unknown_routes: list[str] = []
        self.problems: list[str] = []
        self.private_key_pem = private_key_pem or new_key()
        self.app, self.installation, self.repo = plant(
            self.world, data_dir, now(), owner=owner, repo=repo, private=private, key_pem=self.private_key_pem
        )
        self.app.hook.url, self.app.hook.secret = webhook_url, webhook_secret
        self.visitor = ""
        """Who somebody is that opens a page for the first time; empty: nobody."""
        self.users = {
            account.login: person_token(self.world, account).value
            for account in self.world.accounts.values()
            if account.type == "User"
        }
        self.announce_pull: PullAnnouncer = announce_pull
        self._files = {"README.md": f"# {repo}\n"} if files is None else files
        self.manifests: dict[str, Manifest] = {}
        self._server = Server(self)

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1 (`port` 0: any free one). The first start commits `files` to the default branch."""
        await plant_files(self, self.repo, self._files)
        await self.courier.start()
        bound = await self._server.start(port)
        self.urls.api = self.urls.html = f"http://127.0.0.1:{bound}"

    async def stop(self) -> None:
        await self.courier.stop()
        await self._server.stop()

    @property
    def api_url(self) -> str:
        """REST, at the root and under `/api/v3`."""
        return self.urls.api

    @property
    def html_url(self) -> str:
        """Pages and git."""
        return self.urls.html

    @property
    def app_id(self) -> int:
        return self.app.id

    @property
    def installation_id(self) -> int:
        return self.installation.id

    @property
    def webhook_secret(self) -> str | None:
        return self.app.hook.secret

    @property
    def webhook_url(self) -> str | None:
        """Where deliveries go; None: nowhere, nothing is recorded."""
        return self.app.hook.url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self.app.hook.url = url

    @property
    def deliveries(self) -> list[Delivery]:
        """Everything that was sent, redeliveries too; lost ones are in `courier.lost`."""
        return self.courier.log

    def git(self, repo: Repository) -> Git:
        """git for the repository's bare directory: for `demo.hub.gitstore`'s functions."""
        return git_of(repo)

    def problem(self, words: str) -> None:
        """Something that GitHub would have let pass or that only a mistake of ours can cause."""
        self.problems.append(words)

    def as_user(self, login: str, repo: Repository | None = None) -> Person:
        """Act as this person, in the default repository or another."""
        account = self.world.account(login)
        if account is None:
            raise KeyError(f"nobody is called {login!r}; there are {', '.join(self.users)}")
        return Person(self, Caller("user", account), repo or self.repo)

    async def perform(self, caller: Caller, method: str, path: str, body: Any = None) -> Answer:
        """One call without HTTP: same routes, rights and webhooks; no faults, no limits. Raises GitHubError."""
        url = URL(path, encoded=False)
        raw = b"" if body is None else msgspec.json.encode(body)
        try:
            answer = await dispatch(self, caller, method, url.raw_path, url.query, {}, raw)
        except GitHubError as refusal:
            self.observe(Exchange(method, str(url), raw, refusal.status, msgspec.json.encode(refusal.body()), JSON))
            raise
        sent = b"" if answer.status == 204 else answer.raw or msgspec.json.encode(answer.data)
        self.observe(Exchange(method, str(url), raw, answer.status, sent, answer.content_type))
        return answer

    def observe(self, seen: Exchange | Delivery) -> None:
        """Show it to everybody in `observers`."""
        for observer in self.observers:
            observer(seen)

    def add_repository(
        self, name: str, *, owner: str | None = None, private: bool = False, installed: bool = False
    ) -> Repository:
        """Another repository, of the same owner unless named; with the same people where the owner is the same."""
        account = self.repo.owner if owner is None else self.world.account(owner)
        account = account or add_account(self.world, owner or "", "Organization", self.now())
        repo = add_repository(self.world, self.data_dir, self.now(), owner=account, name=name, private=private)
        if account is self.repo.owner:
            repo.collaborators = dict(self.repo.collaborators)
        if installed:
            self.installation.repository_ids.add(repo.id)
        return repo

    def add_team(self, slug: str, *logins: str, repo: Repository | None = None) -> Team:
        """A team of the organisation with access to the repository (the default one unless named)."""
        repo = repo or self.repo
        team = Team(self.world.new_id(), repo.owner, slug.lower(), set(logins))
        repo.teams[team.slug] = team
        return team

    def install(self, *repos: Repository) -> Installation:
        """Our App on these repositories of one owner, or on another's: as that owner would do it."""
        account = repos[0].owner
        return install(self, self.app, account, account, list(repos))

    def agree_to_manifest(
        self, *, name: str, permissions: dict[str, str], events: list[str], hook_url: str | None = None
    ) -> str:
        """The code that GitHub hands to the redirect address after a person pressed the button; good for once."""
        code = secrets.token_hex(20)
        self.manifests[code] = Manifest(name, self.repo.owner, "https://example.com", hook_url, permissions, events)
        return code

    def ping(self) -> None:
        """The first delivery of a new webhook."""
        ping(self, self.app)

    def installations_of(self, app: App) -> list[Installation]:
        return [one for one in self.world.installations.values() if one.app is app]

    # ── what may go wrong ──────────────────────────────────────────────────────────────────────────────────────────

    def fail(
        self,
        method: str | None,
        path_fragment: str,
        *,
        status: int,
        times: int = 1,
        headers: dict[str, str] | None = None,
        after_effect: bool = False,
        message: str | None = None,
    ) -> None:
        """The next `times` calls whose path contains `path_fragment` are answered `status`.

        `after_effect=True`: the write is done, its answer is lost. `method` None: any.
        """
        self.faults.planned.append(Fault(method, path_fragment, status, times, headers or {}, after_effect, message))

    def slow(self, path_fragment: str, *, seconds: float, times: int | None = None) -> None:
        """Such calls wait before anything happens."""
        self.faults.delays.append(Delay(path_fragment, seconds, times))

    def rate_limit(self, *, after: int = 0, reset_in: float = 3600.0) -> None:
        """After so many further calls the caller's hour is used up: 403 with `x-ratelimit-remaining: 0`."""
        self.limits.plan_exhaustion(after, reset_in)

    def secondary_limit(self, *, retry_after: int = 60, times: int = 1) -> None:
        """The next calls get 403 with `Retry-After`."""
        self.limits.plan_secondary(retry_after, times)

    def lose_webhooks(self, times: int = 1, event: str | None = None) -> None:
        """Deliveries that never leave and that no log knows; find them in `courier.lost`."""
        self.courier.losses.append(Mishap(times, event))

    def repeat_webhooks(self, times: int = 1, event: str | None = None) -> None:
        """Deliveries that are sent twice at once, under one GUID."""
        self.courier.repeats.append(Mishap(times, event))

    def hold_webhooks(self) -> None:
        """Keep deliveries until `release_webhooks`."""
        self.courier.holding = True

    async def release_webhooks(self, order: Callable[[list[Delivery]], Iterable[Delivery]] | None = None) -> None:
        """Send what was held, one after the other; `order` may sort, drop or double them."""
        await self.courier.release(order)

    async def settle(self) -> None:
        """Wait until no delivery is under way."""
        await self.courier.settle()
