"""The check runs of a task: one per stage and one summary, computed from the record alone.

Being pure, the whole picture for any head sha can be drawn again at any time, by any worker. How far an agent has come
is shown by the check run of its stage alone, at the comment's pace: one more write, and none for the summary.
"""

import hashlib
import re
from dataclasses import dataclass, replace

import msgspec

from core.messages import approval, budget, gates, outcomes, progress, words
from core.messages.standing import WHY, headline
from core.messages.sticky import account
from core.tasks import LIMITS, Finding, Gate, Needs, Note, Stage, StageRun, State, Task

SUMMARY_LIMIT = 65_535
"""Characters of a check run's summary and text (GitHub's limit)."""
TITLE_LIMIT = 255
ANNOTATION_LIMIT = 50
"""Annotations in one request (GitHub's limit)."""
_ODD_PATH = re.compile(r"^/|(^|/)\.\.(/|$)|[\x00-\x1f\x7f\\]")
"""What no file of a repository is called; GitHub refuses the whole request for one such annotation."""


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
    annotations: tuple["Annotation", ...] = ()
    buttons: tuple[Button, ...] = ()
    text: str = ""
    """A log, below the summary."""
    started_ms: int | None = None
    ended_ms: int | None = None
    """When it ended, where that is not simply now."""

    def digest(self) -> str:
        """A short fingerprint of everything that is shown."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


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
_DID = {
    (Stage.DEVELOP, "passed"): "The change is made.",
    (Stage.CORRECT, "passed"): "The findings are dealt with.",
    (Stage.REVIEW, "approved"): "The reviewer has nothing to change.",
    (Stage.FINALIZE, "passed"): "The pull request is described and ready.",
}
"""For agents of few words."""
SUPERSEDED = ("Superseded", "A newer commit is on the branch; look at its checks.")
WITHDRAWN = ("Withdrawn", "There was nothing on the branch, so it was deleted and its pull request closed.")


def checks(task: Task, *, server_url: str = "", output: str = "", live: bool = True) -> list[CheckView]:
    """Every check run that the task's head should carry now: the summary, each stage's last round, and the gates.

    `server_url`: where GitHub's pages are, for links; `output`: what the gates' commands printed; without `live`
    nothing that changes while an agent works.
    """
    last: dict[Stage, StageRun] = {run.stage: run for run in task.stages}
    shown = [_summary(task, server_url), *(_stage(task, run, live=live) for run in last.values())]
    return [*shown, _gates(task, output)] if gates.has_run(task) else shown


def _summary(task: Task, server_url: str) -> CheckView:
    conclusion = _CONCLUSIONS.get(task.state)
    if conclusion == "failure" and task.reason in LIMITS:
        conclusion = "timed_out"
    status = "completed" if conclusion else _open_status(task)
    where = "" if conclusion else f"How far it is stands in the comment on #{task.issue}."
    return CheckView(
        "pdev",
        status,
        conclusion,
        headline(task)[:TITLE_LIMIT],
        words.fitting(filter(None, [account(task, server_url=server_url), _cost(task), where]), SUMMARY_LIMIT).strip(),
        buttons=_buttons(task, conclusion),
        started_ms=task.started_ms,
    )


def _cost(task: Task) -> str:
    """What it has cost so far; while an agent works that is in the comment, which is written more often."""
    told = "" if task.state is State.RUNNING else budget.spent(task)
    return f"Cost: {told}." if told else ""


def _open_status(task: Task) -> str:
    return "in_progress" if task.state is State.RUNNING else "queued"


def _buttons(task: Task, conclusion: str | None) -> tuple[Button, ...]:
    if conclusion is None or task.state in {State.READY, State.MERGED, State.COMPLETED}:
        return ()
    if task.needs is Needs.APPROVAL:
        return (replace(APPROVE, identifier=f"{APPROVE.identifier}:{task.checkpoint_sha[:_SHOWN]}"),)
    return (RESUME,)


def _stage(task: Task, run: StageRun, *, live: bool) -> CheckView:
    if run.outcome is None:
        conclusion, told = None, "at work" if task.state is State.RUNNING else "waits to go on"
    else:
        conclusion, told = outcomes.conclusion(run), outcomes.word(run)
    return CheckView(
        f"pdev / {run.stage.value}",
        "completed" if conclusion else _open_status(task),
        conclusion,
        (f"Round {run.round}: {told}" if run.round > 1 else told.capitalize())[:TITLE_LIMIT],
        _stage_summary(task, run, live=live),
        annotations=_annotations(task, run),
        buttons=(RETRY,) if conclusion in {"failure", "timed_out"} else (),
        started_ms=run.started_ms,
        ended_ms=run.ended_ms,
    )


def _without_words(task: Task, run: StageRun) -> str:
    if outcomes.is_done(run):
        return _DID.get((run.stage, run.outcome or ""), "There is nothing to add.")
    return f"It ended here; work is kept. The comment on #{task.issue} says why and what to do."


def _gates(task: Task, output: str) -> CheckView:
    noted = [(gate, note) for gate in gates.judged(task) for note in gate.notes if note.path]
    return CheckView(
        "pdev / gates",
        "completed",
        gates.conclusion(task),
        gates.title(task)[:TITLE_LIMIT],
        gates.summary(task),
        annotations=tuple(
            _note(gate, note) for gate, note in noted if gate.sha and not _ODD_PATH.search(note.path)
        )[:ANNOTATION_LIMIT],
        text=gates.log(output),
    )  # fmt: skip


def _note(gate: Gate, note: Note) -> "Annotation":
    level = {"failed": "failure", "warned": "warning"}.get(gate.outcome, "notice")
    line = max(1, note.line)
    return Annotation(note.path, line, line, level, words.plain(note.text), f"{gate.name} {gate.sha[:7]}")


def _annotations(task: Task, run: StageRun) -> tuple["Annotation", ...]:
    if run.stage is not Stage.REVIEW or run.outcome is None:
        return ()
    open_ones = [f for f in task.open_findings if f.round == run.round and f.file and not _ODD_PATH.search(f.file)]
    here = [f for f in open_ones if not f.is_claimed and not _is_of_another_commit(task, f)]
    return tuple(annotation(f) for f in here[:ANNOTATION_LIMIT])


def _is_of_another_commit(task: Task, f: Finding) -> bool:
    """Its lines are not those of the commit that is shown, as while a correction is on its way from the branch to the
    record; and GitHub takes no annotation back."""
    commit = f.history[-1].commit if f.history else ""
    return bool(commit) and commit != task.shown_sha and not approval.is_kept_off(task)


def _stage_summary(task: Task, run: StageRun, *, live: bool) -> str:
    if run.outcome is None:
        parts = [
            "The agent is at work."
            if task.state is State.RUNNING
            else "It was interrupted and goes on from its checkpoint when a worker is free."
        ]
        parts += [progress.live(task)] if live else []
    else:
        parts = [words.plain(run.summary, 20_000) or _without_words(task, run)]
    if run.attempts > 1:
        parts.append(f"This is attempt {run.attempts}; the ones before were interrupted or repeated.")
    if run.retried:
        parts.append("\n".join(budget.tried_again(run, WHY.__getitem__)))
    if run.outcome is not None and (cost := budget.of_run(run)):
        parts.append(f"Cost: {cost}.")
    if run.stage is Stage.REVIEW:
        parts += [words.finding(f) for f in task.findings if f.round == run.round]
    return words.fitting([p for p in parts if p], SUMMARY_LIMIT)


class Annotation(msgspec.Struct, frozen=True):
    """An annotation in the shape of GitHub's API."""

    path: str
    start_line: int
    end_line: int
    annotation_level: str
    message: str
    title: str

    @property
    def key(self) -> str:
        """What it is known by: GitHub adds what it is sent to what it has."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


def annotation(f: Finding) -> Annotation:
    level = {"critical": "failure", "high": "failure", "medium": "warning"}.get(f.severity, "notice")
    line = max(1, f.line)
    return Annotation(
        f.file, line, max(line, f.end_line), level, words.plain(f.text), f"{f.id}: {words.line(f.type, 200)}"
    )
