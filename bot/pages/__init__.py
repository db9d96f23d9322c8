"""The pages of the web process: what this is, where a task stands, what its agents said and did.

They are plain: no script, nothing loaded from elsewhere, readable on a phone and by night. All that stands on them is
text of others and is escaped.
"""

from bot.pages.home import Pages
from bot.pages.transcripts import TranscriptPages

__all__ = ["Pages", "TranscriptPages"]
