"""Every sentence that a person reads: pure functions named after the situation, golden-tested.

One place for words means one tone, one way of naming things, and that each message can be checked for the two things
it must hold: what happened and the next step.
"""

from core.messages.answers import (
    LABEL_COLOR,
    LABEL_DESCRIPTION,
    CommandRow,
    Outcome,
    asks_about_pull,
    commands_page,
    gave_up,
    help_table,
    mistake,
    mistakes,
    not_yet,
    outcome,
    refusal,
    reply,
    reply_marker,
    state_name,
    status,
    task_line,
    text_was_fixed,
)
from core.messages.words import issues

__all__ = [
    "LABEL_COLOR", "LABEL_DESCRIPTION", "CommandRow", "Outcome", "asks_about_pull", "commands_page", "gave_up",
    "help_table", "issues", "mistake", "mistakes", "not_yet", "outcome", "progress", "refusal", "reply", "reply_marker",
    "state_name", "status", "task_line", "text_was_fixed",
]  # fmt: skip
