"""Who may do what, when: facts in, decision out. Pure, so that every case is a line in a table of a test.

Webhooks and the sweep go through the same functions here: what was lost on the way is judged like what arrived.
"""

from bot.policy.consent import default_ci, is_asked, on_answer, on_approve, on_plain_comment
from bot.policy.decisions import (
    PUSH_ROLES,
    TRIAGE_ROLES,
    Approve,
    Ask,
    Decision,
    Grant,
    Hold,
    Ignore,
    Move,
    Person,
    Refuse,
    Resume,
    Start,
    Unwish,
    Why,
)
from bot.policy.spending import Purses, bounds, is_stopped_by_budget, on_grant, purse_for, still_broke
from bot.policy.steering import (
    LabelFacts,
    on_access_back,
    on_access_lost,
    on_blockers,
    on_cancel,
    on_closed,
    on_config_mended,
    on_gone,
    on_label,
    on_pause,
    on_pull_dropped,
    on_reopened,
    on_resume,
    on_unlabel,
)
from bot.policy.urgency import NORMAL_PRIORITY, is_priority, priority

__all__ = [
    "NORMAL_PRIORITY", "PUSH_ROLES", "TRIAGE_ROLES", "Approve", "Ask", "Decision", "Grant", "Hold", "Ignore",
    "LabelFacts", "Move", "Person", "Purses", "Refuse", "Resume", "Start", "Unwish", "Why", "bounds", "default_ci",
    "is_asked", "is_priority", "is_stopped_by_budget", "on_access_back", "on_access_lost", "on_answer",
    "on_approve", "on_blockers", "on_cancel", "on_closed", "on_config_mended", "on_gone", "on_grant", "on_label",
    "on_pause", "on_plain_comment", "on_pull_dropped", "on_reopened", "on_resume", "on_unlabel", "priority",
    "purse_for", "still_broke",
]  # fmt: skip
