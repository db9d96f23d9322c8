"""What a pull request says: while the agents work, and when they are done; and the review of a round."""

from core.messages import approval, words
from core.messages.words import finding
from core.tasks import Task

REVIEW_MARKER = "<!-- pdev:review:{id}:{round} -->"


def draft_title(task: Task, *, drafts: bool) -> str:
    """At most 256 characters (GitHub's limit); `[WIP]` where the repository has no drafts."""
    title = f"{'' if drafts else '[WIP] '}{words.plain(task.trigger.title)} (#{task.issue})"
    return title if len(title) <= 256 else title[:255] + "…"


def draft_body(task: Task) -> str:
    return (
        f"Closes #{task.issue}\n\n"
        f"pdev works on this; the progress is in the comment on #{task.issue} and in the checks below. "
        "This description is replaced when the agents are done.\n"
        f"{approval.draft_note(task)}"
    )


def final_title(task: Task, title: str) -> str:
    text = words.plain(" ".join(title.split()), 200) or draft_title(task, drafts=True)
    return text[:256]


def final_body(task: Task, body: str, tested: str) -> str:
    """The finalizer's description, within the frame that pdev vouches for."""
    rounds = max((run.round for run in task.stages), default=1)
    gates = "\n".join(f"- {name}: {outcome}" for name, outcome in sorted(task.gates.items()))
    return "\n\n".join(
        part
        for part in (
            f"Closes #{task.issue}",
            words.plain(body, 40_000),
            f"### How it was tested\n\n{words.plain(tested, 5_000)}" if tested else "",
            f"<details><summary>{rounds} review round{'s' if rounds > 1 else ''}, "
            f"{len(task.findings)} finding{'' if len(task.findings) == 1 else 's'}</summary>\n\n"
            + ("\n\n".join(finding(f) for f in task.findings) or "The reviewer had nothing to change.")
            + "\n\n</details>",
            f"<details><summary>Checks that pdev ran itself before each push</summary>\n\n{gates}\n\n</details>"
            if gates
            else "",
        )
        if part
    )


def review_marker(task: Task) -> str:
    return REVIEW_MARKER.format(id=task.id, round=task.round)


def review_body(task: Task, summary: str) -> str:
    """The pull-request review of one round; the findings that have no line in the diff stand here."""
    found = [f for f in task.findings if f.round == task.round]
    head = "asks for changes" if found else "has nothing to change"
    return "\n\n".join(
        [review_marker(task), f"**Review, round {task.round}**: the reviewer {head}.", words.plain(summary, 10_000)]
        + [finding(f) for f in found]
    ).strip()
