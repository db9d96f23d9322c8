"""What the issue asks for and how much of it the change does, as the reviewer sees it."""

from core.messages import words
from core.tasks import Task

_MARKS = {"met": "✅", "partly": "🟡", "missing": "❌"}
_TEXT, _WHERE = 300, 120


def met(task: Task) -> str:
    """`3 of 4 requirements met`; empty where the last reviewer listed none."""
    asked = task.last_review.requirements if task.last_review else ()
    done = sum(one.status == "met" for one in asked)
    return f"{done} of {words.count(len(asked), 'requirement')} met" if asked else ""


def table(task: Task, room: int) -> str:
    """Requirement by requirement in at most `room` characters; empty where the last reviewer listed none."""
    asked = task.last_review.requirements if task.last_review else ()
    if not asked:
        return ""
    rows = [
        f"| {_MARKS.get(one.status, '')} {one.status} | {_cell(one.text, _TEXT)} | {_cell(one.where, _WHERE)} |"
        for one in asked
    ]
    return "| | the issue asks for | where |\n|---|---|---|\n" + words.fitting(rows, room - 100, between="\n")


def _cell(text: str, limit: int) -> str:
    return words.line(text, limit).replace("\\", "\\\\").replace("|", "\\|")
