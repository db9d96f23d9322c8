"""`/t/<token>`: the stages of a task, their attempts, and one transcript, page by page.

Whoever has the link sees it: the link stands where only those read it who may read the repository, and runs out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.pages.frame import CLOSED, page
from core.artifacts import Artifacts, Entry, Run
from core.clock import Clock
from core.links import Expired, Forged, Links
from core.messages import task_line
from core.messages import transcripts as words
from core.store import Store
from core.tasks import State, Task
from core.visible import visible_text

_END = 64 << 10
"""Bytes of the end that are shown at once."""
_GOOD = frozenset({"passed", "approved"})
_BAD = frozenset({"failed", "crashed", "limit"})


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it is shown."""

    time: str
    kind: str
    name: str
    title: str
    body: str
    folded: bool
    gap: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Row:
    """One round of one stage, with the transcripts of its attempts."""

    name: str
    outcome: str
    tone: str
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class View:
    """The part of a transcript that the page shows."""

    run: Run
    name: str
    size: str
    entries: tuple[Line, ...]
    notes: tuple[str, ...]
    earlier: bool
    next: int | None


class TranscriptPages:
    """`github` is the address of GitHub's pages."""

    def __init__(self, store: Store, artifacts: Artifacts, links: Links, clock: Clock, github: str) -> None:
        self._store, self._artifacts, self._links, self._clock = store, artifacts, links, clock
        self._github = github

    async def show(self, request: web.Request) -> web.Response:
        """A page, or why there is none: 404 for what is no link of ours, 410 for one that has run out."""
        try:
            task_id = self._links.task_of(request.match_info["token"], self._clock.now_ms())
        except Forged:
            return web.Response(text=words.NO_PAGE, status=404, headers=CLOSED)
        except Expired:
            return page("message", status=410, headers=CLOSED, title=words.EXPIRED_TITLE, text=words.EXPIRED)
        task = await self._store.task(task_id)
        if task is None:
            return page("message", status=404, headers=CLOSED, title="pdev", text=words.NONE_LEFT)
        if not task.shows_transcripts:
            return page("message", status=404, headers=CLOSED, title="pdev", text=words.OFF)
        runs = await self._artifacts.runs(task.id)
        gone = await self._artifacts.gone(task.id)
        run = _chosen(runs, request.query.get("run", ""), request.query.get("stage", ""))
        view = await self._view(task, runs, run, request.query.get("from", "")) if run else None
        return page(
            "transcripts", headers=CLOSED, title=task.slug, task=task, github=self._github, line=task_line(task),
            rows=rows(task, runs), view=view,
            empty=words.NONE_LEFT if task.settled else words.NONE_YET, hidden=words.HIDDEN_NOTE,
            made_room=words.made_room(gone) if gone else "",
        )  # fmt: skip

    async def _view(self, task: Task, runs: Sequence[Run], run: Run, start: str) -> View:
        entries: Sequence[Entry]
        if start == "end":
            entries, gap_at, after, damaged = await self._artifacts.tail(task.id, run, _END), None, None, 0
        else:
            number = int(start) if start.isascii() and start.isdigit() and len(start) < 10 else 0
            found = await self._artifacts.page(task.id, run, number)
            entries, gap_at, after, damaged = found.entries, found.gap_at, found.next, found.damaged
        notes = [words.damaged(damaged)] if damaged else []
        if after is None:
            notes += end_notes(task, runs, run)
        gap = words.gap(run.dropped_entries)
        return View(
            run=run,
            name=name_of(run),
            size=words.size(run.entries, run.raw),
            entries=tuple(shown(entry, gap if n == gap_at else "") for n, entry in enumerate(entries)),
            notes=tuple(notes),
            earlier=start not in {"", "0"},
            next=after,
        )


def _chosen(runs: Sequence[Run], name: str, stage: str) -> Run | None:
    """The run that was asked for, else the newest of the stage (or of the kind), else the newest."""
    named = [run for run in runs if run.id == name]
    of_stage = [run for run in runs if stage in {run.header.stage, run.header.kind}]
    return next(reversed(named or of_stage or runs), None)


def rows(task: Task, runs: Sequence[Run]) -> list[Row]:
    """Every round of every stage in order, then what belongs to none of them any more."""
    groups: dict[int, list[Run]] = {n: [] for n in range(len(task.stages))}
    others: list[Run] = []
    for run in runs:
        place = _stage_of(task, run)
        (others if place is None else groups[place]).append(run)
    found = []
    for n, stage in enumerate(task.stages):
        outcome = (stage.outcome or ("at work" if task.state is State.RUNNING else "interrupted")).replace("_", " ")
        tone = "good" if stage.outcome in _GOOD else "bad" if stage.outcome in _BAD else "soft"
        found.append(Row(f"{stage.stage}, round {stage.round}", outcome, tone, _attempts(groups[n])))
    return found + [Row(name_of(run), "", "soft", _attempts([run])) for run in others]


def _stage_of(task: Task, run: Run) -> int | None:
    """Which stage of the record the transcript is of. One that was done again has the same name, and a later time."""
    places = [
        n for n, stage in enumerate(task.stages) if (stage.stage, stage.round) == (run.header.stage, run.header.round)
    ]
    later = [n for n in places if task.stages[n].started_ms <= run.header.started_ms]
    return later[-1] if later else places[0] if places else None


def _attempts(runs: Sequence[Run]) -> tuple[Attempt, ...]:
    """An attempt may run its agent again, when it has handed in what could not be read."""
    named: list[Attempt] = []
    counts: Counter[str] = Counter()
    for run in runs:
        kind = f"{words.KINDS[run.header.kind]}, " if run.header.kind != "agent" else ""
        name = f"{kind}attempt {run.header.attempt}"
        counts[name] += 1
        named.append(Attempt(run.id, f"{name}, run {counts[name]}" if counts[name] > 1 else name))
    return tuple(named)


def name_of(run: Run) -> str:
    head = run.header
    kind = f"{words.KINDS[head.kind]} of " if head.kind != "agent" else ""
    return f"{kind}{head.stage}, round {head.round}, attempt {head.attempt}"


def end_notes(task: Task, runs: Sequence[Run], run: Run) -> list[str]:
    """What stands below the last page."""
    if run.stopped:
        return [words.STOPPED[run.stopped]]
    if run.ended:
        return []
    is_last = all(r.header.started_ms <= run.header.started_ms for r in runs if r.header.kind == run.header.kind)
    is_at_work = task.state is State.RUNNING and task.epoch == run.header.epoch and is_last
    return [words.AT_WORK if is_at_work else words.BROKEN_OFF]


def shown(entry: Entry, gap: str = "") -> Line:
    """Cleaned once more: a shared directory may hold what an older pdev wrote."""
    title = words.lost(entry.title) if entry.kind == "lost" else visible_text(entry.title)
    kind = entry.kind if entry.kind in words.NAMES else "other"
    return Line(
        words.clock(entry.t), kind, words.kind_name(visible_text(entry.kind)), title, visible_text(entry.body),
        entry.kind in words.FOLDED, gap,
    )  # fmt: skip
