"""review: an agent judges the change; its findings become a ledger with ids that last over the rounds."""

from msgspec.structs import replace

from core import ledger
from core.messages.notes import NO_REASON, with_remarks
from core.repoconfig.model import Mode
from core.tasks import Finding, LastReview, Needs, Reason, Requirement, Task
from jobs.agents.results import ReviewerResult, ReviewFinding
from jobs.bench import Bench
from jobs.stages.step import Step
from jobs.stops import NeedsPerson

MAX_SUMMARY = 8_000
"""Characters of a reviewer's summary that the record keeps; there may be twenty rounds."""

MAX_REQUIREMENTS = 60


async def review(bench: Bench) -> Step:
    """Judge the change, post the round's review on the pull request and say what comes next.

    The verdict is the agent's, but findings that are still open outrank an approval. It is saved before it is shown:
    whoever takes over in between shows it and asks no reviewer again. Raises `NeedsPerson` when there is nothing new.
    """
    await _know_the_cap(bench)
    tree = await bench.tree()
    if ledger.unchanged(bench.task, tree):
        raise NeedsPerson(Needs.ANSWER, Reason.NO_PROGRESS)
    last = bench.task.last_review
    if last is None or (last.round, last.tree) != (bench.task.round, tree) or last.outcome == "gates_failed":
        last = await _judge(bench, tree)
    await bench.post_review(bench.task.findings, last.summary)
    return Step(last.outcome, last.summary, stop=Reason(last.stop) if last.stop else None)


async def _know_the_cap(bench: Bench) -> None:
    """Messages speak of the cap in force, so the record follows the configuration."""
    rounds = bench.config.review.rounds
    if bench.task.options.max_rounds != rounds:
        await bench.note(options=replace(bench.task.options, max_rounds=rounds))


async def _judge(bench: Bench, tree: str) -> LastReview:
    judged = await bench.agent(ReviewerResult, access="read", diff=await bench.diff())
    await bench.discard()
    task, mode = bench.task, bench.config.review.mode
    found = findings(task, judged, mode=mode, commit=task.checkpoint_sha)
    still_open = tuple(f.id for f in found if f.is_open)
    last = LastReview(
        round=task.round,
        tree=tree,
        outcome="corrections_needed" if still_open else "approved",
        summary=with_remarks(judged.summary, judged.remarks)[:MAX_SUMMARY],
        open=still_open,
        requirements=_asked_for(judged),
        stop=ledger.stop_reason(task, found) or "",
    )
    await bench.note(findings=found, last_review=last)
    return last


def _asked_for(judged: ReviewerResult) -> tuple[Requirement, ...]:
    """The issue's requirements, those that lack something first: they are told when there is no room for all."""
    asked = sorted(judged.requirements, key=lambda one: one.status == "met")[:MAX_REQUIREMENTS]
    return tuple(Requirement(one.requirement, one.status, one.where) for one in asked)


def findings(task: Task, judged: ReviewerResult, *, mode: Mode, commit: str = "") -> tuple[Finding, ...]:
    """The ledger with this round's verdict.

    A reviewer who wants corrections without naming any is taken at his word: his summary is the finding.
    """
    approves = judged.verdict == "approved"
    named = [_named(found) for found in judged.findings]
    named += ledger.requirements_unmet([(r.requirement, r.status) for r in judged.requirements], mode, named)
    if not approves and not named:
        text = judged.summary.strip()[:MAX_SUMMARY] or NO_REASON
        named.append(ledger.Named(type="summary", severity="high", text=text))
    return ledger.judged(
        task.findings, named, approves=approves, round_=task.round, required=ledger.REQUIRED[mode], mode=mode,
        commit=commit,
    )  # fmt: skip


def _named(found: ReviewFinding) -> ledger.Named:
    fix = f"\n\nSuggested: {found.suggested_fix.strip()}" if found.suggested_fix and found.suggested_fix.strip() else ""
    line, end = found.lines
    return ledger.Named(
        id=found.id, type=found.type, severity=found.severity, text=found.text + fix, file=found.file, line=line,
        end_line=end, replacement=found.replacement,
    )  # fmt: skip
