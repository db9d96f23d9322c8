"""The one comment per issue that says where its task stands, edited in place."""

from core.messages import approval, words
from core.tasks import ENDED, Needs, Stage, StageRun, State, Task

MARKER = "<!-- pdev:task:{id} -->"
"""First line of the sticky comment: how a worker that knows nothing finds it again."""

_OUTCOMES = {
    "passed": "done",
    "approved": "approved",
    "corrections_needed": "asks for changes",
    "failed": "failed",
    "cancelled": "cancelled",
    "paused": "paused",
    "limit": "reached a limit",
}


def marker(task: Task) -> str:
    return MARKER.format(id=task.id)


def sticky(task: Task, now_ms: int, *, position: int | None = None, notice: str = "", server_url: str = "") -> str:
    """The whole comment.

    `position` is the place in the queue counted from 1; `notice` a line that the operator's set-up calls for, such as
    agents running without a sandbox; `server_url` where GitHub's pages are, for links.
    """
    parts = [
        marker(task),
        f"### {words.ICONS[task.state]} {words.headline(task, position)}",
        _stages(task, now_ms),
        _facts(task),
        _next_step(task, server_url),
        # Behind our own words, which no markup of an agent shall swallow.
        approval.findings(task),
        f"_{notice}_" if notice else "",
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def _stages(task: Task, now_ms: int) -> str:
    lines = [_stage_line(task, run, now_ms) for run in task.stages]
    if task.state not in ENDED and task.state is not State.READY:
        seen = {run.stage for run in task.stages}
        lines += [f"- [ ] {s.value}" for s in (Stage.DEVELOP, Stage.REVIEW, Stage.FINALIZE) if s not in seen]
    return "\n".join(lines)


def _stage_line(task: Task, run: StageRun, now_ms: int) -> str:
    name = f"**{run.stage.value}**" + (f" (round {run.round})" if run.round > 1 else "")
    again = f", attempt {run.attempts}" if run.attempts > 1 else ""
    if run.outcome is None:
        if task.state is not State.RUNNING:
            return f"- [ ] {name}{again} · interrupted, goes on from here"
        doing = f" · {words.plain(task.activity, 120)}" if task.activity else ""
        return f"- [ ] {name}{again} · {task.progress} % · {words.duration(now_ms - run.started_ms)}{doing}"
    took = words.duration((run.ended_ms or run.started_ms) - run.started_ms)
    told = approval.outcome_word(run.stage) if run.outcome == "asked" else _OUTCOMES.get(run.outcome, run.outcome)
    mark = "x" if run.outcome in {"passed", "approved", "corrections_needed"} else " "
    return f"- [{mark}] {name}{again} · {told} · {took}"


def _facts(task: Task) -> str:
    facts = []
    if task.pr:
        facts.append(f"Pull request #{task.pr}")
    if task.branch:
        facts.append(f"branch `{task.branch}`")
    if kept_off := approval.fact(task):
        facts.append(kept_off)
    if task.findings:
        facts.append(f"{len(task.open_findings)} of {len(task.findings)} findings open")
    if spent := words.cost(task):
        facts.append(spent)
    left_out = [f"{g}: {o.removeprefix('left_out: ')}" for g, o in sorted(task.gates.items()) if o != "passed"]
    text = " · ".join(facts)
    if left_out:
        text += "\n\nLeft out of the branch by pdev's own checks: " + "; ".join(words.plain(o, 300) for o in left_out)
    return text


_REASONS = {
    "no_change": "The agent changed nothing, so the pull request was closed and its branch deleted.",
    "rounds": "The reviewer still asks for changes after the last allowed round.",
    "crashed": "The work stopped unexpectedly several times in a row. What was done is kept on the checkpoint.",
    "bad_output": "The agent's answer could not be read.",
    "agent_failed": "The agent gave up.",
    "timeout": "The agent ran out of time.",
    "idle": "The agent showed no sign of life.",
    "branch_moved": "Somebody else pushed to the branch. Their commits are kept; nothing was overwritten.",
    "refused": "GitHub refused a change.",
    "prerequisite": "An issue that this one waits for failed.",
    "issue_deleted": "The issue was deleted.",
    "issue_transferred": "The issue moved to another repository.",
    "label_removed": "The label was removed.",
    "setup": "The worker could not set up the work.",
}


def _next_step(task: Task, server_url: str) -> str:
    why = _REASONS.get(task.reason.partition(":")[0], "")
    if task.reason.startswith("by:"):
        why = f"By {task.reason.removeprefix('by:')}."
    return "\n\n".join(p for p in (why, _detail(task, server_url), _hint(task)) if p)


def _detail(task: Task, server_url: str) -> str:
    if waiting := approval.waits(task, server_url):
        return waiting
    if task.state is State.WAITING_INPUT and task.question:
        return words.quote(words.plain(task.question)) + _ASKED.get(task.needs, "").format(actor=task.trigger.actor)
    last = task.stages[-1].summary if task.stages else ""
    if task.state in {State.FAILED, State.WAITING_INPUT} and last:
        return words.quote(words.plain(last))
    return ""


def _hint(task: Task) -> str:
    if task.state is State.WAITING_INPUT:
        return _WAITING["rounds" if task.reason == "rounds" else task.needs]
    return _HINTS.get(task.state, "")


_ASKED: dict[Needs | None, str] = {Needs.ANSWER: "\n\n@{actor}, please answer in a comment."}

_WAITING: dict[str | None, str] = {
    Needs.ANSWER: "The next comment of the person asked goes on with it; so does `/pdev answer …` by anybody with "
    "push rights. `/pdev cancel` ends it.",
    Needs.APPROVAL: "`/pdev cancel` ends it; work is kept.",
    "rounds": "`/pdev answer …` tells the corrector what you think and allows one more round, `/pdev resume` only "
    "allows it. `/pdev cancel` ends it; work is kept.",
    Needs.CONFLICT: "`/pdev resume` goes on from the last checkpoint; `/pdev cancel` ends it.",
    Needs.CRASH: "`/pdev resume` tries again from the last checkpoint; `/pdev cancel` ends it.",
    None: "`/pdev resume` goes on; `/pdev cancel`, or removing the label, leaves it.",
}
_HINTS = {
    State.BLOCKED: "It starts by itself when they are closed.",
    State.QUEUED: "It starts by itself when a slot is free. `/pdev cancel` or removing the label stops it.",
    State.RUNNING: "`/pdev pause` or `/pdev cancel` stops it at a checkpoint; work is kept.",
    State.PAUSED: "`/pdev resume`, or setting the label again, goes on from the last checkpoint.",
    State.READY: "Review and merge the pull request. `/pdev resume` lets the agents look again.",
    State.FAILED: "`/pdev resume` tries again from the last checkpoint.",
    State.CANCELLED: "Nothing is lost: `/pdev resume` goes on from the last checkpoint.",
}
