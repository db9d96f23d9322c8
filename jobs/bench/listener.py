"""Following an agent while it works: what it does becomes the task's progress, its plan and a word about what it is at.

An agent reports far more often than anybody reads, so this is saved at most once a second, which is also what wakes the
report. What it cost is saved with its answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.progress import Signs, seen, stage_percent
from jobs.agents import AgentEvent
from jobs.bench.purse import Purse
from jobs.bench.recording import Recording

if TYPE_CHECKING:
    from jobs.bench import Bench

_SAVE_EVERY_S = 1.0
_SPOKEN = frozenset({"progress", "text", "tool_call", "plan", "file_change"})
"""Events that show what it is at."""


@dataclass(slots=True)
class Listener:
    """Follows one run."""

    bench: Bench
    purse: Purse
    recording: Recording
    signs: Signs = field(default_factory=Signs)
    saved_at: float = float("-inf")

    async def hear(self, event: AgentEvent) -> None:
        await self.recording.hear(event)
        await self.purse.hear(event)
        if event.kind not in _SPOKEN:
            return
        verify = self.bench.config.verify
        commands = () if isinstance(verify, str) else verify
        self.signs = seen(self.signs, event.kind, event.title, event.data, commands)
        if event.t - self.saved_at < _SAVE_EVERY_S or self.bench.lease.stopped.is_set():
            return
        self.saved_at = event.t
        await self._save(event)

    async def _save(self, event: AgentEvent) -> None:
        task = self.bench.task
        # An attempt that goes on from kept work does not begin at nothing.
        percent = max(task.progress, stage_percent(task.stage, self.signs))
        activity = event.title[:200] or task.activity
        plan = self.signs.milestones or task.milestones
        await self.bench.note(progress=percent, activity=activity, milestones=plan, **self.purse.facts())
        await self.bench.tools.store.note("agent.progress", self.bench.task, percent=percent)
