"""What may start now, and why each other task waits. Pure.

The scheduler acts on it and `explain` reads it out, so both always say the same. Order: priority, raised by one for
every six hours of waiting so that nothing starves; among equals the repository that has least running goes first, so
that one team's twenty labels do not stand in front of another's one; then age.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from core.tasks import Scope, State, Task

AGE_STEP = timedelta(hours=6)
HIGHEST = 3
"""Urgent: waiting raises no task above it."""
MAX_AGENTS = 5
"""Tasks of one repository that run at once, unless it says otherwise (the seed's default; 1 to 20)."""
MOST_AGENTS = 20


@dataclass(frozen=True, slots=True)
class Capacity:
    """Slots of all live workers, and how many running tasks take one."""

    slots: int
    taken: int

    @property
    def free(self) -> int:
        return max(self.slots - self.taken, 0)


@dataclass(frozen=True, slots=True)
class Caps:
    """How many tasks of a repository may run at once, by repository id where it differs from the default."""

    default: int = MAX_AGENTS
    of: Mapping[int, int] = field(default_factory=dict)

    def cap(self, repo_id: int) -> int:
        return min(max(self.of.get(repo_id, self.default), 1), MOST_AGENTS)


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a task does not start: a reason code that `core/messages` words, and its facts.

    `blocked` (`by`: issue numbers), `budget` (`scope`: whose is spent), `repo_cap` (`cap`), `no_workers`, `slots`
    (`slots`); the last three also have `position`, counted from 1 among the tasks that wait to start.
    """

    reason: str
    facts: Mapping[str, int | str | tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Plan:
    """`start`: ids in the order in which they shall start. `waits`: why each other waiting task does not."""

    start: tuple[str, ...] = ()
    waits: Mapping[str, Wait] = field(default_factory=dict)

    def position(self, task_id: str) -> int | None:
        """1 for the task that starts next after those in `start`; 0 for those; None for one that waits for no slot."""
        if task_id in self.start:
            return 0
        wait = self.waits.get(task_id)
        position = wait.facts.get("position") if wait else None
        return position if isinstance(position, int) else None


def plan(
    tasks: Iterable[Task], capacity: Capacity, caps: Caps, now_ms: int, broke: Mapping[str, Scope] | None = None
) -> Plan:
    """Decide for all live tasks of all repositories.

    `broke`: tasks that have nothing to spend, by id, and whose budget it is. They take no slot only to stop again.
    """
    broke = broke or {}
    tasks = list(tasks)
    running = Counter(task.repo_id for task in tasks if task.state is State.RUNNING)
    ready = [task for task in tasks if is_ready(task) and task.id not in broke]
    waits = {task.id: Wait("blocked", {"by": task.blockers}) for task in tasks if _is_blocked(task)}
    waits |= {t.id: Wait("budget", {"scope": broke[t.id].value}) for t in tasks if is_ready(t) and t.id in broke}
    start: list[str] = []
    position = 0
    for task in in_order(ready, running, now_ms):
        cap = caps.cap(task.repo_id)
        if running[task.repo_id] < cap and len(start) < capacity.free:
            start.append(task.id)
            running[task.repo_id] += 1
            continue
        position += 1
        waits[task.id] = _waits_for(capacity, cap, position, capped=running[task.repo_id] >= cap)
    return Plan(tuple(start), waits)


def is_ready(task: Task) -> bool:
    """Whether it waits for nothing but its turn."""
    return task.state is State.QUEUED and not task.blockers


def effective_priority(task: Task, now_ms: int) -> int:
    """The task's priority, one higher for every six hours that it has waited, up to urgent."""
    waited = max(now_ms - task.queued_ms, 0) // (AGE_STEP // timedelta(milliseconds=1))
    return max(task.priority, min(task.priority + waited, HIGHEST))


def in_order(ready: Iterable[Task], running: Mapping[int, int], now_ms: int) -> list[Task]:
    """The order in which tasks start if there is room for all of them."""
    levels: dict[int, list[Task]] = defaultdict(list)
    for task in ready:
        levels[effective_priority(task, now_ms)].append(task)
    served = Counter(running)
    return [task for level in sorted(levels, reverse=True) for task in _in_turns(levels[level], served)]


def _in_turns(tasks: Sequence[Task], served: Counter[int]) -> Iterable[Task]:
    """Oldest first within a repository; between repositories the one that was served least."""
    lines: dict[int, deque[Task]] = defaultdict(deque)
    for task in sorted(tasks, key=_age):
        lines[task.repo_id].append(task)
    while lines:
        repo_id = min(lines, key=lambda r: (served[r], _age(lines[r][0])))
        served[repo_id] += 1
        yield lines[repo_id].popleft()
        if not lines[repo_id]:
            del lines[repo_id]


def _age(task: Task) -> tuple[int, int, int]:
    return task.queued_ms, task.issue, task.repo_id


def _is_blocked(task: Task) -> bool:
    return task.state is State.BLOCKED or (task.state is State.QUEUED and bool(task.blockers))


def _waits_for(capacity: Capacity, cap: int, position: int, *, capped: bool) -> Wait:
    if not capacity.slots:
        return Wait("no_workers", {"position": position})
    if capped:
        return Wait("repo_cap", {"cap": cap, "position": position})
    return Wait("slots", {"slots": capacity.slots, "position": position})
