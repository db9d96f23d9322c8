"""People of a story. Each method is the REST call that the person's client would make, without the HTTP."""

from typing import TYPE_CHECKING, Any

from demo.hub.callers import Caller
from demo.hub.state import Comment, Issue, Repository

if TYPE_CHECKING:
    from demo.hub.hub import Hub


class Person:
    """Acts on one repository with this person's rights. Raises GitHubError where GitHub would refuse."""

    def __init__(self, hub: "Hub", caller: Caller, repo: Repository) -> None:
        self.hub, self.caller, self.repo = hub, caller, repo

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """A call below `/repos/{owner}/{repo}`; returns the decoded answer."""
        answer = await self.hub.perform(self.caller, method, f"/repos/{self.repo.full_name}{path}", body)
        return answer.data

    async def open_issue(self, title: str, body: str | None = None, labels: list[str] | None = None) -> Issue:
        made = await self.call("POST", "/issues", {"title": title, "body": body, "labels": labels or []})
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
        await self.call("DELETE", f"/issues/{number}/labels/{name}")

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
