"""What an agent's events look like in a transcript, and that recording never stands in an agent's way."""

from typing import Any

import pytest
from redis.asyncio import Redis

from core.artifacts import Artifacts, Entry, Writer
from core.clock import ShiftedClock
from core.redaction import Redactor
from core.store import Store
from core.tasks import Task
from jobs.agents import AgentEvent, RunResult, RunStatus, Usage
from jobs.agents.results import DeveloperResult
from jobs.bench.recording import Recording
from tests.artifacts.conftest import header
from tests.artifacts.conftest import store as store
from tests.artifacts.conftest import task as task

KNOWN = "correct-horse-battery-staple"


@pytest.fixture
def artifacts(redis: "Redis", clock: ShiftedClock, store: Store) -> Artifacts:
    return Artifacts(redis, clock, store)


def recording(artifacts: Artifacts, task: Task) -> Recording:
    redactor = Redactor([KNOWN])
    return Recording(Writer(artifacts, task.id, header(task), redactor), redactor)


async def read(artifacts: Artifacts, task: Task) -> list[Entry]:
    (run,) = await artifacts.runs(task.id)
    return list((await artifacts.page(task.id, run)).entries)


def event(kind: Any, title: str = "", **fields: Any) -> AgentEvent:
    return AgentEvent(1, 2.345678, kind, title=title, **fields)


def nested(depth: int) -> list[Any]:
    """Lists in lists in lists."""
    lists: list[Any] = []
    for _ in range(depth):
        lists = [lists]
    return lists


@pytest.mark.parametrize(
    ("happened", "title", "body"),
    [
        (event("started", "developer"), "developer", ""),
        (event("text", "I look."), "", "I look."),
        (event("text", "I l", data={"text": "I look at it all."}), "", "I look at it all."),
        (event("tool_call", "pytest -q", tool="run"), "run: pytest -q", ""),
        (event("tool_call", "run_tests", tool="run"), "run_tests", ""),
        (event("tool_call", "Edit", data={"path": "a.py"}), "Edit", '{\n  "path": "a.py"\n}'),
        (event("tool_call", "cat <<E\nx\nE", tool="sh"), "sh: cat <<E", "sh: cat <<E\nx\nE"),
        (event("tool_result", "exit 1", data={"output": "E 1\n", "code": 1}), "exit 1", "E 1\n"),
        (event("plan", data={"items": ["Read", "Write"]}), "", "- Read\n- Write"),
        (event("progress", "nearly", data={"percent": 80}), "80 % nearly", ""),
        (event("usage", usage=Usage(10, 5), usd=0.01, turns=1), "10 tokens in, 5 out · 1 turn · $0.01", ""),
        (event("usage", usage=Usage(10, 5, cache_read=9)), "24 tokens", ""),
        (event("file_change", "a.py"), "a.py", ""),
        (event("file_change", "a.py", data={"deep": nested(3_000)}), "a.py", ""),
        (event("error", "It broke."), "", "It broke."),
        (event("text", "x" * 1_990 + KNOWN[:10]), "", "x" * 1_990),
    ],
)
async def test_events(artifacts: Artifacts, task: Task, happened: AgentEvent, title: str, body: str) -> None:
    recorded = recording(artifacts, task)
    recorded.over.set()
    await recorded.hear(happened)
    await recorded.keep_writing()
    assert await read(artifacts, task) == [Entry(2.35, happened.kind, title, body)]


async def test_the_end_says_what_it_used_and_what_was_answered(artifacts: Artifacts, task: Task) -> None:
    recorded = recording(artifacts, task)
    recorded.end(
        RunResult(
            RunStatus.OK, DeveloperResult(summary="Mended."), usage=Usage(10, 5), cost_usd=0.5, seconds=61, turns=2
        )
    )
    recorded.break_off("OutOfBudget")
    recorded.over.set()
    await recorded.keep_writing()
    end, broken = await read(artifacts, task)
    assert (end.kind, end.title) == ("end", "ok · 2 turns · 15 tokens · $0.50 · 1m 1s")
    assert '"summary": "Mended."' in end.body
    assert broken.title == "ended from outside: its budget is spent"


async def test_a_flood_is_written_on_the_way(artifacts: Artifacts, task: Task) -> None:
    recorded = recording(artifacts, task)
    for _ in range(150):
        await recorded.hear(event("text", data={"text": "x" * 15_000}))
    (run,) = await artifacts.runs(task.id)
    assert run.entries > 100, "before anybody said that it is over"


async def test_without_a_writer_nothing_happens() -> None:
    recorded = Recording(None)
    await recorded.hear(event("text", "x"))
    recorded.break_off("x")
    await recorded.keep_writing()


class Broken(Artifacts):
    error: Exception = ConnectionError("away")

    async def append(self, *args: object, **facts: object) -> object:  # type: ignore[override]
        raise self.error


@pytest.mark.parametrize("error", [ConnectionError("away"), RuntimeError("a mistake of ours")])
async def test_what_goes_wrong_never_reaches_the_agent(
    redis: "Redis", clock: ShiftedClock, store: Store, task: Task, error: Exception
) -> None:
    broken = Broken(redis, clock, store)
    broken.error = error
    recorded = recording(broken, task)
    for _ in range(150):
        await recorded.hear(event("text", data={"text": "x" * 15_000}))
    recorded.over.set()
    await recorded.keep_writing()


async def test_whoever_lost_the_task_stops_recording(artifacts: Artifacts, task: Task, store: Store) -> None:
    recorded = recording(artifacts, task)
    await store.interrupt(task.id, task.epoch, crashed=False)
    await recorded.hear(event("text", "too late"))
    recorded.over.set()
    await recorded.keep_writing()
    assert await artifacts.runs(task.id) == []
