"""Other programs' output as plain text: nothing in it moves a cursor, hides, turns around, or is endless.

Cleaned before secrets are looked for: an escape sequence in the middle of a token would hide it from the search and
vanish on the screen.
"""

import re

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*(?:[@-~]|\Z)"  # colours, cursor movements
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|\Z)"  # titles, links
    r"|[ -/]*[0-~]?)"
    r"|\x9b[0-?]*[ -/]*(?:[@-~]|\Z)"
)
_ENDS = re.compile(r"\r\n?|[\u0085\u2028\u2029\x0b\x0c]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control characters, marks that turn the direction of text, what has no width, tags, halves of characters."""


def clean(text: str) -> str:
    """The text without escape sequences and unseen characters; line ends become `\\n`."""
    text = _ENDS.sub("\n", _ESCAPES.sub("", text))
    return _UNSEEN.sub("", text)


def clipped(text: str, limit: int) -> str:
    """At most about `limit` characters: beginning and end, and how much is missing between them."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half:,} characters are left out here …\n{text[-half:]}"
