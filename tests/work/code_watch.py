"""What left the worker for places where a workflow could run it: read from GitHub's own log and refs, never from us."""

import re
from dataclasses import dataclass

from demo.hub import gitstore
from tests.work.working_desk import WorkingDesk

_SHA = re.compile(rb'"(?:sha|after|before|head_sha|id|head_commit)":\s*"([0-9a-f]{40})"')
_STARTS_WORKFLOWS = {
    "push", "pull_request", "pull_request_review", "pull_request_review_comment", "create", "check_suite", "check_run",
    "status",
}  # fmt: skip
"""Events on whose commit a workflow may be started."""


@dataclass(frozen=True, slots=True)
class CodeWatch:
    """Which commits with work of agents GitHub has told of, or holds where a workflow may meet them."""

    desk: WorkingDesk

    async def out(self) -> set[str]:
        """Commits that change something, named by such an event or standing on a branch, a tag or a pull request."""
        desk, git = self.desk, self.desk.hub.git(self.desk.hub.repo)
        named = {
            sha.decode()
            for sent in [*desk.hub.deliveries, *desk.hub.courier.lost]
            if sent.event in _STARTS_WORKFLOWS
            for sha in _SHA.findall(sent.body)
        }
        refs = await gitstore.list_refs(git)
        standing = {sha for name, sha in refs.items() if not name.startswith("refs/pdev/")}
        main = refs["refs/heads/main"]
        found = set()
        for sha in named | standing:
            if await gitstore.object_kind(git, sha) != "commit" or await gitstore.is_ancestor(git, sha, main):
                continue
            if await gitstore.changed_files(git, main, sha):
                found.add(sha)
        return found

    async def begin(self, ci: str) -> int:
        """A labelled issue whose code may leave as `ci` says; its number."""
        config = f"verify: none\nci: {ci}\n"
        await self.desk.by("owner").push("main", {".github/pdev.yml": config}, "Say when code may leave")
        issue = await self.desk.issue("slugify drops numbers")
        await self.desk.label(issue.number)
        return issue.number
