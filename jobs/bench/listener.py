"""Following an agent while it works: what it does becomes the task's progress, its plan and a word about what it is at.

An agent reports far more often than anybody reads, so this is saved at most once a second, which is also what wakes the
report. What it cost is saved with its answer.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

from core.progress import Signs, seen, stage_percent
from jobs.agents import AgentEvent
from jobs.bench import secrecy
from jobs.bench.purse import Purse
from jobs.bench.recording import Recording

if TYPE_CHECKING:
    from jobs.bench import Bench

_SAVE_EVERY_S = 1.0
_ACTIVITY = 200
_SPOKEN = frozenset({"progress", "text", "tool_call", "plan", "file_change"})
"""Events that show what it is at."""


@dataclass(slots=True)
class Listener:
    """Follows one run; `async with` around it."""

    bench: Bench
    purse: Purse
    recording: Recording
    signs: Signs = field(default_factory=Signs)
    _activity: str = ""
    _saved_at: float = float("-inf")
    _saving: asyncio.Lock = field(default_factory=asyncio.Lock)
    _late: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._late:
            self._late.cancel()
            await asyncio.gather(self._late, return_exceptions=True)

    async def hear(self, event: AgentEvent) -> None:
        await self.recording.hear(event)
        await self.purse.hear(event)
        if event.kind not in _SPOKEN:
            return
        redactor = self.bench.tools.redactor
        data = secrecy.facts(redactor, event.data) if event.kind == "plan" else event.data
        self.signs = seen(self.signs, event.kind, event.title, data, self.bench.guide.verify)
        self._activity = secrecy.line(redactor, event.title, _ACTIVITY) or self._activity
        if self._late and self._late.done():
            late, self._late = self._late, None
            late.result()  # what went wrong there would have gone wrong here
        wait_s = self._saved_at + _SAVE_EVERY_S - event.t
        if wait_s <= 0:
            await self._save(event.t)
        elif self._late is None:
            self._late = asyncio.create_task(self._save_late(wait_s, event.t + wait_s))

    async def _save_late(self, wait_s: float, at: float) -> None:
        """The last word before a long silence is the one that people look at."""
        await asyncio.sleep(wait_s)
        await self._save(at)

    async def _save(self, at: float) -> None:
        async with self._saving:
            if self.bench.lease.stopped.is_set():
                return
            self._saved_at = at
            task = self.bench.task
            # An attempt that goes on from kept work does not begin at nothing.
            percent = max(task.progress, stage_percent(task.stage, self.signs))
            plan = self.signs.milestones or task.milestones
            activity = self._activity or task.activity
            await self.bench.note(progress=percent, activity=activity, milestones=plan, **self.purse.facts())
            await self.bench.tools.store.note("agent.progress", self.bench.task, percent=percent)
