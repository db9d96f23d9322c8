"""Gates: what pdev looks at and runs itself, because an agent's word is no proof.

The cheap ones (`check`) stand before every push: what fails them is left out of the commit and the rest goes on, so one
stray file does not cost the work of an hour. The evidence gates judge a finished change: whether it is one, whether it
weakens the tests, whether the repository's own commands succeed, whether tests run the changed lines.
"""

from jobs.gates.check import Caps, GateReport, LeftOut, check
from jobs.gates.commands import Ground, Ran, run
from jobs.gates.findings import gate_findings
from jobs.gates.weakened import MOST_TEXT, Version, weakened, weighed

__all__ = [
    "MOST_TEXT", "Caps", "GateReport", "Ground", "LeftOut", "Ran", "Version", "check", "gate_findings",
    "run", "weakened", "weighed",
]  # fmt: skip
