"""Issues, their comments, labels, reactions, history and relations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.errors import NotFound, Refused
from core.github import calls
from core.github.answers import Comment, Issue, Label, Reaction, TimelineEvent
from core.github.budget import Kind
from core.github.sender import Sender
from core.refs import RepoRef


class RepoCalls:
    """What every call for one repository starts from."""

    def __init__(self, sender: Sender, ref: RepoRef, server_url: str) -> None:
        self._sender = sender
        self.ref = ref
        self.server_url = server_url

    def _at(self, **values: Any) -> dict[str, Any]:
        """The values for a call's path and query."""
        return {"owner": self.ref.owner, "repo": self.ref.name, **values}


class IssueCalls(RepoCalls):
    """Numbers are issue numbers; pull requests are issues too."""

    async def issue(self, number: int) -> Issue:
        return await self._sender.get(calls.GET_ISSUE, Issue, self._at(number=number))

    async def issues(self, *, labels: Sequence[str] = (), state: str = "open") -> list[Issue]:
        """All issues with all of these labels; pull requests are among them (`is_pull`)."""
        where = {"state": state} | ({"labels": ",".join(labels)} if labels else {})
        return await self._sender.get_all(calls.LIST_ISSUES, Issue, self._at(**where))

    async def issue_labels(self, number: int) -> list[Label]:
        return await self._sender.get_all(calls.LIST_ISSUE_LABELS, Label, self._at(number=number))

    async def comments(self, number: int, *, since: datetime | None = None) -> list[Comment]:
        """All comments of an issue, oldest first; or those written or edited `since`."""
        where = {"since": f"{since:%Y-%m-%dT%H:%M:%SZ}"} if since else {}
        return await self._sender.get_all(calls.LIST_COMMENTS, Comment, self._at(number=number, **where))

    async def comment(self, comment_id: int) -> Comment:
        return await self._sender.get(calls.GET_COMMENT, Comment, self._at(comment_id=comment_id))

    async def create_comment(self, number: int, body: str, *, budget: Kind = "end") -> Comment:
        """Not repeated when no answer came: look for it (a hidden marker in the body) before writing again."""
        data = {"body": body}
        return await self._sender.send(calls.CREATE_COMMENT, Comment, self._at(number=number), data, budget=budget)

    async def edit_comment(self, comment_id: int, body: str, *, budget: Kind = "end") -> Comment:
        data = {"body": body}
        return await self._sender.send(
            calls.EDIT_COMMENT, Comment, self._at(comment_id=comment_id), data, budget=budget
        )

    async def react_to_issue(self, number: int, content: str, *, budget: Kind = "end") -> Reaction:
        """+1, -1, laugh, confused, heart, hooray, rocket or eyes; twice is once."""
        data = {"content": content}
        return await self._sender.send(calls.REACT_TO_ISSUE, Reaction, self._at(number=number), data, budget=budget)

    async def react_to_comment(self, comment_id: int, content: str, *, budget: Kind = "end") -> Reaction:
        """As `react_to_issue`, for a comment of an issue."""
        data = {"content": content}
        return await self._sender.send(
            calls.REACT_TO_COMMENT, Reaction, self._at(comment_id=comment_id), data, budget=budget
        )

    async def add_labels(self, number: int, labels: Sequence[str]) -> None:
        data = {"labels": list(labels)}
        await self._sender.send(calls.ADD_LABELS, object, self._at(number=number), data)

    async def remove_label(self, number: int, name: str) -> None:
        """Take a label off; nothing happens when it is not there."""
        try:
            await self._sender.send(calls.REMOVE_LABEL, object, self._at(number=number, name=name))
        except NotFound:
            return

    async def ensure_label(self, name: str, color: str, description: str) -> bool:
        """Make the repository's label (`color`: six hex digits) unless it exists; whether it was made."""
        data = {"name": name, "color": color, "description": description}
        try:
            await self._sender.send(calls.CREATE_LABEL, Label, self._at(), data)
        except Refused as refused:
            if refused.says("already_exists"):
                return False
            raise
        return True

    async def timeline(self, number: int) -> list[TimelineEvent]:
        """What happened to an issue, oldest first; for `labeled` the label and who set it."""
        return await self._sender.get_all(calls.LIST_TIMELINE, TimelineEvent, self._at(number=number))

    async def blocked_by(self, number: int) -> list[Issue]:
        """The issues that must be closed before this one; empty on a server without dependencies."""
        return await self._related(calls.LIST_BLOCKED_BY, number)

    async def blocking(self, number: int) -> list[Issue]:
        """The issues that wait for this one."""
        return await self._related(calls.LIST_BLOCKING, number)

    async def sub_issues(self, number: int) -> list[Issue]:
        return await self._related(calls.LIST_SUB_ISSUES, number)

    async def _related(self, call: calls.Call, number: int) -> list[Issue]:
        try:
            return await self._sender.get_all(call, Issue, self._at(number=number))
        except NotFound:
            return []
