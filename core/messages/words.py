"""Small turns of phrase that several messages share: durations, money, states in a person's words."""

import re

from core.tasks import Finding, Needs, PausedBy, Stage, State, Task

_LOUD = re.compile(r"(@(?=\w)|#(?=\d)|\bGH-(?=\d)|/issues/(?=\d)|/pull/(?=\d))", re.IGNORECASE)
"""What GitHub turns into a mention or a reference."""

STAGE_NAMES: dict[Stage, str] = {
    Stage.DEVELOP: "develop",
    Stage.REVIEW: "review",
    Stage.CORRECT: "correct",
    Stage.FINALIZE: "finalize",
}

ICONS: dict[State, str] = {
    State.BLOCKED: "⛔",
    State.QUEUED: "⏳",
    State.RUNNING: "🚀",
    State.WAITING_INPUT: "✋",
    State.WAITING_CHECKS: "🔎",
    State.PAUSED: "⏸️",
    State.READY: "✅",
    State.MERGED: "🎉",
    State.COMPLETED: "☑️",
    State.FAILED: "❌",
    State.CANCELLED: "🚫",
}


def duration(ms: int) -> str:
    """`1h 2m 3s`; never less than `1s`, so that something that happened is never said to have taken no time."""
    seconds = max(1, round(ms / 1000))
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else "", f"{seconds}s" if seconds else ""]
    return " ".join(p for p in parts if p)


def cost(task: Task) -> str:
    """Money and tokens of a task so far; empty when no agent reported any."""
    parts = []
    if task.cost.usd:
        parts.append(f"${task.cost.usd:.2f}")
    if task.cost.tokens:
        parts.append(f"{task.cost.tokens:,} tokens")
    return " · ".join(parts)


def issues(numbers: tuple[int, ...]) -> str:
    """`#3, #4 and #5`."""
    marks = [f"#{n}" for n in numbers]
    return marks[0] if len(marks) == 1 else f"{', '.join(marks[:-1])} and {marks[-1]}"


def quote(text: str) -> str:
    """Somebody's words as a Markdown quotation."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines()) or "> "


def plain(text: str, limit: int = 2_000) -> str:
    """An agent's words, made safe to show: they mention nobody, close nothing and hide nothing.

    A mention notifies strangers, a closing keyword in a PR closes issues, and an HTML comment could imitate our
    markers.
    """
    safe = _LOUD.sub("\\1\u200b", text.replace("<!--", "&lt;!--"))
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


def finding(f: Finding) -> str:
    """One finding as a paragraph."""
    where = f" · `{f.file}{f':{f.line}' if f.line else ''}`" if f.file else ""
    mark = {"open": "🔴", "fixed": "🟢"}.get(f.state, "⚪")
    note = f" — {plain(f.note, 500)}" if f.note else ""
    return f"{mark} **{f.id}** {f.severity} {f.type}{where}: {plain(f.text)}{note}"


def headline(task: Task, position: int | None = None) -> str:
    """Where the task stands, in one line."""
    stage = STAGE_NAMES[task.stage] + (f", round {task.round}" if task.round > 1 else "")
    return {
        State.BLOCKED: f"Waiting for {issues(task.blockers)}" if task.blockers else "Waiting",
        State.QUEUED: f"Queued, number {position} in line" if position else "Queued",
        State.RUNNING: f"Working: {stage}",
        State.WAITING_INPUT: _needs(task),
        State.WAITING_CHECKS: "Waiting for other checks on the pull request",
        State.PAUSED: _paused(task),
        State.READY: f"Ready: pull request #{task.pr} waits for your review",
        State.MERGED: "Merged",
        State.COMPLETED: "Closed by a person",
        State.FAILED: f"Failed while in {stage}",
        State.CANCELLED: "Cancelled",
    }[task.state]


def _needs(task: Task) -> str:
    if task.reason == "rounds":
        return "The reviewer still asks for changes"
    return {
        Needs.ANSWER: "The agent has a question",
        Needs.CONFLICT: "A merge conflict needs a person",
        Needs.CRASH: f"Stopped after {task.crashes} crashes",
        Needs.APPROVAL: "Waits for approval to push",
        None: "Waits for a person",
    }[task.needs]


def _paused(task: Task) -> str:
    return {
        PausedBy.PERSON: "Paused",
        PausedBy.BUDGET: "Paused: the budget is spent",
        PausedBy.INSTALLATION: "Paused: pdev has no access to this repository at the moment",
        None: "Paused",
    }[task.paused_by]
