"""The check runs of a task: one per stage and one summary, computed from the record alone.

Being pure, the whole picture for any head sha can be drawn again at any time, by any worker.
"""

import hashlib
from dataclasses import dataclass, replace

import msgspec

from core.messages import words
from core.messages.sticky import sticky
from core.tasks import Finding, Needs, Stage, StageRun, State, Task

SUMMARY_LIMIT = 65_535
"""Characters of a check run's summary and text (GitHub's limit)."""
ANNOTATION_LIMIT = 50
"""Annotations in one request (GitHub's limit)."""


@dataclass(frozen=True, slots=True)
class Button:
    """An action on a completed check run; GitHub allows 20, 40 and 20 characters."""

    label: str
    description: str
    identifier: str


@dataclass(frozen=True, slots=True)
class CheckView:
    """One check run as it should look on the task's head."""

    name: str
    status: str
    conclusion: str | None
    title: str
    summary: str
    annotations: tuple[Finding, ...] = ()
    buttons: tuple[Button, ...] = ()

    def digest(self, *, progress: bool = True) -> str:
        """A short fingerprint; without `progress` it changes only when something happened that people wait for."""
        facts = (self.name, self.status, self.conclusion, len(self.annotations), self.buttons)
        text = repr((facts, self.title, self.summary) if progress else facts)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


RETRY = Button("Retry", "Run this stage again", "retry")
RESUME = Button("Resume", "Go on from the last checkpoint", "resume")
APPROVE = Button("Approve", "Let this code reach the branch", "approve")
_SHOWN = 12
"""Characters of the commit that the button names, so that it approves no other; GitHub allows 20 in all."""

_CONCLUSIONS: dict[State, str] = {
    State.READY: "success",
    State.MERGED: "success",
    State.COMPLETED: "neutral",
    State.FAILED: "failure",
    State.CANCELLED: "cancelled",
    State.PAUSED: "action_required",
    State.WAITING_INPUT: "action_required",
}
_STAGE_CONCLUSIONS = {
    "passed": "success",
    "approved": "success",
    "corrections_needed": "neutral",
    "failed": "failure",
    "cancelled": "cancelled",
    "paused": "cancelled",
    "asked": "action_required",
    "limit": "timed_out",
}


def checks(task: Task, now_ms: int, *, server_url: str = "") -> list[CheckView]:
    """Every check run that the task's head should carry now: the summary, and each stage's last round.

    `server_url`: where GitHub's pages are, for links.
    """
    last: dict[Stage, StageRun] = {run.stage: run for run in task.stages}
    return [_summary(task, now_ms, server_url), *(_stage(task, run) for run in last.values())]


def _summary(task: Task, now_ms: int, server_url: str) -> CheckView:
    conclusion = _CONCLUSIONS.get(task.state)
    limits = {"timeout", "idle"}
    if conclusion == "failure" and task.reason in limits:
        conclusion = "timed_out"
    if conclusion == "failure" and task.reason == "prerequisite":
        conclusion = "skipped"
    status = "completed" if conclusion else "in_progress" if task.state is State.RUNNING else "queued"
    body = sticky(task, now_ms, server_url=server_url).split("\n", 2)[-1].strip()
    return CheckView(
        "pdev", status, conclusion, words.headline(task), body[:SUMMARY_LIMIT], buttons=_buttons(task, conclusion)
    )


def _buttons(task: Task, conclusion: str | None) -> tuple[Button, ...]:
    if conclusion is None or task.state in {State.READY, State.MERGED, State.COMPLETED}:
        return ()
    if task.needs is Needs.APPROVAL:
        return (replace(APPROVE, identifier=f"{APPROVE.identifier}:{task.checkpoint_sha[:_SHOWN]}"),)
    return (RESUME,)


def _stage(task: Task, run: StageRun) -> CheckView:
    running = run.outcome is None and task.state is State.RUNNING
    conclusion = None if running else _STAGE_CONCLUSIONS.get(run.outcome or "", "neutral")
    findings = tuple(f for f in task.findings if f.round == run.round and f.file) if run.stage is Stage.REVIEW else ()
    doing = f"{task.progress} %" + (f" · {words.plain(task.activity, 120)}" if task.activity else "")
    title = f"Round {run.round}: {doing}" if running else f"Round {run.round}: {run.outcome or 'interrupted'}"
    return CheckView(
        f"pdev / {run.stage.value}",
        "in_progress" if running else "completed",
        conclusion,
        title.replace("_", " "),
        _stage_summary(task, run),
        annotations=findings[:ANNOTATION_LIMIT],
        buttons=(RETRY,) if conclusion in {"failure", "timed_out"} else (),
    )


def _stage_summary(task: Task, run: StageRun) -> str:
    parts = [words.plain(run.summary, 20_000)] if run.summary else []
    if run.attempts > 1:
        parts.append(f"Attempt {run.attempts}; earlier ones were interrupted.")
    if run.stage is Stage.REVIEW:
        parts += [words.finding(f) for f in task.findings if f.round == run.round]
    if run.outcome is None:
        parts.append("The agent is at work." if task.state is State.RUNNING else "Interrupted; goes on from here.")
    return "\n\n".join(parts)[:SUMMARY_LIMIT] or "Nothing to add."


class Annotation(msgspec.Struct, frozen=True):
    """An annotation in the shape of GitHub's API."""

    path: str
    start_line: int
    end_line: int
    annotation_level: str
    message: str
    title: str


def annotation(f: Finding) -> Annotation:
    level = {"critical": "failure", "high": "failure", "medium": "warning"}.get(f.severity, "notice")
    line = max(1, f.line)
    return Annotation(f.file, line, line, level, words.plain(f.text), f"{f.id}: {f.type}"[:255])
