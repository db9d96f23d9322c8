"""The check runs of a task on its head commit, and the end of those on heads that it has left behind."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from core.errors import NotFound, Refused
from core.github import Kind, RepoDoor
from core.messages.checks import CheckView, annotation, checks
from core.store import CheckSeen, Store, Surface
from core.tasks import Task


@dataclass(frozen=True, slots=True)
class CheckRuns:
    """A check run is known by task, name and head sha: `external_id` says the first two, GitHub the third."""

    store: Store
    door: RepoDoor
    kind: Kind
    now: datetime

    async def show(self, task: Task, surface: Surface) -> Surface:
        """Bring every check run up to date; saves after each write, so that none is ever written twice."""
        head = task.head_sha
        if not head:
            return surface
        drawn = checks(task, round(self.now.timestamp() * 1000), server_url=self.door.server_url)
        views = {f"{view.name}@{head}": view for view in drawn}
        if not any(key in surface.checks for key in views):
            surface = await self._recall(task, head, surface)
        for key, view in views.items():
            seen = surface.checks.get(key)
            if seen and seen.digest == view.digest():
                continue
            shown = await self._write(task, head, view, seen)
            surface = await self._noted(task, surface, key, CheckSeen(shown, view.digest(), view.status))
        for key, seen in list(surface.checks.items()):
            if not key.endswith(f"@{head}") and seen.status != "completed":
                await self._supersede(seen)
                surface = await self._noted(task, surface, key, CheckSeen(seen.id, "superseded", "completed"))
        return surface

    async def _recall(self, task: Task, head: str, surface: Surface) -> Surface:
        """What an earlier worker wrote on this head and did not live to note, or a lost store forgot."""
        ours = {f"{run.name}@{head}": CheckSeen(run.id, "", run.status) for run in await self.door.check_runs(head)
                if run.external_id == _external_id(task, run.name)}  # fmt: skip
        return replace(surface, checks={**surface.checks, **ours})

    async def _write(self, task: Task, head: str, view: CheckView, seen: CheckSeen | None) -> int:
        fields = self._fields(view, first=seen is None or seen.status != "completed")
        if seen:
            try:
                await self.door.update_check_run(seen.id, budget=self.kind, **fields)
            except NotFound:
                pass
            else:
                return seen.id
        created = await self.door.create_check_run(
            name=view.name, head_sha=head, external_id=_external_id(task, view.name), budget=self.kind, **fields
        )
        return created.id

    async def _supersede(self, seen: CheckSeen) -> None:
        output = {"title": "Superseded", "summary": "A newer commit is on the branch; see its checks."}
        try:
            await self.door.update_check_run(
                seen.id, budget=self.kind, status="completed", conclusion="neutral", completed_at=self.now,
                output=output,
            )  # fmt: skip
        except (NotFound, Refused):
            return  # its commit is gone, and the check run with it

    async def _noted(self, task: Task, surface: Surface, key: str, seen: CheckSeen) -> Surface:
        surface = replace(surface, checks={**surface.checks, key: seen})
        await self.store.save_surface(task.id, surface)
        return surface

    def _fields(self, view: CheckView, *, first: bool) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "status": view.status,
            "output": {"title": view.title[:255], "summary": view.summary},
            "actions": [msgspec.to_builtins(button) for button in view.buttons],
        }
        if view.annotations and first:  # GitHub adds those of an update to those that are there
            fields["output"]["annotations"] = [msgspec.to_builtins(annotation(f)) for f in view.annotations]
        if view.conclusion:
            fields |= {"conclusion": view.conclusion, "completed_at": self.now}
        return fields


def _external_id(task: Task, name: str) -> str:
    return f"{task.id}/{name}"
