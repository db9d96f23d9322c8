"""review: an agent judges the change; its findings become a ledger with ids that last over the rounds."""

from msgspec.structs import replace

from core.messages.notes import NO_REASON, REVIEWER_APPROVED
from core.tasks import Finding, Task
from jobs.agents.results import ReviewerResult, ReviewFinding
from jobs.bench import Bench
from jobs.stages.step import Step

MAX_TEXT = 6_000
"""Characters of a finding that the record keeps: what it says (4,000) and some of what was suggested."""


async def review(bench: Bench) -> Step:
    """Post the round's review on the pull request and say whether corrections are needed.

    The verdict is the agent's, but findings that are still open outrank an approval.
    """
    judged = await bench.agent(ReviewerResult, access="read", diff=await bench.diff())
    await bench.discard()
    findings = ledger(bench.task, judged)
    still_open = any(f.state == "open" for f in findings)
    await bench.post_review(findings, judged.summary)
    outcome = "corrections_needed" if still_open else "approved"
    return Step(outcome, judged.summary, {"findings": findings})


def ledger(task: Task, judged: ReviewerResult) -> tuple[Finding, ...]:
    """The findings so far with this round's verdict.

    One that is named again is open again, a new one gets the next id, and an approval settles what nobody named. A
    reviewer who wants corrections without naming any is taken at his word: his summary is the finding.
    """
    approves = judged.verdict == "approved"
    known = {f.id: _settled(f) if approves else f for f in task.findings}
    named: set[str] = set()
    for found in _named(judged, approves=approves):
        again = known.get(found.id) if found.id not in named else None  # an id given to two findings names the first
        one = _noted(found, task.round, again or Finding(id=f"F{len(known) + 1}", type="", severity="", text=""))
        known[one.id] = one
        named.add(one.id)
    return tuple(known.values())


def _named(judged: ReviewerResult, *, approves: bool) -> tuple[ReviewFinding, ...]:
    if approves or judged.findings:
        return judged.findings
    return (ReviewFinding(type="summary", severity="high", text=judged.summary.strip() or NO_REASON),)


def _noted(found: ReviewFinding, round_: int, into: Finding) -> Finding:
    """What the reviewer says now; lines move, so the place is the newest one, unless none was given."""
    fix = f"\n\nSuggested: {found.suggested_fix.strip()}" if found.suggested_fix and found.suggested_fix.strip() else ""
    return replace(
        into,
        type=found.type or into.type or "general",
        severity=found.severity,
        text=(found.text + fix)[:MAX_TEXT],
        file=found.file or into.file,
        line=found.line if found.file else into.line,
        round=round_,
        state="open",
        note="",
    )


def _settled(f: Finding) -> Finding:
    return replace(f, state="fixed", note=REVIEWER_APPROVED) if f.state == "open" else f
