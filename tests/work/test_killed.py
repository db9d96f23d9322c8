"""Real worker processes, killed with -9 while agents work: everything goes on elsewhere, and nothing happens twice."""

from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from core.tasks import State
from demo.player import Fault, edit, hold, progress, run, swap, verdict
from tests.work.conftest import processes_of
from tests.work.working_desk import WorkingDesk

pytestmark = pytest.mark.timeout(120)

MEND = swap("textkit/slug.py", "[a-z]+", "[a-z0-9]+")
ROLES = ("developer", "reviewer", "corrector", "finalizer")


async def test_workers_are_killed_while_agents_work_at_every_stage(desk: WorkingDesk) -> None:
    """One dies below its supervisor, which starts it again; of the other the whole machine is gone."""
    numbers = {role: (await desk.issue(f"Held by its {role}")).number for role in ROLES}
    for role, number in numbers.items():
        desk.agent.plays(edit(f"{number}.txt", "x\n"), issue=number)
        desk.agent.plays(
            verdict("corrections_needed", Fault("No.", f"{number}.txt", 1)), role="reviewer", issue=number, round=1
        )
        desk.agent.plays(edit(f"{number}-2.txt", "x\n"), role="corrector", issue=number)
        cues = next(e.cues for e in reversed(desk.agent.entries) if (e.role, e.issue) == (role, number)) \
            if role != "finalizer" else ()  # fmt: skip
        desk.agent.plays(hold(role), *cues, role=role, issue=number, round=2 if role == "finalizer" else 1)
    async with desk.processes("one", "two") as crew:
        for number in numbers.values():
            await desk.label(number)
        await desk.agent.reached(*ROLES)
        before = [process.pid for process in players(desk.data.parent)]
        nothing_secret_shows(desk)
        held = await epochs(desk, *numbers.values())
        await crew.kill("one")
        await crew.kill("two", machine=True)

        crew.supervisors["three"] = await crew.children.start("three", "worker", "--id", "three")
        await taken_back(desk, held)

        async def agents_are_gone() -> bool:
            return not set(before) & {process.pid for process in players(desk.data.parent)}

        await desk.until(agents_are_gone, "agents outlive their worker")
        await desk.agent.release(*ROLES)
        for number in numbers.values():
            await desk.until_state(number, State.READY)
        await desk.rest()
        await nothing_secret_stays(desk, crew.logs())
    for role, number in numbers.items():
        task = await desk.task(number)
        assert task.crashes == 0, "what ended well is not counted against it"
        assert sorted(await desk.changed(number)) == [f"{number}-2.txt", f"{number}.txt"]
        again = [s for s in task.stages if s.stage.value[:6] == role[:6] and s.attempts == 2]
        assert len(again) == 1, task.stages


async def test_every_slot_is_taken_by_a_held_agent(desk: WorkingDesk) -> None:
    """A label, a report, a cancel and the take-over of a killed worker's task happen all the same."""
    one, two, three, four = [(await desk.issue(f"Task {n}")).number for n in range(4)]
    for number in (one, two, three, four):
        cues = (progress(42, "on it"), hold(f"gate {number}"), edit(f"{number}.txt", "x"))
        desk.agent.plays(*cues, issue=number)
    async with desk.processes("one", slots=2) as crew:
        await desk.label(one)
        await desk.label(two)
        await desk.agent.reached(f"gate {one}", f"gate {two}")
        await desk.label(three)
        await desk.label(four)
        await desk.shown(four)
        assert desk.eyes(three) == desk.eyes(four) == 1
        assert "next in line" in desk.sticky(three)
        assert "number 2 in line" in desk.sticky(four)

        async def says_how_far() -> bool:
            return "42 %" in desk.sticky(two)

        await desk.until(says_how_far, "the progress is not shown")
        await desk.comment(one, "/pdev cancel")
        await desk.until_state(one, State.CANCELLED)
        await desk.agent.reached(f"gate {three}")

        held = await epochs(desk, two, three)
        await crew.kill("one")
        await taken_back(desk, held)
        await desk.agent.release(*(f"gate {n}" for n in (two, three, four)))
        for number in (two, three, four):
            await desk.until_state(number, State.READY)
        assert [(await desk.task(n)).stages[0].attempts for n in (two, three, four)] == [2, 2, 1]


async def test_a_worker_that_is_told_to_end_hands_its_work_on(desk: WorkingDesk) -> None:
    """SIGTERM is no crash; the next worker goes on."""
    issue = await desk.issue()
    desk.agent.plays(MEND, hold("gate"), run("true"))
    async with desk.processes("one", slots=1) as crew:
        await desk.label(issue.number)
        await desk.agent.reached("gate")
        await crew.children.all[0].stop()
        assert crew.children.all[0].process.returncode == 0
        assert players(desk.data.parent) == []
        assert (await desk.task(issue.number)).state is State.QUEUED
        crew.supervisors["two"] = await crew.children.start("two", "worker", "--id", "two")
        await desk.agent.release("gate")
        await desk.until_state(issue.number, State.READY)
    task = await desk.task(issue.number)
    assert (task.crashes, task.stages[0].attempts) == (0, 2)


async def epochs(desk: WorkingDesk, *numbers: int) -> dict[int, int]:
    return {number: (await desk.task(number)).epoch for number in numbers}


async def taken_back(desk: WorkingDesk, before: dict[int, int]) -> None:
    """Wait until the dead worker has lost what it had."""

    async def holds() -> bool:
        now = await epochs(desk, *before)
        return all(now[number] != epoch for number, epoch in before.items())

    await desk.until(holds, "nobody notices")


def players(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if "player.py" in words and process.status() != psutil.STATUS_ZOMBIE and belongs(process, folder):
            found.append(process)
    return found


def belongs(process: psutil.Process, folder: Path) -> bool:
    try:
        return str(folder) in " ".join(process.cmdline()) or str(folder) in process.cwd()
    except psutil.Error:
        return False


def secrets_of(desk: WorkingDesk) -> list[str]:
    """Every installation token so far, and a line from the middle of the App's key."""
    tokens = [token for token in desk.hub.world.tokens if token.startswith("ghs_")]
    assert tokens, "nobody asked for a token"
    return [*tokens, desk.private_key_pem.splitlines()[5]]


def nothing_secret_shows(desk: WorkingDesk) -> None:
    """While agents work: in no argument of anybody, and in no environment of an agent."""
    seen = [word for words in (p.cmdline() for p in psutil.process_iter() if alive(p)) for word in words]
    for player in players(desk.data.parent):
        with_environ = player.environ()
        assert not any(name.startswith(("GITHUB", "APP_", "PRIVATE", "REDIS")) for name in with_environ)
        seen += with_environ.values()
    assert seen
    for secret in secrets_of(desk):
        assert not any(secret in word for word in seen)


def alive(process: psutil.Process) -> bool:
    try:
        process.cmdline()
    except psutil.Error:
        return False
    return True


async def nothing_secret_stays(desk: WorkingDesk, logs: str) -> None:
    """In no file of ours (git's configuration, worktrees, homes), in no log, in no key of the store."""
    texts = [logs.encode(), *[text async for text in in_the_store(desk)]]
    texts += [path.read_bytes() for path in desk.data.rglob("*") if path.is_file() and not path.is_symlink()]
    for secret in secrets_of(desk):
        assert not any(secret.encode() in text for text in texts)
    assert processes_of(desk.data) != [], "the workers still run"


async def in_the_store(desk: WorkingDesk) -> AsyncIterator[bytes]:
    """Every value that Redis holds, in its plain form."""
    read = {
        b"string": lambda key: desk.redis.get(key), b"hash": lambda key: desk.redis.hgetall(key),
        b"zset": lambda key: desk.redis.zrange(key, 0, -1), b"set": lambda key: desk.redis.smembers(key),
        b"list": lambda key: desk.redis.lrange(key, 0, -1), b"stream": lambda key: desk.redis.xrange(key),
    }  # fmt: skip
    async for key in desk.redis.scan_iter():
        kind = await desk.redis.type(key)
        if kind in read:
            yield repr(await read[kind](key)).encode()
