"""What a person of a story does with code: push, open pull requests, review, merge, press buttons.

REST where a client would use REST; git and the pages' buttons (which have no call) straight through the same changes.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from demo.hub import gitstore
from demo.hub.callers import Caller, may_use
from demo.hub.check_changes import press
from demo.hub.errors import not_found, unprocessable
from demo.hub.git_writes import commit_on_branch, delete_ref
from demo.hub.pull_facts import git_of
from demo.hub.review_changes import resolve
from demo.hub.state import CheckRun, Pull, Repository, Review

if TYPE_CHECKING:
    from demo.hub.hub import Hub


class Contributor:
    """Acts on one repository with this person's rights. Raises GitHubError where GitHub would refuse."""

    def __init__(self, hub: "Hub", caller: Caller, repo: Repository) -> None:
        self.hub, self.caller, self.repo = hub, caller, repo

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """A call below `/repos/{owner}/{repo}`; returns the decoded answer."""
        answer = await self.hub.perform(self.caller, method, f"/repos/{self.repo.full_name}{path}", body)
        return answer.data

    async def push(self, branch: str, files: Mapping[str, str | bytes | None], message: str = "Change files") -> str:
        """One commit on the branch (None removes a file); a new branch starts at the default one. Answers the sha."""
        self._needs_write()
        return await commit_on_branch(self.hub, self.repo, self.caller, branch, files, message)

    async def delete_branch(self, branch: str) -> None:
        self._needs_write()
        ref = f"refs/heads/{branch}"
        sha = await gitstore.read_ref(git_of(self.repo), ref)
        if sha is None:
            raise not_found()
        await delete_ref(self.hub, self.repo, self.caller, ref, sha)

    async def tip(self, branch: str) -> str | None:
        """The sha at the end of a branch, None where there is no such branch."""
        return await gitstore.read_ref(git_of(self.repo), f"refs/heads/{branch}")

    async def read(self, path: str, at: str | None = None) -> str:
        """A file's text at a branch or sha (default: the default branch)."""
        where = at or self.repo.default_branch
        return (await gitstore.read_blob(git_of(self.repo), f"{where}:{path}")).decode()

    async def open_pull(
        self, head: str, *, base: str | None = None, title: str = "Change", body: str | None = None, draft: bool = False
    ) -> Pull:
        wish = {"head": head, "base": base or self.repo.default_branch, "title": title, "draft": draft}
        made = await self.call("POST", "/pulls", wish | ({} if body is None else {"body": body}))
        return self._pull(made["number"])

    async def merge(self, number: int, method: str = "merge", sha: str | None = None) -> str:
        """Press the merge button. Answers the new commit's sha."""
        wish = {"merge_method": method} | ({} if sha is None else {"sha": sha})
        merged = await self.call("PUT", f"/pulls/{number}/merge", wish)
        return str(merged["sha"])

    async def close_pull(self, number: int) -> None:
        await self.call("PATCH", f"/pulls/{number}", {"state": "closed"})

    async def reopen_pull(self, number: int) -> None:
        await self.call("PATCH", f"/pulls/{number}", {"state": "open"})

    async def edit_pull(self, number: int, **changes: Any) -> None:
        """`title=…`, `body=…`, `base=…`."""
        await self.call("PATCH", f"/pulls/{number}", changes)

    async def request_review(self, number: int, *logins: str) -> None:
        await self.call("POST", f"/pulls/{number}/requested_reviewers", {"reviewers": list(logins)})

    async def review(
        self, number: int, event: str = "COMMENT", body: str = "", comments: list[dict[str, Any]] | None = None
    ) -> Review:
        """`event`: APPROVE, REQUEST_CHANGES or COMMENT; `comments`: `{"path", "line", "body"}`."""
        wish = {"event": event, "body": body, "comments": comments or []}
        made = await self.call("POST", f"/pulls/{number}/reviews", wish)
        return next(one for one in self._pull(number).reviews if one.id == made["id"])

    async def answer_review_comment(self, number: int, comment_id: int, body: str) -> None:
        await self.call("POST", f"/pulls/{number}/comments/{comment_id}/replies", {"body": body})

    def resolve_thread(self, number: int, thread_id: int, *, resolved: bool = True) -> None:
        self._needs_write()
        pull = self._pull(number)
        thread = next(one for one in pull.threads if one.id == thread_id)
        resolve(self.hub, pull, thread, self.caller, resolved=resolved)

    async def press(self, check_run_id: int, identifier: str) -> None:
        """Press an App's button; it is there only on a completed run, for people who may write."""
        self._needs_write()
        run = self._run(check_run_id)
        if run.status != "completed" or all(one.identifier != identifier for one in run.actions):
            raise unprocessable(f"There is no button {identifier!r} on this check run.")
        await press(self.hub, self.repo, run, identifier, self.caller)

    async def rerun(self, check_run_id: int) -> None:
        """Press "Re-run" beside one check."""
        await self.call("POST", f"/check-runs/{check_run_id}/rerequest")

    async def rerun_all(self, check_suite_id: int) -> None:
        """Press "Re-run all checks"."""
        await self.call("POST", f"/check-suites/{check_suite_id}/rerequest")

    def _needs_write(self) -> None:
        may_use(self.caller, self.repo, role="write", writes=True)

    def _pull(self, number: int) -> Pull:
        pull = self.repo.pull(number)
        if pull is None:
            raise not_found()
        return pull

    def _run(self, check_run_id: int) -> CheckRun:
        run = self.repo.check_runs.get(check_run_id)
        if run is None:
            raise not_found()
        return run
