"""The scripted agent: a program that does exactly what a demonstration or a test tells it, through the real path.

Everything around it is what a model-driven agent gets: the sandbox, the worktree, the bounds, the prompt, the typed
answer. Only the ideas come from a script, over one unix socket.

Its stdin is a line of JSON with the order, and stays open for notices (`notices.wire`): `accepted` or `invalid` for
each answer, `near_limit`.
"""

import asyncio
import json
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar

import msgspec

from jobs.agents.amounts import MOST, MOST_USD
from jobs.agents.answers import Exam
from jobs.agents.contract import Cap, EventKind, OnEvent, Probe, RunResult, RunSpec, RunStatus, Usage
from jobs.agents.notices import Notice, wire
from jobs.agents.results import Answer, Question
from jobs.agents.watch import Ending, Heard, Watch, spoken
from jobs.sandbox import Process, Runtime, Sandbox, SandboxError, SandboxSpec, this_python

_Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
_Dollars = Annotated[float, msgspec.Meta(ge=0, le=MOST_USD)]
"""What one line may say it used. The agent is not trusted with its own ledger."""


class _Line(msgspec.Struct, frozen=True):
    """One line of the player's stdout."""

    type: EventKind | str
    text: str = ""
    tool: str = ""
    id: str = ""
    data: Any = None
    tokens_in: _Count = 0
    tokens_out: _Count = 0
    usd: _Dollars = 0.0
    turns: _Count = 0


_KINDS: frozenset[EventKind] = frozenset(
    {"text", "tool_call", "tool_result", "file_change", "usage", "error", "progress", "plan", "started"}
)
_decoder = msgspec.json.Decoder(_Line)


def translate(line: str) -> Heard:
    """What a line of the player means; anything that is not one of its messages is speech."""
    try:
        said = _decoder.decode(line)
    except (msgspec.MsgspecError, RecursionError):  # lists in lists in lists
        return spoken(line)
    if said.type == "result":
        return Heard("ended", answers=True, answer=said.data)
    kind = next((kind for kind in _KINDS if kind == said.type), None)
    if kind is None:
        return spoken(line)
    return Heard(
        kind,
        id=said.id,
        tool=said.tool,
        title=said.text[:2000],
        data=said.data if isinstance(said.data, dict) else {},
        usage=Usage(said.tokens_in, said.tokens_out),
        usd=said.usd,
        turns=said.turns,
        failure=said.text if kind == "error" else "",
    )


@dataclass(frozen=True, slots=True)
class ScriptedBackend:
    """Runs the player at `player` in `sandbox`; `cue` is the unix socket on which the script is served."""

    sandbox: Sandbox
    player: Path
    cue: Path
    runtime: Runtime = field(default_factory=this_python)
    name: ClassVar[str] = "scripted"
    caps: ClassVar[frozenset[Cap]] = frozenset({"schema", "price"})

    async def check(self) -> Probe:
        if not self.player.is_file():
            return Probe(False, detail=f"no player at {self.player}")
        if not self.cue.is_socket():
            return Probe(False, detail=f"nobody serves cues at {self.cue}")
        return Probe(True, version="1", detail=str(self.player))

    async def run(self, spec: RunSpec[Answer], on_event: OnEvent, cancel: asyncio.Event) -> RunResult[Answer]:
        """See `AgentBackend.run`."""
        try:
            process = await self.sandbox.spawn(self._order(spec))
        except SandboxError as error:
            return RunResult(RunStatus.CRASHED, error=str(error))
        async with process:
            process.output_cap = spec.bounds.output
            exam = Exam(spec.answer, spec.repairs)
            watch = Watch(process, spec.bounds, translate, on_event, exam, partial(_notify, process))
            process.offer(_hello(spec))
            await watch.tell(Heard("started", title=spec.role))
            ending = await watch.until_end(cancel)
        return _result(exam, watch, ending, process)

    def _order(self, spec: RunSpec[Answer]) -> SandboxSpec:
        return SandboxSpec(
            argv=(str(self.runtime.python), "-I", str(self.player)),
            worktree=spec.worktree,
            home=spec.home,
            metadata=spec.metadata,
            read_only=(self.player, *spec.read_only),
            sockets={"cue": self.cue},
            env={"PDEV_CUE": self.sandbox.socket_address("cue", self.cue)},
            frozen=spec.access == "read",
            around=spec.around,
        )


def _hello(spec: RunSpec[Any]) -> bytes:
    order = {"role": spec.role, "run": spec.run_id, **asdict(spec.about), "prompt": spec.prompt}
    return json.dumps(order).encode() + b"\n"


def _notify(process: Process, notice: Notice) -> None:
    process.offer(wire(notice))


def _result(exam: Exam[Answer], watch: Watch, ending: Ending, process: Process) -> RunResult[Answer]:
    status, error = _verdict(exam, watch, ending, process)
    said = exam.said if status is RunStatus.OK else None
    answer, question = (None, said.question) if isinstance(said, Question) else (said, None)
    return RunResult(
        status,
        answer,
        question,
        text=watch.tally.text,
        error=error,
        exit_code=ending.code,
        turns=watch.tally.turns,
        usage=watch.tally.usage,
        cost_usd=watch.tally.usd,
        seconds=watch.seconds,
        misfits=exam.misfits,
    )


def _verdict(exam: Exam[Any], watch: Watch, ending: Ending, process: Process) -> tuple[RunStatus, str]:
    if ending.status is not None:
        return ending.status, ending.why
    if ending.code == 0:
        return (RunStatus.OK, "") if exam.said is not None else (RunStatus.BAD_OUTPUT, exam.trouble)
    if watch.tally.failure:
        return RunStatus.MODEL_ERROR, watch.tally.failure
    return RunStatus.CRASHED, f"exit {ending.code}: {_last_words(process.complaints)}"


def _last_words(complaints: str) -> str:
    """From the beginning of a word on: half a secret has no shape that anybody knows it by."""
    last = complaints.strip()[-1000:]
    return last if len(last) < 1000 else last.partition(" ")[2] or last.partition("\n")[2]
