"""The demo's report: what became of each task, how fast, how large. Its keys are stable: docs/demo.md."""

import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from cli.demo.conversations import Conversations, conversations
from cli.demo.stage import Stage, memory
from cli.demo.story import Story
from cli.demo.witness import disagreements
from core.errors import OperatorError
from core.github import STATS_KEY
from core.tasks import Stage as TaskStage
from core.tasks import Task
from demo.world import BY_NUMBER, WorldIssue, unproved


async def write(stage: Stage, story: Story) -> dict[str, Any]:
    """The report of a story that has been told."""
    tasks = await story.tasks()
    now = await memory(stage)
    stats = {k.decode(): int(v) for k, v in (await stage.redis.hgetall(STATS_KEY)).items()}  # type: ignore[misc]
    is_quiet = not story.killed and not stage.outages
    talks = {number: conversations(stage.hub.repo, task) for number, task in tasks.items()}
    problems = [
        problem
        for number, issue in BY_NUMBER.items()
        for problem in differences(issue, tasks.get(number), talks.get(number, Conversations()), is_quiet=is_quiet)
    ]
    if not (setups := await stage.store.measures("setup_ms")):
        problems.append("nothing was set up, though every task needs it")
    if (wanted := story.wishes.kill_worker_at) and not story.killed:
        problems.append(f"no worker was killed: nobody was seen at {wanted}")
    problems += disagreements(stage.hub.repo, stage.hub.app, tasks.values())
    problems += await unproved(stage.hub, {number: task.pr for number, task in tasks.items()})
    problems += [*stage.hub.problems, *stage.hub.unknown_routes, *stage.cues.troubles]
    return {
        "tasks": [_task(task, talks[number]) for number, task in sorted(tasks.items())],
        "timings": {
            "ack_ms": _percentiles(d.ack_ms for d in stage.hub.deliveries),
            "first_check_ms": _percentiles(story.first_check_ms.values()),
            "dispatch_ms": _percentiles(await stage.store.measures("dispatch_ms")),
            "worktree_ms": _percentiles(await stage.store.measures("worktree_ms")),
            "setup_ms": _percentiles(setups),
        },
        "memory_mb": {"web": now["web"], "worker": stage.idle_mb["worker"]},
        "github": {"requests": stats.get("requests", 0), "content_writes": stats.get("content_writes", 0)},
        "sandbox": stage.sandbox,
        "workers_killed": story.killed,
        "problems": problems,
        "ok": not problems,
    }


def _task(task: Task, talk: Conversations) -> dict[str, Any]:
    settled = sum(f.state == "fixed" for f in task.findings)
    return {
        "issue": task.issue,
        "title": task.trigger.title,
        "state": task.state,
        "pr": task.pr,
        "branch": task.branch,
        "rounds": max((run.round for run in task.stages), default=0),
        "findings": {"open": len(task.open_findings), "fixed": settled},
        "conversations": {"open": talk.open, "resolved": talk.resolved, "suggestions": talk.suggestions},
        "gates": {gate.name: gate.outcome for gate in sorted(task.gates, key=lambda gate: gate.name)},
        "stages": [
            {
                "stage": run.stage,
                "round": run.round,
                "attempts": run.attempts,
                "seconds": round(((run.ended_ms or run.started_ms) - run.started_ms) / 1000, 3),
                "outcome": run.outcome,
            }
            for run in task.stages
        ],
        "cost": {"usd": task.cost.usd, "tokens": task.cost.tokens},
    }


def differences(issue: WorldIssue, task: Task | None, talk: Conversations, *, is_quiet: bool) -> list[str]:
    """How the task's end differs from what the world's script says; not `is_quiet`: something was killed meanwhile.

    `talk`: what stands on its pull request.
    """
    if task is None:
        return [f"#{issue.number}: no task was made of it"]
    facts: list[tuple[str, object, object]] = [
        ("state", str(task.state), issue.ends),
        ("rounds", max((run.round for run in task.stages), default=0), issue.rounds),
        ("findings", len(task.findings), issue.findings),
        ("open findings", len(task.open_findings), 0),
        ("resolved conversations", talk.resolved, len(issue.faults)),
        ("open conversations", talk.open, 0),
        ("answered conversations", talk.answered, len(issue.faults)),
        ("suggestions", talk.suggestions, sum(fault.replacement is not None for fault in issue.faults)),
        ("conversations held twice", talk.twice, ()),
    ]
    tries = sum(run.attempts for run in task.stages if run.stage is TaskStage.DEVELOP)
    # Whoever was interrupted is tried again; a crash that the script wants is never missing.
    facts.append(
        ("develop attempts", tries if is_quiet else min(tries, issue.develop_attempts), issue.develop_attempts)
    )
    return [f"#{issue.number}: {name} is {found}, not {wanted}" for name, found, wanted in facts if found != wanted]


def _percentiles(values: Iterable[float]) -> dict[str, float]:
    """Nearest rank; empty when nothing was measured."""
    ordered = sorted(values)
    if not ordered:
        return {}
    return {f"p{p}": round(ordered[math.ceil(p / 100 * len(ordered)) - 1], 1) for p in (50, 95)}


def as_json(report: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def check(path: Path) -> None:
    """Before a story that lasts: whether its report can be written there. Raises `OperatorError`."""
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        raise OperatorError(f"The report cannot be written to {path}.", "Name a file in a folder that exists.")


def save(report: dict[str, Any], path: Path) -> None:
    path.write_text(as_json(report))
