"""One report of one task: the sticky comment, then the check runs, at the pace that GitHub's limits allow."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import uuid4

from msgspec.structs import replace

from core.clock import Clock
from core.errors import BudgetSpent, Forbidden, InstallationSuspended, NotFound, Transient
from core.github import GitHub, Kind, RepoDoor
from core.messages.checks import checks
from core.messages.sticky import marker, sticky
from core.queue import Report
from core.schedule import Caps, plan
from core.store import Store, Surface
from core.tasks import State, Task
from jobs.report.checkruns import CheckRuns

_log = logging.getLogger(__name__)

PATIENCE_S = 5
"""How long one call waits for GitHub before the report is put off: it holds a slot of the control queue."""
NEWS_MS = 2_000
"""The shortest time between two writes about a running task, so that stages that end quickly are told together."""
PROGRESS_MS = 20_000
"""The shortest time between two writes that only show progress."""
PROGRESS_SHARE_MS = 12_000
"""… and this much for each running task: 50 of them stay under 400 content writes an hour (GitHub's limit is 500)."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """The report job. `notice` is a line for every comment that the operator's set-up calls for.

    `token` names whoever reports; one that begins with the worker's id and a colon is given up with the worker.
    """

    store: Store
    github: GitHub
    clock: Clock
    notice: str = ""
    token: Callable[[], str] = lambda: uuid4().hex

    async def report(self, task_id: str) -> None:
        """Show the task as it is now; returns when what GitHub shows is that, or when it will be tried again later."""
        token = self.token()
        if not await self.store.take_report(task_id, token):
            return
        try:
            while task := await self.store.task(task_id):
                await self._show(task)
                if await self.store.end_report(task_id, token, task.version):
                    return
            await self.store.end_report(task_id, token)
        except Transient as later:
            await self.store.end_report(task_id, token)
            await self._put_off(task_id, later.retry_after or 5.0)
        except (NotFound, Forbidden, InstallationSuspended) as gone:
            await self.store.end_report(task_id, token)
            _log.warning("task %s cannot be shown on GitHub: %s", task_id, gone)
        except BaseException:
            await self.store.end_report(task_id, token)
            raise

    async def _put_off(self, task_id: str, seconds: float) -> None:
        due_s = round(self.clock.now_ms() / 1000 + seconds) or 1
        await self.store.enqueue(Report(task_id, 0, due_s), defer_ms=max(1, round(seconds * 1000)))

    async def _show(self, task: Task) -> None:
        surface = await self.store.surface(task.id)
        door = self.github.repo(task.installation_id, task.repository, repo_id=task.repo_id, patience_s=PATIENCE_S)
        position = await self._position(task)
        prints = _prints(task, self.clock.now_ms(), position)
        if wait_ms := await self._pace(task, surface, prints):
            await self._put_off(task.id, wait_ms / 1000)
            return
        kind = _kind(task, is_turn=not surface.comment_digest.startswith(prints.turn))
        try:
            surface = await self._comment(task, surface, door, kind, prints, position)
            await self.store.save_surface(task.id, surface)
            surface = await CheckRuns(self.store, door, kind, self.clock.now()).show(task, surface)
        except BudgetSpent as spent:
            await self._put_off(task.id, spent.retry_after or 30.0)
        await self.store.save_surface(task.id, replace(surface, reported_version=task.version))

    async def _pace(self, task: Task, surface: Surface, prints: "_Prints") -> int:
        """How many milliseconds the write has to wait: none for what people wait for, most for mere progress."""
        seen = surface.comment_digest.split(":")
        if seen[0] != prints.turn:
            return 0
        interval = NEWS_MS
        if seen[1:2] == [prints.news]:
            interval = max(PROGRESS_MS, PROGRESS_SHARE_MS * (await self.store.capacity()).taken)
        return max(0, surface.written_ms + interval - self.clock.now_ms())

    async def _comment(
        self, task: Task, surface: Surface, door: RepoDoor, kind: Kind, prints: "_Prints", position: int | None
    ) -> Surface:
        body = sticky(task, self.clock.now_ms(), position=position, notice=self.notice)
        digest = f"{prints.turn}:{prints.news}:{_digest(body)}"
        if digest == surface.comment_digest:
            return surface
        comment_id = surface.comment_id or await self._find(task, door)
        if comment_id is None:
            comment_id = (await door.create_comment(task.issue, body, budget=kind)).id
        else:
            try:
                await door.edit_comment(comment_id, body, budget=kind)
            except NotFound:  # somebody deleted it: people shall still see where the task stands
                comment_id = (await door.create_comment(task.issue, body, budget=kind)).id
        return replace(surface, comment_id=comment_id, comment_digest=digest, written_ms=self.clock.now_ms())

    async def _find(self, task: Task, door: RepoDoor) -> int | None:
        """Our comment from before the store forgot it, or from a worker that died right after writing it."""
        mine = marker(task)
        for comment in await door.comments(task.issue):
            if comment.body.startswith(mine) and comment.user and comment.user.type == "Bot":
                return comment.id
        return None

    async def _position(self, task: Task) -> int | None:
        if task.state is not State.QUEUED:
            return None
        capacity = await self.store.capacity()
        return plan(await self.store.tasks(), capacity, Caps(), self.clock.now_ms()).position(task.id)


class _Prints(NamedTuple):
    """Fingerprints of what a task shows, from what people wait for to what they would not miss."""

    turn: str
    """Its state, what it needs, its pull request: a change is shown at once."""
    news: str
    """Everything but progress: stages, findings, the head commit."""


def _prints(task: Task, now_ms: int, position: int | None) -> _Prints:
    stages = tuple(replace(run, started_ms=now_ms) if run.outcome is None else run for run in task.stages)
    still = replace(task, progress=0, activity="", stages=stages)
    shown = [view.digest(progress=False) for view in checks(task, now_ms)]
    return _Prints(
        _digest(repr((task.state, task.needs, task.paused_by, task.reason, task.pr, bool(task.head_sha)))),
        _digest(sticky(still, now_ms, position=position) + repr((shown, task.head_sha))),
    )


def _kind(task: Task, *, is_turn: bool) -> Kind:
    if task.settled:
        return "end"
    return "question" if is_turn else "progress"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
