"""review: an agent judges the change; its findings become a ledger with ids that last over the rounds."""

from collections.abc import Iterable

from msgspec.structs import replace

from core.tasks import Finding, Task
from jobs.agents.results import Reviewed, ReviewFinding
from jobs.bench import Bench
from jobs.stages.step import Step


async def review(bench: Bench) -> Step:
    """Post the round's review on the pull request and say whether corrections are needed.

    The verdict is the agent's, but findings that are still open outrank an approval.
    """
    judged = await bench.agent(Reviewed, access="read", diff=await bench.diff())
    await bench.discard()
    findings = ledger(bench.task, judged.findings)
    still_open = any(f.state == "open" for f in findings)
    await bench.post_review(findings, judged.summary)
    outcome = "corrections_needed" if still_open else "approved"
    return Step(outcome, judged.summary, {"findings": findings})


def ledger(task: Task, found: Iterable[ReviewFinding]) -> tuple[Finding, ...]:
    """The findings so far with this round's: one named again is open again, a new one gets the next id."""
    known = {f.id: f for f in task.findings}
    for f in found:
        if f.id and f.id in known:
            known[f.id] = replace(known[f.id], state="open", round=task.round, text=f.text, note="")
        else:
            new = f"F{len(known) + 1}"
            known[new] = Finding(
                id=new, type=f.type, severity=f.severity, text=f.text, file=f.file, line=f.line, round=task.round
            )
    return tuple(known.values())
