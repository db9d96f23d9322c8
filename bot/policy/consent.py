"""What waits for a person's word: code that may not reach the branch yet, and questions of agents.

Whatever reaches a branch runs in the repository's CI with its secrets. So approval is given to one commit, the one that
waits; another commit needs another approval.
"""

from bot.policy.decisions import Approve, Decision, Ignore, Person, Refuse, Resume, Why
from core.ledger import Waiver
from core.tasks import Needs, State, Task


def default_ci(*, private: bool) -> str:
    """`Options.ci` of a new task. In a public repository anybody may have written the issue that agents obey."""
    return "every_push" if private else "approved"


def on_approve(task: Task, by: str, *, closed: bool, shown: str = "") -> Decision:
    """`/pdev approve`, and its button, which tells how the commit begins that it was `shown` for."""
    if closed:
        return Refuse(Why.CLOSED)
    if task.state is not State.WAITING_INPUT or task.needs is not Needs.APPROVAL or not task.checkpoint_sha:
        given = bool(task.approved_sha) and task.approved_sha == task.checkpoint_sha
        return Ignore(Why.STAYS) if given else Refuse(Why.NOTHING_WAITS)
    if not task.checkpoint_sha.startswith(shown):
        return Refuse(Why.NEWER_WAITS)
    return Approve(by)


def is_asked(task: Task) -> bool:
    """Whether an agent waits for an answer."""
    return task.state is State.WAITING_INPUT and task.needs is Needs.ANSWER


def on_answer(task: Task, *, closed: bool, waiver: Waiver | None = None) -> Decision:
    """`/pdev answer …`: the worker reads the words themselves from GitHub. `waiver`: findings that it lets be."""
    if closed:
        return Refuse(Why.CLOSED)
    if not is_asked(task):
        return Refuse(Why.NO_QUESTION)
    return Refuse(Why.NO_FINDING) if waiver and waiver.misses(task.findings) else Resume()


def on_plain_comment(task: Task, by: Person) -> Decision:
    """The next comment of the person who was asked is the answer. Others talk among themselves until they command."""
    if by.is_bot:
        return Ignore(Why.BOT)
    if not is_asked(task) or not task.question or by.login != task.trigger.actor:
        return Ignore(Why.STAYS)
    # Agents read nobody without push rights, so going on would only ask again.
    return Resume() if by.may_push else Ignore(Why.NO_PUSH_RIGHT)
