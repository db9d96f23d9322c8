"""Pull requests and their reviews."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.github import calls, documents
from core.github.answers import Pull, PullFile, Review
from core.github.budget import Kind
from core.github.issues import RepoCalls
from core.github.sender import typed
from core.github.threads import Requested, Thread, ThreadAnswer


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

    async def threads(self, number: int) -> list[Thread]:
        """The conversations at lines of the diff, oldest first."""
        found: list[Thread] = []
        after: str | None = None
        more = True
        while more:
            data = await self._sender.query(
                calls.LIST_REVIEW_THREADS, documents.REVIEW_THREADS, owner=self.ref.owner, name=self.ref.name,
                number=number, after=after,
            )  # fmt: skip
            page = typed(data, ThreadAnswer, calls.LIST_REVIEW_THREADS).page
            found += page.nodes
            more, after = page.page_info.has_next_page, page.page_info.end_cursor
        return found

    async def resolve_thread(self, thread: str, *, resolved: bool = True, budget: Kind = "end") -> None:
        """Fold a conversation away, or open it again (`resolved` false); twice is once."""
        call, document = (
            (calls.RESOLVE_THREAD, documents.RESOLVE_THREAD)
            if resolved
            else (calls.UNRESOLVE_THREAD, documents.UNRESOLVE_THREAD)
        )
        await self._sender.query(call, document, budget=budget, thread=thread)

    async def answer_thread(self, thread: str, body: str, *, budget: Kind = "end") -> None:
        """Write into a conversation. Not repeated when no answer came: look for it with `threads`."""
        await self._sender.query(
            calls.ANSWER_THREAD, documents.ANSWER_THREAD, budget=budget, thread=thread, body=body
        )  # fmt: skip

    async def requested(self, number: int) -> Requested:
        return await self._sender.get(calls.LIST_REQUESTED, Requested, self._at(number=number))

    async def request_reviewers(
        self, number: int, people: Sequence[str] = (), teams: Sequence[str] = (), *, budget: Kind = "end"
    ) -> None:
        """Ask for reviews (logins, team slugs). Raises `Refused` for all of them when one is no collaborator here."""
        data = {"reviewers": list(people), "team_reviewers": list(teams)}
        await self._sender.send(calls.REQUEST_REVIEWERS, object, self._at(number=number), data, budget=budget)

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
