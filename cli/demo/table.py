"""The live table in the terminal: a line per task with its stage, its bar, its pull request."""

from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table as Grid
from rich.text import Text

from cli.demo.stage import Stage
from core.cancellation import is_cancelled, pause
from core.messages.standing import headline
from core.messages.words import ICONS
from core.tasks import Stage as TaskStage
from core.tasks import State, Task

_EVERY_S = 0.2
_WEIGHTS = {TaskStage.DEVELOP: 0, TaskStage.REVIEW: 55, TaskStage.CORRECT: 65, TaskStage.FINALIZE: 85}
"""How much of the work is done when a stage begins, in percent; for the bar only."""
_COLOURS = {State.READY: "green", State.MERGED: "magenta", State.FAILED: "red", State.RUNNING: "cyan"}


class Table:
    """Draws what the records say, until cancelled; a terminal without colours gets a line per change instead."""

    def __init__(self, stage: Stage, console: Console) -> None:
        self._stage = stage
        self._console = console

    async def show(self) -> None:
        if not self._console.is_terminal:
            await self._tell()
            return
        with Live(console=self._console, auto_refresh=False, transient=False) as live:
            try:
                while not is_cancelled():
                    live.update(self._draw(await self._tasks()), refresh=True)
                    await pause(_EVERY_S)
            finally:
                live.update(self._draw(self._last), refresh=True)

    _last: list[Task] = []  # noqa: RUF012 - replaced, never changed

    async def _tasks(self) -> list[Task]:
        repo_id = self._stage.hub.repo.id
        live = await self._stage.store.tasks(repo_id=repo_id)
        ended = await self._stage.store.tasks(repo_id=repo_id, live=False)
        self._last = sorted({task.id: task for task in (*live, *ended)}.values(), key=lambda t: t.issue)
        return self._last

    async def _tell(self) -> None:
        said: dict[int, str] = {}
        while not is_cancelled():
            for task in await self._tasks():
                line = headline(task)
                if said.get(task.issue) != line:
                    said[task.issue] = line
                    self._console.print(f"#{task.issue} {line}", highlight=False, markup=False)
            await pause(_EVERY_S)

    def _draw(self, tasks: list[Task]) -> RenderableType:
        grid = Grid.grid(padding=(0, 2))
        for task in tasks:
            grid.add_row(
                Text(f"#{task.issue}"),
                Text(task.trigger.title, overflow="ellipsis", no_wrap=True),
                ProgressBar(total=100, completed=done_percent(task), width=24),
                Text(f"{ICONS[task.state]} {headline(task)}", style=_COLOURS.get(task.state, "")),
                Text(f"{self._stage.hub.html_url}/{task.repository}/pull/{task.pr}" if task.pr else "", style="dim"),
            )
        return Group(Text(), grid)


def ending(report: dict[str, Any]) -> RenderableType:
    """A few lines to end with."""
    timings, memory = report["timings"], report["memory_mb"]
    ack, dispatch = timings["ack_ms"].get("p50"), timings["dispatch_ms"].get("p50")
    lines = [
        Text(f"{len(report['tasks'])} tasks, {report['github']['requests']} calls to GitHub, "
             f"a webhook answered in {ack} ms, an attempt started in {dispatch} ms (medians); "
             f"web {memory['web']} MB, idle worker {memory['worker']} MB; sandbox: {report['sandbox']}."),
        *(Text(problem, style="red") for problem in report["problems"]),
        Text("Everything ended as the story says." if report["ok"] else "Not everything ended as the story says.",
             style="green" if report["ok"] else "bold red"),
    ]  # fmt: skip
    return Group(*lines)


def done_percent(task: Task) -> int:
    """How far along a task is, roughly: stages by weight, the running one by what its agent reports."""
    if task.settled:
        return 100
    start = _WEIGHTS[task.stage]
    following = min((w for w in (*_WEIGHTS.values(), 100) if w > start), default=100)
    return start + (following - start) * task.progress // 100
