"""The sweep finds what was left behind, mends it once, and blames nobody wrongly."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace as with_
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import msgspec
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from bot.events import IssuesEvent
from core.clock import ShiftedClock
from core.github import Account, Delivery, GitHub, Label, TimelineEvent
from core.queue import ATTEMPTS, CONTROL, Report
from core.store import Store, Surface
from core.tasks import TRIGGER_LABEL, State, Task, Wish, move
from demo.hub import Hub
from demo.hub.observers import Exchange
from jobs.deps import Deps
from jobs.sweep import FOUND, GITHUB_S, Sweep, labels, release_worker
from jobs.sweep.deliveries import lost
from jobs.sweep.leases import StoreWatch, judge
from tests.jobs.worker.worker_parts import PATIENCE_S, Valkey, settings_for

LEASE_MS = 1000
Running = Callable[..., Awaitable[Task]]


@pytest.fixture
async def running(deps: Deps, store: Store, new_task: Callable[..., Task]) -> Running:
    """Makes tasks that were granted, and taken up unless `owner` is empty."""
    await store.announce(replace(deps.worker, id="there", slots=9), 600_000)

    async def make(owner: str = "there", **fields: object) -> Task:
        task = new_task(**fields)
        await store.create(task)
        queued = await store.task(task.id)
        assert queued is not None
        granted = await store.grant(queued, lease_ms=LEASE_MS, repo_cap=9)
        assert granted is not None
        return await store.acquire(task.id, granted.epoch, owner, LEASE_MS) if owner else granted

    return make


async def state(store: Store, task: Task) -> Task:
    now = await store.task(task.id)
    assert now is not None
    return now


@pytest.mark.parametrize(
    ("owner", "renewed_ms", "expected"),
    [
        ("w", 5_000, ("lease_ran_out", True)),
        ("w", 2_000, ("lease_ran_out", True)),
        ("w", 1_999, ("store_was_away", False)),
        ("", 5_000, ("never_taken_up", False)),
    ],
)
def test_a_lease_that_ran_out_is_judged(
    new_task: Callable[..., Task], owner: str, renewed_ms: int, expected: tuple[str, bool]
) -> None:
    task = new_task(owner=owner, lease_exp=renewed_ms + LEASE_MS)
    assert judge(task, back_ms=2_000, lease_ms=LEASE_MS) == expected


async def test_a_silent_workers_task_is_taken_back_once(
    deps: Deps, store: Store, clock: ShiftedClock, running: Running
) -> None:
    task = await running()
    clock.advance(seconds=5)
    found = await asyncio.gather(*(Sweep(deps).look_at_leases() for _ in range(3)))
    assert sum(found, Counter())["lease_ran_out"] == 1
    now = await state(store, task)
    assert (now.state, now.crashes) == (State.QUEUED, 1)
    assert now.epoch > task.epoch
    assert [e.facts["found"] for e in await store.events() if e.name == "lease.lost"] == ["lease_ran_out"]


async def test_what_nobody_took_up_goes_back_without_a_crash(
    deps: Deps, store: Store, clock: ShiftedClock, redis: "Redis", running: Running
) -> None:
    task = await running(owner="")
    clock.advance(seconds=5)
    assert (await Sweep(deps).look_at_leases())["never_taken_up"] == 1
    now = await state(store, task)
    assert (now.state, now.crashes) == (State.QUEUED, 0)
    assert await redis.zrange(ATTEMPTS, 0, -1) == [], "its attempt is gone with its epoch"


async def test_a_wish_outlives_the_worker(deps: Deps, store: Store, clock: ShiftedClock, running: Running) -> None:
    task = await running()
    await store.wish(task.id, Wish.CANCEL, "by:alice")
    clock.advance(seconds=5)
    await Sweep(deps).look_at_leases()
    assert (await state(store, task)).state is State.CANCELLED


async def test_time_that_was_slept_through_is_nobodys_fault(
    deps: Deps, store: Store, clock: ShiftedClock, running: Running
) -> None:
    sweep = Sweep(deps)
    task = await running()
    await sweep.look_at_leases()
    clock.advance(hours=8)  # the lid was closed
    assert await sweep.look_at_leases() == {}
    found: Counter[str] = Counter()
    for _ in range(3):  # a whole lease to renew in, and nobody does
        clock.advance(milliseconds=LEASE_MS * 0.4)
        found += await sweep.look_at_leases()
    assert found["store_was_away"] == 1
    assert (await state(store, task)).crashes == 0


async def test_a_restarted_store_gives_everybody_time(
    valkey: Valkey, deps: Deps, store: Store, clock: ShiftedClock, running: Running
) -> None:
    task = await running()
    valkey.kill()
    valkey.start()
    watch = StoreWatch(LEASE_MS)
    watch.missed()
    now = await watch.look(deps.redis, clock)
    assert now < watch.back_ms + LEASE_MS
    assert judge(await state(store, task), watch.back_ms, LEASE_MS) == ("store_was_away", False)


async def test_a_task_that_could_start_is_rung_for(deps: Deps, store: Store, redis: "Redis", running: Running) -> None:
    task = await running()
    await store.change(task.id, lambda t: move(t, State.READY, t.updated_ms), epoch=task.epoch)
    await store.change(task.id, lambda t: move(t, State.QUEUED, t.updated_ms))
    await redis.delete(CONTROL)  # every doorbell is lost
    assert (await Sweep(deps).look_at_leases())["plan_missing"] == 1
    assert await Sweep(deps).look_at_leases() == {}, "somebody will look now"
    assert any(job.startswith(b"schedule:") for job in await redis.zrange(CONTROL, 0, -1))


async def test_jobs_of_the_dead_are_given_back_and_those_of_the_living_are_not(
    deps: Deps, store: Store, redis: "Redis"
) -> None:
    await store.announce(replace(deps.worker, id="alive"), 60_000)
    for task, owner in (("1-1", "alive"), ("1-2", "dead"), ("1-3", "")):
        await store.enqueue(Report(task, 1))
        if owner:
            await redis.set(f"arq:in-progress:report:{task}:1", owner)
    assert (await Sweep(deps).look_at_leases())["job_given_back"] == 1
    assert await redis.exists("arq:in-progress:report:1-1:1")
    assert not await redis.exists("arq:in-progress:report:1-2:1")


async def test_attempts_of_past_epochs_are_forgotten(
    deps: Deps, store: Store, redis: "Redis", running: Running
) -> None:
    task = await running(owner="")
    await redis.zadd(ATTEMPTS, {f"attempt:{task.id}:1": 1, "attempt:9-9:1": 1})
    assert (await Sweep(deps).look_at_leases())["attempt_forgotten"] == 2
    assert await redis.zrange(ATTEMPTS, 0, -1) == [f"attempt:{task.id}:{task.epoch}".encode()]


async def test_a_session_that_nobody_closed_is_closed(deps: Deps, store: Store, running: Running) -> None:
    task = await running()
    assert await Sweep(deps).look_at_records() == {}
    await store.change(task.id, lambda t: move(t, State.FAILED, t.updated_ms), epoch=task.epoch)
    assert (await Sweep(deps).look_at_records())["session_settled"] == 1
    assert await store.open_session(1) is None


async def test_a_change_that_never_reached_github_is_reported(
    deps: Deps, store: Store, clock: ShiftedClock, redis: "Redis", running: Running
) -> None:
    shown, lost_one = await running(), await running()
    await store.save_surface(shown.id, Surface(reported_version=(await state(store, shown)).version))
    await redis.delete(CONTROL)
    await redis.delete(*[key async for key in redis.scan_iter("arq:job:report:*")])
    assert (await Sweep(deps).look_at_records())["report_missing"] == 0, "it may be on its way"
    clock.advance(minutes=11)
    assert (await Sweep(deps).look_at_records())["report_missing"] == 1
    assert (await redis.zrange(CONTROL, 0, -1))[0].decode().startswith(f"report:{lost_one.id}:")
    clock.advance(days=2)
    assert (await Sweep(deps).look_at_records())["report_missing"] == 0, "nobody asks for ever"


async def test_what_is_found_is_counted(deps: Deps, clock: ShiftedClock, running: Running) -> None:
    await running()
    clock.advance(seconds=5)
    await Sweep(deps).look_at_leases()
    shown = deps.metrics.render().decode()
    assert 'pdev_sweep_found_total{what="lease_ran_out"} 1.0' in shown
    assert all(FOUND.values())


async def test_everything_of_a_dead_worker_is_released_at_once(
    deps: Deps, store: Store, redis: "Redis", running: Running
) -> None:
    mine, namesake = await running(owner="w1"), await running(owner="w10")
    assert await release_worker(redis, store, "w1", crashed=True) == 1
    now = await state(store, mine)
    assert (now.state, now.crashes) == (State.QUEUED, 1)
    assert (await state(store, namesake)).state is State.RUNNING


@pytest.fixture
async def on_github(hub: Hub, deps: Deps, tmp_path: Path, valkey: Valkey, clock: ShiftedClock) -> AsyncIterator[Deps]:
    """A worker's parts with a GitHub to look at."""
    settings = settings_for(
        valkey.url, tmp_path, APP_ID=str(hub.app_id), PRIVATE_KEY=hub.private_key_pem, GITHUB_API_URL=hub.api_url
    )
    await deps.redis.delete("pdev:sweep:github")
    async with aiohttp.ClientSession() as session:
        github = GitHub.from_settings(settings, session=session, redis=deps.redis, clock=clock, patience_s=0)
        yield with_(deps, settings=settings, github=github)


async def test_a_lost_label_becomes_the_delivery_that_github_would_have_sent(
    hub: Hub, on_github: Deps, clock: ShiftedClock
) -> None:
    hub.webhook_url = None
    issue = await hub.as_user("maintainer").open_issue("Mend it", "It is broken.")
    await hub.as_user("maintainer").label(issue.number, TRIGGER_LABEL)
    sweep = Sweep(on_github)
    assert (await sweep.look_at_github())["label_missed"] == 0, "its webhook may be on its way"
    clock.advance(minutes=1)
    assert (await sweep.look_at_github())["label_missed"] == 1
    assert (await sweep.look_at_github())["label_missed"] == 0, "once"
    (entry,) = await on_github.inbox.read("test", block_ms=10)
    assert (entry.delivery.event, entry.delivery.action, entry.delivery.source) == ("issues", "labeled", "sweep")
    event = msgspec.json.decode(entry.delivery.body, type=IssuesEvent)
    assert event.label is not None
    assert (event.sender.login, event.label.name, event.issue.body) == ("maintainer", TRIGGER_LABEL, "It is broken.")
    assert (event.repository.id, event.installation.id) == (hub.repo.id, hub.installation_id)
    assert (entry.delivery.repo_id, entry.delivery.issue) == (hub.repo.id, issue.number)


async def test_a_label_that_a_record_knows_is_left_alone(
    hub: Hub, on_github: Deps, clock: ShiftedClock, store: Store, new_task: Callable[..., Task]
) -> None:
    hub.webhook_url = None
    issue = await hub.as_user("maintainer").open_issue("Mend it", labels=[TRIGGER_LABEL])
    clock.advance(minutes=1)
    await store.create(new_task(id=f"{hub.repo.id}-{issue.number}", repo_id=hub.repo.id, issue=issue.number))
    assert (await Sweep(on_github).look_at_github())["label_missed"] == 0


async def test_a_webhook_that_nobody_took_is_asked_for_once(hub: Hub, on_github: Deps, clock: ShiftedClock) -> None:
    hub.webhook_url = "http://127.0.0.1:9/nobody"
    await hub.as_user("maintainer").open_issue("Mend it")
    await hub.settle()
    sent = len(hub.deliveries)
    assert sent > 0
    sweep = Sweep(on_github)
    assert (await sweep.look_at_github())["delivery_lost"] == sent
    await hub.settle()
    assert (await sweep.look_at_github())["delivery_lost"] == 0
    assert len(hub.deliveries) == 2 * sent
    assert {d.guid for d in hub.deliveries[sent:]} == {d.guid for d in hub.deliveries[:sent]}


async def test_a_running_sweep_looks_at_all_there_is(
    hub: Hub, on_github: Deps, store: Store, clock: ShiftedClock, redis: "Redis", running: Running
) -> None:
    """Leases, records and GitHub, each for a trace that only it leaves."""
    hub.webhook_url = None
    issue = await hub.as_user("maintainer").open_issue("Mend it")
    await hub.as_user("maintainer").label(issue.number, TRIGGER_LABEL)
    clock.advance(minutes=1)
    task = await running()
    await store.change(task.id, lambda t: move(t, State.FAILED, t.updated_ms), epoch=task.epoch)
    await redis.zadd(ATTEMPTS, {"attempt:1-99:1": 1})
    sweeping = asyncio.create_task(Sweep(on_github).run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            while await redis.zcard(ATTEMPTS) or await store.open_sessions() or not await on_github.inbox.size():
                assert not sweeping.done()
                await asyncio.sleep(0.01)
    finally:
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)
    (entry,) = await on_github.inbox.read("test", block_ms=10)
    assert entry.delivery.issue == issue.number


async def test_workers_share_one_look_at_github(hub: Hub, on_github: Deps, clock: ShiftedClock) -> None:
    """GitHub's limits are the installation's, not the worker's: two of them ask no more often than one."""
    asked: list[str] = []
    hub.observers.append(lambda seen: asked.append(seen.path) if isinstance(seen, Exchange) else None)
    first, second = Sweep(on_github), Sweep(with_(on_github, worker=replace(on_github.worker, id="another")))
    await first.look_at_github_in_turn()
    await second.look_at_github_in_turn()
    assert len([path for path in asked if "/hook/deliveries" in path]) == 1, asked
    left = await on_github.redis.pttl("pdev:sweep:github")
    assert 0.9 * GITHUB_S * 1000 < left <= GITHUB_S * 1000


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def attempt(guid: str, minute: int, status: str) -> Delivery:
    return Delivery(
        id=minute, guid=guid, delivered_at=NOON + timedelta(minutes=minute), redelivery=False, status=status,
        status_code=0, event="issues",
    )  # fmt: skip


def test_only_what_never_arrived_is_lost() -> None:
    tries = [attempt("a", 1, "OK"), attempt("b", 5, "timed out"), attempt("c", 2, "timed out"), attempt("c", 4, "OK"),
             attempt("d", 3, "failed to connect"), attempt("b", 6, "Invalid HTTP Response: 503")]  # fmt: skip
    assert [(one.guid, one.id) for one in lost(tries)] == [("d", 3), ("b", 6)]


def set_at(seconds: float, *, name: str = TRIGGER_LABEL, event: str = "labeled") -> TimelineEvent:
    return TimelineEvent(
        event=event,
        id=1,
        actor=Account(login="alice", id=1),
        label=Label(name),
        created_at=NOON + timedelta(seconds=seconds),
    )


MS = round(NOON.timestamp() * 1000)


@pytest.mark.parametrize(
    ("events", "task", "after_s", "missed"),
    [
        ([set_at(0)], {}, 60, True),
        ([set_at(0)], {}, 5, False),
        ([set_at(0)], {}, 30 * 86_400, False),
        ([set_at(0, name="bug")], {}, 60, False),
        ([set_at(0, name="Parallel-Dev")], {}, 60, True),
        ([set_at(0, event="unlabeled")], {}, 60, False),
        ([], {}, 60, False),
        ([set_at(0)], {"created_ms": MS + 1, "updated_ms": MS + 1}, 60, False),
        ([set_at(0), set_at(40)], {"created_ms": MS, "updated_ms": MS + 20_000}, 60, True),
    ],
)
def test_which_label_was_missed(
    new_task: Callable[..., Task], events: list[TimelineEvent], task: dict[str, int], after_s: int, missed: bool
) -> None:
    record = new_task(state=State.PAUSED, **task) if task else None
    found = labels.missed_event(events, record, MS + after_s * 1000)
    assert (found is not None) == missed


@pytest.mark.parametrize("state", list(State))
def test_only_a_task_at_rest_can_have_missed_its_label(new_task: Callable[..., Task], state: State) -> None:
    at_rest = {State.PAUSED, State.MERGED, State.COMPLETED, State.FAILED, State.CANCELLED}
    assert labels.may_be_missed(new_task(state=state)) == (state in at_rest)


def test_both_processes_mean_the_same_label() -> None:
    assert labels.TRIGGER_LABEL == TRIGGER_LABEL
