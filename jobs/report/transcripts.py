"""What a report shows of transcripts: the link, and the end of each stage's in its check run."""

from dataclasses import dataclass, field

from core.artifacts import Artifacts, Run
from core.links import Links
from core.messages.checks import CheckView
from core.messages.transcripts import SHOWN, check_text, line
from core.tasks import Task
from core.visible import visible_text

_STAGE = "pdev / "


@dataclass(frozen=True, slots=True)
class Shown:
    """Nothing of it for a task whose repository does not show transcripts."""

    artifacts: Artifacts | None = None
    links: Links = field(default_factory=Links)

    def link(self, task: Task, now_ms: int) -> str:
        """Where check runs and comment lead; empty where nothing is to be seen."""
        return self.links.to(task.id, now_ms) if task.shows_transcripts and task.stages else ""

    async def text(self, task: Task, view: CheckView, link: str) -> str:
        """The end of the last transcript of a stage that has ended; empty for everything else."""
        stage = view.name.removeprefix(_STAGE)
        if self.artifacts is None or not task.shows_transcripts or not view.conclusion or stage == view.name:
            return ""
        run = await self._last_run(task, stage)
        if run is None:
            return ""
        entries = await self.artifacts.tail(task.id, run, SHOWN)
        return check_text((visible_text(line(e.t, e.kind, e.title, e.body)) for e in entries), link)

    async def _last_run(self, task: Task, stage: str) -> Run | None:
        assert self.artifacts is not None
        last = next((run for run in reversed(task.stages) if run.stage == stage), None)
        if last is None:
            return None
        runs = [run for run in await self.artifacts.runs(task.id) if run.header.kind == "agent"]
        return next((r for r in reversed(runs) if (r.header.stage, r.header.round) == (stage, last.round)), None)
