"""One report of one task: the sticky comment, then the check runs, at the pace that GitHub's limits allow."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple
from uuid import uuid4
from weakref import WeakValueDictionary

from msgspec.structs import replace

from core.clock import Clock
from core.errors import Forbidden, InstallationSuspended, NotFound, Transient
from core.github import GitHub, Kind, RepoDoor
from core.messages.checks import checks
from core.messages.standing import headline
from core.messages.sticky import account, marker, sticky
from core.queue import Report
from core.schedule import Wait, plan
from core.store import Store, Surface
from core.tasks import State, Task
from jobs.report.checkruns import CheckRuns
from jobs.report.transcripts import Shown

_log = logging.getLogger(__name__)

PATIENCE_S = 5
"""How long one call waits for GitHub before the report is put off: it holds a slot of the control queue."""
NEWS_MS = 2_000
"""The shortest time between two writes about a running task, so that stages that end quickly are told together."""
PROGRESS_MS = 20_000
"""The shortest time between two writes that only show progress."""
PROGRESS_SHARE_MS = 24_000
"""… and this much for each running task. A report of progress is two writes, comment and check run, so 50 tasks make
300 an hour, which leaves 100 of the 400 that pdev allows itself for what people wait for (GitHub's limit is 500)."""
_AGAIN_S = 5.0
"""For trouble that passes by itself and did not say when."""

Hold = Callable[[], Awaitable[None]]


class Overtaken(Exception):
    """This report took so long that somebody else may have reported the task meanwhile."""


class Reporter:
    """The report job. `notice` is a line for every comment that the operator's set-up calls for.

    `owner` is the worker's id: what it was reporting is given up with it. `transcripts`: where they are and how people
    get there.
    """

    def __init__(
        self,
        store: Store,
        github: GitHub,
        clock: Clock,
        *,
        notice: str = "",
        owner: str = "",
        transcripts: Shown | None = None,
    ) -> None:
        self._store = store
        self._github = github
        self._clock = clock
        self._notice = notice
        self._transcripts = transcripts or Shown()
        self._token = f"{owner}:{uuid4().hex}"
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._own_login = ""

    async def report(self, task_id: str) -> None:
        """Show the task as it is now; returns when what GitHub shows is that, or when it will be tried again later."""
        async with self._turns.setdefault(task_id, asyncio.Lock()):
            await self._report(task_id, self._token)

    async def _report(self, task_id: str, token: str) -> None:
        # One name for all of this process's reports: when the store goes away in the middle of one, what it holds can
        # be taken up by the next.
        if not await self._store.take_report(task_id, token):
            return
        try:
            await self._until_shown(task_id, token)
        except Overtaken:
            _log.info("task %s: its report took too long and is left to the next", task_id)
            await self._put_off(task_id, _AGAIN_S)
        except Transient as later:
            await self._store.end_report(task_id, token)
            _log.info("task %s is shown later: %s", task_id, later)
            await self._put_off(task_id, later.retry_after or _AGAIN_S)
        except BaseException:
            await self._store.end_report(task_id, token)
            raise

    async def _until_shown(self, task_id: str, token: str) -> None:
        while task := await self._store.task(task_id):
            await self._show(task, partial(self._hold, task_id, token))
            if await self._store.end_report(task_id, token, task.version):
                return
        await self._store.end_report(task_id, token)

    async def _hold(self, task_id: str, token: str) -> None:
        """Keep the right to report this task, as long as GitHub may take for the next write."""
        if not await self._store.keep_report(task_id, token):
            raise Overtaken

    async def _put_off(self, task_id: str, seconds: float) -> None:
        """Come back after so many seconds, at the end of a second, so that many put off together are one."""
        now_ms = self._clock.now_ms()
        first = int(now_ms / 1000 + seconds) + 1
        for due_s in (first, first + 1):  # the first may be the name of the very job that runs now
            if await self._store.enqueue(Report(task_id, 0, due_s), defer_ms=due_s * 1000 - now_ms):
                return

    async def _show(self, task: Task, hold: Hold) -> None:
        surface = await self._store.surface(task.id)
        door = self._github.repo(task.installation_id, task.repository, repo_id=task.repo_id, patience_s=PATIENCE_S)
        wait = await self._wait(task)
        prints = _prints(task, wait, door.server_url)
        if wait_ms := await self._pace(surface, prints):
            await self._put_off(task.id, wait_ms / 1000)
            return
        kind = _kind(task, is_turn=not surface.shown.startswith(prints.turn))
        try:
            surface = await self._show_comment(task, surface, door, kind, prints, wait, hold)
            link = self._link(task)
            text = partial(self._transcripts.text, link=link)
            await CheckRuns(self._store, door, kind, self._clock.now(), hold, link, text).show(task, surface)
        except (NotFound, Forbidden, InstallationSuspended) as gone:
            _log.warning("%s cannot be shown on GitHub: %s", task.slug, gone)
        surface = await self._store.surface(task.id)
        shown = replace(surface, shown=f"{prints.turn}:{prints.news}", reported_version=task.version)
        await self._store.save_surface(task.id, shown)

    async def _pace(self, surface: Surface, prints: "_Prints") -> int:
        """How many milliseconds the write has to wait: none for what people wait for, most for mere progress."""
        turn, _, news = surface.shown.partition(":")
        if turn != prints.turn:
            return 0
        interval = NEWS_MS
        if news == prints.news:
            interval = max(PROGRESS_MS, PROGRESS_SHARE_MS * (await self._store.capacity()).taken)
        return max(0, surface.written_ms + interval - self._clock.now_ms())

    async def _show_comment(
        self, task: Task, surface: Surface, door: RepoDoor, kind: Kind, prints: "_Prints", wait: Wait | None, hold: Hold
    ) -> Surface:
        draw = partial(sticky, task, self._clock.now_ms(), wait=wait, notice=self._notice, server_url=door.server_url)
        link = self._link(task)
        body = draw(transcripts=link)
        told = f"{prints.turn}:{prints.news}"
        # A link that was only renewed is no reason to write.
        digest = f"{told}:{_digest(draw(transcripts=link and 'link'))}"
        is_told = surface.comment_digest.startswith(told) and surface.shown != told  # only the checks are missing
        if digest == surface.comment_digest or is_told:
            return surface
        try:
            comment_id = await self._write(task, surface, door, kind, body, hold)
        except (NotFound, Forbidden) as gone:  # the issue is gone, but its pull request may not be
            _log.warning("%s cannot be commented on: %s", task.slug, gone)
            return surface
        surface = replace(surface, comment_id=comment_id, comment_digest=digest, written_ms=self._clock.now_ms())
        await self._store.save_surface(task.id, surface)
        return surface

    async def _write(self, task: Task, surface: Surface, door: RepoDoor, kind: Kind, body: str, hold: Hold) -> int:
        """Edit our comment, or write one where there is none; its id."""
        if comment_id := surface.comment_id or await self._find(task, door):
            try:
                await door.edit_comment(comment_id, body, budget=kind)
            except NotFound:  # somebody deleted it: people shall still see where the task stands
                _log.info("%s: its comment was deleted and is written anew", task.slug)
            else:
                return comment_id
        await hold()
        return (await door.create_comment(task.issue, body, budget=kind)).id

    async def _find(self, task: Task, door: RepoDoor) -> int | None:
        """Our comment from before the store forgot it, or from a worker that died right after writing it.

        Anybody may copy its first line into a comment of his own, which the App could edit as well.
        """
        mine = [comment for comment in await door.comments(task.issue) if comment.body.startswith(marker(task))]
        if mine and not self._own_login:
            self._own_login = (await self._github.app().me()).bot_login
        return next((one.id for one in mine if one.user and one.user.login == self._own_login), None)

    def _link(self, task: Task) -> str:
        return self._transcripts.link(task, self._clock.now_ms())

    async def _wait(self, task: Task) -> Wait | None:
        """Why a queued task does not start."""
        if task.state is not State.QUEUED:
            return None
        tasks, capacity = await self._store.tasks(), await self._store.capacity()
        caps = await self._store.caps(task.repo_id for task in tasks)
        broke = await self._store.broke([task])
        return plan(tasks, capacity, caps, self._clock.now_ms(), broke).waits.get(task.id)


class _Prints(NamedTuple):
    """Fingerprints of what a task shows, from what people wait for to what they would not miss."""

    turn: str
    """Its state, what it needs, its pull request: a change is shown at once."""
    news: str
    """Everything but progress: stages, findings, the head commit."""


def _prints(task: Task, wait: Wait | None, server_url: str) -> _Prints:
    turn = (task.state, task.needs, task.paused_by, task.reason, task.wish, task.pr, bool(task.head_sha), task.tip_sha)
    drawn = [view.digest() for view in checks(task, server_url=server_url, live=False)]
    news = (headline(task, wait), account(task, wait=wait, server_url=server_url), drawn, task.shown_sha)
    return _Prints(_digest(repr(turn)), _digest(repr(news)))


def _kind(task: Task, *, is_turn: bool) -> Kind:
    if task.settled:
        return "end"
    return "question" if is_turn else "progress"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
