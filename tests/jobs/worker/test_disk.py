"""What tasks leave on a worker's disk goes when nobody can come back for it, and not before."""

from collections.abc import Callable

from core.clock import ShiftedClock
from core.store import Store
from core.tasks import State, Task
from jobs.deps import Deps
from jobs.sweep import Sweep
from tests.jobs.repositories import Origin, cache_at


async def test_only_what_nobody_comes_back_for_is_removed(
    deps: Deps, store: Store, clock: ShiftedClock, new_task: Callable[..., Task]
) -> None:
    data = deps.settings.data_dir
    origin = Origin.make(data)
    mirror = await cache_at(data / "git").repository(origin.url, 1)
    await mirror.fetch(None)
    base = await mirror.fetched("refs/heads/main")
    assert base is not None
    states = (State.MERGED, State.PAUSED, State.READY, State.RUNNING)
    tasks = {state: new_task(state=state, settled_ms=clock.now_ms()) for state in states}
    for task in tasks.values():
        await store.create(task)
    kept = [task.id for state, task in tasks.items() if state is not State.MERGED]
    ids = [*(task.id for task in tasks.values()), "1-99"]
    for name in ids:
        await mirror.worktree(name, base, branch=f"pdev/{name}")
        home = data / "homes" / name
        (home / "closed").mkdir(parents=True)
        (home / "closed").chmod(0)
    (data / "homes" / "of-somebody-else").mkdir()
    sweep = Sweep(deps)
    assert await sweep.look_at_disk() == {"disk_tidied": 1}, "of the one without a record"
    assert sorted(mirror.worktrees()) == sorted(ids[:-1])
    clock.advance(days=1, seconds=1)
    assert await sweep.look_at_disk() == {"disk_tidied": 1}
    assert await sweep.look_at_disk() == {}
    assert sorted(mirror.worktrees()) == sorted(kept)
    assert sorted(await mirror.branches()) == sorted(f"pdev/{name}" for name in kept)
    assert sorted(home.name for home in (data / "homes").iterdir()) == [*sorted(kept), "of-somebody-else"]
