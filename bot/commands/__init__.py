"""Slash commands: from the text of a comment to commands and mistakes. Pure.

One table says which commands there are. The parser reads it, `/pdev help` and `docs/commands.md` are printed from it,
and the handlers ask it who may use what, so the four can never tell different stories.
"""

from bot.commands.parser import Command, CommandError, Mistake, parse
from bot.commands.table import TABLE, Right, Spec, Takes, help_rows, usage

__all__ = ["TABLE", "Command", "CommandError", "Mistake", "Right", "Spec", "Takes", "help_rows", "parse", "usage"]
