"""The working desk, and what must be true at the end of every story told at it."""

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest
from redis.asyncio import Redis

from core.clock import ShiftedClock
from core.tasks import State
from demo.hub import Hub, gitstore
from demo.hub.observers import Exchange
from demo.player import CueServer
from demo.world import FILES
from jobs.sandbox import Bubblewrap, NoSandbox, Sandbox, find_bubblewrap
from tests.jobs.conftest import why_no_namespaces
from tests.work.script_book import ScriptBook
from tests.work.working_desk import BOT, WorkingDesk

GONE_S = 60.0


@pytest.fixture
def files() -> dict[str, str | bytes]:
    """The demonstration's repository: small, with failing tests, which only stories about gates run."""
    return {**FILES, ".github/pdev.yml": "setup: none\nverify: none\n"}


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """The real one where this machine can have it: what stories tell does not depend on it."""
    program = find_bubblewrap()
    return NoSandbox() if why_no_namespaces() or program is None else Bubblewrap(program)


@pytest.fixture
def walls(sandbox: Sandbox) -> None:
    """For stories that only a real sandbox can tell."""
    if why := why_no_namespaces():
        pytest.skip(why)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short enough for unix sockets, which pytest's own folders often are not."""
    made = Path(tempfile.mkdtemp(prefix="pdev-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
async def desk(
    hub: Hub, redis: "Redis", clock: ShiftedClock, valkey_url: str, private_key_pem: str, sandbox: Sandbox, folder: Path
) -> AsyncIterator[WorkingDesk]:
    """A desk with a web process and a script book. At the end nothing waits, runs, or was done twice."""
    hub.repo.private = True  # a team's own repository, where every round is pushed
    hub.app.events = [event for event in hub.app.events if event not in ("issue_dependencies", "sub_issues")]
    async with CueServer(folder / "cue") as cues:
        made = WorkingDesk(
            hub,
            redis,
            clock,
            valkey_url,
            private_key_pem,
            agent=ScriptBook(cues),
            sandbox=sandbox,
            data=folder / "data",
        )
        hub.observers.append(lambda seen: made.exchanges.append(seen) if isinstance(seen, Exchange) else None)
        await made.open_web()
        yield made
        await made.settle()
        for web in made.webs:
            await web.close()
        await nothing_is_left(made)
        await everything_was_done_once(made)
        assert cues.troubles == []


async def nothing_is_left(desk: WorkingDesk) -> None:
    assert await desk.inbox.size() == 0, "deliveries wait"
    assert await desk.dead.all() == [], "deliveries were given up"
    assert await desk.redis.zrange("pdev:leases", 0, -1) == [], "leases are held"
    # A report that was put off comes due in real time, while we look; and a worker that comes back from the dead rings
    # for a plan, which is nobody's to make once all have gone.
    waiting = [job for job in await desk.due_jobs() if ":at:" not in job and not job.startswith("schedule:")]
    assert waiting == [], "jobs wait"
    assert [path.name for path in desk.data.glob("git/repos/*/trees/task-*")] == [], "worktrees are left"
    deadline = time.monotonic() + GONE_S
    while left := processes_of(desk.data.parent):
        assert time.monotonic() < deadline, left
        await asyncio.sleep(0.02)


def processes_of(folder: Path) -> list[list[str]]:
    """Command lines of processes that have to do with this story."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ", "status"]):
        words = process.info["cmdline"] or []
        told = [*words, *(process.info["environ"] or {}).values()]
        if any(str(folder) in word for word in told) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(words)
    return found


async def everything_was_done_once(desk: WorkingDesk) -> None:
    """However often a worker died, an answer was lost or a delivery came twice."""
    for task in await desk.tasks():
        number = task.issue
        assert len(desk.stickies(number)) <= 1, f"#{number} has several comments"
        assert len([pull for pull in desk.pulls(number) if pull.open]) <= 1, f"#{number} has several pull requests"
        runs = Counter((run.name, run.head_sha) for run in desk.checks(task))
        assert set(runs.values()) <= {1}, f"#{number} has check runs twice: {runs}"
        stale = [run for run in desk.checks(task) if run.head_sha != task.shown_sha and run.status != "completed"]
        assert stale == [] or task.state is State.RUNNING, f"#{number}: runs on an old head are open"
        for pull in desk.pulls(number):
            told = [*pull.reviews, *pull.review_comments]  # an answer in a thread is an empty review as well
            marks = Counter(one.body.split("\n")[0] for one in told if one.user.login == BOT and one.body)
            assert set(marks.values()) <= {1}, f"#{number} was reviewed, or a finding told or answered, twice: {marks}"
        if task.branch and await gitstore.read_ref(desk.hub.git(desk.hub.repo), f"refs/heads/{task.branch}"):
            await _begins_empty(desk, task.base_sha, task.start_sha)


async def _begins_empty(desk: WorkingDesk, base: str, start: str) -> None:
    git = desk.hub.git(desk.hub.repo)
    first = await gitstore.read_commit(git, start)
    assert first.tree == (await gitstore.read_commit(git, base)).tree, "the start commit changes something"
    assert list(first.parents) == [base]
