"""The prompter: tells every player what to do next, and can keep any of them waiting.

The script stays out here, one step at a time, so a test can stop the world at an exact line: `hold` is the server not
sending the next step, and a barrier is several holds that open together. No sleeping, no guessing.
"""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from demo.player.steps import Barrier, Cue, Hold, Step, fail

SOCKET_PATH_BYTES = 103  # what the smallest common sockaddr_un takes (macOS); Linux takes 107
LINE_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a step."""

    ok: bool
    detail: str = ""
    code: int | None = None
    output: str = ""


@dataclass(slots=True)
class Scene:
    """One player's run, as the script sees it; `replies` grows while it plays, and so does what pdev has `told` it."""

    issue: int
    role: str
    round: int
    attempt: int
    task: str = ""
    title: str = ""
    repository: str = ""
    prompt: str = field(default="", repr=False)
    replies: list[Reply] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)

    @property
    def last(self) -> Reply:
        """What came of the latest step."""
        return self.replies[-1]


Script = Iterable[Cue] | AsyncIterable[Cue]
ScriptFor = Callable[[Scene], Script]


class _Left(Exception):
    """The player is gone."""


@dataclass(slots=True)
class _Gate:
    """A place to wait at: how many wait now, and whether it is open."""

    waiting: int = 0
    open: bool = False
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)


@dataclass(slots=True)
class CueServer:
    """Serves scripts on a unix socket; use it as an async context manager."""

    address: Path
    played: list[Scene] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)  # scripts that could not be played as written
    _script_for: ScriptFor | None = None
    _gates: dict[str, _Gate] = field(default_factory=lambda: defaultdict(_Gate))
    _server: asyncio.Server | None = None
    _playing: set[asyncio.Task[None]] = field(default_factory=set)

    def plays(self, script_for: ScriptFor) -> None:
        """From now on, `script_for(scene)` gives the steps of a player that reports for duty."""
        self._script_for = script_for

    async def release(self, name: str) -> None:
        """Open a hold or barrier, for those who wait there and for all who come later."""
        gate = self._gates[name]
        async with gate.changed:
            gate.open = True
            gate.changed.notify_all()

    async def reached(self, name: str, players: int = 1) -> None:
        """Return when so many players wait at the hold or barrier, or it has been opened."""
        gate = self._gates[name]
        async with gate.changed:
            await gate.changed.wait_for(lambda: gate.open or gate.waiting >= players)

    async def moved(self, name: str) -> None:
        """Return when somebody has come to the hold or barrier, left it, or opened it."""
        gate = self._gates[name]
        async with gate.changed:
            await gate.changed.wait()

    def waiting(self, name: str) -> int:
        """How many players wait there now."""
        return self._gates[name].waiting

    async def __aenter__(self) -> Self:
        if len(str(self.address).encode()) > SOCKET_PATH_BYTES:
            raise ValueError(f"{self.address} is too long for a unix socket: choose a folder with a shorter path")
        self.address.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self.address, limit=LINE_BYTES)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in tuple(self._playing):
            task.cancel()
        await asyncio.gather(*self._playing, return_exceptions=True)
        self.address.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._playing.add(task)
            task.add_done_callback(self._playing.discard)
        line = _Line(reader, writer)
        try:
            await self._play(line)
        except (_Left, asyncio.CancelledError):
            pass  # players are killed all the time; that is what many scripts are for
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _play(self, line: "_Line") -> None:
        scene = _scene(await line.hear())
        self.played.append(scene)
        try:
            async for cue in self._script(scene):
                await self._give(line, scene, cue)
                if self._failed(scene, cue):
                    await line.tell(fail(f"{cue} failed: {scene.last.detail}"))
                    return
        except _Left:
            raise
        except Exception as error:
            self.troubles.append(f"#{scene.issue} {scene.role} {scene.round}: {error!r}")
            await line.tell(fail(f"the script broke: {error!r}"))
            return
        await line.tell(Step("end"))

    def _failed(self, scene: Scene, cue: Cue) -> bool:
        if not isinstance(cue, Step) or not cue.vital or scene.last.ok:
            return False
        # Nobody reads what the agent says any more: its worker was killed, which is no fault of the script.
        if not scene.last.detail.startswith("BrokenPipeError"):
            self.troubles.append(f"#{scene.issue} {scene.role} {scene.round}: {cue} {scene.last.detail}")
        return True

    async def _script(self, scene: Scene) -> AsyncIterator[Cue]:
        if self._script_for is None:
            raise LookupError("no script is set: call plays() first")
        script = self._script_for(scene)
        if isinstance(script, AsyncIterable):
            async for cue in script:
                yield cue
        else:
            for cue in script:
                yield cue

    async def _give(self, line: "_Line", scene: Scene, cue: Cue) -> None:
        match cue:
            case Hold(name):
                await self._wait_at(name, None, line)
            case Barrier(name, parties):
                await self._wait_at(name, parties, line)
            case Step():
                await line.tell(cue)
                said = await line.hear()
                scene.told += said.get("told", [])
                scene.replies.append(_reply(said))

    async def _wait_at(self, name: str, parties: int | None, line: "_Line") -> None:
        gate = self._gates[name]
        async with gate.changed:
            gate.waiting += 1
            gate.open = gate.open or (parties is not None and gate.waiting >= parties)
            gate.changed.notify_all()
        opening = asyncio.create_task(_opened(gate))
        leaving = asyncio.create_task(line.gone())
        try:
            await asyncio.wait({opening, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not opening.done():
                raise _Left
        finally:
            for task in (opening, leaving):
                task.cancel()
            await asyncio.gather(opening, leaving, return_exceptions=True)
            async with gate.changed:
                gate.waiting -= 1
                gate.changed.notify_all()


async def _opened(gate: _Gate) -> None:
    async with gate.changed:
        await gate.changed.wait_for(lambda: gate.open)


@dataclass(frozen=True, slots=True)
class _Line:
    """The connection to one player."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def tell(self, step: Step) -> None:
        try:
            self.writer.write(json.dumps(step.wire()).encode() + b"\n")
            await self.writer.drain()
        except ConnectionError:
            raise _Left from None

    async def hear(self) -> dict[str, Any]:
        try:
            said = await self.reader.readline()
        except ConnectionError:
            raise _Left from None
        if not said.endswith(b"\n"):
            raise _Left
        return dict(json.loads(said))

    async def gone(self) -> None:
        """Return when the player has hung up; it says nothing while it waits for a cue."""
        with contextlib.suppress(ConnectionError):
            await self.reader.read(1)


def _scene(hello: dict[str, Any]) -> Scene:
    return Scene(
        issue=int(hello["issue"]),
        role=str(hello["role"]),
        round=int(hello["round"]),
        attempt=int(hello["attempt"]),
        task=str(hello.get("task", "")),
        title=str(hello.get("title", "")),
        repository=str(hello.get("repository", "")),
        prompt=str(hello.get("prompt", "")),
    )


def _reply(said: dict[str, Any]) -> Reply:
    code = said.get("code")
    return Reply(
        bool(said.get("ok")),
        str(said.get("detail", "")),
        None if code is None else int(code),
        str(said.get("output", "")),
    )
