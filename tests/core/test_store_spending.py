"""Ledgers: charged exactly once, seen by everybody at once, and gone when nobody needs them."""

import asyncio
from collections.abc import Callable

from msgspec.structs import replace
from redis.asyncio import Redis

from core.budget import Caps
from core.clock import ShiftedClock
from core.repoconfig import Config, Effective
from core.store import Run, Store
from core.tasks import Cap, Cost, Scope, Stage, StageRun, State, Task, move

NewTask = Callable[..., Task]
DAY_MS = 86_400_000


async def made(store: Store, task: Task) -> Task:
    await store.create(task)
    found = await store.task(task.id)
    assert found is not None
    return found


def usd(spending: object) -> dict[Scope, float]:
    return {scope: spent.usd for scope, spent in dict(spending).items()}  # type: ignore[call-overload]


async def test_sums_that_come_twice_late_or_at_once_charge_once(store: Store, new_task: NewTask) -> None:
    task = await made(store, new_task())
    sums = [Run("r", usd=n / 10, tokens=n * 10, turns=n) for n in range(1, 11)]
    await asyncio.gather(*(store.charge(task, run) for run in [*sums, *sums]))
    spent = await store.charge(task, sums[2])
    assert set(usd(spent).values()) == {1.0}
    assert {(one.tokens, one.turns) for one in spent.values()} == {(100, 10)}
    more = await store.charge(task, Run("another", usd=0.5))
    assert more[Scope.SERVER_DAY].usd == 1.5


async def test_each_purse_counts_its_own(store: Store, new_task: NewTask, clock: ShiftedClock) -> None:
    one, same_repo = await made(store, new_task()), await made(store, new_task())
    same_owner = await made(store, new_task(repo_id=2, owner_login="ACME"))
    stranger = await made(store, new_task(repo_id=3, owner_login="bob"))
    for n, task in enumerate((one, same_repo, same_owner, stranger)):
        await store.charge(task, Run(f"r{n}", usd=1))
    assert usd(await store.spending(one)) == {
        Scope.STAGE: 1, Scope.TASK: 1, Scope.SESSION: 2, Scope.REPOSITORY_DAY: 2, Scope.OWNER_DAY: 3,
        Scope.SERVER_DAY: 4,
    }  # fmt: skip
    clock.advance(days=1)
    tomorrow = usd(await store.spending(one))
    assert (tomorrow[Scope.TASK], tomorrow[Scope.SESSION]) == (1, 2)
    assert tomorrow[Scope.REPOSITORY_DAY] == tomorrow[Scope.OWNER_DAY] == tomorrow[Scope.SERVER_DAY] == 0


async def test_a_stage_that_is_gone_round_again_begins_at_nothing(store: Store, new_task: NewTask) -> None:
    first = StageRun(stage=Stage.DEVELOP, round=1, started_ms=1, epoch=5)
    task = await made(store, new_task(stages=(first,)))
    await store.charge(task, Run("a", usd=1))
    again = replace(task, stages=(replace(first, epoch=6),))
    spent = usd(await store.charge(again, Run("b", usd=2)))
    assert (spent[Scope.STAGE], spent[Scope.TASK]) == (2, 3)
    assert usd(await store.spending(task))[Scope.STAGE] == 1


async def test_an_agent_s_own_count_breaks_no_sum(store: Store, new_task: NewTask) -> None:
    task = await made(store, new_task())
    await store.charge(task, Run("mad", usd=1e300, tokens=10**40))
    spent = await store.charge(task, Run("madder", usd=1e300, tokens=10**40, turns=-5))
    assert spent[Scope.TASK].tokens == 2 << 50
    assert spent[Scope.TASK].turns == 0


async def test_grants_to_what_several_spend_from(store: Store, new_task: NewTask, clock: ShiftedClock) -> None:
    task = await made(store, new_task())
    assert await store.grant_more(task, Scope.SESSION, Cost(usd=2.5), "9:1")
    assert not await store.grant_more(task, Scope.SESSION, Cost(usd=2.5), "9:1")
    assert await store.grant_more(task, Scope.REPOSITORY_DAY, Cost(tokens=7), "9:1")
    spent = await store.spending(task)
    assert spent[Scope.SESSION].granted == Cost(usd=2.5)
    assert spent[Scope.REPOSITORY_DAY].granted == Cost(tokens=7)
    clock.advance(days=1)
    spent = await store.spending(task)
    assert spent[Scope.SESSION].granted == Cost(usd=2.5)
    assert spent[Scope.REPOSITORY_DAY].granted == Cost(), "a grant to a day ends with it"


async def test_who_could_not_spend_a_cent(store: Store, new_task: NewTask, clock: ShiftedClock) -> None:
    rich, poor = await made(store, new_task(repo_id=2)), await made(store, new_task())
    config = Config.model_validate({"budget": {"session": {"usd": 5}, "repository_day": {"usd": 2}}})
    await store.saw_config(poor.repo_id, Effective(config))
    assert await store.broke([rich, poor]) == {}
    await store.charge(poor, Run("a", usd=2))
    assert await store.broke([rich, poor]) == {poor.id: Scope.REPOSITORY_DAY}
    await store.grant_more(poor, Scope.REPOSITORY_DAY, Cost(usd=9), "9:1")
    assert await store.broke([rich, poor]) == {}
    await store.charge(poor, Run("a", usd=5))
    assert await store.broke([rich, poor]) == {poor.id: Scope.SESSION}
    await store.remember_operator_caps(Caps(server_day=Cap(usd=5)))
    assert await store.broke([rich, poor]) == {rich.id: Scope.SERVER_DAY, poor.id: Scope.SESSION}
    clock.advance(days=1)
    assert await store.broke([rich, poor]) == {poor.id: Scope.SESSION}
    richer = Config.model_validate({"budget": {"session": {"usd": 6}}})
    await store.saw_config(poor.repo_id, Effective(richer))
    assert await store.broke([rich, poor]) == {}


async def test_every_ledger_has_an_age(store: Store, redis: "Redis", new_task: NewTask) -> None:
    task = await made(store, new_task())
    await store.charge(task, Run("a", usd=1))
    await store.grant_more(task, Scope.REPOSITORY_DAY, Cost(usd=1), "9:1")
    alive = {f"pdev:spend:task:{task.id}", f"pdev:spend:session:{task.session}"}
    names = {name.decode() async for name in redis.scan_iter("pdev:spend:*")}
    assert len(names) == 6
    for name in names - alive:
        assert 0 < await redis.pttl(name) <= 40 * DAY_MS, name
    now = 2
    await store.change(task.id, lambda t: move(t, State.CANCELLED, now))
    await store.settle_session(task.repo_id)
    for name in alive:
        assert 0 < await redis.pttl(name) <= 30 * DAY_MS, name
    await store.charge(task, Run("late", usd=1))
    assert all([await redis.pttl(name) > 0 for name in alive]), "who charges late makes nothing immortal"
