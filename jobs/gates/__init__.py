"""The cheap gates: what pdev looks at itself before every push, whatever the agent says.

A pure function over what would be committed. What fails a gate is left out of the commit and named in the report;
the rest goes on, so one stray file does not cost the work of an hour.
"""

from jobs.gates.check import Caps, GateReport, LeftOut, check

__all__ = ["Caps", "GateReport", "LeftOut", "check"]
