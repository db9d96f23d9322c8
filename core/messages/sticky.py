"""The one comment per issue that says where its task stands, edited in place."""

from core.messages import approval, budget, gates, outcomes, setup, words
from core.messages.progress import checklist
from core.messages.standing import headline, story
from core.messages.transcripts import fact
from core.progress import overall
from core.schedule import Wait
from core.tasks import Stage, StageRun, State, Task

MARKER = "<!-- pdev:task:{id} -->"
"""First line of the sticky comment: how a worker that knows nothing finds it again."""
_MOST_RUNS = 30
"""Lines of the list of stages; a task that is resumed again and again has more."""

_MOST = 10
"""Files that were left out, by name; the check run has more."""

_LEFT_OUT = "pdev's own checks left this out of the branch. What belongs there all the same, only a person can commit:"


def marker(task: Task) -> str:
    return MARKER.format(id=task.id)


def sticky(
    task: Task,
    now_ms: int,
    *,
    wait: Wait | None = None,
    notice: str = "",
    server_url: str = "",
    transcripts: str = "",
) -> str:
    """The whole comment.

    `wait`: why a queued task does not start; `notice`: a line that the operator's set-up calls for, such as agents
    running without a sandbox; `server_url`: where GitHub's pages are, for links; `transcripts`: the link to them.
    """
    parts = [
        marker(task),
        f"### {words.ICONS[task.state]} {headline(task, wait)}",
        " · ".join(p for p in (_progress(task, now_ms), transcripts and fact(transcripts)) if p),
        account(task, now_ms=now_ms, wait=wait, server_url=server_url),
        f"_{notice}_" if notice else "",
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def account(task: Task, *, now_ms: int | None = None, wait: Wait | None = None, server_url: str = "") -> str:
    """Stages, facts, what happened and the next step; without `now_ms` nothing that changes while an agent works."""
    parts = [
        _stages(task, now_ms),
        _facts(task),
        _left_out(task),
        story(task, wait=wait, server_url=server_url),
        setup.shown(task),
        # Last: whatever an agent put into them, what a person is to decide stands above.
        approval.findings(task),
    ]
    return "\n\n".join(p for p in parts if p)


def _progress(task: Task, now_ms: int) -> str:
    if not task.stages:
        return ""
    shown = [] if task.settled else [words.bar(overall(task))]
    took = words.worked(task, now_ms)
    worked = f"{words.duration(took)} of work" if took else ""
    return " · ".join(p for p in (*shown, worked, budget.spent(task)) if p)


def _stages(task: Task, now_ms: int | None) -> str:
    shown = task.stages[-_MOST_RUNS:]
    lines = [_run(task, run, now_ms) for run in shown]
    if now_ms is not None:
        lines += checklist(task, "  ")
    if hidden := len(task.stages) - len(shown):
        lines = [f"- … {words.count(hidden, 'earlier stage')}", *lines]
    if task.state not in {State.MERGED, State.COMPLETED, State.CANCELLED} and not _is_withdrawn(task):
        lines += [f"- [ ] {stage.value}" for stage in _ahead(task)]
    return "\n".join(lines)


def _ahead(task: Task) -> list[Stage]:
    """The stages that are still to come, as far as anybody knows."""
    if task.settled and task.state is not State.FAILED:
        return []
    way = [Stage.DEVELOP, Stage.REVIEW, Stage.FINALIZE]
    if task.stage is Stage.CORRECT:
        way = [Stage.CORRECT, Stage.REVIEW, Stage.FINALIZE]
    ahead = way[way.index(task.stage) :]
    last = task.last_run
    listed = last is not None and (last.stage, last.round) == (task.stage, task.round)
    return ahead[1:] if listed else ahead


def _run(task: Task, run: StageRun, now_ms: int | None) -> str:
    name = run.stage.value + (f", round {run.round}" if run.round > 1 else "")
    again = f"attempt {run.attempts}" if run.attempts > 1 else ""
    if run.outcome is None:
        return "- [ ] " + " · ".join(p for p in (f"**{name}**", again, *_doing(task, run, now_ms)) if p)
    told = "" if run.outcome == "passed" else outcomes.word(run)  # the ticked box says it
    took = words.duration((run.ended_ms or run.started_ms) - run.started_ms)
    box = "x" if outcomes.is_done(run) else " "
    return f"- [{box}] " + " · ".join(p for p in (name, again, told, took, budget.of_run(run)) if p)


def _doing(task: Task, run: StageRun, now_ms: int | None) -> list[str]:
    if task.state is not State.RUNNING:
        return ["interrupted, goes on from its checkpoint"]
    if now_ms is None:
        return ["at work"]
    return [f"{task.progress} %", words.duration(now_ms - run.started_ms), words.line(task.activity)]


def _is_withdrawn(task: Task) -> bool:
    """Its branch is gone again, because there was nothing on it."""
    return bool(task.branch and task.start_sha and not task.head_sha and task.settled)


def _facts(task: Task) -> str:
    facts = []
    if _is_withdrawn(task):
        facts.append(f"Pull request #{task.pr} is closed and its branch deleted: there was nothing on it.")
    elif task.pr:
        facts.append(f"Pull request #{task.pr}")
    if task.branch and not _is_withdrawn(task):
        facts.append(f"branch {words.code(task.branch, 250)}")
    if kept_off := approval.fact(task):
        facts.append(kept_off)
    if task.findings:
        facts.append(f"{words.count(len(task.findings), 'finding')}, {len(task.open_findings) or 'none'} open")
    return " · ".join(facts)


def _left_out(task: Task) -> str:
    """What the gates keep out of the branch, then one line about all of them."""
    found = [(gate, note) for gate in task.gates if gate.outcome == "left_out" for note in gate.notes]
    listed = [f"- {gate.name}: {words.code(note.path, 200)} ({words.line(note.text)})" for gate, note in found[:_MOST]]
    if len(found) > _MOST:
        listed.append(f"- … and {len(found) - _MOST} more")
    kept_off = f"{_LEFT_OUT}\n\n" + "\n".join(listed) if listed else ""
    return "\n\n".join(part for part in (kept_off, gates.in_one_line(task)) if part)
