"""What a stage's agent is told, says and does, recorded as a transcript.

Off where the repository does not show transcripts. What goes wrong here never stops an agent: a transcript is for
people to look at, the record is what the work depends on.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from core.artifacts import Artifacts, Entry, Header, Writer
from core.messages.transcripts import broken_off, end_title, prompt_title, usage_title
from core.redaction import Redactor
from core.store import Fenced
from core.tasks import Task
from jobs.agents import AgentEvent, RunResult
from jobs.lease import StopReason

if TYPE_CHECKING:
    from jobs.bench import Bench

log = logging.getLogger(__name__)

EVERY_S = 1.0
"""Between two batches."""
_FLOOD = 2 << 20
"""Characters that may wait for the next batch; an agent that puts out more waits for it."""
_LAST_S = 5.0
"""How long the end of a run waits for the last batch."""
_TITLE = 2_000
"""Where backends cut what they pass on: a secret there has lost its end."""


@dataclass(frozen=True, slots=True)
class Transcripts:
    """What every recording of a worker shares; `redactor` knows the process's secrets."""

    artifacts: Artifacts
    redactor: Redactor


@asynccontextmanager
async def recorded(bench: Bench, prompt: str) -> AsyncIterator[Recording]:
    """Record one run of the stage's agent."""
    if not bench.task.shows_transcripts:
        yield Recording(None)
        return
    tools = bench.tools.transcripts
    recording = Recording(
        Writer(tools.artifacts, bench.task.id, _header(bench.task, bench.now_ms()), tools.redactor), tools.redactor
    )
    recording.tell(
        Entry(0, "prompt", prompt_title(prompt, hashlib.sha256(prompt.encode()).hexdigest()), prompt),
    )
    writing = asyncio.create_task(recording.keep_writing(), name=f"transcript of {bench.task.slug}")
    try:
        yield recording
    except BaseException as error:
        recording.break_off(type(error).__name__)
        raise
    finally:
        recording.over.set()
        if bench.lease.why is StopReason.LOST:
            writing.cancel()  # it is somebody else's task by now
        # Not `asyncio.timeout`: the work may have been cancelled already.
        await asyncio.wait({writing}, timeout=_LAST_S)
        writing.cancel()


def _header(task: Task, now_ms: int) -> Header:
    attempts = task.last_run.attempts if task.last_run else 1
    return Header(
        kind="agent", stage=task.stage.value, round=task.round, attempt=attempts, epoch=task.epoch, started_ms=now_ms
    )


class Recording:
    """One run; without a writer nothing is recorded."""

    def __init__(self, writer: Writer | None, redactor: Redactor | None = None) -> None:
        self.over = asyncio.Event()
        self._writer = writer
        self._redactor = redactor
        self._is_away = False
        self._last_s = 0.0

    def tell(self, entry: Entry) -> None:
        """Add something that is no event of the agent."""
        if self._writer is not None:
            self._writer.add(entry)

    async def hear(self, event: AgentEvent) -> None:
        """Add an event; waits while more is put out than can be written."""
        if self._writer is None:
            return
        self._last_s = event.t
        self._writer.add(self._entry(event))
        if self._writer.waiting > _FLOOD:
            await self._write()

    def end(self, result: RunResult[Any]) -> None:
        """Add how the run ended, with what was answered."""
        title = end_title(
            result.status.value, turns=result.turns, tokens=result.usage.total, usd=result.cost_usd or 0.0,
            seconds=result.seconds,
        )  # fmt: skip
        said = result.answer.model_dump_json(indent=2) if result.answer is not None else result.question or result.error
        self.tell(Entry(result.seconds, "end", title, said))

    def break_off(self, why: str) -> None:
        """Add that the run was ended from outside: its money was spent, its worker stops, …"""
        self.tell(Entry(self._last_s, "end", broken_off(why)))

    async def keep_writing(self) -> None:
        """Write a batch every second until `over` is set, then the last one."""
        over = asyncio.create_task(self.over.wait())
        while self._writer is not None and not over.done():
            await asyncio.wait({over}, timeout=EVERY_S)
            await self._write()
        over.cancel()
        await self._write(last=True)

    async def _write(self, *, last: bool = False) -> None:
        if self._writer is None:
            return
        try:
            await (self._writer.close() if last else self._writer.flush())
            self._is_away = False
        except Fenced:
            self._writer = None  # somebody else has the task
        except (RedisError, OSError) as error:
            if not self._is_away:
                log.warning("a transcript is written later: %s", type(error).__name__)
            self._is_away = True
        except Exception:  # the agent's work is worth more
            log.exception("a transcript cannot be written")
            self._writer = None

    def _entry(self, event: AgentEvent) -> Entry:
        title, body = event.title, ""
        if len(title) >= _TITLE and self._redactor is not None:
            title = title[: self._redactor.unfinished(title)]
        match event.kind:
            case "text" | "error":
                title, body = "", str(event.data.get("text") or title)
            case "plan":
                items = event.data.get("items")
                body = "\n".join(f"- {item}" for item in items) if isinstance(items, list) else _shown(event.data)
            case "tool_call" | "tool_result":
                output = event.data.get("output")
                title = f"{event.tool}: {title}" if event.tool and event.tool not in title else title
                body = output if isinstance(output, str) and output else _shown(event.data)
            case "progress":
                percent = event.data.get("percent")
                title = " ".join(part for part in (f"{percent} %" if percent is not None else "", title) if part)
            case "usage":
                title = usage_title(event.usage.input, event.usage.output, event.usage.total, event.usd, event.turns)
            case _:
                body = _shown(event.data)
        if event.kind in {"tool_call", "tool_result"} and "\n" in title:
            title, body = title.partition("\n")[0], f"{title}\n{body}".strip()
        return Entry(round(event.t, 2), event.kind, title, body)


def _shown(data: object) -> str:
    """Facts as people read them."""
    try:
        return json.dumps(data, ensure_ascii=False, indent=2, default=str) if data else ""
    except RecursionError:  # nested deeper than anybody would read
        return ""
