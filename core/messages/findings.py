"""What stands in a conversation about a finding on the pull request: at its line, and when it is settled."""

from core.messages import words
from core.tasks import Finding, Task

FINDING_MARKER = "<!-- pdev:finding:{task}:{id} -->"
"""First line of the comment that begins a finding's conversation: how it is found again in the next round."""
ANSWER_MARKER = "<!-- pdev:answer:{id}:{round}:{state} -->"
_TEXT = 6_000


def finding_marker(task: Task, f: Finding) -> str:
    return FINDING_MARKER.format(task=task.id, id=f.id)


def at_line(task: Task, f: Finding, *, suggest: bool) -> str:
    """The comment at the finding's line; `suggest`: its replacement stands for exactly the lines it is put at.

    Where it does not, it is shown as plain code, which nobody can apply by mistake.
    """
    code = "" if f.replacement is None else f"\n\n{suggestion(f.replacement, 'suggestion' if suggest else '')}"
    return f"{finding_marker(task, f)}\n{words.finding(f, text_limit=_TEXT, place=False)}{code}"


def suggestion(code: str, kind: str = "suggestion") -> str:
    """Code that GitHub offers to put in place of the commented lines; nothing in it can end the block."""
    fence = words.fence(code)
    inside = code.removesuffix("\n")
    return f"{fence}{kind}\n{inside}\n{fence}" if code else f"{fence}{kind}\n{fence}"


def answer_marker(f: Finding) -> str:
    return ANSWER_MARKER.format(id=f.id, round=_settled_round(f), state=f.state)


def answer(f: Finding) -> str:
    """What became of the finding, in its conversation."""
    note = words.plain(f.note, 1_000)
    match f.state:
        case "fixed":
            commit = next((mark.commit for mark in reversed(f.history) if mark.state == "fixed" and mark.commit), "")
            said = f"Fixed in {commit[:7]}" if commit else "Fixed"
        case "waived":
            said = "Left as it is"
        case "unfixable":
            said = "The corrector could not mend this"
        case _:
            said, note = f"Reopened in round {f.round}", words.plain(f.text)
    return f"{answer_marker(f)}\n{said}{f': {note}' if note else '.'}"


def _settled_round(f: Finding) -> int:
    return f.history[-1].round if f.history else f.round
