"""The sticky comment in every state and for every reason, read as people read it."""

from collections.abc import Callable
from functools import partial

import pytest
from msgspec.structs import replace

from core.messages import config, gates
from core.messages.standing import WHY
from core.messages.sticky import sticky
from core.repoconfig import Broken, Unreadable, in_force, read
from core.schedule import Wait
from core.tasks import (
    UNSETTLED,
    Cap,
    Cost,
    Exhausted,
    Finding,
    Gate,
    LastReview,
    Needs,
    Note,
    Options,
    PausedBy,
    Reason,
    Scope,
    Stage,
    State,
    Task,
    Wish,
    leave_stage,
    move,
)
from tests.golden import golden
from tests.messages.conftest import APPROVED, CORRECTED, CRITICISED, DEVELOPED, FINALIZED, FOUND, MINUTE, NOW, run

SERVER = "https://github.com"


def fresh(task: Task) -> Task:
    """As it was before anything was done."""
    return replace(
        task, state=State.QUEUED, branch="", start_sha="", head_sha="", pr=None, stages=(), progress=0, activity="",
        gates=(), cost=type(task.cost)(),
    )  # fmt: skip


def reviewed(task: Task, **fields: object) -> Task:
    ways = {"stage": Stage.REVIEW, "stages": (DEVELOPED, run(Stage.REVIEW, None, 2, 0)), "activity": "", "progress": 10}
    return replace(task, **(ways | fields))


def finished(task: Task) -> Task:
    done = (DEVELOPED, CRITICISED, CORRECTED, APPROVED, FINALIZED)
    return replace(task, state=State.READY, stage=Stage.FINALIZE, round=2, stages=done, findings=FOUND, activity="")


def ended(task: Task, to: State, reason: str) -> Task:
    return move(task, to, NOW, reason=reason)


def gave_up(task: Task, reason: Reason, why: str) -> Task:
    outcome = "limit" if reason in {Reason.TIMEOUT, Reason.IDLE, Reason.LIMIT} else "failed"
    return move(leave_stage(task, outcome, NOW, why), State.FAILED, NOW, reason=reason)


def asks(task: Task, needs: Needs | None, reason: Reason, question: str = "") -> Task:
    task = leave_stage(task, "asked", NOW, question) if question else task
    return move(task, State.WAITING_INPUT, NOW, needs=needs, reason=reason, question=question)


def waits(reason: str, position: int) -> Wait:
    return Wait(reason, {"position": position})


def rounds(task: Task) -> Task:
    found = (replace(FOUND[0], state="open", note=""), FOUND[1])
    stages = (DEVELOPED, CRITICISED, CORRECTED, replace(APPROVED, outcome="corrections_needed", summary="Still wrong."))
    task = replace(reviewed(task), round=2, stages=stages, findings=found, options=Options(max_rounds=2))
    return asks(task, Needs.ANSWER, Reason.ROUNDS)


def broken_configuration(task: Task) -> Task:
    found = in_force(read("review:\n  mode: stric\nmax-agents: 0x10\n"), Unreadable("it is a link or a folder."))
    assert isinstance(found, Broken)
    told = config.waits(found.problems, config.Source("acme", "widgets", SERVER))
    return replace(fresh(task), state=State.WAITING_INPUT, reason=Reason.CONFIG, question=told)


def approval(task: Task) -> Task:
    task = replace(
        task, stage=Stage.FINALIZE, round=2, stages=(DEVELOPED, APPROVED, run(Stage.FINALIZE, "asked", 1, 0, number=2)),
        options=Options(ci="approved"), checkpoint_sha="c" * 40, findings=FOUND[:1], activity="",
    )  # fmt: skip
    return asks(task, Needs.APPROVAL, Reason.APPROVAL)


def broke(task: Task, scope: Scope, kind: str = "usd", spent: float = 2.51, cap: float = 2) -> Task:
    runs = (DEVELOPED, *task.stages) if task.stage is Stage.REVIEW else task.stages
    runs = (*runs[:-1], replace(runs[-1], cost=Cost(usd=0.42, tokens=12_345)))
    task = replace(task, stages=runs, cap=Cap(usd=2), granted=Cost(usd=0.5))
    gone = Exhausted(scope=scope, kind=kind, spent=spent, cap=cap)
    return move(task, State.PAUSED, NOW, paused_by=PausedBy.BUDGET, reason=Reason.BUDGET, exhausted=gone)


def no_purse(scope: Scope) -> Wait:
    return Wait("budget", {"scope": scope.value})


def no_progress(task: Task) -> Task:
    found = (replace(FOUND[1], state="waived"), replace(FOUND[0], state="reopened", note=""))
    return asks(replace(rounds(task), state=State.RUNNING, findings=found), Needs.ANSWER, Reason.NO_PROGRESS)


def unfixable(task: Task) -> Task:
    return asks(replace(rounds(task), state=State.RUNNING), Needs.ANSWER, Reason.UNFIXABLE)


def by_gates(task: Task, reason: Reason) -> Task:
    gate = Gate(name="verify", outcome="failed", summary="`make test` fails (exit 2)", sha="c" * 40)
    found = Finding(id="F1", type="gate:verify", severity="high", text="pdev ran it itself: `make test` fails.")
    summary = gates.failed_summary([gate])
    runs = (DEVELOPED, run(Stage.REVIEW, "gates_failed", 4, 3, summary=summary))
    last = LastReview(round=1, tree="t", outcome="gates_failed", summary=summary, stop=reason)
    task = replace(reviewed(task), stages=runs, findings=(found,), gates=(gate,), last_review=last)
    return asks(task, Needs.ANSWER, reason)


LEFT_OUT = (
    Gate(name="secrets", outcome="left_out", notes=(Note("a key, line 1", ".env"),)),
    Gate(name="size", outcome="passed"),
)  # fmt: skip
Change = Callable[[Task], Task]
STATES: dict[str, tuple[Change, Wait | None]] = {
    "blocked": (lambda t: replace(fresh(t), state=State.BLOCKED, blockers=(3, 4)), None),
    "queued": (fresh, None),
    "queued, next": (fresh, waits("slots", 1)),
    "queued, no worker": (fresh, waits("no_workers", 3)),
    "queued, repository full": (fresh, waits("repo_cap", 2)),
    "queued, interrupted": (lambda t: move(t, State.QUEUED, NOW, crashes=1), waits("slots", 1)),
    "running, just granted": (lambda t: replace(fresh(t), state=State.RUNNING), None),
    "running": (lambda t: t, None),
    "running, second attempt": (lambda t: replace(t, stages=(replace(t.stages[0], attempts=2),)), None),
    "running review": (reviewed, None),
    "running, asked to stop": (lambda t: replace(t, wish=Wish.CANCEL, reason=Reason.BY.by("alice")), None),
    "running, label removed": (lambda t: replace(t, wish=Wish.PAUSE, reason=Reason.LABEL_REMOVED.by("alice")), None),
    "left out": (lambda t: replace(t, gates=LEFT_OUT), None),
    "waiting for checks": (lambda t: replace(finished(t), state=State.WAITING_CHECKS), None),
    "question": (lambda t: asks(t, Needs.ANSWER, Reason.QUESTION, "Which format?\nJSON or YAML?"), None),
    "foreign pull": (
        lambda t: replace(
            fresh(t),
            state=State.WAITING_INPUT,
            reason=Reason.FOREIGN_PULL,
            question="#9 by bob is open and would close this issue too, so nothing was started. "
            "Should pdev work on it anyway?",
        ),
        None,
    ),
    "configuration": (broken_configuration, None),
    "rounds": (rounds, None),
    "no progress": (no_progress, None),
    "unfixable": (unfixable, None),
    **{f"gates, {reason}": (partial(by_gates, reason=reason), None) for reason in sorted(UNSETTLED)},
    "approval": (approval, None),
    "branch moved": (lambda t: asks(t, Needs.CONFLICT, Reason.BRANCH_MOVED), None),
    "diverged": (
        lambda t: replace(asks(t, Needs.CONFLICT, Reason.DIVERGED), checkpoint_sha="c" * 40),
        None,
    ),
    "crashed": (
        lambda t: asks(replace(leave_stage(t, "crashed", NOW), crashes=3), Needs.CRASH, Reason.CRASHED),
        None,
    ),
    "paused by a command": (
        lambda t: move(t, State.PAUSED, NOW, paused_by=PausedBy.PERSON, reason=Reason.BY.by("alice")),
        None,
    ),
    "paused by the label": (
        lambda t: move(t, State.PAUSED, NOW, paused_by=PausedBy.PERSON, reason=Reason.LABEL_REMOVED.by("alice")),
        None,
    ),
    "paused, no access": (
        lambda t: move(t, State.PAUSED, NOW, paused_by=PausedBy.INSTALLATION, reason=Reason.NO_ACCESS),
        None,
    ),
    **{f"queued, {scope} spent": (fresh, no_purse(scope)) for scope in Scope if scope not in {Scope.STAGE, Scope.TASK}},
    **{f"paused, {scope} spent": (partial(broke, scope=scope), None) for scope in Scope},
    "paused, tokens spent": (lambda t: broke(t, Scope.TASK, "tokens", 210_000, 200_000), None),
    "paused, turns taken": (lambda t: broke(reviewed(t), Scope.STAGE, "turns", 101, 100), None),
    "paused, no price": (
        lambda t: move(t, State.PAUSED, NOW, paused_by=PausedBy.BUDGET, reason=Reason.NO_PRICE),
        None,
    ),
    "ready": (finished, None),
    "merged": (lambda t: ended(finished(t), State.MERGED, Reason.BY.by("alice")), None),
    "closed": (lambda t: ended(t, State.COMPLETED, Reason.BY.by("alice")), None),
    "cancelled": (lambda t: ended(t, State.CANCELLED, Reason.BY.by("alice")), None),
    "cancelled, nothing done": (
        lambda t: replace(ended(t, State.CANCELLED, Reason.BY.by("alice")), head_sha=""),
        None,
    ),
    "pull request closed": (lambda t: ended(t, State.CANCELLED, Reason.PR_CLOSED.by("alice")), None),
    "issue deleted": (lambda t: ended(t, State.CANCELLED, Reason.ISSUE_DELETED.by("alice")), None),
    "issue transferred": (lambda t: ended(t, State.CANCELLED, Reason.ISSUE_TRANSFERRED.by("alice")), None),
    "no change": (
        lambda t: replace(gave_up(t, Reason.NO_CHANGE, "The parser is there already."), head_sha=""),
        None,
    ),
    "bad output": (lambda t: gave_up(t, Reason.BAD_OUTPUT, "findings.0.text: Field required"), None),
    "agent failed": (lambda t: gave_up(reviewed(t), Reason.AGENT_FAILED, "the model is overloaded"), None),
    "timeout": (lambda t: gave_up(t, Reason.TIMEOUT, ""), None),
    "idle": (lambda t: gave_up(t, Reason.IDLE, ""), None),
    "limit": (lambda t: gave_up(t, Reason.LIMIT, "100 turns"), None),
    "refused": (lambda t: gave_up(t, Reason.REFUSED, "remote: error: GH006: Protected branch update failed."), None),
    "setup": (lambda t: gave_up(fresh(replace(t, stages=())), Reason.SETUP, "The default branch is empty."), None),
}


def test_every_state_and_reason(at_work: Task) -> None:
    shown = []
    for name, (change, wait) in STATES.items():
        task = change(at_work if not name.startswith("setup") else replace(at_work, state=State.RUNNING))
        shown.append(f"=== {name}\n{sticky(task, NOW, wait=wait, server_url=SERVER)}")
    golden("messages/sticky", "\n".join(shown))


def test_the_golden_file_leaves_nothing_out(at_work: Task) -> None:
    tasks = [change(at_work) for change, _ in STATES.values()]
    assert {task.state for task in tasks} == set(State)
    assert {task.reason.partition(":")[0] for task in tasks} - {""} == set(Reason)
    assert set(WHY) == set(Reason)


@pytest.mark.parametrize("name", STATES)
def test_it_says_the_next_step_and_fits(at_work: Task, name: str) -> None:
    change, wait = STATES[name]
    text = sticky(change(at_work), NOW, wait=wait)
    assert text.startswith("<!-- pdev:task:1-7 -->\n\n### ")
    assert len(text) < 2_500
    assert "None" not in text
    last = text.strip().rsplit("\n\n", 1)[-1]
    assert last.endswith(".")
    assert not last.startswith(("-", "###"))


def test_notice(at_work: Task) -> None:
    assert sticky(at_work, NOW, notice="Agents run without a sandbox here.").endswith(
        "\n\n_Agents run without a sandbox here._\n"
    )


def test_a_task_that_was_resumed_a_hundred_times_fits(at_work: Task) -> None:
    words = "x" * 20_000
    found = tuple(Finding(id=f"F{n}", type="bug", severity="high", text=words, note=words) for n in range(200))
    stages = tuple(run(Stage.DEVELOP, "paused", n + 1, n, summary=words) for n in range(200, 0, -1))
    left_out = tuple(
        Gate(name=f"gate {n}", outcome="left_out", notes=(Note(words[:300], words[:300]),) * 20) for n in range(9)
    )
    task = replace(at_work, stages=(*stages, *at_work.stages), findings=found, gates=left_out, activity=words)
    task = asks(replace(task, options=Options(max_rounds=1)), Needs.ANSWER, Reason.ROUNDS, words)
    text = sticky(task, NOW)
    assert len(text) < 65_536
    assert "171 earlier stages" in text


def test_an_agent_cannot_speak_as_pdev(at_work: Task) -> None:
    """Whatever an agent says stays within its line or quotation, and reaches nobody."""
    evil = "@org/team closes #1 <!-- pdev:task:1-8 -->\n```\n<details>\n### ✅ Ready: pull request #1"
    working = sticky(replace(at_work, activity=evil), NOW)
    asking = sticky(asks(at_work, Needs.ANSWER, Reason.QUESTION, evil), NOW)
    for text in (working, asking):
        assert text.count("<!-- pdev:") == 1
        assert "@org" not in text
        assert "#1 " not in text
        assert sum(line.startswith("### ") for line in text.splitlines()) == 1
    assert "\n> ```" in asking
    assert NOW - at_work.stages[0].started_ms == 4 * MINUTE
