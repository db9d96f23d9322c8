"""What people and GitHub do to the task: in any order, twice, late, and by people who may not."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from hypothesis import strategies as some
from hypothesis.stateful import initialize, precondition, rule
from msgspec.structs import replace

from bot import policy
from bot.effects import with_blockers
from bot.policy import LabelFacts, Person, Start
from core.store import NoSuchTask
from core.tasks import Needs, PausedBy, Reason, State, Task, Trigger, resumed
from jobs.sweep.budgets import is_stopped
from tests.machine.world import DEV, ID, PEOPLE, World, new_task

Draw = Callable[[Any], Any]
_STOPPED = {State.WAITING_INPUT, State.PAUSED, State.BLOCKED}
STOPS = ["pause", "cancel", "unlabeled", "pull_closed", "gone", "access_lost"]
MOSTLY = some.sampled_from([True, True, True, False])
ANYBODY = some.sampled_from([DEV, DEV, DEV, *PEOPLE])
BLOCKERS = some.sampled_from([(), (3,), (3, 4)])


class People(World):
    """Facts and their deliveries are things of their own, because deliveries come late, twice, or for nothing."""

    @initialize(
        ci=some.sampled_from(["every_push", "ready", "approved"]),
        max_rounds=some.integers(1, 3),
        heard=MOSTLY,
        foreign=some.sampled_from([False, False, True]),
        blockers=some.sampled_from([(), (), (3,)]),
    )
    def begin(self, ci: str, max_rounds: int, heard: bool, foreign: bool, blockers: tuple[int, ...]) -> None:
        """A labelled issue; now and then nobody has heard of it yet."""
        self.ci, self.max_rounds = ci, max_rounds
        self.permitted, self.labelled = max_rounds, True
        if heard:
            self._labeled(DEV, blockers, foreign=foreign)

    @rule(fact=some.sampled_from(["labelled", "closed", "merged"]), now=some.booleans())
    def a_fact_changes(self, fact: str, now: bool) -> None:
        """GitHub tells later, or never."""
        if fact == "merged":
            # Nobody unmerges, and only what is on a branch can be merged.
            now = self.merged or (now and self.seen is not None and bool(self.seen.head_sha))
        setattr(self, fact, now)

    @precondition(lambda self: self.seen and (self.seen.settled or self.seen.state in _STOPPED))
    @rule()
    def somebody_gets_it_going(self) -> None:
        """The right word for where it stands; without this few tasks would live long."""
        assert self.seen is not None
        self.closed = False
        if self.seen.paused_by is PausedBy.INSTALLATION:
            return self.access_back(None)
        if self.seen.needs is Needs.APPROVAL:
            return self.decide_and_follow(partial(policy.on_approve, by=DEV.login, closed=False))
        if self.seen.state is State.BLOCKED:
            return self._wait_for(())
        return self.decide_and_follow(partial(policy.on_resume, closed=False))

    @rule(name=some.sampled_from(STOPS), data=some.data())
    def something_stops_it(self, name: str, data: some.DataObject) -> None:
        if name in {"pause", "cancel"}:
            self.decide(partial(policy.on_pause if name == "pause" else policy.on_cancel, by=DEV.login))
        else:
            getattr(self, name)(data.draw)

    @rule(
        name=some.sampled_from(
            [
                "labeled",
                "comment",
                "approve",
                "answer",
                "resume",
                "reopened",
                "access_back",
                "issue_closed",
                "blockers",
                "a_new_day",
            ]
        ),
        data=some.data(),
    )
    def something_happens(self, name: str, data: some.DataObject) -> None:
        getattr(self, name)(data.draw)

    def decide_and_follow(self, judge: Any, **more: Any) -> None:
        done = self.decide(judge, **more)
        if isinstance(done, policy.Resume) and done.afresh:
            self.merged = False  # the next pull request is another one

    # ── what happens, by name ──────────────────────────────────────────────────────────────────────────────────────

    def labeled(self, draw: Draw) -> None:
        self._labeled(draw(ANYBODY), draw(BLOCKERS), foreign=draw(some.booleans()))

    def _labeled(self, by: Person, blockers: tuple[int, ...], *, foreign: bool) -> None:
        trigger = Trigger(actor=by.login, at_ms=1, delivery=f"d{self.next()}", title="A title", body="A body")

        def judge(task: Task | None) -> policy.Decision:
            facts = LabelFacts(by=by, labelled=self.labelled, closed=self.closed, task=task, foreign_pull=foreign)
            return policy.on_label(facts)

        if self.task() is not None:
            self.decide_and_follow(judge, prepare=lambda task: replace(task, trigger=trigger, blockers=blockers))
        elif isinstance(decision := judge(None), Start):
            self._start(decision, trigger, blockers)

    def _start(self, decision: Start, trigger: Trigger, blockers: tuple[int, ...]) -> None:
        task = new_task(self.clock, ci=self.ci, max_rounds=self.max_rounds, blockers=blockers, trigger=trigger)
        if decision.ask:
            task = replace(task, state=State.WAITING_INPUT, question="Go on?", reason=Reason.FOREIGN_PULL)
        assert self.run(self.store.create(task))
        assert not self.run(self.store.create(task))

    def unlabeled(self, draw: Draw) -> None:
        by = draw(ANYBODY)
        self.decide(lambda task: policy.on_unlabel(task, by, labelled=self.labelled))

    def resume(self, draw: Draw) -> None:
        self.decide_and_follow(partial(policy.on_resume, closed=self.closed))

    def answer(self, draw: Draw) -> None:
        self.decide_and_follow(partial(policy.on_answer, closed=self.closed))

    def comment(self, draw: Draw) -> None:
        self.decide_and_follow(partial(policy.on_plain_comment, by=draw(ANYBODY)))

    def approve(self, draw: Draw) -> None:
        """By command, by the button, or by a button that was shown for another commit."""
        task = self.task()
        shown = draw(some.sampled_from(["", "beef", task.checkpoint_sha if task else ""]))
        self.decide(partial(policy.on_approve, by=DEV.login, closed=self.closed, shown=shown))

    def issue_closed(self, draw: Draw) -> None:
        by = draw(ANYBODY)
        self.decide(lambda task: policy.on_closed(task, by, closed=self.closed, merged=self.merged))

    def pull_closed(self, draw: Draw) -> None:
        by, own = draw(ANYBODY), draw(some.booleans())

        def judge(task: Task) -> policy.Decision:
            if self.merged:
                return policy.on_closed(task, by, closed=True, merged=True)
            return policy.on_pull_dropped(task, by, own=own)

        self.decide(judge)

    def reopened(self, draw: Draw) -> None:
        by, labelled = draw(ANYBODY), self.labelled and not self.closed
        self.decide(lambda task: policy.on_reopened(task, by, labelled=labelled))

    def gone(self, draw: Draw) -> None:
        reason = draw(some.sampled_from([Reason.ISSUE_TRANSFERRED, Reason.ISSUE_DELETED]))
        self.decide(lambda task: policy.on_gone(task, reason.by("owner")))

    def access_lost(self, draw: Draw | None) -> None:
        self.decide(policy.on_access_lost)

    def a_new_day(self, draw: Draw) -> None:
        """Budgets that several share have something left again."""
        now = self.clock.now_ms()
        with suppress(NoSuchTask):
            self.run(self.store.change(ID, lambda task: resumed(task, now) if is_stopped(task) else None))

    def access_back(self, draw: Draw | None) -> None:
        before = self.held
        self.decide(policy.on_access_back)
        self.held = before  # GitHub gave access back; no person said go on

    def blockers(self, draw: Draw) -> None:
        self._wait_for(draw(BLOCKERS))

    def _wait_for(self, blockers: tuple[int, ...]) -> None:
        now = self.clock.now_ms()
        with suppress(NoSuchTask):
            self.run(self.store.change(ID, lambda t: with_blockers(t, blockers, policy.on_blockers(t, blockers), now)))
