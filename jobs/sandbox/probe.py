"""The self-test: try every way out, from inside, before any agent runs."""

from pathlib import Path

from jobs.sandbox.contract import Check, ProbeReport, Sandbox


async def probe(sandbox: Sandbox, scratch: Path) -> ProbeReport:
    return ProbeReport(sandbox.mode, (Check("unfinished", False),))
