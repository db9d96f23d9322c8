"""Every sentence that a person reads: pure functions named after the situation, golden-tested.

One place for words means one tone, one way of naming things, and that each message can be checked for the two things
it must hold: what happened and the next step.
"""

from core.messages.answers import (
    CommandRow,
    Outcome,
    asks_about_pull,
    commands_page,
    gave_up,
    help_table,
    mistakes,
    not_yet,
    outcome,
    refusal,
    reply,
    reply_marker,
    status,
)

__all__ = [
    "CommandRow", "Outcome", "asks_about_pull", "commands_page", "gave_up", "help_table", "mistakes", "not_yet",
    "outcome", "refusal", "reply", "reply_marker", "status",
]  # fmt: skip
