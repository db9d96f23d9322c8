"""Text without what its readers cannot see: nothing in it moves a cursor, hides, turns around or spells in secret.

Programs, agents and strangers write it, and it goes to prompts, records, comments and pages. Whoever reads it there
judges what can be seen, so nothing else may come along: one list for all places, so that none of them lags behind.
"""

import re

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*(?:[@-~]|\Z)"  # colours, cursor movements
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|\Z)"  # titles, links
    r"|[ -/]*[0-~]?)"
    r"|\x9b[0-?]*[ -/]*(?:[@-~]|\Z)"
)
_ENDS = re.compile(r"\r\n?|[\u0085\u2028\u2029\x0b\x0c]")
_OVERWRITTEN = re.compile(r"^[^\n]*\r(?=[^\n])", re.MULTILINE)
_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters; a terminal obeys some of them
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\ud800-\udfff"  # halves of characters, which cannot be written anywhere
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # tags and variation selectors, which spell whole texts unseen
    "]"
)


def visible_text(text: str, *, overwrite: bool = False) -> str:
    """Without escape sequences and characters that show nothing; line ends become `\\n`, tabs stay.

    `overwrite`: of a line that was written over, as by a progress bar, only its last state is left. Secrets are looked
    for afterwards: an escape sequence in the middle of a token would hide it from the search and vanish on the screen.
    """
    text = _ESCAPES.sub("", text)
    if overwrite:
        text = _OVERWRITTEN.sub("", text.replace("\r\n", "\n"))
    return _INVISIBLE.sub("", _ENDS.sub("\n", text))
