"""What both places promise: what was added is read, in order, once, and not for ever."""

import random
import zlib
from pathlib import Path

import pytest
from redis.asyncio import Redis

from core.artifacts import Artifacts, Entry, Header, InFolder, Piece, Run, Shelf, pieces
from core.clock import ShiftedClock
from core.store import Fenced, Store
from core.tasks import State, Task, move
from tests.artifacts.conftest import Make, begun, header


def said(*texts: str) -> list[Piece]:
    """A piece for each."""
    return [piece for text in texts for piece in pieces([Entry(0.5, "text", body=text)], 1)]


async def only_run(artifacts: Artifacts, task: Task) -> Run:
    (run,) = await artifacts.runs(task.id)
    return run


async def texts(artifacts: Artifacts, task: Task, run: Run | None = None) -> list[str]:
    """All of a transcript, page by page."""
    run = run or await only_run(artifacts, task)
    found: list[str] = []
    start: int | None = 0
    while start is not None:
        page = await artifacts.page(task.id, run, start, size=100)
        found += [entry.body for entry in page.entries]
        start = page.next
    return found


def files(shelf: Shelf, tmp_path: Path) -> int | None:
    """How many there are; None where there are none to count."""
    return sum(path.is_file() for path in tmp_path.rglob("*")) if isinstance(shelf, InFolder) else None


async def test_what_is_added_is_read_in_order(artifacts: Artifacts, task: Task) -> None:
    head = header(task, stage="review", round=2, attempt=3)
    assert await artifacts.append(task.id, head, 1, said("one", "two")) == "kept"
    assert await artifacts.append(task.id, head, 2, said("three")) == "kept"
    run = await only_run(artifacts, task)
    assert (run.header, run.id, run.entries, run.pieces, run.ended) == (head, head.run, 3, 3, False)
    assert await texts(artifacts, task) == ["one", "two", "three"]
    await artifacts.append(task.id, head, 3, [], ended=True)
    assert (await only_run(artifacts, task)).ended


async def test_a_batch_that_comes_twice_is_added_once(
    artifacts: Artifacts, task: Task, shelf: Shelf, tmp_path: Path
) -> None:
    """A connection that breaks may send a command a second time."""
    for _ in range(2):
        await artifacts.append(task.id, header(task), 1, said("one", "two"))
    await artifacts.append(task.id, header(task), 2, said("three"))
    assert await texts(artifacts, task) == ["one", "two", "three"]
    assert files(shelf, tmp_path) in (None, 3)


async def test_whoever_lost_the_task_writes_nothing_more(
    artifacts: Artifacts, task: Task, store: Store, shelf: Shelf, tmp_path: Path
) -> None:
    await artifacts.append(task.id, header(task), 1, said("in time"))
    await store.interrupt(task.id, task.epoch, crashed=True)
    with pytest.raises(Fenced):
        await artifacts.append(task.id, header(task), 2, said("too late"))
    with pytest.raises(Fenced):
        await artifacts.append(task.id, header(task, 2), 1, said("too late"))
    queued = await store.task(task.id)
    assert queued is not None
    granted = await store.grant(queued, lease_ms=60_000, repo_cap=5)
    assert granted is not None
    with pytest.raises(Fenced):
        await artifacts.append(task.id, header(task), 3, said("far too late"))
    await artifacts.append(task.id, header(granted), 1, said("the next attempt"))
    first, second = await artifacts.runs(task.id)
    assert (await texts(artifacts, task, first), await texts(artifacts, task, second)) == (
        ["in time"],
        ["the next attempt"],
    )
    assert files(shelf, tmp_path) in (None, 2)


async def test_beginning_and_end_are_kept_and_the_gap_is_known(
    make: Make, task: Task, shelf: Shelf, tmp_path: Path
) -> None:
    artifacts = make(transcript=2_000)
    for n in range(100):
        await artifacts.append(task.id, header(task), n, said(f"{n:03d} " + "x" * 60))
    run = await only_run(artifacts, task)
    kept = [int(text[:3]) for text in await texts(artifacts, task)]
    assert kept == [*range(run.heads), *range(run.first, 100)]
    assert run.heads > 5
    assert len(kept) < 25
    assert (run.entries, run.dropped_entries) == (100, 100 - len(kept))
    assert run.raw - run.dropped_raw <= 2_000
    page = await artifacts.page(task.id, run, 0, size=10_000)
    assert page.gap_at == run.heads
    assert (
        (await artifacts.page(task.id, run, run.heads + 3, size=10_000)).entries[0].body.startswith(f"{run.first:03d}")
    )
    assert files(shelf, tmp_path) in (None, len(kept))


async def test_fifty_megabytes_are_capped(artifacts: Artifacts, task: Task, shelf: Shelf, tmp_path: Path) -> None:
    chunk = pieces([Entry(n / 10, "output", body="x" * 15_000) for n in range(4)], 64 << 10)
    for batch in range(84):
        assert await artifacts.append(task.id, header(task), batch, chunk * 10) == "kept"
    run = await only_run(artifacts, task)
    assert run.raw > 50_000_000
    assert run.raw - run.dropped_raw <= artifacts.caps.transcript
    assert run.heads > 10
    assert files(shelf, tmp_path) in (None, run.heads + run.pieces - run.first)


async def test_a_page_of_the_end_is_read_while_the_end_moves_on(make: Make, task: Task) -> None:
    artifacts = make(transcript=2_000)
    for n in range(40):
        await artifacts.append(task.id, header(task), n, said(f"{n:03d} " + "x" * 60))
    then = await only_run(artifacts, task)
    for n in range(40, 80):
        await artifacts.append(task.id, header(task), n, said(f"{n:03d} " + "x" * 60))
    now = await only_run(artifacts, task)
    page = await artifacts.page(task.id, then, then.first, size=10_000)
    assert page.entries[0].body.startswith(f"{now.first:03d}")
    assert page.gap_at == 0


async def test_the_end_alone(artifacts: Artifacts, task: Task) -> None:
    for n in range(150):
        await artifacts.append(task.id, header(task), n, said(f"{n:03d} " + "x" * 100))
    run = await only_run(artifacts, task)
    last = [entry.body[:3] for entry in await artifacts.tail(task.id, run, 1_000)]
    assert last[-1] == "149"
    assert 6 < len(last) < 12
    assert len(await artifacts.tail(task.id, run, 1 << 20)) == 150


async def test_the_oldest_transcripts_of_a_task_make_room(
    make: Make, task: Task, clock: ShiftedClock, shelf: Shelf, tmp_path: Path
) -> None:
    artifacts = make(task=3_000)
    for n in range(1, 9):
        clock.advance(seconds=1)
        await artifacts.append(task.id, header(task, n), 1, noise(900))
    kept = [run.header.started_ms for run in await artifacts.runs(task.id)]
    assert kept == [6, 7, 8]
    assert await artifacts.gone(task.id) == 5
    assert files(shelf, tmp_path) in (None, 3)


async def test_a_task_has_no_endless_number_of_them(make: Make, task: Task, clock: ShiftedClock) -> None:
    artifacts = make(runs=3)
    for n in range(1, 6):
        clock.advance(seconds=1)
        await artifacts.append(task.id, header(task, n), 1, said("x"))
    assert [run.header.started_ms for run in await artifacts.runs(task.id)] == [3, 4, 5]


def noise(size: int) -> list[Piece]:
    """A piece that does not get smaller."""
    return [Piece(1, size, random.Random(size).randbytes(size))]


async def test_a_full_server_says_so_and_the_sweep_makes_room(
    make: Make, task: Task, store: Store, clock: ShiftedClock, redis: "Redis", shelf: Shelf, tmp_path: Path
) -> None:
    artifacts = make(server=4_000, task=10_000)
    other, third = await begun(store, 8), await begun(store, 9)
    for one in (task, other):
        assert await artifacts.append(one.id, header(one), 1, noise(1_900)) == "kept"
        clock.advance(seconds=1)
    assert await artifacts.append(third.id, header(third), 1, noise(1_900)) == "full"
    assert (await only_run(artifacts, third)).stopped == "full"
    assert files(shelf, tmp_path) in (None, 2)
    assert await artifacts.tidy(store.task) == 0, "work in progress keeps its transcripts"
    await store.change(task.id, lambda t: move(t, State.READY, clock.now_ms()), epoch=task.epoch)
    await redis.set("pdev:logs:total", 77)  # a count that went wrong is mended
    assert await artifacts.tidy(store.task) == 1
    assert await artifacts.runs(task.id) == []
    assert len(await artifacts.runs(other.id)) == 1
    assert files(shelf, tmp_path) in (None, 1)
    assert await artifacts.append(third.id, header(third, 2), 1, noise(1_900)) == "kept"


async def test_a_week_after_a_task_has_settled_they_go(
    artifacts: Artifacts, task: Task, store: Store, clock: ShiftedClock, redis: "Redis", shelf: Shelf, tmp_path: Path
) -> None:
    other = await begun(store, 8)
    for one in (task, other):
        await artifacts.append(one.id, header(one), 1, said("x"))
    await store.change(task.id, lambda t: move(t, State.READY, clock.now_ms()), epoch=task.epoch)
    clock.advance(days=6.9)
    assert await artifacts.tidy(store.task) == 0
    clock.advance(days=0.2)
    assert await artifacts.tidy(store.task) == 1
    assert await artifacts.runs(task.id) == []
    assert len(await artifacts.runs(other.id)) == 1, "it has not settled"
    assert files(shelf, tmp_path) in (None, 1)
    await artifacts.forget(other.id)
    assert [key async for key in redis.scan_iter("pdev:log*")] == [b"pdev:logs:total"]
    assert await redis.get("pdev:logs:total") == b"0"


async def test_transcripts_without_a_record_go_and_an_unreadable_record_keeps_them(
    artifacts: Artifacts, task: Task, store: Store, clock: ShiftedClock
) -> None:
    await artifacts.append(task.id, header(task), 1, said("x"))
    clock.advance(hours=2)

    async def unreadable(task_id: str) -> Task | None:
        raise ValueError(task_id)

    async def gone(task_id: str) -> Task | None:
        return None

    assert await artifacts.tidy(unreadable) == 0
    assert await texts(artifacts, task) == ["x"]
    assert await artifacts.tidy(gone) == 1


async def test_every_key_has_an_age(artifacts: Artifacts, task: Task, redis: "Redis") -> None:
    await artifacts.append(task.id, header(task), 1, said("x"))
    found = [key async for key in redis.scan_iter("pdev:log*")]
    assert len(found) > 4
    assert [key for key in found if await redis.ttl(key) < 0] == []


async def test_recording_stops_when_memory_runs_low(make: Make, task: Task, redis: "Redis", shelf: Shelf) -> None:
    used = (await redis.info("memory"))["used_memory"]
    try:
        await redis.config_set("maxmemory", int(used * 1.1))
        outcome = await make().append(task.id, header(task), 1, said("x"))
    finally:
        await redis.config_set("maxmemory", 0)
    run = await only_run(make(), task)
    if isinstance(shelf, InFolder):
        assert (outcome, run.stopped, run.entries) == ("kept", "", 1), "a directory takes none of it"
    else:
        assert (outcome, run.stopped, run.entries) == ("memory", "memory", 0)


async def test_a_damaged_piece_hides_only_itself(artifacts: Artifacts, task: Task) -> None:
    broken = Piece(1, 10, b"not what was written")
    await artifacts.append(task.id, header(task), 1, [*said("one"), broken, *said("three")])
    run = await only_run(artifacts, task)
    page = await artifacts.page(task.id, run)
    assert [entry.body for entry in page.entries] == ["one", "three"]
    assert page.damaged == 1


async def test_a_file_that_is_gone_or_was_tampered_with_does_no_harm(
    make: Make, task: Task, shelf: Shelf, tmp_path: Path, redis: "Redis"
) -> None:
    if not isinstance(shelf, InFolder):
        pytest.skip("for files only")
    artifacts = make()
    await artifacts.append(task.id, header(task), 1, said("one", "two", "three"))
    first, second, _ = sorted(path for path in (tmp_path / "transcripts").rglob("*") if path.is_file())
    assert first.stat().st_mode & 0o077 == 0
    first.unlink()
    second.write_bytes(zlib.compress(b"x" * (50 << 20)))
    page = await artifacts.page(task.id, await only_run(artifacts, task))
    assert ([entry.body for entry in page.entries], page.damaged) == (["three"], 2)
    key = f"pdev:log:{task.id}:{header(task).run}:head"
    await redis.lset(key, 0, "1,1,1,../../../etc/passwd")  # type: ignore[misc]
    assert (await artifacts.page(task.id, await only_run(artifacts, task))).damaged == 2


async def test_files_that_nothing_points_to_are_swept(
    make: Make, task: Task, shelf: Shelf, tmp_path: Path, store: Store, clock: ShiftedClock, redis: "Redis"
) -> None:
    if not isinstance(shelf, InFolder):
        pytest.skip("for files only")
    artifacts = make()
    await artifacts.append(task.id, header(task), 1, said("one"))
    await redis.flushall()
    await artifacts.tidy(store.task)
    assert files(shelf, tmp_path) == 1, "it may be on its way"
    clock.advance(hours=2)
    await artifacts.tidy(store.task)
    assert files(shelf, tmp_path) == 0


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".x", "A", "x" * 200, "a..b", "x\n"])
async def test_no_name_leads_elsewhere(artifacts: Artifacts, task: Task, name: str) -> None:
    assert await artifacts.run(task.id, name) is None
    with pytest.raises(AssertionError):
        await artifacts.append(name, Header(epoch=1), 1, said("x"))
