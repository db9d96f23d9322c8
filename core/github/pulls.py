"""Pull requests and their reviews."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.github import calls, documents
from core.github.answers import Pull, PullFile, Review
from core.github.budget import Kind
from core.github.issues import RepoCalls


class PullCalls(RepoCalls):
    """Numbers are pull request numbers."""

    async def pull(self, number: int) -> Pull:
        return await self._sender.get(calls.GET_PULL, Pull, self._at(number=number))

    async def pulls(self, *, head: str = "", state: str = "open") -> list[Pull]:
        """Pull requests, newest first; `head`: a branch here or owner:branch; `state`: open|closed|all."""
        where = {"state": state}
        if head:
            where["head"] = head if ":" in head else f"{self.ref.owner}:{head}"
        return await self._sender.get_all(calls.LIST_PULLS, Pull, self._at(**where))

    async def changes(self, number: int, path: str) -> bool:
        """Whether a pull request changes the file at `path`; GitHub names its first 3,000 files."""
        files = await self._sender.get_all(calls.LIST_PULL_FILES, PullFile, self._at(number=number))
        return any(path in {file.filename, file.previous_filename} for file in files)

    async def create_pull(
        self, title: str, head: str, base: str, body: str, draft: bool, *, budget: Kind = "end"
    ) -> Pull:
        """Open a pull request from branch `head` into `base`.

        Not repeated when no answer came: look for it with `pulls(head=…)`. Raises `Refused` when there is one already
        ("A pull request already exists"), no commit ("No commits between"), or no drafts here ("Draft pull requests").
        """
        data = {"title": title, "head": head, "base": base, "body": body, "draft": draft}
        return await self._sender.send(calls.CREATE_PULL, Pull, self._at(), data, budget=budget)

    async def edit_pull(
        self,
        number: int,
        *,
        title: str | None = None,
        body: str | None = None,
        state: str | None = None,
        base: str | None = None,
        budget: Kind = "end",
    ) -> Pull:
        """Change what is given; `state` open|closed."""
        changes = {"title": title, "body": body, "state": state, "base": base}
        data = {name: value for name, value in changes.items() if value is not None}
        return await self._sender.send(calls.EDIT_PULL, Pull, self._at(number=number), data, budget=budget)

    async def mark_ready(self, node_id: str, *, budget: Kind = "end") -> None:
        """A draft becomes ready for review (`node_id` of the pull request); REST cannot do this."""
        await self._sender.query(calls.MARK_READY, documents.MARK_READY, budget=budget, pull=node_id)

    async def reviews(self, number: int) -> list[Review]:
        return await self._sender.get_all(calls.LIST_REVIEWS, Review, self._at(number=number))

    async def create_review(
        self,
        number: int,
        body: str,
        event: str = "COMMENT",
        comments: Sequence[Mapping[str, Any]] = (),
        commit_id: str | None = None,
        *,
        budget: Kind = "end",
    ) -> Review:
        """Comment on the diff; each comment is `{path, line, side, body}`.

        Not repeated when no answer came. Raises `Refused` when a comment's line is not in the diff.
        """
        data: dict[str, Any] = {"body": body, "event": event}
        if comments:
            data["comments"] = [dict(comment) for comment in comments]
        if commit_id is not None:
            data["commit_id"] = commit_id
        return await self._sender.send(calls.CREATE_REVIEW, Review, self._at(number=number), data, budget=budget)
