"""Real git behind the simulated GitHub: the only owner of the hub's bare repositories.

Branches, merges and diffs are not imitated: whatever git says about a commit is what the hub answers, so a client that
works here does not work by luck. Open a repository with `GitStore.open(repo_id)` and hand the `Git` to the functions
below; none of them sends a webhook or checks a permission.
"""

from demo.hub.gitstore.diffs import (
    Comparison,
    FileChange,
    ahead_behind,
    changed_files,
    compare,
    is_fast_forward,
    mail_patches,
    merge_base,
    unified_diff,
)
from demo.hub.gitstore.merging import (
    Conflict,
    is_mergeable,
    merge_commit,
    merged_tree,
    rebase_commits,
    squash_commit,
)
from demo.hub.gitstore.objects import (
    Commit,
    Ident,
    TreeChange,
    TreeEntry,
    UnknownObject,
    commit_files,
    history,
    read_blob,
    read_commit,
    read_commits,
    read_entry,
    read_tree,
    write_blob,
    write_commit,
    write_tree,
)
from demo.hub.gitstore.process import EMPTY_TREE, ZERO_SHA, Git, GitFailed, clean_environment, git_program
from demo.hub.gitstore.refs import (
    NotFastForward,
    RefMoved,
    changes_between,
    delete_ref,
    fast_forward,
    is_ancestor,
    is_sha,
    is_valid_ref,
    list_refs,
    move_ref,
    object_kind,
    read_ref,
    resolve_commit,
)
from demo.hub.gitstore.store import REFUSE_WORKFLOWS, WORKFLOW_MARK, GitStore

__all__ = [
    "EMPTY_TREE", "REFUSE_WORKFLOWS", "WORKFLOW_MARK", "ZERO_SHA", "Commit", "Comparison", "Conflict", "FileChange",
    "Git", "GitFailed", "GitStore", "Ident", "NotFastForward", "RefMoved", "TreeChange", "TreeEntry", "UnknownObject",
    "ahead_behind", "changed_files", "changes_between", "clean_environment", "commit_files", "compare", "delete_ref",
    "fast_forward", "git_program", "history", "is_ancestor", "is_fast_forward", "is_mergeable", "is_sha",
    "is_valid_ref", "list_refs", "mail_patches", "merge_base", "merge_commit", "merged_tree", "move_ref",
    "object_kind", "read_blob", "read_commit", "read_commits", "read_entry", "read_ref", "read_tree", "rebase_commits",
    "resolve_commit", "squash_commit", "unified_diff", "write_blob", "write_commit", "write_tree",
]  # fmt: skip
