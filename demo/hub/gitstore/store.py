"""Where the hub's bare repositories live, and how one is made.

They are named by the repository's id: a rename or a transfer then moves no file, and a redirect has nothing to chase.
"""

import asyncio
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock
from demo.hub.gitstore.objects import Ident, commit_files
from demo.hub.gitstore.process import Git, GitFailed, clean_environment, git_program

REFUSE_WORKFLOWS = "HUB_REFUSE_WORKFLOWS"
"""Environment switch that the update hook reads: set for a pusher without the `workflows` permission."""

WORKFLOW_MARK = "workflow-refused:"
"""The update hook writes this and the offending path; `git_http` turns it into GitHub's sentence."""

_CONFIG = """[core]
\trepositoryformatversion = 0
\tbare = true
\tquotePath = false
\tlogAllRefUpdates = false
\thooksPath = {hooks}
[gc]
\tauto = 0
[http]
\treceivepack = true
[receive]
\tautogc = false
\tfsckObjects = true
\thideRefs = refs/pull
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
"""

# Only commits that no ref holds yet are looked at: merging a base branch that changed its workflows is no offence.
_UPDATE_HOOK = f"""#!/bin/sh
[ -n "${REFUSE_WORKFLOWS}" ] || exit 0
case $3 in *[!0]*) ;; *) exit 0 ;; esac
path=$(git log --format= --name-only --no-renames "$3" --not --all -- .github/workflows | head -n 1)
[ -z "$path" ] && exit 0
echo "{WORKFLOW_MARK}$path" >&2
exit 1
"""


@dataclass(frozen=True, slots=True)
class GitStore:
    """The directory `root` with one bare repository per id."""

    root: Path
    clock: Clock

    def path(self, repo_id: int) -> Path:
        return self.root / f"{repo_id}.git"

    def open(self, repo_id: int) -> Git:
        """git for one repository; the repository must have been made by `init`."""
        return Git(self.path(repo_id), self.clock)

    async def init(
        self,
        repo_id: int,
        *,
        branch: str = "main",
        seed: Mapping[str, str | bytes] | None = None,
        author: Ident | None = None,
        message: str = "Initial commit",
    ) -> str | None:
        """Make the repository; `seed` (path to content) becomes its first commit, whose sha is answered."""
        git = self.open(repo_id)
        hooks = self._hooks()
        process = await asyncio.create_subprocess_exec(
            git_program(), "init", "--quiet", "--bare", "--template=", f"--initial-branch={branch}", str(git.path),
            stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, env=clean_environment(self.root),
        )  # fmt: skip
        _, err = await process.communicate()
        if process.returncode:
            raise GitFailed(("init",), process.returncode, err.decode("utf-8", "replace"))
        (git.path / "config").write_text(_CONFIG.format(hooks=hooks))
        if seed is None:
            return None
        who = author or Ident("GitHub", "noreply@github.com", self.clock.now())
        return await commit_files(git, branch, seed, message, parent=None, author=who)

    def remove(self, repo_id: int) -> None:
        """Delete the repository's files."""
        shutil.rmtree(self.path(repo_id), ignore_errors=True)

    def _hooks(self) -> Path:
        folder = self.root / "hooks"
        if not folder.is_dir():
            folder.mkdir(parents=True)
            hook = folder / "update"
            hook.write_text(_UPDATE_HOOK)
            hook.chmod(0o755)
        return folder
