"""What workers do to the task: the same steps that a bench saves, by the living, the dead and those taken for dead."""

from dataclasses import dataclass, field

from hypothesis import strategies as some
from hypothesis.stateful import precondition, rule
from msgspec.structs import replace

from core import ledger
from core.ledger.rules import stop_reason
from core.schedule import Capacity, Caps, plan
from core.store import Fenced
from core.store.leases import Beat
from core.store.tasks import Step as Change
from core.tasks import Exhausted, LastReview, Needs, Reason, Scope, Stage, State, Task, enter_stage, is_under_way
from jobs.agents.results import CorrectorResult, ReviewerResult
from jobs.bench.keeping import may_publish
from jobs.lease import StopReason
from jobs.pipeline import advance, ask, give_up, hand_over, may_repeat, out_of_budget, repeat, stop
from jobs.stages import Step
from jobs.stages.correct import settle
from jobs.stages.review import findings as judged
from jobs.sweep.leases import StoreWatch, take_back_expired
from tests.machine.people import MOSTLY, Draw
from tests.machine.world import ID, LEASE_MS, World

FINDINGS = some.lists(
    some.fixed_dictionaries(
        {"text": some.sampled_from(["It is wrong.", "It is long."]), "id": some.sampled_from(["", "F1", "F2"])}
    ),
    max_size=3,
)
GAVE_UP = some.sampled_from(
    [Reason.NO_CHANGE, Reason.BAD_OUTPUT, Reason.AGENT_FAILED, Reason.TIMEOUT, Reason.LIMIT, Reason.REFUSED]
)
GATED = frozenset({Stage.REVIEW, Stage.FINALIZE})
HANDED_OVER = some.sampled_from([(Needs.CONFLICT, Reason.BRANCH_MOVED), (Needs.CONFLICT, Reason.DIVERGED)])


WORK = [
    *["finish_stage"] * 3, *["beat"] * 2, "begin_stage", "give_up", "ask", "out_of_budget", "hand_over", "crash",
    "shut_down",
]  # fmt: skip


@dataclass(slots=True)
class Holder:
    """A worker that was given the task once, and may believe so still."""

    epoch: int
    owner: str
    begun: bool = field(default=False)


class Workers(World):
    def __init__(self, redis_url: str) -> None:
        super().__init__(redis_url)
        self.granted: list[int] = []
        self.holders: list[Holder] = []

    # ── given and taken ────────────────────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: self.seen and self.seen.state is State.QUEUED)
    @rule(stages=some.sampled_from([0, 0, 1, 2, 3, 5, 8]), taken=MOSTLY, data=some.data())
    def a_worker_works(self, stages: int, taken: bool, data: some.DataObject) -> None:
        """What usually happens: granted, taken up, and some stages end well."""
        self._grant()
        if not (taken and self.granted and self._take(self.granted[-1])):
            return
        holder = self.holders[-1]
        self._set_up(holder)
        for _ in range(stages):
            self._begin(holder)
            self._finish(holder, data.draw)

    @rule()
    def the_scheduler_looks(self) -> None:
        self._grant()

    def _grant(self) -> None:
        task = self.task()
        if task is None:
            return
        planned = plan([task], Capacity(9, 0), Caps(), self.clock.now_ms())
        given = self.run(self.store.grant(task, lease_ms=LEASE_MS, repo_cap=5)) if ID in planned.start else None
        assert (given is not None) == (task.state is State.QUEUED and not task.blockers)
        if given:
            assert not self.held, "a person said stop, and nobody has said go on"
            assert all(given.epoch > epoch for epoch in self.granted)
            self.granted.append(given.epoch)

    @precondition(lambda self: self.granted)
    @rule(data=some.data())
    def some_worker_takes_it_up(self, data: some.DataObject) -> None:
        """A job is delivered twice, or late."""
        self._take(data.draw(some.sampled_from(self.granted[-3:])))

    def _take(self, epoch: int) -> bool:
        owner, before = f"w{self.next()}", self.task()
        assert before is not None
        free = before.state is State.RUNNING and before.epoch == epoch and not before.owner
        try:
            self.run(self.store.acquire(ID, epoch, owner, LEASE_MS))
        except Fenced:
            assert not free
            return False
        assert free
        self.holders.append(Holder(epoch, owner))
        return True

    def save(self, holder: Holder, change: Change) -> Task | None:
        """As a bench saves: refused, and nothing written, once the task is no longer the holder's."""
        before = self.task()
        assert before is not None
        ours = before.state is State.RUNNING and before.epoch == holder.epoch
        try:
            after = self.run(self.store.change(ID, change, epoch=holder.epoch))
        except Fenced:
            assert not ours
            assert self.task() == before, "a fenced worker has written"
            return None
        assert ours, "a worker whose time is over has written"
        self.legal(before, after)
        return after

    # ── work ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: self.holders and self.seen and self.seen.state is State.RUNNING)
    @rule(name=some.sampled_from(WORK), data=some.data())
    def the_worker_goes_on(self, name: str, data: some.DataObject) -> None:
        getattr(self, name)(self.holders[-1], data.draw)

    @precondition(lambda self: self.holders)
    @rule(name=some.sampled_from(WORK), data=some.data())
    def one_that_was_given_up_goes_on(self, name: str, data: some.DataObject) -> None:
        """It knows nothing of its end."""
        getattr(self, name)(data.draw(some.sampled_from(self.holders[-4:])), data.draw)

    def begin_stage(self, holder: Holder, draw: Draw) -> None:
        self._set_up(holder)
        self._begin(holder)

    def _set_up(self, holder: Holder) -> None:
        def noted(task: Task) -> Task:
            head = task.head_sha or "start"
            return replace(task, branch="feature/task-7", base="main", start_sha="start", head_sha=head, pr=8)

        self.save(holder, noted)

    def _begin(self, holder: Holder) -> None:
        if self.save(holder, lambda task: enter_stage(task, self.clock.now_ms())):
            holder.begun = True

    def finish_stage(self, holder: Holder, draw: Draw) -> None:
        self._finish(holder, draw)

    def _finish(self, holder: Holder, draw: Draw, *, approves: bool | None = None) -> None:
        """The stage that is under way ends well, whatever well means for it."""
        sha = f"{self.next():04x}"
        if not holder.begun:
            return

        def kept(task: Task) -> Task | None:
            edits = task.stage in {Stage.DEVELOP, Stage.CORRECT}
            return replace(task, checkpoint_sha=sha) if edits else replace(task, progress=50)

        def published(task: Task) -> Task | None:
            if task.stage is Stage.REVIEW or not may_publish(task, final=task.stage is Stage.FINALIZE):
                return None
            return replace(task, head_sha=task.checkpoint_sha or task.head_sha)

        approves = draw(some.booleans()) if approves is None else approves
        findings = draw(FINDINGS)

        def passed(task: Task) -> Task | None:
            """The gates let the stage begin, so none of their findings is open any more."""
            if task.stage not in GATED:
                return None
            return replace(task, findings=ledger.gated(task.findings, (), round_=task.round))

        def over(task: Task) -> Task:
            return advance(task, _end(task, approves=approves, findings=findings), self.clock.now_ms())

        for change in (passed, kept, published, over):
            if self.save(holder, change) is None:
                return
        holder.begun = False

    def give_up(self, holder: Holder, draw: Draw) -> None:
        reason = draw(GAVE_UP)

        def ended(task: Task) -> Task:
            if is_under_way(task) and may_repeat(task, reason, 1):
                return repeat(task, reason, self.clock.now_ms())
            return give_up(task, reason, "It cannot be done.", self.clock.now_ms())

        self.save(holder, ended)

    def out_of_budget(self, holder: Holder, draw: Draw) -> None:
        scope = draw(some.sampled_from([*Scope, None]))  # None: its model has no price, so nothing bounds it
        spent = Exhausted(scope=scope, kind="usd", spent=2, cap=2) if scope else None
        before = self.task()
        if scope and before and before.state is State.RUNNING and before.epoch == holder.epoch:
            self.note_spent(scope)
        self.save(holder, lambda task: out_of_budget(task, spent, self.clock.now_ms()))

    def ask(self, holder: Holder, draw: Draw) -> None:
        self.save(holder, lambda task: ask(task, "JSON or YAML?", self.clock.now_ms()))

    def hand_over(self, holder: Holder, draw: Draw) -> None:
        needs, reason = draw(HANDED_OVER)
        self.save(holder, lambda task: hand_over(task, needs, reason, "", self.clock.now_ms()))

    def beat(self, holder: Holder, draw: Draw) -> None:
        """The holder renews and hears what people wish; it obeys now, or dies before it can."""
        task = self.task()
        assert task is not None
        said = self.run(self.store.renew(ID, holder.epoch, holder.owner, LEASE_MS))
        ours = task.state is State.RUNNING and task.epoch == holder.epoch and task.owner == holder.owner
        assert (said is Beat.LOST) == (not ours)
        if ours and task.wish:
            assert said.value == task.wish.value, "a wish is heard with the next beat"
        if said in {Beat.CANCEL, Beat.PAUSE} and draw(MOSTLY):
            why = StopReason.CANCEL if said is Beat.CANCEL else StopReason.PAUSE
            self.save(holder, lambda now: stop(now, why, self.clock.now_ms()))

    # ── ends of workers ────────────────────────────────────────────────────────────────────────────────────────────

    def crash(self, holder: Holder, draw: Draw) -> None:
        self._hand_back(holder, crashed=True)

    def shut_down(self, holder: Holder, draw: Draw) -> None:
        self._hand_back(holder, crashed=False)

    def _hand_back(self, holder: Holder, *, crashed: bool) -> None:
        before = self.task()
        assert before is not None
        after = self.run(self.store.interrupt(ID, holder.epoch, crashed=crashed))
        assert (after is not None) == (before.state is State.RUNNING and before.epoch == holder.epoch)
        if after:
            self.legal(before, after)
            assert after.epoch > before.epoch, "whoever had it is fenced off"

    @precondition(lambda self: self.seen and self.seen.state is State.RUNNING)
    @rule(seconds=some.sampled_from([1, 30]))
    def time_passes_and_the_sweep_looks(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)
        self.run(self._sweep())

    async def _sweep(self) -> None:
        watch = StoreWatch(LEASE_MS)
        now = await watch.look(self._redis, self.clock)
        before = await self.store.task(ID)
        for after, _ in await take_back_expired(self.store, watch, now):
            assert before is not None
            assert before.lease_exp <= now, "a lease that is held is left alone"
            self.legal(before, after)


def _end(task: Task, *, approves: bool, findings: list[dict[str, str]]) -> Step:
    """What the stage's own code makes of the agent's answer."""
    match task.stage:
        case Stage.REVIEW:
            verdict = "approved" if approves else "corrections_needed"
            answer = ReviewerResult.model_validate({"verdict": verdict, "findings": findings, "summary": "So."})
            known = judged(task, answer, mode="balanced", commit=task.checkpoint_sha)
            still_open = tuple(f.id for f in known if f.is_open)
            outcome, why = "corrections_needed" if still_open else "approved", stop_reason(task, known)
            last = LastReview(
                round=task.round, tree=task.checkpoint_sha, outcome=outcome, summary="So.", open=still_open,
                stop=why or "",
            )  # fmt: skip
            return Step(outcome, "So.", {"findings": known, "last_review": last}, stop=why)
        case Stage.CORRECT:
            fixed = [{"id": f.id, "how": "Mended."} for f in task.open_findings[: 1 if approves else 9]]
            done = CorrectorResult.model_validate({"fixed": fixed})
            return Step("passed", "Mended.", {"findings": settle(task, done)})
        case Stage.FINALIZE if not may_publish(task, final=True):
            return Step("asked", "It waits for approval.")
        case _:
            return Step("passed", "Done.")
