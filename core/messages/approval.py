"""What waits for approval, how to look at it, how to approve it, and what happens then.

Whoever approves lets agent-written code run with the repository's secrets. So nobody shall have to guess which commit
it is, where to read it, and what follows.
"""

from core.messages import words
from core.tasks import UNSETTLED, Needs, Task

ASKED = "The change is reviewed and waits for approval before it reaches the branch."
"""The outcome of `finalize` while it waits."""
FINDINGS_LIMIT = 20_000
"""Characters of findings in the sticky comment, of which GitHub takes 65,536 in all."""

_WAITS = (
    "Commit {commit} is reviewed and waits outside every branch, where no workflow runs it. {look}\n\n"
    "To let it through, press **Approve** on {check} or write `/pdev approve` in a comment; either needs push "
    "rights. The commit then goes to `{branch}`, where this repository's CI runs it with the repository's secrets."
)


def is_kept_off(task: Task) -> bool:
    """Whether the newest code of the task may not be on its branch yet."""
    return task.options.ci != "every_push" and bool(task.checkpoint_sha) and task.checkpoint_sha != task.head_sha


def waits(task: Task, server_url: str) -> str:
    """What a person needs to know before approving; "" when nothing waits. Without `server_url` there are no links."""
    if task.needs is not Needs.APPROVAL:
        return ""
    commit, pages = f"`{task.checkpoint_sha[:7]}`", f"{server_url}/{task.owner_login}/{task.repo}"
    compare = f"{pages}/compare/{task.start_sha}...{task.checkpoint_sha}"
    look = f"[Look at the change]({compare})." if server_url else f"Look at `{task.start_sha}...{task.checkpoint_sha}`."
    check = f"[the check `pdev`]({pages}/pull/{task.pr}/checks)" if server_url and task.pr else "the check `pdev`"
    return _WAITS.format(commit=commit, look=look, check=check, branch=task.branch)


def fact(task: Task) -> str:
    """A few words beside branch and pull request."""
    if is_kept_off(task):
        until = "a person approves it" if task.options.ci == "approved" else "the reviewer approves it"
        return f"code stays off the branch until {until}"
    if task.approved_sha and task.approved_sha == task.head_sha:
        return f"`{task.approved_sha[:7]}` approved by {words.plain(task.approved_by)}"
    return ""


def findings(task: Task) -> str:
    """The findings, while they have no lines in the pull request to stand at, or a person is to judge them."""
    if not task.findings or not (is_kept_off(task) or task.reason in UNSETTLED):
        return ""
    listed = sorted(task.findings, key=lambda f: not f.is_open)
    return "**Findings**\n\n" + words.fitting([words.finding(f) for f in listed], FINDINGS_LIMIT)


def draft_note(task: Task) -> str:
    """Why a draft pull request shows no changes; "" where it will show each round."""
    if task.options.ci == "every_push":
        return ""
    who = "a person with push rights approves it" if task.options.ci == "approved" else "the reviewer approves it"
    return f"Its code reaches this branch, and with it CI, only when {who}; until then this shows no changes.\n"
