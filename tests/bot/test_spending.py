"""Grants, and who goes on with one: the policy as tables."""

from collections.abc import Callable
from functools import partial

import pytest

from bot import policy
from bot.effects import acted
from bot.policy import Hold, Person, Purses, Refuse, Resume, Why
from core.budget import Caps, Spending, Spent
from core.tasks import Cap, Cost, Exhausted, Options, PausedBy, Reason, Scope, State, Task

NewTask = Callable[..., Task]
CAPS = Caps(
    task=Cap(usd=10), session=Cap(usd=20), repository_day=Cap(usd=30), owner_day=Cap(usd=40), server_day=Cap(usd=50)
)


def stopped(new_task: NewTask, scope: Scope, **fields: object) -> Task:
    gone = Exhausted(scope=scope, kind="usd", spent=11, cap=10)
    given = {"state": State.PAUSED, "paused_by": PausedBy.BUDGET, "reason": Reason.BUDGET, "exhausted": gone}
    return new_task(**(given | fields))


def purses(**spent: float) -> Purses:
    found: Spending = {Scope(name): Spent(usd=usd) for name, usd in spent.items()}
    return Purses(CAPS, found)


@pytest.mark.parametrize(
    ("scope", "goes_to"),
    [
        (Scope.STAGE, Scope.TASK),
        (Scope.TASK, Scope.TASK),
        (Scope.SESSION, Scope.SESSION),
        (Scope.REPOSITORY_DAY, Scope.REPOSITORY_DAY),
        (Scope.OWNER_DAY, Scope.TASK),
        (Scope.SERVER_DAY, Scope.TASK),
    ],
)
def test_which_purse_a_grant_goes_to(new_task: NewTask, scope: Scope, goes_to: Scope) -> None:
    assert policy.purse_for(stopped(new_task, scope), None) is goes_to
    assert policy.purse_for(new_task(state=State.QUEUED), scope) is goes_to
    assert policy.purse_for(new_task(state=State.RUNNING), scope) is Scope.TASK
    assert policy.purse_for(stopped(new_task, scope, paused_by=PausedBy.PERSON), None) is Scope.TASK


@pytest.mark.parametrize(
    ("spent", "amount", "resume", "still"),
    [
        ({"task": 11}, 2, True, None),
        ({"task": 11}, 1, False, Scope.TASK),
        ({"task": 11}, 0.5, False, Scope.TASK),
        ({"task": 11, "session": 20}, 5, False, Scope.SESSION),
        ({"task": 11, "owner_day": 40}, 5, False, Scope.OWNER_DAY),
    ],
)
def test_a_task_goes_on_when_it_is_enough(
    new_task: NewTask, spent: dict[str, float], amount: float, resume: bool, still: Scope | None
) -> None:
    task = stopped(new_task, Scope.TASK)
    decision = policy.on_grant(task, amount=Cost(usd=amount), cause="9:1", scope=Scope.TASK, purses=purses(**spent))
    assert isinstance(decision, policy.Grant)
    assert (decision.resume, decision.still) == (resume, still)
    after = acted(decision, task, 5)
    assert after is not None
    assert after.granted == Cost(usd=amount)
    assert (after.state is State.QUEUED) is resume
    twice = acted(
        policy.on_grant(after, amount=Cost(usd=amount), cause="9:1", scope=Scope.TASK, purses=purses(**spent)), after, 6
    )
    assert twice is not None
    assert (twice.granted, twice.state) == (after.granted, after.state), "a delivery that comes twice grants once"


def test_a_grant_starts_nobody_who_was_not_stopped_by_a_budget(new_task: NewTask) -> None:
    give = partial(policy.on_grant, amount=Cost(usd=5), cause="9:1", scope=Scope.TASK, purses=purses())
    tasks = [new_task(state=state) for state in State if state is not State.PAUSED]
    for task in [*tasks, stopped(new_task, Scope.TASK, paused_by=PausedBy.PERSON)]:
        decision = give(task)
        assert isinstance(decision, policy.Grant)
        assert not decision.resume
        after = acted(decision, task, 5)
        assert after is not None
        assert after.state is task.state


def test_resume_while_nothing_has_changed(new_task: NewTask) -> None:
    task = stopped(new_task, Scope.TASK)
    assert policy.on_resume(task, closed=False, purses=purses(task=11)) == Refuse(Why.BUDGET)
    assert policy.on_resume(task, closed=False, purses=purses(task=9)) == Resume()
    assert policy.on_resume(task, closed=False) == Resume()
    by_stage = stopped(new_task, Scope.STAGE)
    assert policy.on_resume(by_stage, closed=False, purses=purses(stage=11, task=9)) == Resume()
    by_person = stopped(new_task, Scope.TASK, paused_by=PausedBy.PERSON)
    assert policy.on_resume(by_person, closed=False, purses=purses(task=11)) == Resume()


def test_a_task_with_options_of_its_own_has_a_bound_of_its_own(new_task: NewTask) -> None:
    given = Options(given={"profile": "aggressive"})
    task = stopped(new_task, Scope.TASK, options=given, cap=Cap(usd=25))
    assert policy.on_resume(task, closed=False, purses=purses(task=11)) == Resume()


def test_without_a_price_only_tokens_go_on(new_task: NewTask) -> None:
    task = stopped(new_task, Scope.TASK, reason=Reason.NO_PRICE, exhausted=None)
    give = partial(policy.on_grant, task, cause="9:1", scope=Scope.TASK, purses=purses())
    money, tokens = give(amount=Cost(usd=5)), give(amount=Cost(tokens=5))
    assert isinstance(money, policy.Grant)
    assert isinstance(tokens, policy.Grant)
    assert (money.resume, tokens.resume) == (False, True)
    assert policy.on_resume(task, closed=False, purses=purses()) == Refuse(Why.BUDGET)


def test_what_nothing_bounds_cannot_be_raised(new_task: NewTask) -> None:
    task = stopped(new_task, Scope.TASK)
    assert policy.bounds(task, Scope.TASK, purses(), Cost(usd=1))
    assert not policy.bounds(task, Scope.TASK, purses(), Cost(tokens=1))
    assert policy.bounds(task, Scope.TASK, purses(), Cost(usd=1, tokens=1))


def test_a_person_s_pause_holds_what_would_go_on_by_itself(new_task: NewTask) -> None:
    task = stopped(new_task, Scope.REPOSITORY_DAY)
    for decision, reason in (
        (policy.on_pause(task, "dev"), "by:dev"),
        (policy.on_unlabel(task, Person("dev", role="write"), labelled=False), "label_removed:dev"),
    ):
        assert decision == Hold(reason)
        held = acted(decision, task, 5)
        assert held is not None
        assert (held.state, held.paused_by, held.reason) == (State.PAUSED, PausedBy.PERSON, reason)
