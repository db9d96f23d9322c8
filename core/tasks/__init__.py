"""What a task is, the states it may be in, and the legal ways from one to the next. Pure.

Web, scheduler, workers and sweep all change tasks, often at the same moment. They agree by going through the
functions here, each of which takes a task and returns the next one or raises `IllegalMove`; the store then saves the
result with a compare-and-set.
"""

from core.tasks.evidence import Gate, Note, capped, laid_over
from core.tasks.findings import SEVERITIES, Finding, LastReview, Mark, Requirement, gravity
from core.tasks.moves import (
    MAX_CRASHES,
    MOVES,
    IllegalMove,
    enter_stage,
    interrupted,
    is_under_way,
    leave_stage,
    move,
    resumed,
)
from core.tasks.reasons import LIMITS, RETRIED, UNSETTLED, Reason, parsed
from core.tasks.records import (
    ENDED,
    SETTLED,
    TRIGGER_LABEL,
    Cap,
    Cost,
    Exhausted,
    Milestone,
    Needs,
    Options,
    PausedBy,
    Scope,
    Stage,
    StageRun,
    State,
    Task,
    Trigger,
    Wish,
    task_id,
)
from core.tasks.roles import ROLES, Role

__all__ = [
    "ENDED",
    "LIMITS",
    "MAX_CRASHES",
    "MOVES",
    "RETRIED",
    "ROLES",
    "SETTLED",
    "SEVERITIES",
    "TRIGGER_LABEL",
    "UNSETTLED",
    "Cap",
    "Cost",
    "Exhausted",
    "Finding",
    "Gate",
    "IllegalMove",
    "LastReview",
    "Mark",
    "Milestone",
    "Needs",
    "Note",
    "Options",
    "PausedBy",
    "Reason",
    "Requirement",
    "Role",
    "Scope",
    "Stage",
    "StageRun",
    "State",
    "Task",
    "Trigger",
    "Wish",
    "capped",
    "enter_stage",
    "gravity",
    "interrupted",
    "is_under_way",
    "laid_over",
    "leave_stage",
    "move",
    "parsed",
    "resumed",
    "task_id",
]
