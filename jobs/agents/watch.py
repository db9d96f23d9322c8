"""Watch a running agent from outside: its signs of life, its spending, its end.

An agent may hang, loop, flood, overspend or die, and none of that may hold a slot longer than the bounds say. The
same watch stands over every backend that speaks in lines.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from jobs.agents.contract import AgentEvent, Bounds, EventKind, OnEvent, RunStatus, Usage
from jobs.sandbox import OutputTooLarge, Process


@dataclass(frozen=True, slots=True)
class Heard:
    """What one line of an agent means: an event, and what it spent or handed in with it."""

    kind: EventKind
    id: str = ""
    tool: str = ""
    title: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    usd: float = 0.0
    turns: int = 0
    failure: str = ""
    answer: Any = None


Translate = Callable[[str], Heard]


@dataclass(slots=True)
class Tally:
    """What is known about a run so far."""

    usage: Usage = field(default_factory=Usage)
    usd: float = 0.0
    turns: int = 0
    text: str = ""
    failure: str = ""
    answer: Any = None

    def add(self, heard: Heard) -> None:
        self.usage += heard.usage
        self.usd += heard.usd
        self.turns += heard.turns
        self.text = heard.title if heard.kind == "text" else self.text
        self.failure = heard.failure or self.failure
        self.answer = heard.answer if heard.answer is not None else self.answer

    def passed(self, bounds: Bounds) -> RunStatus | None:
        """The limit that has been reached, if any."""
        reached: tuple[tuple[RunStatus, float, float | None], ...] = (
            (RunStatus.LIMIT_USD, self.usd, bounds.usd),
            (RunStatus.LIMIT_TOKENS, self.usage.total, bounds.tokens),
            (RunStatus.LIMIT_TURNS, self.turns, bounds.turns),
        )
        return next((status for status, spent, most in reached if most is not None and spent > most), None)


@dataclass(frozen=True, slots=True)
class Ending:
    """Why the watch ended: the agent ended by itself (`code`), or we ended it (`status`)."""

    code: int | None = None
    status: RunStatus | None = None
    why: str = ""


class _Over(Exception):
    def __init__(self, status: RunStatus, why: str) -> None:
        super().__init__(why)
        self.ending = Ending(status=status, why=why)


@dataclass(slots=True)
class Watch:
    """One run under watch. `began` and `sign` (the last sign of life) are monotonic seconds."""

    process: Process
    bounds: Bounds
    translate: Translate
    on_event: OnEvent
    tally: Tally = field(default_factory=Tally)
    began: float = field(default_factory=monotonic)
    sign: float = field(default_factory=monotonic)
    _seq: int = 0

    @property
    def seconds(self) -> float:
        return monotonic() - self.began

    async def until_end(self, cancel: asyncio.Event) -> Ending:
        """Follow the agent to its end, or end it. What `on_event` raises is passed on."""
        following = asyncio.create_task(self._follow())
        cancelling = asyncio.create_task(cancel.wait())
        try:
            while not following.done():
                await asyncio.wait({following, cancelling}, timeout=self._patience(), return_when="FIRST_COMPLETED")
                if not following.done() and (why := self._reason_to_stop(cancelling.done())):
                    return why
            return Ending(code=await following)
        except _Over as over:
            return over.ending
        except OutputTooLarge as error:
            return Ending(status=RunStatus.BAD_OUTPUT, why=f"too much output: {error}")
        finally:
            await self.process.kill()
            for task in (following, cancelling):
                task.cancel()
            await asyncio.gather(following, cancelling, return_exceptions=True)

    async def tell(self, heard: Heard, raw: str = "") -> None:
        """Count it, pass it on, and stop the run when it used up a limit."""
        self.tally.add(heard)
        self._seq += 1
        event = AgentEvent(
            self._seq, self.seconds, heard.kind, heard.id, heard.tool, heard.title, heard.data, raw[:4096],
            heard.usage, heard.usd, heard.turns,
        )  # fmt: skip
        await self.on_event(event)
        self.sign = monotonic()
        if limit := self.tally.passed(self.bounds):
            raise _Over(limit, f"{self.tally.usage.total} tokens, {self.tally.usd:.2f} USD, {self.tally.turns} turns")

    async def _follow(self) -> int:
        async for line in self.process.lines():
            self.sign = monotonic()
            await self.tell(self.translate(line), line)
        return await self.process.wait()

    def _patience(self) -> float:
        left = min(self.began + self.bounds.wall_s, self.sign + self.bounds.idle_s) - monotonic()
        return max(0.0, left)

    def _reason_to_stop(self, cancelled: bool) -> Ending | None:
        if cancelled:
            return Ending(status=RunStatus.CANCELLED, why="cancelled")
        now = monotonic()
        if now >= self.began + self.bounds.wall_s:
            return Ending(status=RunStatus.TIMEOUT, why=f"ran longer than {self.bounds.wall_s:.0f} s")
        if now >= self.sign + self.bounds.idle_s:
            return Ending(status=RunStatus.IDLE, why=f"no sign of life for {self.bounds.idle_s:.0f} s")
        return None


def spoken(text: str) -> Heard:
    """A line that is nothing but words."""
    return Heard("text", title=text[:2000])
