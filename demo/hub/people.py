"""People of a story. Each method is the REST call that the person's client would make, without the HTTP."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from demo.hub.callers import may_use
from demo.hub.contributor import Contributor
from demo.hub.installing import (
    choose_repositories,
    delete_issue,
    grant,
    rename_repository,
    resume_installation,
    suspend_installation,
    transfer_issue,
    uninstall,
)
from demo.hub.state import Account, Comment, Installation, Issue, Repository


class Person(Contributor):
    """Acts on one repository with this person's rights. Raises GitHubError where GitHub would refuse."""

    async def open_issue(self, title: str, body: str | None = None, labels: list[str] | None = None) -> Issue:
        wish = {"title": title, "labels": labels or []} | ({} if body is None else {"body": body})
        made = await self.call("POST", "/issues", wish)
        return self.repo.issues[made["number"]]

    async def edit(self, number: int, **changes: Any) -> None:
        """`title=…`, `body=…`, `labels=[…]`, `state=…`."""
        await self.call("PATCH", f"/issues/{number}", changes)

    async def close(self, number: int, reason: str = "completed") -> None:
        await self.edit(number, state="closed", state_reason=reason)

    async def reopen(self, number: int) -> None:
        await self.edit(number, state="open")

    async def label(self, number: int, *names: str) -> None:
        await self.call("POST", f"/issues/{number}/labels", {"labels": list(names)})

    async def unlabel(self, number: int, name: str) -> None:
        await self.call("DELETE", f"/issues/{number}/labels/{quote(name, safe='')}")

    async def comment(self, number: int, body: str) -> Comment:
        made = await self.call("POST", f"/issues/{number}/comments", {"body": body})
        return self.repo.comments[made["id"]]

    async def edit_comment(self, comment_id: int, body: str) -> None:
        await self.call("PATCH", f"/issues/comments/{comment_id}", {"body": body})

    async def delete_comment(self, comment_id: int) -> None:
        await self.call("DELETE", f"/issues/comments/{comment_id}")

    async def react(self, number: int, content: str) -> None:
        await self.call("POST", f"/issues/{number}/reactions", {"content": content})

    async def react_to_comment(self, comment_id: int, content: str) -> None:
        await self.call("POST", f"/issues/comments/{comment_id}/reactions", {"content": content})

    async def block(self, number: int, by: int) -> None:
        """Issue `number` waits for issue `by` of the same repository."""
        await self.call("POST", f"/issues/{number}/dependencies/blocked_by", {"issue_id": self.repo.issues[by].id})

    async def unblock(self, number: int, by: int) -> None:
        await self.call("DELETE", f"/issues/{number}/dependencies/blocked_by/{self.repo.issues[by].id}")

    async def add_sub_issue(self, parent: int, child: int) -> None:
        await self.call("POST", f"/issues/{parent}/sub_issues", {"sub_issue_id": self.repo.issues[child].id})

    # ── what has no REST call for an App: done on pages of the settings, by owners ──────────────────────────────────

    async def delete_issue(self, number: int) -> None:
        await delete_issue(self.hub, self.repo.issues[number], self._owner())

    async def transfer_issue(self, number: int, to: Repository) -> Issue:
        return await transfer_issue(self.hub, self.repo.issues[number], to, self._owner())

    async def rename_repository(self, name: str) -> None:
        rename_repository(self.hub, self.repo, name, self._owner())

    async def suspend_app(self) -> None:
        suspend_installation(self.hub, self._installation(), self._owner())

    async def resume_app(self) -> None:
        resume_installation(self.hub, self._installation(), self._owner())

    async def remove_app(self) -> None:
        uninstall(self.hub, self._installation(), self._owner())

    async def choose_repositories(self, add: Iterable[Repository] = (), remove: Iterable[Repository] = ()) -> None:
        choose_repositories(self.hub, self._installation(), self._owner(), add, remove)

    async def grant(self, **permissions: str) -> None:
        """Accept (or take away) permissions: the installation has exactly these afterwards."""
        grant(self.hub, self._installation(), permissions, self._owner())

    def _owner(self) -> Account:
        may_use(self.caller, self.repo, role="admin", writes=True)
        return self.caller.actor

    def _installation(self) -> Installation:
        return next(one for one in self.hub.world.installations.values() if one.account is self.repo.owner)
