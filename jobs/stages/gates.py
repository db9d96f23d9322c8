"""The gates before a review and before the finish: pdev looks at the change and runs its tests, and no agent is asked.

They run when a stage that needs them begins, on the commit that it would work on. So a worker that dies here repeats no
agent's work, and a commit that a person has put on the branch is judged like any other. What fails goes to the
corrector as findings, without spending a reviewer.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from core import ledger
from core.messages import gates as words
from core.tasks import Finding, Gate, LastReview, Reason, Stage, Task, capped, laid_over
from jobs.bench import Bench
from jobs.gates import MOST_TEXT, Version, gate_findings, judging, weakened, weighed
from jobs.gates.lines import Lines, changed_lines
from jobs.git import Blob, FileChange
from jobs.stages.proof import Proof, prove
from jobs.stages.step import Step

_MEASURED = 32 << 20
"""Bytes of a diff whose lines are measured; agents are shown less."""
_GATED = frozenset({Stage.REVIEW, Stage.FINALIZE})


async def gates_failed(bench: Bench) -> Step | None:
    """How the stage ends before it begins because gates fail; None: it may begin.

    Raises `Stopped` when the attempt is to stop.
    """
    if bench.task.stage not in _GATED:
        return None
    sha = await bench.worktree.head()
    told = _fingerprint(bench, sha)
    if bench.task.gated != told or any(gate.outcome == "failed" for gate in bench.task.gates):
        await _judge(bench, sha, told)
    open_ones = _open(bench.task.findings)
    if not open_ones:
        return None
    last = bench.task.last_review
    failed = [gate for gate in bench.task.gates if gate.outcome == "failed"]
    stop = Reason(last.stop) if last and last.outcome == "gates_failed" and last.stop else None
    return Step("gates_failed", words.failed_summary(failed), stop=stop)


def _open(findings: Sequence[Finding]) -> list[Finding]:
    return [f for f in findings if f.is_open and f.type.startswith(ledger.GATE)]


def _fingerprint(bench: Bench, sha: str) -> str:
    """The commit and what it is judged by: when one of them changes, it is judged again."""
    config = bench.config
    by = repr((config.verify, config.setup, config.review.least_coverage))
    return f"{sha}:{hashlib.sha256(by.encode()).hexdigest()[:12]}"


@dataclass(slots=True)
class _Change:
    """What there is to judge. `base` is what it is compared with."""

    sha: str
    base: str
    files: tuple[FileChange, ...]
    lines: dict[str, Lines]
    is_cut: bool = False
    """There are more lines than those."""
    versions: list[Version] = field(default_factory=list)


async def _judge(bench: Bench, sha: str, told: str) -> None:
    """Run every gate and save what they say, all at once."""
    change = await _change(bench, sha)
    notes = await asyncio.to_thread(weakened, change.versions)
    found = [
        judging.has_changed(len(change.files), sha=sha),
        judging.is_reviewable(change.lines, is_cut=change.is_cut, sha=sha),
        judging.tests_kept(notes, sha=sha),
    ]
    proof = await prove(bench, sha, change.base, change.lines, is_cut=change.is_cut) if change.files else Proof()
    await _save(bench, [*found, *proof.gates], proof, told)


async def _change(bench: Bench, sha: str) -> _Change:
    mirror, base = bench.mirror, await bench.base(sha)
    files = await mirror.changed_files(base, sha)
    diff = await mirror.diff(base, sha, cap=_MEASURED)
    lines = await asyncio.to_thread(changed_lines, diff.text)
    weighty = [file for file in files if weighed(file.path)]
    blobs = await mirror.blobs(weighty, blob_cap=4 * MOST_TEXT)  # a character takes up to four bytes
    versions = [_version(file, blobs) for file in weighty]
    return _Change(sha, base, files, dict(lines), diff.truncated, versions)


def _version(file: FileChange, blobs: Mapping[str, Blob]) -> Version:
    old, new = (
        blobs.get(blob) if mode else None for blob, mode in ((file.old_blob, file.old_mode), (file.blob, file.mode))
    )

    def text(blob: Blob | None) -> str | None:
        return None if blob is None or blob.data is None else blob.data.decode("utf-8", "replace")

    is_unread = any(blob and blob.data is None for blob in (old, new))
    was_short = old is not None and old.size <= MOST_TEXT
    return Version(file.path, text(old), text(new), unread=is_unread and was_short)


async def _save(bench: Bench, found: list[Gate], proof: Proof, told: str) -> None:
    task, found = bench.task, [capped(gate) for gate in found]
    named = gate_findings(task.findings, found, proof.outputs)
    findings = ledger.gated(task.findings, named, round_=task.round, commit=task.checkpoint_sha)
    gates = [_settled(gate, findings) for gate in found]
    cheap = [gate for gate in task.gates if not gate.sha]
    fields: dict[str, Any] = {"gates": laid_over(cheap, gates), "findings": findings, "gated": told}
    if _open(findings):
        fields["last_review"] = await _failed(bench, gates, findings, proof)
    await bench.tools.store.keep_output(task.id, "gates", proof.log)
    await bench.note(**fields, activity="")


def _settled(gate: Gate, findings: Sequence[Finding]) -> Gate:
    """A gate that failed, and whose findings a person or a reviewer is to judge or has judged, only warns."""
    type_ = ledger.GATE + gate.name
    is_open = any(f.is_open and f.type == type_ for f in findings)
    return replace(gate, outcome="warned") if gate.outcome == "failed" and not is_open else gate


async def _failed(bench: Bench, gates: Sequence[Gate], findings: Sequence[Finding], proof: Proof) -> LastReview:
    """The round's verdict, as a reviewer's would be."""
    task, tree = bench.task, await bench.tree()
    told = judging.fingerprint(gates, proof.outputs)
    last_round = max(bench.config.review.rounds, task.allowed_round)
    return LastReview(
        round=task.round, tree=tree, outcome="gates_failed", summary=words.failed_summary(gates)[:2_000], open=told,
        stop=_stop(task, tree, told, _open(findings), last_round) or "",
    )  # fmt: skip


def _stop(task: Task, tree: str, told: tuple[str, ...], findings: Sequence[Finding], last_round: int) -> Reason | None:
    """Why a person is asked instead of the corrector; None: the corrector is next."""
    if ledger.disputed(findings):
        return Reason.UNFIXABLE
    if task.round >= last_round:
        return Reason.ROUNDS
    before = task.last_review
    if before and before.round == task.round - 1 and before.outcome == "gates_failed":
        return Reason.NO_PROGRESS if before.tree == tree or before.open == told else None
    return None
