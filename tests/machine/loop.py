"""The loop's own ends: gates that fail before anybody is asked, corrections that change nothing, broken settings."""

from hypothesis import strategies as some
from hypothesis.stateful import precondition, rule
from msgspec.structs import replace

from core import ledger
from core.tasks import Finding, LastReview, Needs, Reason, Stage, State, Task
from jobs.pipeline import advance, hand_over
from jobs.stages import Step
from jobs.stages.gates import _stop as gates_stop
from tests.machine.people import MOSTLY, Draw
from tests.machine.workers import GATED, Holder, Workers

GATES = some.sampled_from(["verify", "size"])
OUTPUTS = some.sampled_from(["1 failed", "2 failed"])
LOOP = ["gates_fail", "correct_nothing", "config_breaks"]
STEPS = some.lists(
    some.sampled_from(
        [*["go_on"] * 4, *["gates_fail"] * 3, *["correct_nothing"] * 3, "out_of_budget", "config_breaks"]
    ),
    min_size=1,
    max_size=8,
)


class Loop(Workers):
    """What a bench saves in these cases, by the living and by those that were given up."""

    @precondition(lambda self: self.seen and self.seen.state is State.QUEUED)
    @rule(steps=STEPS, data=some.data())
    def a_worker_loops(self, steps: list[str], data: some.DataObject) -> None:
        """Granted, taken up, and then one round after another until something stops it."""
        self._grant()
        if not (self.granted and self._take(self.granted[-1])):
            return
        holder = self.holders[-1]
        self._set_up(holder)
        for name in steps:
            self._begin(holder)
            getattr(self, name)(holder, data.draw)

    def go_on(self, holder: Holder, draw: Draw) -> None:
        """Work ends well, and a reviewer asks for more."""
        self._finish(holder, draw, approves=False if draw(MOSTLY) else None)

    @precondition(lambda self: self.holders)
    @rule(name=some.sampled_from(LOOP), data=some.data())
    def one_that_was_given_up_loops_on(self, name: str, data: some.DataObject) -> None:
        getattr(self, name)(data.draw(some.sampled_from(self.holders[-4:])), data.draw)

    def config_breaks(self, holder: Holder, draw: Draw) -> None:
        """The configuration cannot be read when the work is set up."""
        self.save(holder, lambda task: hand_over(task, None, Reason.CONFIG, "Line 3.", self.clock.now_ms()))

    def gates_fail(self, holder: Holder, draw: Draw) -> None:
        """Before a reviewer or a finalizer is asked; the gates' own rule says whether a corrector may mend it."""
        if not holder.begun:
            return
        type_, told = f"{ledger.GATE}{draw(GATES)}", (draw(OUTPUTS),)

        def judged(task: Task) -> Task | None:
            return _judged_by_gates(task, type_, told) if task.stage in GATED else None

        def over(task: Task) -> Task | None:
            last = task.last_review
            if task.stage not in GATED or not _of_gates(task) or last is None:
                return None
            step = Step("gates_failed", last.summary, stop=Reason(last.stop) if last.stop else None)
            return advance(task, step, self.clock.now_ms())

        before = self.save(holder, judged)
        after = self.save(holder, over) if before else None
        if before is None or after is None or after.version == before.version:
            return
        holder.begun = False
        if after.state is State.RUNNING:
            assert (after.stage, after.round) == (Stage.CORRECT, before.round)
            assert after.open_findings, "the corrector has nothing to correct"
        else:
            assert after.state is State.WAITING_INPUT

    def correct_nothing(self, holder: Holder, draw: Draw) -> None:
        """The corrector hands in the tree that it was given; the review that follows asks no reviewer."""
        before = self.task()
        if not holder.begun or before is None or before.stage is not Stage.CORRECT:
            return
        after = self.save(holder, lambda task: advance(task, Step("passed", "Nothing."), self.clock.now_ms()))
        if after is None:
            return
        assert (after.stage, after.round) == (Stage.REVIEW, before.round + 1)
        holder.begun = False
        self._begin(holder)
        if ledger.unchanged(after, after.checkpoint_sha):
            now = self.clock.now_ms()
            self.save(holder, lambda task: hand_over(task, Needs.ANSWER, Reason.NO_PROGRESS, "", now))
            holder.begun = False


def _of_gates(task: Task) -> list[Finding]:
    return [f for f in task.findings if f.is_open and f.type.startswith(ledger.GATE)]


def _judged_by_gates(task: Task, type_: str, told: tuple[str, ...]) -> Task:
    """What the gates save: the finding, and the round's verdict where it is open."""
    named = [ledger.Named(type=type_, text="It fails.", severity="high")]
    task = replace(
        task, findings=ledger.gated(task.findings, named, round_=task.round, commit=task.checkpoint_sha)
    )  # fmt: skip
    if not (still_open := _of_gates(task)):
        return task
    tree = task.checkpoint_sha
    last = LastReview(
        round=task.round, tree=tree, outcome="gates_failed", summary="1 failed.", open=told,
        stop=gates_stop(task, tree, told, still_open, task.last_round) or "",
    )  # fmt: skip
    return replace(task, last_review=last)
