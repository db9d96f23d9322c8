"""review: an agent judges the change; its findings become a ledger with ids that last over the rounds."""

from msgspec.structs import replace

from core.tasks import Finding, Task
from jobs.agents.results import ReviewerResult, ReviewFinding
from jobs.bench import Bench
from jobs.stages.step import Step


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
    found = list(judged.findings)
    if not approves and not found:
        found = [ReviewFinding(type="summary", severity="high", text=judged.summary or "No reason was given.")]
    for f in found:
        if f.id and f.id in known:
            known[f.id] = replace(known[f.id], state="open", round=task.round, text=f.text, note="")
        else:
            new = f"F{len(known) + 1}"
            known[new] = Finding(
                id=new, type=f.type, severity=f.severity, text=f.text, file=f.file or "", line=f.line or 0,
                round=task.round,
            )  # fmt: skip
    return tuple(known.values())


def _settled(f: Finding) -> Finding:
    return replace(f, state="fixed", note="The reviewer approved.") if f.state == "open" else f
