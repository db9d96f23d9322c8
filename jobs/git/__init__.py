"""The only owner of git: caches, worktrees, commits and pushes that an agent's files cannot turn against the host.

`Cache` gives one `Mirror` per repository; a `Mirror` fetches, pushes and gives one `Worktree` per task. Every call
may be repeated after a death at any line, and fails with a `GitError` whose `kind` says what can be done about it.
"""

from core.refs import is_branch_name
from jobs.git.branches import branch_name
from jobs.git.cache import MINIMUM_GIT, Cache, Mirror, git_version
from jobs.git.changes import LINK_MODE, NESTED_MODE, NO_OBJECT, Blob, Entry, FileChange, Signature
from jobs.git.errors import GitError, GitKind, classify, redact
from jobs.git.hunks import Hunk, hunks
from jobs.git.listing import export, listing, texts
from jobs.git.objects import Diff, Objects
from jobs.git.process import Git
from jobs.git.worktree import Snapshot, Worktree

__all__ = [
    "LINK_MODE",
    "MINIMUM_GIT",
    "NESTED_MODE",
    "NO_OBJECT",
    "Blob",
    "Cache",
    "Diff",
    "Entry",
    "FileChange",
    "Git",
    "GitError",
    "GitKind",
    "Hunk",
    "Mirror",
    "Objects",
    "Signature",
    "Snapshot",
    "Worktree",
    "branch_name",
    "classify",
    "export",
    "git_version",
    "hunks",
    "is_branch_name",
    "listing",
    "redact",
    "texts",
]
