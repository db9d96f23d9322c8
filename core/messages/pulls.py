"""What a pull request says: while the agents work, and when they are done; and the review of a round."""

from collections.abc import Collection

from core.messages import approval, gates, words
from core.messages.words import count, finding, plain
from core.tasks import Stage, Task

REVIEW_MARKER = "<!-- pdev:review:{id}:{round} -->"
TITLE_LIMIT = 256
BODY_LIMIT = 65_536
"""Characters of a title, and of a body or review (GitHub's limits)."""
_DESCRIPTION, _TESTED, _FINDINGS, _SUMMARY = 30_000, 5_000, 20_000, 10_000


def draft_title(task: Task, *, drafts: bool) -> str:
    """`[WIP]` where the repository has no drafts."""
    mark, number = "" if drafts else "[WIP] ", f" (#{task.issue})"
    return mark + words.line(task.trigger.title, TITLE_LIMIT - len(mark) - len(number) - 20) + number


def draft_body(task: Task) -> str:
    parts = [
        f"Closes #{task.issue}",
        f"pdev works on this. How far it is stands in the comment on #{task.issue} and in the checks below; this "
        "description is replaced when the agents are done.",
        approval.draft_note(task).strip(),
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def final_title(task: Task, title: str) -> str:
    return words.line(title, 200) or draft_title(task, drafts=True)


def final_body(task: Task, body: str, tested: str) -> str:
    """The finalizer's description, within the frame that pdev vouches for."""
    rounds = count(sum(run.stage is Stage.REVIEW for run in task.stages), "review")
    found = count(len(task.findings), "finding")
    listed = words.fitting([finding(f) for f in task.findings], _FINDINGS)
    parts = [
        f"Closes #{task.issue}",
        plain(body, _DESCRIPTION),
        f"### How it was tested\n\n{plain(tested, _TESTED)}" if tested.strip() else "",
        _fold(f"{rounds}, {found}", listed or "The reviewer had nothing to change."),
        _fold("Gates that pdev ran itself", gates.table(task)) if task.gates else "",
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def _fold(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"


def review_marker(task: Task) -> str:
    return REVIEW_MARKER.format(id=task.id, round=task.round)


def review_body(task: Task, summary: str, *, at_lines: Collection[str] = ()) -> str:
    """The pull-request review of one round, with the findings that do not stand `at_lines` (their ids) of the diff."""
    found = [f for f in task.findings if f.round == task.round and f.state == "open"]
    says = f"asks for {count(len(found), 'change')}" if found else "has nothing to change"
    next_step = "The corrector is next." if found else "The finalizer is next."
    if found and task.round >= task.options.max_rounds:
        next_step = f"This was the last allowed round; a person is asked in the comment on #{task.issue}."
    head = f"**Review, round {task.round}**: the reviewer {says}. {next_step}"
    listed = words.fitting([finding(f) for f in found if f.id not in at_lines], BODY_LIMIT - _SUMMARY - 1_000)
    return "\n\n".join(p for p in (review_marker(task), head, plain(summary, _SUMMARY), listed) if p)
