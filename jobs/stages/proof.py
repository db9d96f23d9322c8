"""The verify commands and the coverage they leave: run in a clean tree of the commit, which is clean again afterwards.

Nothing that an agent left beside its commit may make a test pass: ignored files go, and the HOME is new. Nothing that
the commands write may reach a commit: the tree is thrown back. A command that fails is run once without the change, to
tell what the change broke from what was broken; in a HOME of its own, because what ran the change before may have left
something in the first one that makes the base fail too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from core.messages import gates as words
from core.messages.words import code
from core.tasks import Gate, newest
from jobs.bench import Bench
from jobs.gates import Ground, Ran, coverage, judging, run
from jobs.gates.lines import Lines
from jobs.gates.output import joined
from jobs.git.trees import remove_tree
from jobs.running import TAIL, Cancelled, below
from jobs.setup import Failure, Prepared, prepared, verify_commands
from jobs.stops import Stopped


@dataclass(slots=True)
class Proof:
    """What was run: the gates, what each command printed (by gate name), and all of it as one log."""

    gates: list[Gate] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    log: str = ""


async def prove(bench: Bench, sha: str, base: str, lines: Mapping[str, Lines], *, is_cut: bool = False) -> Proof:
    """Run the verify commands at `sha`, and at `base` those that fail there. Raises `Stopped`.

    `lines` are those that the change adds and takes away, `is_cut` when there are more of them.
    """
    commands = await _commands(bench, sha, base)
    if isinstance(commands, Gate):
        return Proof([commands])
    ready = await prepared(bench, sha)
    if ready.failure:
        return _not_ready(bench, ready.failure, sha)
    try:
        async with _ground(bench, sha, ready) as ground:
            await asyncio.to_thread(coverage.forget_reports, bench.worktree.path)
            done = [await _run(bench, ground, command) for command in commands]
            covered = await _covered(bench, sha, done, None if is_cut else lines)
        bases = await _bases(bench, sha, base, done)
    except Cancelled:
        raise Stopped from None
    gates = [
        judging.verified(
            judging.verify_name(n), ran, bases.get(ran.command), sha=sha, minutes=_minutes(bench), paths=lines.keys()
        )
        for n, ran in enumerate(done, 1)
    ]  # fmt: skip
    outputs = {gate.name: ran.output for gate, ran in zip(gates, done, strict=True)}
    return Proof([*gates, covered], outputs, joined([(ran.command, ran.output) for ran in done], TAIL))


async def _commands(bench: Bench, sha: str, base: str) -> Sequence[str] | Gate:
    """What to run, or the gate that says why nothing is."""
    match await verify_commands(bench, base):
        case "external":
            return judging.skipped("verify", words.EXTERNAL, sha=sha)
        case "none":
            return judging.skipped("verify", words.NONE, sha=sha)
        case commands:
            return commands or judging.warned("verify", words.NO_COMMAND, sha=sha)


@asynccontextmanager
async def _ground(bench: Bench, sha: str, ready: Prepared, back_to: str = "") -> AsyncIterator[Ground]:
    """The tree at `sha` with nothing else in it, and a HOME that nobody has seen; both clean again afterwards.

    The tree is at `back_to` then (else at `sha` still).
    """
    tree, home = bench.worktree, bench.tools.homes / bench.task.id / "gates"
    await asyncio.to_thread(remove_tree, home)
    home.mkdir(parents=True, mode=0o700)
    await tree.reset(sha, ignored=True)
    try:
        yield Ground(worktree=tree.path, home=home, metadata=(tree.common_dir,), around=ready.around)
    finally:
        await asyncio.to_thread(remove_tree, home)
        await tree.reset(back_to or sha, ignored=True)


async def _run(bench: Bench, ground: Ground, command: str) -> Ran:
    await bench.note(activity=f"runs {code(command)}")
    wall_s = _minutes(bench) * 60
    ran = await run(bench.tools.sandbox, ground, command, bench.lease.stopped, wall_s=wall_s)
    return replace(ran, output=below(str(ground.worktree), ran.output))


async def _bases(bench: Bench, sha: str, base: str, done: Sequence[Ran]) -> dict[str, judging.Base]:
    """What the commands that failed do without the change; each is asked once for each base."""
    known = dict(bench.task.baseline)
    bases: dict[str, judging.Base] = {}
    for ran in done:
        if ran.verdict == "passed":
            continue
        key = judging.base_key(base, ran.command)
        if key not in known:
            found = await _on_base(bench, sha, base, ran.command)
            if found is None:
                continue
            known[key] = found
            await bench.note(baseline=newest(known))
        bases[ran.command] = known[key]
    return bases


async def _on_base(bench: Bench, sha: str, base: str, command: str) -> judging.Base | None:
    """What `command` does at `base`; None: a base that is no longer here, or cannot be set up, judges nobody."""
    if await bench.mirror.resolve(base) is None:
        return None
    ready = await prepared(bench, base)
    if ready.failure:
        return None
    async with _ground(bench, base, ready, back_to=sha) as ground:
        return judging.base_of(await _run(bench, ground, command))


async def _covered(bench: Bench, sha: str, done: Sequence[Ran], lines: Mapping[str, Lines] | None) -> Gate:
    """Only commands that succeeded tell which lines they ran; `lines` are None when nobody knows all of them."""
    if any(ran.verdict != "passed" for ran in done):
        return judging.skipped("coverage", words.NOT_RUN, sha=sha)
    if lines is None:
        return judging.warned("coverage", words.TOO_LARGE, sha=sha)
    try:
        found = await asyncio.to_thread(coverage.find_report, bench.worktree.path)
    except coverage.Unreadable as why:
        return judging.warned("coverage", words.unreadable_report(str(why)), sha=sha)
    if found is None:
        return judging.skipped("coverage", words.NO_REPORT, sha=sha)
    report, hits = found
    added = {path: one.added for path, one in lines.items()}
    measured = coverage.judged(report, hits, added, str(bench.worktree.path))
    return judging.is_covered(measured, bench.config.review.least_coverage, sha=sha)


def _not_ready(bench: Bench, failure: Failure, sha: str) -> Proof:
    """What the change wants installed cannot be: that is the change's fault, for what stood there before could be."""
    ran = Ran(failure.command, "failed", 1, 1, below(str(bench.worktree.path), failure.output))
    gate = judging.verified(judging.verify_name(1), ran, None, sha=sha, minutes=0, paths=())
    return Proof([gate], {gate.name: ran.output}, joined([(ran.command, ran.output)], TAIL))


def _minutes(bench: Bench) -> float:
    return bench.config.limits.verify_minutes
