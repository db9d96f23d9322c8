"""What frees a task: grants to any purse, findings that people let be, a configuration that is mended."""

from functools import partial

from hypothesis import strategies as some
from hypothesis.stateful import precondition, rule
from msgspec.structs import replace

from bot import policy
from bot.policy import Grant, Purses, Resume
from core import ledger
from core.budget import SHARED, Caps, Spent
from core.tasks import Cap, Cost, Needs, PausedBy, Reason, Scope, State, Task
from tests.machine.people import Draw, People
from tests.machine.world import DEV

CAP = 2.0
"""Dollars in every purse; whoever is stopped by one has spent all of it."""
CAPS = Caps(**{scope.value: Cap(usd=CAP) for scope in Scope if scope is not Scope.STAGE})
DAYS = (Scope.REPOSITORY_DAY, Scope.OWNER_DAY, Scope.SERVER_DAY)
AMOUNTS = some.sampled_from([Cost(usd=5), Cost(usd=5), Cost(tokens=200_000)])
COMMENTS = some.sampled_from(["c1:0", "c2:0", "c2:1"])
"""Where a grant stands: a delivery may come twice."""
WAIVERS = some.sampled_from(["waive all", "waive F1", "waive F1 F2", "waive F9"])


class Spenders(People):
    """What was spent of which purse, as the store would add it up; the task's own grants stand in its record."""

    def __init__(self, redis_url: str) -> None:
        super().__init__(redis_url)
        self.spent: dict[Scope, Spent] = {}
        self.given: set[tuple[Scope, str]] = set()

    def purses(self) -> Purses:
        return Purses(CAPS, self.spent)

    def note_spent(self, scope: Scope) -> None:
        """A purse has paid all that it may."""
        task, known = self.task(), self.spent.get(scope, Spent())
        more = task.granted if task and scope is Scope.TASK else known.granted
        self.spent[scope] = Spent(usd=CAP + more.usd, granted=known.granted)

    def resume(self, draw: Draw) -> None:
        self.decide_and_follow(partial(policy.on_resume, closed=self.closed, purses=self.purses()))

    def a_new_day(self, draw: Draw) -> None:
        for scope in DAYS:
            self.spent.pop(scope, None)
        self.given = {(scope, cause) for scope, cause in self.given if scope not in DAYS}
        super().a_new_day(draw)

    @precondition(lambda self: self.seen and (self.seen.round > 1 or policy.is_stopped_by_budget(self.seen)))
    @rule(amount=AMOUNTS, cause=COMMENTS)
    def somebody_grants_more(self, amount: Cost, cause: str) -> None:
        """`/pdev budget`, where it is asked for and where it is not."""
        before = self.task()
        assert before is not None
        scope = policy.purse_for(before, None)
        if scope in SHARED and (scope, cause) not in self.given:
            self.given.add((scope, cause))
            known = self.spent.get(scope, Spent())
            more = Cost(usd=known.granted.usd + amount.usd, tokens=known.granted.tokens + amount.tokens)
            self.spent[scope] = replace_spent(known, more)
        done = self.decide(partial(policy.on_grant, amount=amount, cause=cause, scope=scope, purses=self.purses()))
        after = self.task()
        assert isinstance(done, Grant)
        assert after is not None
        self._counts_once(before, after, done, cause)
        self._frees_whom_it_should(before, after, done)

    @staticmethod
    def _counts_once(before: Task, after: Task, done: Grant, cause: str) -> None:
        more = Cost() if cause in before.grants else done.amount
        assert after.granted.usd == before.granted.usd + more.usd
        assert after.granted.tokens == before.granted.tokens + more.tokens

    def _frees_whom_it_should(self, before: Task, after: Task, done: Grant) -> None:
        if not policy.is_stopped_by_budget(before):
            assert after.state is before.state, "a grant moves only whom a budget has stopped"
        elif done.resume:
            assert after.state in {State.QUEUED, State.BLOCKED}
            assert policy.still_broke(after, self.purses()) is None
        else:
            assert after.state is State.PAUSED
            assert done.still is not None, "it pays for everything, and the task does not go on"

    @precondition(lambda self: self.seen and self.seen.findings and self.seen.needs is Needs.ANSWER)
    @rule(words=WAIVERS)
    def somebody_waives(self, words: str) -> None:
        """`/pdev answer waive …`."""
        waiver = ledger.wish(words)
        assert waiver is not None

        def prepare(task: Task) -> Task:
            let_be = ledger.waived(task.findings, waiver, by=DEV.login, round_=task.round)
            return replace(task, findings=let_be)

        before = self.task()
        done = self.decide(partial(policy.on_answer, closed=self.closed, waiver=waiver), prepare=prepare)
        after = self.task()
        assert before is not None
        assert after is not None
        if isinstance(done, Resume):
            assert not any(waiver.covers(f) for f in after.findings), "it was let be, and stands there still"
        else:
            assert after.findings == before.findings

    @precondition(lambda self: self.seen and self.seen.reason == Reason.CONFIG)
    @rule()
    def somebody_mends_the_configuration(self) -> None:
        before = self.task()
        assert before is not None
        self.decide(policy.on_config_mended)
        after = self.task()
        assert after is not None
        assert (after.state is not before.state) == (before.state is State.WAITING_INPUT)

    # ── what always holds ──────────────────────────────────────────────────────────────────────────────────────────

    def the_record_is_sound(self, task: Task) -> None:
        super().the_record_is_sound(task)
        let_be = {f.id: f.waived_by for f in self.seen.findings if f.waived_by} if self.seen else {}
        now = {f.id: f for f in task.findings}
        if task.findings or task.round > 1:  # a task that begins anew after its merge has none
            for name, who in let_be.items():
                assert (now[name].state, now[name].waived_by) == ("waived", who), "a person's word was overruled"
        assert len(set(task.grants)) == len(task.grants)
        if task.paused_by is PausedBy.BUDGET:
            self.people_know_what_to_pay(task)

    def people_know_what_to_pay(self, task: Task) -> None:
        """Where a grant is what the message asks for, a grant is enough."""
        if task.exhausted is None or task.reason != Reason.BUDGET or f"`{PAY}" not in self.told(task):
            return
        scope = policy.purse_for(task, None)
        assert task.exhausted.scope not in {Scope.OWNER_DAY, Scope.SERVER_DAY}, "no comment raises an operator's budget"
        spent = dict(self.spent)
        if scope in SHARED:
            known = spent.get(scope, Spent())
            spent[scope] = replace_spent(known, Cost(usd=known.granted.usd + 5))
        done = policy.on_grant(task, amount=Cost(usd=5), cause="next", scope=scope, purses=Purses(CAPS, spent))
        assert isinstance(done, Grant)
        assert done.resume or done.still is not task.exhausted.scope


PAY = "/pdev budget"


def replace_spent(known: Spent, granted: Cost) -> Spent:
    return Spent(usd=known.usd, tokens=known.tokens, turns=known.turns, granted=granted)
