"""One task on a real store, the facts of GitHub around it, and what must hold whatever happens to it."""

import asyncio
import re
from collections.abc import Awaitable
from functools import partial
from typing import Any, TypeVar

from hypothesis.stateful import RuleBasedStateMachine, invariant
from msgspec.structs import replace

from bot import policy
from bot.effects import Judge, Prepare, acted, judged
from bot.policy import Approve, Ask, Decision, Grant, Hold, Ignore, Move, Person, Refuse, Resume, Start, Unwish
from core import valkey
from core.clock import ShiftedClock
from core.messages.checks import checks
from core.messages.standing import headline, story
from core.messages.sticky import sticky
from core.store import NoSuchTask, Store, WorkerInfo
from core.tasks import ENDED, MOVES, SETTLED, Options, PausedBy, Reason, Scope, State, Task, Wish

T = TypeVar("T")

ID = "1-7"
LEASE_MS = 20_000
DEV = Person("dev", role="write")
PEOPLE = (DEV, Person("triager", role="triage"), Person("reader", role="read"), Person("app[bot]", is_bot=True))

# A table of its own: the code that draws check runs is what is being judged.
CONCLUSIONS: dict[State, set[str | None]] = {
    State.BLOCKED: {None},
    State.QUEUED: {None},
    State.RUNNING: {None},
    State.WAITING_CHECKS: {None},
    State.WAITING_INPUT: {"action_required"},
    State.PAUSED: {"action_required"},
    State.READY: {"success"},
    State.MERGED: {"success"},
    State.COMPLETED: {"neutral"},
    State.FAILED: {"failure", "timed_out"},
    State.CANCELLED: {"cancelled"},
}
_GOES_ON = re.compile(
    r"/pdev |by itself|Reopen|Review and merge|Nothing is left|merge or close|set the label", re.IGNORECASE
)
_NEEDS_NO_ANSWER = {Reason.FOREIGN_PULL, Reason.CONFIG}
_COMMAND = re.compile(r"`/pdev (\w+)")


class World(RuleBasedStateMachine):
    """`permitted`: the highest round that options or a person's word have allowed. `held`: a person said stop, or was
    asked, and nobody has said go on since."""

    def __init__(self, redis_url: str) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self.clock = ShiftedClock()
        self._redis = valkey.connect(redis_url)
        self.store = Store(self._redis, self.clock)
        self.run(self._redis.flushall())
        worker = WorkerInfo(id="w", host="h", pid=1, slots=9, started_ms=1, sandbox="none")
        self.run(self.store.announce(worker, 10**10))
        self.labelled = self.closed = self.merged = False
        self.seen: Task | None = None
        self.permitted = 0
        self.held = False
        self.approved: set[str] = set()
        self.counter = 0

    def teardown(self) -> None:
        self.run(self._redis.aclose())
        self._runner.close()

    def run(self, work: Awaitable[T]) -> T:
        return self._runner.get_loop().run_until_complete(work)

    def next(self) -> int:
        self.counter += 1
        return self.counter

    def task(self) -> Task | None:
        return self.run(self.store.task(ID))

    def decide(self, judge: Judge, *, prepare: Prepare | None = None) -> Decision | None:
        """What the web process does with a judgement; None where there is no task."""
        try:
            verdict = self.run(judged(self.store, ID, judge, self.clock.now_ms(), prepare))
        except NoSuchTask:
            return None
        self._hear(verdict.decision, verdict.task)
        return verdict.decision

    def _hear(self, decision: Decision, task: Task) -> None:
        match decision:
            case Resume() | Approve() | Unwish() | Grant(resume=True):
                self.held = False
                self.permitted = max(self.permitted, task.round, task.last_round)
            case Ask() | Hold():
                self.held = True
            case Move(State.PAUSED | State.CANCELLED | State.COMPLETED | State.MERGED, paused_by=by):
                self.held = self.held or by is not PausedBy.INSTALLATION
        if isinstance(decision, Approve):
            self.approved.add(task.approved_sha)

    # ── what always holds ──────────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def what_always_holds(self) -> None:
        """One look at the record for all of it: a run has thousands of steps."""
        task = self.task()
        if task is None or task == self.seen:
            return
        self.the_record_is_sound(task)
        self.code_reaches_the_branch_only_when_it_may(task)
        check_runs_say_what_the_record_says(task)
        people_know_what_to_do_next(task, self.clock.now_ms())
        every_end_can_be_resumed(task, self.clock.now_ms())
        self.seen = task

    def the_record_is_sound(self, task: Task) -> None:
        if before := self.seen:
            assert task.version > before.version or replace(task, lease_exp=0, owner="") == replace(
                before, lease_exp=0, owner=""
            ), "only a lease is touched without a new version"
        assert (task.settled_ms is not None) == (task.state in SETTLED)
        assert task.state is State.RUNNING or (task.owner, task.lease_exp, task.wish) == ("", 0, Wish.NONE)
        assert all(run.outcome is not None for run in task.stages[:-1])
        last = task.last_run
        if last and last.outcome is None:
            assert task.state in {State.RUNNING, State.QUEUED, State.BLOCKED}, "an attempt is open"
            assert (last.stage, last.round) == (task.stage, task.round)
        assert all((run.ended_ms is None) == (run.outcome is None) for run in task.stages)
        assert task.round <= max(self.permitted, task.options.max_rounds), "nobody allowed another round"
        self.held = self.held or task.state is State.WAITING_INPUT
        assert (task.needs is None) == (task.state is not State.WAITING_INPUT) or task.reason in _NEEDS_NO_ANSWER
        assert (task.paused_by is None) == (task.state is not State.PAUSED)

    def code_reaches_the_branch_only_when_it_may(self, task: Task) -> None:
        if task.options.ci == "approved":
            assert task.head_sha in {"", "start", *self.approved}

    def note_spent(self, scope: Scope) -> None:
        """A purse has paid all that it may; who keeps purses knows more."""

    @staticmethod
    def told(task: Task) -> str:
        """What people read about it."""
        return story(task)

    @staticmethod
    def legal(before: Task, after: Task) -> None:
        assert before.state is after.state or after.state in MOVES[before.state]


def check_runs_say_what_the_record_says(task: Task) -> None:
    views = {view.name: view for view in checks(task)}
    summary = views["pdev"]
    assert summary.conclusion in CONCLUSIONS[task.state]
    for view in views.values():
        assert (view.status == "completed") == (view.conclusion is not None)
        assert len(view.buttons) <= 3
        assert view.status == "completed" or task.state not in SETTLED | {State.PAUSED, State.WAITING_INPUT}
        assert view.status != "in_progress" or task.state is State.RUNNING


def people_know_what_to_do_next(task: Task, now_ms: int) -> None:
    told = story(task)
    assert _GOES_ON.search(told), told
    for name in _COMMAND.findall(told):
        if name in _WORKS:
            decision = _WORKS[name](task)
            assert not isinstance(decision, Refuse | Ignore), f"{task.state}: /pdev {name} is offered: {decision}"
    assert headline(task)
    assert headline(task) in sticky(task, now_ms)


def every_end_can_be_resumed(task: Task, now_ms: int) -> None:
    if task.state in ENDED or task.state is State.READY:
        decision = policy.on_resume(task, closed=False)
        assert isinstance(decision, Resume), decision
        after = acted(decision, task, now_ms)
        assert after is not None
        assert after.state in {State.QUEUED, State.BLOCKED}


_WORKS = {
    "resume": partial(policy.on_resume, closed=False),
    "answer": partial(policy.on_answer, closed=False),
    "approve": partial(policy.on_approve, by="dev", closed=False),
    "cancel": partial(policy.on_cancel, by="dev"),
    "pause": partial(policy.on_pause, by="dev"),
}


def new_task(clock: ShiftedClock, *, ci: str, max_rounds: int, blockers: tuple[int, ...], trigger: Any) -> Task:
    now = clock.now_ms()
    return Task(
        id=ID, installation_id=5, repo_id=1, owner_login="acme", repo="widgets", issue=7, session="", trigger=trigger,
        options=Options(ci=ci, max_rounds=max_rounds), blockers=blockers, created_ms=now, queued_ms=now,
        updated_ms=now, state=State.BLOCKED if blockers else State.QUEUED,
    )  # fmt: skip


__all__ = ["DEV", "ID", "LEASE_MS", "PEOPLE", "Start", "World", "new_task", "replace"]
