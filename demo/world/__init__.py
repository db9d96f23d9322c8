"""A small world to watch pdev in: a sample repository, eight issues, and what becomes of each."""

from demo.world.files import FILES
from demo.world.house import HOUSE
from demo.world.issues import BY_NUMBER, ISSUES, WorldIssue, script
from demo.world.proof import unproved

__all__ = ["BY_NUMBER", "FILES", "HOUSE", "ISSUES", "WorldIssue", "script", "unproved"]
