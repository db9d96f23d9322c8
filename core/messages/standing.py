"""Where a task stands, why, and what a person can do next: in one line, and in a few."""

from core.messages import approval, budget, words
from core.messages.words import issues, plain, quote, stage_name
from core.schedule import Wait
from core.tasks import MAX_CRASHES, UNSETTLED, Needs, PausedBy, Reason, State, Task, Wish, parsed


def headline(task: Task, wait: Wait | None = None) -> str:
    """Where the task stands, in one line. `wait`: why it does not start, where that is known."""
    reason, who = parsed(task.reason)
    by = f" by {who}" if reason is Reason.BY else ""
    return {
        State.BLOCKED: f"Waiting for {issues(task.blockers)}" if task.blockers else "Waiting",
        State.QUEUED: _queued(wait),
        State.RUNNING: _running(task),
        State.WAITING_INPUT: _waiting(task, reason),
        State.WAITING_CHECKS: "Waiting for other checks on the pull request",
        State.PAUSED: _paused(task) + by,
        State.READY: f"Ready: pull request #{task.pr} waits for your review" if task.pr else "Ready for review",
        State.MERGED: "Merged" + by,
        State.COMPLETED: "Closed" + by,
        State.FAILED: "Ended without a change" if reason is Reason.NO_CHANGE else f"Failed in {stage_name(task)}",
        State.CANCELLED: "Cancelled" + by,
    }[task.state]


def _queued(wait: Wait | None) -> str:
    if wait is not None and wait.reason == "budget":
        return budget.queued(wait)
    position = wait.facts.get("position") if wait else None
    if position is None:
        return "Queued"
    return "Queued, next in line" if position == 1 else f"Queued, number {position} in line"


def _running(task: Task) -> str:
    stops = {Wish.CANCEL: "Being cancelled", Wish.PAUSE: "Being paused"}
    return stops.get(task.wish) or f"Running: {stage_name(task)}"


def _waiting(task: Task, reason: Reason | None) -> str:
    by_reason = {
        Reason.FOREIGN_PULL: "Another pull request would close this issue",
        Reason.CONFIG: "The configuration must be mended first",
        Reason.ROUNDS: f"Findings are still open after {words.count(task.round, 'round')}",
        Reason.NO_PROGRESS: f"The agents make no progress in round {task.round}",
        Reason.UNFIXABLE: "A gate fails that the corrector cannot mend"
        if _is_of_gates(task)
        else "The agents disagree about a finding",
        Reason.BRANCH_MOVED: "The branch was rewritten",
        Reason.DIVERGED: "Somebody pushed while the agent worked",
    }
    by_need = {
        Needs.ANSWER: "The agent has a question",
        Needs.CONFLICT: "A merge conflict needs a person",
        Needs.CRASH: f"Stopped after {task.crashes} crashes",
        Needs.APPROVAL: "Reviewed, waits for approval",
        None: "Waits for a person",
    }
    return (by_reason.get(reason) if reason else None) or by_need[task.needs]


def _paused(task: Task) -> str:
    return {
        PausedBy.PERSON: "Paused",
        PausedBy.BUDGET: budget.headline(task),
        PausedBy.INSTALLATION: "Paused, pdev has no access to this repository",
        None: "Paused",
    }[task.paused_by]


WHY: dict[Reason, str] = {
    Reason.BY: "",  # the headline says it
    Reason.LABEL_REMOVED: "{who} removed the label.",
    Reason.PR_CLOSED: "{who} closed the pull request without merging it.",
    Reason.ISSUE_DELETED: "{who} deleted the issue.",
    Reason.ISSUE_TRANSFERRED: "{who} moved the issue to another repository.",
    Reason.NO_ACCESS: "The App was suspended here, or this repository was taken from it.",
    Reason.FOREIGN_PULL: "",  # pdev's own question follows
    Reason.CONFIG: "The repository's configuration cannot be used, so nothing runs on a guess at what it means.",
    Reason.QUESTION: "",  # the question follows
    Reason.ROUNDS: "The reviewer still asks for changes in the last allowed round.",
    Reason.NO_PROGRESS: "The last correction left the same findings open, or changed nothing, so another round would "
    "cost money and bring nothing new.",
    Reason.UNFIXABLE: "The corrector says that it cannot or should not mend a finding, and the reviewer insists on it.",
    Reason.APPROVAL: "",  # `approval.waits` says it
    Reason.BRANCH_MOVED: "pdev's own commits are no longer in the history of `{branch}`. Nothing was overwritten.",
    Reason.DIVERGED: "Their commits are on `{branch}`; the agent's work is `{commit}`, kept on `{wip}`. Nothing was "
    "overwritten, and this version of pdev does not merge the two.",
    Reason.CRASHED: f"The worker or its agent died {MAX_CRASHES} times in a row. The last checkpoint is kept.",
    Reason.NO_CHANGE: "The agent ended its work without changing a file.",
    Reason.BAD_OUTPUT: "What the agent handed in could not be read.",
    Reason.AGENT_FAILED: "The agent gave up.",
    Reason.TIMEOUT: "The agent ran out of time.",
    Reason.IDLE: "The agent gave no sign of life for a long time and was stopped.",
    Reason.BUDGET: "",  # `budget.why` says it
    Reason.NO_PRICE: budget.NO_PRICE,
    Reason.LIMIT: "The agent reached a limit on its turns, tokens or money.",
    Reason.REFUSED: "GitHub did not accept the push.",
    Reason.SETUP: "The work could not be set up.",
}
"""What happened, by the reason of the record. `{who}` is a login."""

_WHY_OF_GATES: dict[Reason, str] = {
    Reason.ROUNDS: "pdev's own gates still fail in the last allowed round.",
    Reason.NO_PROGRESS: "The last correction left the same gates failing, or changed nothing, so another round would "
    "cost money and bring nothing new.",
    Reason.UNFIXABLE: "The corrector says that it cannot or should not mend what one of pdev's own gates has found, "
    "and the gate still fails.",
}
"""As `WHY`, where no reviewer was asked."""

_NEXT: dict[State, str] = {
    State.BLOCKED: "It starts by itself when nothing that it waits for is open any more. `/pdev cancel`, or removing "
    "the label, stops it.",
    State.QUEUED: "It starts by itself when a slot is free. `/pdev cancel`, or removing the label, stops it.",
    State.RUNNING: "`/pdev pause` or `/pdev cancel` stops it at a checkpoint; work is kept.",
    State.WAITING_CHECKS: "It goes on by itself when they are done.",
    State.PAUSED: "`/pdev resume`, or setting the label again, goes on from the last checkpoint.",
    State.READY: "Review and merge it. `/pdev resume` has the agents look at it once more, and at what you comment.",
    State.MERGED: "Nothing is left to do.",
    State.COMPLETED: "Reopen the issue to go on from the last checkpoint.",
    State.FAILED: "`/pdev resume` tries again from the last checkpoint; the agent reads what you comment on the issue.",
    State.CANCELLED: "Nothing is lost: `/pdev resume` goes on from the last checkpoint.",
}
_NEXT_FOR_NEED: dict[Needs | None, str] = {
    Needs.ANSWER: "The next comment of the person asked goes on with it; so does `/pdev answer …` by anybody with "
    "push rights. `/pdev cancel` ends it.",
    Needs.APPROVAL: "`/pdev cancel` ends it; work is kept.",
    Needs.CONFLICT: "`/pdev resume` goes on from the last checkpoint; `/pdev cancel` ends it.",
    Needs.CRASH: "`/pdev resume` tries again from there; the worker's log says why it died. `/pdev cancel` ends it.",
    None: "`/pdev resume` goes on; `/pdev cancel`, or removing the label, leaves it.",
}
_ONE_MORE = (
    "`/pdev answer …` tells the corrector what you think and allows one more round; `/pdev resume` only allows it. "
    "`/pdev answer waive {finding}`, or `waive all`, lets findings be. `/pdev cancel` ends it; work is kept."
)
_NEXT_FOR_REASON: dict[Reason, str] = {
    Reason.FOREIGN_PULL: "`/pdev resume` starts all the same; `/pdev cancel`, or removing the label, leaves it.",
    Reason.ROUNDS: _ONE_MORE,
    Reason.NO_PROGRESS: _ONE_MORE,
    Reason.UNFIXABLE: _ONE_MORE,
    Reason.CONFIG: "Mend that on the default branch; it then goes on by itself. `pdev config check FILE` shows the "
    "same before you push; `/pdev resume` looks at once. `/pdev cancel`, or removing the label, leaves it.",
    Reason.BRANCH_MOVED: "Put `{commit}` back into the branch's history, or delete the branch; `/pdev resume` then "
    "goes on. `/pdev cancel` ends it.",
    Reason.DIVERGED: "Merge them (`git fetch origin {wip} && git merge FETCH_HEAD` on the branch) and push; "
    "`/pdev resume` then goes on from there. `/pdev cancel` ends it; work is kept.",
    Reason.REFUSED: "Change what it objects to, then `/pdev resume` pushes again.",
    Reason.SETUP: "Mend that, then `/pdev resume` tries again.",
    Reason.NO_CHANGE: "If something is missing, say so in a comment, then `/pdev resume`; else close the issue.",
    Reason.NO_ACCESS: "Unsuspend the App or give it the repository back; it then goes on by itself.",
    Reason.ISSUE_DELETED: "Its branch and pull request are kept; merge or close them as you like.",
    Reason.ISSUE_TRANSFERRED: "Its branch and pull request are kept; set the label again where the issue is now to "
    "start anew.",
    Reason.NO_PRICE: budget.NO_PRICE_NEXT,
    Reason.PR_CLOSED: "Reopen it, or use `/pdev resume`, to go on from the last checkpoint.",
}
_QUEUED_FOR = {
    "no_workers": "No worker is running. It starts by itself as soon as one is; `/pdev cancel`, or removing the label, "
    "stops it.",
    "repo_cap": "This repository runs as many agents as it may. It starts by itself when one of them is done; "
    "`/pdev cancel`, or removing the label, stops it.",
}
_STOPPING = "Its agent was told to stop; what it has done is kept. `/pdev resume` takes that back."


def story(task: Task, *, wait: Wait | None = None, server_url: str = "") -> str:
    """What happened and the next step, as paragraphs."""
    return "\n\n".join(part for part in (_why(task), _detail(task, server_url), _next(task, wait)) if part)


def _why(task: Task) -> str:
    reason, who = parsed(task.reason)
    if reason is None or (task.state is State.RUNNING and reason is Reason.BY):
        return ""
    why = _WHY_OF_GATES.get(reason) if _is_of_gates(task) else None
    return (why or WHY[reason]).format(
        who=who or "Somebody", branch=task.branch, commit=task.checkpoint_sha[:7], wip=task.wip_ref
    )  # fmt: skip


def _is_of_gates(task: Task) -> bool:
    """Whether pdev's own gates, and no reviewer, gave the newest verdict."""
    return task.last_review is not None and task.last_review.outcome == "gates_failed"


def _detail(task: Task, server_url: str) -> str:
    """The words of the agent or of GitHub that go with it."""
    if task.state is State.PAUSED and task.reason == Reason.BUDGET:
        return budget.why(task)
    if waiting := approval.waits(task, server_url):
        return waiting
    if task.reason in {Reason.FOREIGN_PULL, Reason.CONFIG}:
        return task.question  # our own words, with a link that helps
    if task.state is State.WAITING_INPUT and task.question:
        asked = f"\n\n@{task.trigger.actor}, please answer in a comment." if task.needs is Needs.ANSWER else ""
        return quote(plain(task.question)) + asked
    speaks = task.state is State.FAILED or (task.state is State.WAITING_INPUT and task.reason in UNSETTLED)
    said = task.last_run.summary if speaks and task.last_run else ""
    return quote(plain(said)) if said else ""


def _next(task: Task, wait: Wait | None) -> str:
    reason = parsed(task.reason)[0]
    if task.state is State.RUNNING and task.wish is not Wish.NONE:
        return _STOPPING
    if wait is not None and wait.reason == "budget":
        return budget.waits(wait)
    if task.state is State.PAUSED and reason is Reason.BUDGET:
        return budget.next_step(task)
    if wait is not None and wait.reason in _QUEUED_FOR:
        return _QUEUED_FOR[wait.reason]
    if reason in _NEXT_FOR_REASON:
        commit = (task.head_sha or task.start_sha)[:7]
        return _NEXT_FOR_REASON[reason].format(commit=commit, wip=task.wip_ref, finding=_open_one(task))
    return _NEXT_FOR_NEED[task.needs] if task.state is State.WAITING_INPUT else _NEXT[task.state]


def _open_one(task: Task) -> str:
    return next((f.id for f in task.open_findings), "F1")
