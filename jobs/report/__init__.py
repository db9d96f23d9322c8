"""Make GitHub show what the record says: level-triggered, coalesced, within a write budget.

Whoever changes a task rings; what is written is computed from the record as it is when the report runs, compared with
what GitHub is known to show, and only the difference is sent. So a report may be late, repeated or lost at any line.
"""

from jobs.report.reporter import Reporter
from jobs.report.transcripts import Shown

__all__ = ["Reporter", "Shown"]
