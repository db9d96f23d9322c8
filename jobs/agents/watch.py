"""Watch a running agent from outside: its signs of life, its spending, its end.

An agent may hang, loop, flood, overspend or die, and none of that may hold a slot longer than the bounds say. The
same watch stands over every backend that speaks in lines. It also tells the agent, where that listens, what it must
know to end well: that its answer does not fit, that a limit is near.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from jobs.agents import amounts
from jobs.agents.answers import Exam
from jobs.agents.contract import AgentEvent, Bounds, EventKind, OnEvent, RunStatus, Usage
from jobs.agents.notices import Bound, Invalid, NearLimit, Notify
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
    answers: bool = False
    """Whether it hands in `answer`, which may be anything, also null."""
    answer: Any = None


Translate = Callable[[str], Heard]
_STATUS: dict[Bound, RunStatus] = {
    "usd": RunStatus.LIMIT_USD,
    "tokens": RunStatus.LIMIT_TOKENS,
    "turns": RunStatus.LIMIT_TURNS,
}


@dataclass(slots=True)
class Tally:
    """What is known about a run so far."""

    usage: Usage = field(default_factory=Usage)
    usd: float = 0.0
    turns: int = 0
    text: str = ""
    failure: str = ""

    def add(self, heard: Heard) -> None:
        self.usage += heard.usage
        self.usd += heard.usd
        self.turns += heard.turns
        self.text = heard.title if heard.kind == "text" else self.text
        self.failure = heard.failure or self.failure

    def passed(self, bounds: Bounds) -> RunStatus | None:
        """The limit that has been reached, if any."""
        return next((_STATUS[what] for what, spent, most in self.spent(bounds) if spent > most), None)

    def spent(self, bounds: Bounds) -> list[tuple[Bound, float, float]]:
        """For everything that is bounded: how much is used, and how much may be."""
        used: tuple[tuple[Bound, float, float | None], ...] = (
            ("usd", self.usd, bounds.usd),
            ("tokens", self.usage.total, bounds.tokens),
            ("turns", self.turns, bounds.turns),
        )
        return [(what, spent, most) for what, spent, most in used if most is not None]


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
    """One run under watch. `began` and `sign` (the last sign of life) are monotonic seconds.

    `notify` tells the agent something and returns at once, whether the agent listens or not.
    """

    process: Process
    bounds: Bounds
    translate: Translate
    on_event: OnEvent
    exam: Exam[Any]
    notify: Notify
    tally: Tally = field(default_factory=Tally)
    began: float = field(default_factory=monotonic)
    sign: float = field(default_factory=monotonic)
    _seq: int = 0
    _near: set[Bound] = field(default_factory=set)
    _untold: list[Heard] = field(default_factory=list)

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
                self._warn("wall", self.seconds, self.bounds.wall_s)
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
        """Count it, pass it on, judge it if it is an answer, and stop the run when it used up a limit."""
        heard = replace(
            heard, usage=amounts.used(heard.usage), usd=amounts.dollars(heard.usd), turns=amounts.many(heard.turns)
        )
        self.tally.add(heard)
        for one in self._said_by_us():
            await self._pass_on(one)
        await self._pass_on(heard, raw)
        self.sign = monotonic()
        if limit := self.tally.passed(self.bounds):
            raise _Over(limit, f"{self.tally.usage.total} tokens, {self.tally.usd:.2f} USD, {self.tally.turns} turns")
        for what, spent, most in self.tally.spent(self.bounds):
            self._warn(what, spent, most)
        if heard.answers:
            self._judge(heard.answer)
        for one in self._said_by_us():
            await self._pass_on(one)
        if self.exam.is_lost:
            raise _Over(RunStatus.BAD_OUTPUT, self.exam.trouble)

    async def _pass_on(self, heard: Heard, raw: str = "") -> None:
        self._seq += 1
        event = AgentEvent(
            self._seq, self.seconds, heard.kind, heard.id, heard.tool, heard.title, heard.data, raw[:4096],
            heard.usage, heard.usd, heard.turns,
        )  # fmt: skip
        await self.on_event(event)

    def _judge(self, answer: Any) -> None:
        verdict = self.exam.judge(answer)
        self.notify(verdict)
        if isinstance(verdict, Invalid):
            self._untold.append(Heard("invalid", title=self.exam.trouble, data={"left": verdict.left}))

    def _warn(self, what: Bound, spent: float, most: float) -> None:
        """Tell the agent, once, that little of something is left."""
        if what in self._near or spent < self.bounds.near * most:
            return
        self._near.add(what)
        left = max(0.0, most - spent)
        self.notify(NearLimit(what, left))
        self._untold.append(Heard("near_limit", title=what, data={"what": what, "left": left}))

    def _said_by_us(self) -> list[Heard]:
        """What was told to the agent and not yet to whoever listens: events come one after the other, so the clock's
        are kept until the agent says something.
        """
        untold, self._untold = self._untold, []
        return untold

    async def _follow(self) -> int:
        async for line in self.process.lines():
            self.sign = monotonic()
            await self.tell(self.translate(line), line)
        return await self.process.wait()

    def _patience(self) -> float:
        share = 1.0 if "wall" in self._near else min(1.0, self.bounds.near)
        left = min(self.began + share * self.bounds.wall_s, self.sign + self.bounds.idle_s) - monotonic()
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
