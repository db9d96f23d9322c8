"""The check runs of a task on its head commit, and the end of those on heads that it has left behind."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from core.errors import NotFound, Refused
from core.github import Kind, RepoDoor
from core.messages.checks import SUPERSEDED, WITHDRAWN, CheckView, checks
from core.store import CheckSeen, Store, Surface
from core.tasks import Task

_INTENDED = CheckSeen(0, "", "")
"""Noted right before a check run is made: whoever finds it later asks GitHub whether that happened."""


@dataclass(frozen=True, slots=True)
class CheckRuns:
    """A check run is known by task, name and head sha: `external_id` says the first two, GitHub the third.

    `hold` is called before each one is made; it raises when somebody else reports this task by now.
    """

    store: Store
    door: RepoDoor
    kind: Kind
    now: datetime
    hold: Callable[[], Awaitable[None]]
    link: str = ""
    """To the task's transcripts; empty where nothing leads there."""
    text: Callable[[Task, CheckView], Awaitable[str]] | None = None
    """What stands below the summary of a stage that has ended."""

    async def show(self, task: Task, surface: Surface) -> Surface:
        """Bring every check run up to date; saves after each write, so that none is ever written twice."""
        head = task.shown_sha
        for doubtful in _doubtful(surface, head):
            surface = await self._recall(task, doubtful, surface)
        for key, seen in surface.checks.items():
            if not key.endswith(f"@{head}" if head else "@") and seen.status != "completed":
                await self._leave(seen, SUPERSEDED if head else WITHDRAWN)
                surface = await self._noted(task, surface, key, replace(seen, digest="", status="completed"))
        output = await self.store.output(task.id, "gates") if head else ""
        for view in checks(task, server_url=self.door.server_url, output=output) if head else []:
            surface = await self._show_one(task, f"{view.name}@{head}", view, surface)
        return surface

    async def _show_one(self, task: Task, key: str, view: CheckView, surface: Surface) -> Surface:
        seen = surface.checks.get(key)
        if seen and seen.digest == view.digest():
            return surface
        fields = self._fields(view, seen)
        if self.text is not None and not view.text and (text := await self.text(task, view)):
            fields["output"]["text"] = text
        shown = await self._update(seen, fields) if seen else None
        if shown is None:
            surface = await self._noted(task, surface, key, _INTENDED)
            await self.hold()
            made = await self.door.create_check_run(
                name=view.name, head_sha=key.rpartition("@")[2], external_id=_external_id(task, view.name),
                budget=self.kind, **fields,
            )  # fmt: skip
            shown = made.id
        annotated = (*(seen.annotated if seen else ()), *(one.key for one in view.annotations))
        now_seen = CheckSeen(shown, view.digest(), view.status, tuple(dict.fromkeys(annotated)))
        return await self._noted(task, surface, key, now_seen)

    async def _update(self, seen: CheckSeen, fields: dict[str, Any]) -> int | None:
        try:
            await self.door.update_check_run(seen.id, budget=self.kind, **fields)
        except NotFound:
            return None
        return seen.id

    async def _recall(self, task: Task, head: str, surface: Surface) -> Surface:
        """What an earlier worker wrote on this head and did not live to note, or a lost store forgot."""
        known = {key: seen for key, seen in surface.checks.items() if seen.id or not key.endswith(f"@{head}")}
        ours = {f"{run.name}@{head}": CheckSeen(run.id, "", run.status) for run in await self.door.check_runs(head)
                if run.external_id == _external_id(task, run.name)}  # fmt: skip
        return replace(surface, checks={**ours, **known})

    async def _leave(self, seen: CheckSeen, words: tuple[str, str]) -> None:
        title, summary = words
        try:
            await self.door.update_check_run(
                seen.id, budget=self.kind, status="completed", conclusion="neutral", completed_at=self.now,
                output={"title": title, "summary": summary}, actions=[],
            )  # fmt: skip
        except (NotFound, Refused):
            return  # its commit is gone, and the check run with it

    async def _noted(self, task: Task, surface: Surface, key: str, seen: CheckSeen) -> Surface:
        surface = replace(surface, checks={**surface.checks, key: seen})
        await self.store.save_surface(task.id, surface)
        return surface

    def _fields(self, view: CheckView, seen: CheckSeen | None) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "status": view.status,
            "output": {"title": view.title, "summary": view.summary},
            "actions": [msgspec.to_builtins(button) for button in view.buttons],
        }
        told = seen.annotated if seen else ()
        if fresh := [one for one in view.annotations if one.key not in told]:  # GitHub adds them to those that it has
            fields["output"]["annotations"] = [msgspec.to_builtins(one) for one in fresh]
        if view.text:
            fields["output"]["text"] = view.text
        if self.link:
            _, _, stage = view.name.partition(" / ")
            fields["details_url"] = f"{self.link}?stage={stage}" if stage else self.link
        if view.started_ms:
            fields["started_at"] = _time(view.started_ms)
        if view.conclusion:
            fields |= {"conclusion": view.conclusion, "completed_at": _time(view.ended_ms) or self.now}
        return fields


def _time(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)


def _doubtful(surface: Surface, head: str) -> list[str]:
    """Heads on which there may be check runs of ours that we do not know."""
    if not surface.checks:
        return [head] if head else []
    return list(dict.fromkeys(key.rpartition("@")[2] for key, seen in surface.checks.items() if not seen.id))


def _external_id(task: Task, name: str) -> str:
    return f"{task.id}/{name}"
