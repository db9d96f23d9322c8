"""What the people of the demo do: open and label eight issues, answer, merge one, kill a worker when asked to."""

import time
from dataclasses import dataclass, field

import msgspec

from cli.demo.stage import Stage, kill
from cli.demo.wishes import Wishes
from core.cancellation import is_cancelled, pause
from core.tasks import TRIGGER_LABEL, Needs, State, Task, task_id
from demo.hub import Delivery
from demo.hub.observers import Exchange
from demo.world import BY_NUMBER, ISSUES

_LOOK_S = 0.1


class _CheckRun(msgspec.Struct):
    external_id: str = ""


@dataclass(slots=True)
class Story:
    """One telling."""

    stage: Stage
    wishes: Wishes
    labelled: dict[str, float] = field(default_factory=dict)
    """When each task's label was set (`time.perf_counter`)."""
    first_check_ms: dict[str, float] = field(default_factory=dict)
    killed: int = 0
    _merging: set[int] = field(default_factory=set)
    _answered: set[int] = field(default_factory=set)

    async def begin(self) -> None:
        """Open the issues and set the labels, as the maintainer would."""
        hub = self.stage.hub
        hub.observers.append(self._observe)
        team = hub.as_user("maintainer")
        for issue in ISSUES:
            opened = await team.open_issue(issue.title, issue.body, list(issue.labels))
            assert opened.number == issue.number, "a fresh repository counts its issues from 1"
        for issue in ISSUES:
            for blocker in issue.blocked_by:
                await team.block(issue.number, by=blocker)
        await hub.settle()
        for issue in ISSUES:
            self.labelled[self.task_id(issue.number)] = time.perf_counter()
            await team.label(issue.number, TRIGGER_LABEL)

    def task_id(self, number: int) -> str:
        return task_id(self.stage.hub.repo.id, number)

    async def tasks(self) -> dict[int, Task]:
        """The tasks by issue, ended ones too."""
        found = [await self.stage.store.task(self.task_id(issue.number)) for issue in ISSUES]
        return {task.issue: task for task in found if task}

    async def tell(self) -> None:
        """Return when every task has settled as far as the world lets it."""
        while not is_cancelled():
            tasks = await self.tasks()
            await self._merge_what_blocks(tasks)
            await self._answer(tasks)
            await self._kill_worker(tasks)
            if len(tasks) == len(ISSUES) and all(_is_over(task) for task in tasks.values()):
                await self._settle()
                return
            for child in self.stage.children.all:
                if child.process.returncode is not None:
                    raise child.died()
            await pause(_LOOK_S)

    async def _settle(self) -> None:
        """Wait until GitHub shows what the records say."""
        for number in BY_NUMBER:
            await self._shown(self.task_id(number))
        await self.stage.hub.settle()

    async def _shown(self, name: str) -> None:
        while not is_cancelled():
            task, surface = await self.stage.store.task(name), await self.stage.store.surface(name)
            if task is None or surface.reported_version >= task.version:
                return
            await pause(_LOOK_S)

    async def _merge_what_blocks(self, tasks: dict[int, Task]) -> None:
        for number, task in tasks.items():
            if task.state is State.READY and BY_NUMBER[number].ends == "merged" and number not in self._merging:
                assert task.pr is not None
                self._merging.add(number)
                await self.stage.hub.as_user("maintainer").merge(task.pr)

    async def _answer(self, tasks: dict[int, Task]) -> None:
        """Once its question stands on the issue, as a person who reads it there would."""
        for number, task in tasks.items():
            answer = BY_NUMBER[number].answer
            if answer and task.needs is Needs.ANSWER and number not in self._answered:
                self._answered.add(number)
                await self._shown(task.id)
                await self.stage.hub.as_user("maintainer").comment(number, answer)

    async def _kill_worker(self, tasks: dict[int, Task]) -> None:
        if self.killed or not self.wishes.kill_worker_at:
            return
        for task in tasks.values():
            is_there = bool(task.stages) and task.stages[-1].outcome is None and task.owner
            if task.state is State.RUNNING and task.stage == self.wishes.kill_worker_at and is_there:
                for worker in await self.stage.store.workers():
                    if worker.id == task.owner:
                        self.killed += 1
                        kill(worker.pid)
                        return

    def _observe(self, seen: Exchange | Delivery) -> None:
        if not isinstance(seen, Exchange) or seen.method != "POST" or not seen.path.endswith("/check-runs"):
            return
        name = msgspec.json.decode(seen.request_body, type=_CheckRun).external_id.partition("/")[0]
        if name in self.labelled and name not in self.first_check_ms:
            self.first_check_ms[name] = (time.perf_counter() - self.labelled[name]) * 1000


def _is_over(task: Task) -> bool:
    """Settled, and not about to be merged by the story."""
    return task.settled and not (task.state is State.READY and BY_NUMBER[task.issue].ends == "merged")
