"""What the bot answers: to commands, to mistakes in them, and to people who may not give them."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.messages import words
from core.messages.standing import headline
from core.messages.words import code
from core.progress import overall
from core.tasks import State, Task, Wish

FOOTER = "`/pdev help` shows every command."
HELP_PAGE_HEADER = """# Commands

Write them in a comment on an issue, or on a pull request that pdev opened: `/pdev` must be the first word of a line.
One comment may hold several. What stands in code or in a quotation is not read. A command with a mistake does
nothing, and the answer names every mistake.

"""


@dataclass(frozen=True, slots=True)
class CommandRow:
    """One line of the command table."""

    usage: str
    help: str
    needs_push: bool
    works: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one command on one task: a code of `_OUTCOMES`, and the task's issue."""

    code: str
    issue: int
    detail: str = ""


def reply_marker(cause: str) -> str:
    """First line of an answer, naming what it answers, so that nothing is answered twice."""
    return f"<!-- pdev:reply:{cause} -->"


def reply(cause: str, parts: Sequence[str]) -> str:
    """One comment out of everything there is to say to one cause."""
    return "\n\n".join([reply_marker(cause), *parts]) + "\n"


def _table(rows: Sequence[CommandRow]) -> str:
    lines = ["| command | does | who |", "|---|---|---|"]
    for row in rows:
        shown = row.usage.replace("|", "\\|")
        who = "push rights" if row.needs_push else "triage rights"
        later = "" if row.works else " _(not in this version)_"
        lines.append(f"| `{shown}` | {row.help}{later} | {who} |")
    return "\n".join(lines)


def help_table(rows: Sequence[CommandRow]) -> str:
    """The answer to `/pdev help`."""
    return "\n\n".join(
        [
            "**pdev works on issues.** Set the label `parallel-dev`, and agents develop a change, review it and open a "
            "pull request.",
            _table(rows),
            "Start a line of a comment with a command; one comment may hold several. "
            "Removing the label pauses, setting it again goes on.",
        ]
    )


def commands_page(rows: Sequence[CommandRow]) -> str:
    """`docs/commands.md`."""
    return HELP_PAGE_HEADER + _table(rows) + "\n"


def not_yet(usage: str) -> str:
    """A command of the table that this version only understands."""
    return f"`{usage}` is not part of this version yet, so nothing was done. {FOOTER}"


_MISTAKES = {
    "unknown_command": "{word} is no command.",
    "unknown_option": "{word} is no option of it.",
    "missing_value": "{word} needs a value.",
    "bad_value": "{word} is not possible here.",
    "bad_amount": "{word} is no amount that can be granted. Write dollars as `+5usd` or `+2.50usd`, tokens as "
    "`+200ktokens` or `+200000tokens`; more than nothing, at most 10,000 dollars or 10,000,000,000 tokens at once.",
    "missing": "something is missing: {word}.",
    "not_an_issue": "{word} is not an issue of this repository; write it as `#7`.",
    "unexpected": "{word} has no meaning there.",
    "too_many": "this comment holds {word} commands; the first 10 were read. Put the others into a new comment.",
}


def mistake(kind: str, line: int, word: str, near: str, usage: str) -> str:
    """One mistake, with what was probably meant and how the command is written."""
    text = f"Line {line}: " + _MISTAKES[kind].format(word=code(word))
    if near:
        text += f" Did you mean {code(near)}?"
    if usage:
        text += f" It is written {code(usage, 200)}."
    return text


def mistakes(lines: Sequence[str]) -> str:
    """All of them, in one answer."""
    listed = "\n".join(f"- {line}" for line in lines)
    return f"This was not understood, so nothing was done about it:\n\n{listed}\n\n{FOOTER}"


_OUTCOMES = {
    "cancelled": "{issue} is cancelled. Work is kept; `/pdev resume` goes on from the last checkpoint.",
    "cancelling": "{issue} is being cancelled: its agent is told to stop now. Work is kept; `/pdev resume` goes on.",
    "paused": "{issue} is paused. `/pdev resume`, or setting the label again, goes on.",
    "pausing": "{issue} is being paused: its agent stops at a checkpoint. `/pdev resume` goes on.",
    "resumed": "{issue} goes on: {detail}.",
    "kept": "{issue} keeps running; the request to stop it is withdrawn.",
    "blocked": "{issue} goes on by itself as soon as {detail} closed.",
    "done": "{issue} is now {detail}.",
    "already": "{issue} is not changed: it is already {detail}.",
    "approved": "{issue} is approved: {detail} goes to its branch, where CI runs it.",
    "nothing_waits": "{issue} has nothing that waits for approval: it is {detail}. "
    "Its comment says so when something does.",
    "newer_waits": "{issue} has a newer commit than the one that button was for, so nothing was approved. "
    "Look at the change again, then press Approve on the newest check `pdev`.",
    "needs_approval": "{issue} waits for approval, so going on alone does nothing. Look at its change, then press "
    "Approve on its check `pdev` or write `/pdev approve`; `/pdev cancel` ends it.",
    "no_question": "{issue} waits for no answer: it is {detail}. What you wrote is read when its next stage begins.",
    "granted": "{issue}: {detail}",
    "unbounded": "{issue} is not changed: {detail}",
    "budget": "{issue} does not go on: {detail}",
    "no_finding": "{issue} has no open finding of that name, so nothing was done. Its comment lists the open ones.",
    "overtaken": "{issue} is not changed: this command arrived after one that was written later, and the later one "
    "counts. If you still want it, write it again.",
    "no_task": "{issue} is not a task of pdev. Set the label `parallel-dev` on it to start one.",
    "nothing": "There is no task here to do that to. Set the label `parallel-dev` on an issue to start one.",
    "closed": "{issue} is closed, so there is nothing to work on. Reopen it, then use `/pdev resume`.",
    "no_access": "{issue} cannot go on while pdev has no access to the repository. "
    "Unsuspend the App or give it the repository back; the task then goes on by itself.",
}


def outcome(done: Outcome) -> str:
    """One sentence per command and task."""
    return _OUTCOMES[done.code].format(issue=f"#{done.issue}", detail=done.detail)


def state_name(task: Task) -> str:
    """The state in words that fit behind "it is already"."""
    if task.state is State.RUNNING and task.wish is not Wish.NONE:
        return {"cancel": "being cancelled", "pause": "being paused"}[task.wish.value]
    return {
        State.BLOCKED: "waiting for other issues",
        State.WAITING_INPUT: "waiting for a person",
        State.WAITING_CHECKS: "waiting for checks",
        State.READY: "ready for review",
        State.COMPLETED: "closed by a person",
    }.get(task.state, task.state.value)


def status(tasks: Sequence[Task]) -> str:
    """The answer to `/pdev status`: every task of the repository that has not ended."""
    if not tasks:
        return "pdev has no task in this repository. Set the label `parallel-dev` on an issue to start one."
    lines = ["| issue | where it stands | progress | pull request |", "|---|---|---|---|"]
    for task in tasks:
        pull = f"#{task.pr}" if task.pr else ""
        lines.append(f"| #{task.issue} | {task_line(task)} | {words.bar(overall(task))} | {pull} |")
    return "\n".join(lines) + "\n\nThe comment on each issue has the details."


def task_line(task: Task) -> str:
    """Where a task stands, in one line for a page."""
    return f"{words.ICONS[task.state]} {headline(task)}"


_REFUSALS = {
    "no_push_right": "@{person}, only people with push rights can have pdev {what} here, and you have {role}. "
    "Ask somebody with push rights to do it.",
    "no_triage_right": "@{person}, pdev answers people with triage or push rights here, and you have {role}. "
    "Ask a maintainer, or read the comment that pdev keeps on each issue it works on.",
    "closed": "This issue is closed, so pdev does not start on it. Reopen it, then remove the label and set it again.",
    "is_pull": "pdev works on issues, not on pull requests: it opens its own. "
    "Open an issue that says what should change, and set the label there.",
    "no_access": "pdev has no access to this repository at the moment. "
    "Unsuspend the App or give it the repository back; the task then goes on by itself.",
}


def refusal(code: str, *, person: str = "", role: str = "", what: str = "start work") -> str:
    """Why something was not done, and who can do it. `role` is GitHub's name of the person's role, or ""."""
    rights = {"": "no rights of that kind", "none": "no rights of that kind"}.get(role, f"the role {words.code(role)}")
    return _REFUSALS[code].format(person=person, role=rights, what=what)


def asks_about_pull(pulls: Sequence[tuple[int, str]]) -> str:
    """What a task asks when somebody else already works on its issue; the sticky comment adds how to answer.

    `pulls`: number and author of each open pull request that would close the issue.
    """
    listed = " and ".join(f"#{number} by {author}" for number, author in pulls)
    would = "are open and would" if len(pulls) > 1 else "is open and would"
    return f"{listed} {would} close this issue too, so nothing was started. Should pdev work on it anyway?"


def text_was_fixed(actor: str) -> str:
    """Somebody edited an issue while its task is under way."""
    return (
        f"The text was edited. pdev keeps working from what it said when @{actor} set the label, so that nobody can "
        "change an agent's orders afterwards. To let it use the new text, remove the label and set it again."
    )


def gave_up(guid: str) -> str:
    """A delivery could not be handled after several tries."""
    return (
        "pdev could not do what was just asked here, even after several tries; nothing was changed by it. "
        f"Try it once more. If it happens again, the operator finds the reason in the log under {code(guid)}."
    )


LABEL_COLOR = "5319e7"
LABEL_DESCRIPTION = "pdev works on this issue: setting it starts, removing it pauses"
"""At most 100 characters (GitHub's limit)."""
