"""What the App does as itself: find its installations, mint tokens, read and repeat webhook deliveries."""

from datetime import UTC, datetime
from typing import NoReturn

from core.errors import Forbidden, NotFound, Refused
from core.github import calls
from core.github.answers import App, Delivery, DeliveryDetail, Installation, Issue, MintedToken, Repository
from core.github.sender import Sender
from core.github.tokens import Scope
from core.refs import RepoRef


class AppDoor:
    """Calls with the App's JWT. Every method raises errors of `core.errors`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def me(self) -> App:
        """The App: its slug, permissions and events as GitHub has them."""
        return await self._sender.get(calls.GET_APP, App)

    async def installations(self) -> list[Installation]:
        return await self._sender.get_all(calls.LIST_INSTALLATIONS, Installation)

    async def installation(self, installation_id: int) -> Installation:
        return await self._sender.get(calls.GET_INSTALLATION, Installation, {"installation_id": installation_id})

    async def installation_of(self, repo: RepoRef) -> Installation:
        """The installation that covers a repository; raises `NotFound` when none does."""
        return await self._sender.get(
            calls.GET_REPO_INSTALLATION, Installation, {"owner": repo.owner, "repo": repo.name}
        )

    async def deliveries(self, *, since: datetime) -> list[Delivery]:
        """Deliveries of the App's webhook, newest first, back to `since` (aware; GitHub keeps three days)."""
        oldest = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
        return await self._sender.get_all(
            calls.LIST_DELIVERIES, Delivery, until=lambda item: item["delivered_at"] < oldest
        )

    async def delivery(self, delivery_id: int) -> DeliveryDetail:
        """One delivery with its headers and payload."""
        return await self._sender.get(calls.GET_DELIVERY, DeliveryDetail, {"delivery_id": delivery_id})

    async def redeliver(self, delivery_id: int) -> None:
        """Ask GitHub to send it again, under the same GUID."""
        await self._sender.send(calls.REDELIVER, object, {"delivery_id": delivery_id})

    async def mint(self, scope: Scope) -> MintedToken:
        """A new installation token. Raises `InstallationSuspended`, `NotFound` (not installed) or `Forbidden`."""
        try:
            return await self._sender.send(
                calls.MINT_TOKEN, MintedToken, {"installation_id": scope.installation_id}, scope.body()
            )
        except Refused as refused:
            _explain(refused, scope)


class InstallationDoor:
    """What an installation can see as a whole; the token is for all of its repositories and may only read."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def repositories(self) -> list[Repository]:
        return await self._sender.get_all(calls.LIST_REPOSITORIES, Repository, key="repositories")

    async def search_labelled(self, label: str) -> list[tuple[Repository, Issue]]:
        """Open issues (no pull requests) with this label in all repositories of the installation.

        Asks each repository instead of GitHub's search: the search index lags behind, and this is for finding what a
        lost webhook did not tell.
        """
        found = []
        for repository in await self.repositories():
            if repository.archived or repository.disabled:
                continue
            where = {"owner": repository.owner.login, "repo": repository.name, "labels": label, "state": "open"}
            try:
                issues = await self._sender.get_all(calls.LIST_ISSUES, Issue, where)
            except NotFound:  # issues are switched off there
                continue
            found += [(repository, issue) for issue in issues if not issue.is_pull]
        return found


def _explain(refused: Refused, scope: Scope) -> NoReturn:
    """GitHub answers 422 when a token should have more rights than the installation was granted."""
    if refused.says("permission") or refused.says("repositor"):
        wanted = ", ".join(f"{name}: {level}" for name, level in scope.permissions)
        raise Forbidden(f"The installation does not grant the App what it needs ({wanted}).") from refused
    raise refused
