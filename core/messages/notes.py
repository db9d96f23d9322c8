"""What pdev itself writes into a task's record, for people to read where an agent's words would stand."""

from collections.abc import Sequence

from core.messages.words import count
from core.tasks import Finding

REVIEWER_APPROVED = "The reviewer approved."
GATE_PASSES = "pdev ran it again, and it passes."
NO_REASON = "The reviewer wants changes and gave no reason."


def with_remarks(summary: str, remarks: Sequence[str]) -> str:
    """A reviewer's summary and what else it noticed that needs no change."""
    listed = "\n".join(f"- {' '.join(remark.split())}" for remark in remarks)
    return f"{summary.strip()}\n\nRemarks, which ask for nothing:\n\n{listed}".strip() if listed else summary.strip()


def waived_by(login: str) -> str:
    return f"{login} lets it be."


def not_required(severity: str, mode: str) -> str:
    return f"Severity {severity} need not be mended in review mode {mode}."


def requirement_unmet(requirement: str, status: str) -> str:
    """What the issue asks for and the change lacks. `status`: missing or partly."""
    return (
        f"The issue asks for this, and it is {'only partly there' if status == 'partly' else 'missing'}: {requirement}"
    )


def corrected(before: Sequence[Finding], after: Sequence[Finding]) -> str:
    """How many findings a correction settled: `before` are those that were open, `after` is the whole ledger."""
    now = {f.id: f for f in after}
    fixed = sum(now[f.id].state == "fixed" for f in before)
    unfixable = sum(now[f.id].state == "unfixable" for f in before)
    claimed = sum(now[f.id].is_claimed and now[f.id] != f for f in before)
    ignored = len(before) - fixed - unfixable - claimed
    told = [
        f"{fixed} of {count(len(before), 'finding')} fixed",
        f"{claimed} said to be fixed, which pdev's own gates will show" if claimed else "",
        f"{unfixable} said to be unfixable" if unfixable else "",
        f"{ignored} not mentioned" if ignored else "",
    ]
    return ", ".join(part for part in told if part) + "."


def no_base(branch: str) -> str:
    return f"The default branch {branch!r} has no commit to start from. Push one."


def no_free_branch(name: str, tried: int) -> str:
    return f"{tried} branches are named {name!r}, {name + '-2'!r} and so on. Delete those that nobody needs."


def put_off(trouble: str, pause_s: float) -> str:
    """Why nothing happens for a while. `trouble`: a word of git's kinds of trouble, or a sentence about it."""
    again = f"{round(pause_s / 60)} min" if pause_s >= 120 else f"{round(pause_s)} s"
    return f"{_PUT_OFF.get(trouble, trouble).rstrip('.')}; tried again in {again}"


_PUT_OFF = {
    "network": "GitHub's git server cannot be reached",
    "timeout": "GitHub's git server does not answer in time",
    "locked": "Another git process is in the way",
    "auth": "GitHub does not accept the access token yet",
    "moved": "The repository was renamed",
    "disk_full": "The worker's disk is full, and its operator must make room",
}


def unreadable(repository: str, said: str) -> str:
    """The repository could not be fetched, and waiting does not help."""
    return f"GitHub does not let pdev read {repository}: {said.strip()[-300:]} Give the App access to it again."
