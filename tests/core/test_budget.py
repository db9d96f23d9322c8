"""Which purse stops a run, and what is left of all of them. Pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core import budget
from core.budget import Caps, Spent
from core.repoconfig import Config
from core.tasks import Cap, Cost, Scope, Stage, State, Task, Trigger

CAPS = Caps(
    task=Cap(usd=10, tokens=1_000), session=Cap(usd=20), repository_day=Cap(usd=30), owner_day=Cap(usd=40),
    server_day=Cap(usd=50, tokens=5_000),
)  # fmt: skip


def a_task(**fields: object) -> Task:
    given = {
        "id": "1-7", "installation_id": 5, "repo_id": 1, "owner_login": "acme", "repo": "widgets", "issue": 7,
        "session": "s", "trigger": Trigger(actor="alice", at_ms=1, delivery="d", title="t", body="b"), "created_ms": 1,
        "queued_ms": 1, "state": State.RUNNING,
    }  # fmt: skip
    return Task(**(given | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spent", "stage", "left", "gone"),
    [
        ({}, Cap(), Cap(usd=10, tokens=1_000), None),
        ({Scope.TASK: Spent(usd=4, tokens=100)}, Cap(), Cap(usd=6, tokens=900), None),
        ({Scope.STAGE: Spent(usd=1)}, Cap(usd=3, turns=9), Cap(usd=2, tokens=1_000, turns=9), None),
        ({Scope.SESSION: Spent(usd=15)}, Cap(), Cap(usd=5, tokens=1_000), None),
        ({Scope.SERVER_DAY: Spent(tokens=4_999)}, Cap(), Cap(usd=10, tokens=1), None),
        ({Scope.TASK: Spent(usd=10)}, Cap(), Cap(usd=0, tokens=1_000), (Scope.TASK, "usd")),
        ({Scope.TASK: Spent(tokens=1_001)}, Cap(), Cap(usd=10, tokens=0), (Scope.TASK, "tokens")),
        ({Scope.OWNER_DAY: Spent(usd=41)}, Cap(), Cap(usd=0, tokens=1_000), (Scope.OWNER_DAY, "usd")),
        ({Scope.STAGE: Spent(turns=9)}, Cap(turns=9), Cap(usd=10, tokens=1_000, turns=0), (Scope.STAGE, "turns")),
        ({Scope.SERVER_DAY: Spent(usd=50), Scope.SESSION: Spent(usd=20)}, Cap(), Cap(usd=0, tokens=1_000),
         (Scope.SESSION, "usd")),
    ],
)  # fmt: skip
def test_the_tightest_bound_counts_and_the_narrowest_is_named(
    spent: dict[Scope, Spent], stage: Cap, left: Cap, gone: tuple[Scope, str] | None
) -> None:
    purses = budget.accounts(a_task(), CAPS, spent, stage=stage)
    assert budget.left(purses) == left
    found = budget.used_up(purses)
    assert (found and (found.scope, found.kind)) == gone


def test_who_has_spent_it_all_may_end_and_who_overdraws_is_stopped() -> None:
    at_it = budget.accounts(a_task(), CAPS, {Scope.TASK: Spent(usd=10)})
    beyond = budget.accounts(a_task(), CAPS, {Scope.TASK: Spent(usd=10.000001)})
    assert budget.overdrawn(at_it) is None
    assert budget.overdrawn(beyond) is not None


def test_grants_raise_what_they_are_given_to() -> None:
    task = a_task(granted=Cost(usd=5, tokens=500))
    more = Spent(usd=19, granted=Cost(usd=2, tokens=7))
    purses = {one.scope: one for one in budget.accounts(task, CAPS, {Scope.SESSION: more})}
    assert purses[Scope.TASK].cap == Cap(usd=15, tokens=1_500)
    assert purses[Scope.SESSION].cap == Cap(usd=22), "what has no bound in tokens gets none by a grant"
    assert purses[Scope.SESSION].left("usd") == 3
    tenths = budget.accounts(a_task(granted=Cost(usd=0.2)), Caps(task=Cap(usd=0.1)), {Scope.TASK: Spent(usd=0.3)})
    assert budget.used_up(tenths) is not None, "sums of tenths leave no dust"


def test_a_grant_counts_once_for_each_cause() -> None:
    once = budget.granted(a_task(), Cost(usd=5), "9:1")
    twice = budget.granted(budget.granted(once, Cost(usd=5), "9:1"), Cost(tokens=7), "9:2")
    assert twice.granted == Cost(usd=5, tokens=7)
    for n in range(100):
        twice = budget.granted(twice, Cost(usd=1), f"{n + 10}:1")
    assert len(twice.grants) == budget.MOST_GRANTS


@pytest.mark.parametrize(
    ("caps", "granted", "priced", "bounded"),
    [
        (Caps(task=Cap(usd=10)), Cost(), True, True),
        (Caps(task=Cap(usd=10)), Cost(), False, False),
        (Caps(task=Cap(usd=10)), Cost(usd=5), False, False),
        (Caps(task=Cap(usd=10)), Cost(tokens=5), False, True),
        (Caps(task=Cap(usd=10), server_day=Cap(tokens=5)), Cost(), False, True),
        (Caps(), Cost(), False, True),
    ],
)
def test_without_a_price_only_tokens_bound(caps: Caps, granted: Cost, priced: bool, bounded: bool) -> None:
    purses = budget.accounts(a_task(granted=granted), caps, {}, priced=priced)
    assert budget.is_bounded(purses, priced=priced) is bounded


def test_a_grant_of_tokens_bounds_no_model_with_a_price() -> None:
    priced = budget.accounts(a_task(granted=Cost(tokens=5)), Caps(task=Cap(usd=10)), {})
    assert budget.left(priced).tokens is None


def test_what_the_configuration_says() -> None:
    config = Config.model_validate(
        {"budget": {"task": {"usd": 3}, "session": {"tokens": 9}}, "limits": {"review": {"turns": 4, "usd": 1}}}
    )
    assert budget.of_repository(config) == Caps(
        task=Cap(usd=3), session=Cap(tokens=9), repository_day=Cap(usd=config.budget.repository_day.usd)
    )
    assert budget.of_stage(config, Stage.REVIEW, 2) == Cap(usd=2, turns=8)
    assert budget.of_stage(config, Stage.DEVELOP, 1) == Cap()


amounts = some.none() | some.floats(0, 1e4).map(lambda usd: round(usd, 2))


@given(some.lists(amounts, min_size=5, max_size=5), some.lists(some.floats(0, 1e4), min_size=6, max_size=6))
def test_what_is_left_never_overdraws_anybody(caps: list[float | None], spent: list[float]) -> None:
    names = ("task", "session", "repository_day", "owner_day", "server_day")
    bounds = Caps(**{name: Cap(usd=cap) for name, cap in zip(names, caps, strict=True)})
    before = dict(zip(Scope, (Spent(usd=round(usd, 6)) for usd in spent), strict=True))
    left = budget.left(budget.accounts(a_task(), bounds, before)).usd
    if left is None:
        assert set(caps) == {None}
        return
    after = {scope: Spent(usd=round(one.usd + left, 6)) for scope, one in before.items()}
    was = budget.overdrawn(budget.accounts(a_task(), bounds, before))
    assert (budget.overdrawn(budget.accounts(a_task(), bounds, after)) is None) == (was is None)
    assert (left == 0) == (budget.used_up(budget.accounts(a_task(), bounds, before)) is not None)
