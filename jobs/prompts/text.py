"""Other people's text on its way into a prompt: without what nobody can see, cut, and between fences it cannot close.

What a reader on GitHub does not see (HTML comments, link definitions used as comments, zero-width, bidirectional and
control characters) is removed: nobody has judged it, so no agent obeys it. Hidden comments have steered coding agents
before ("Comment and Control", 2026).
"""

import re
from collections.abc import Iterable

from core.visible import visible_text

MAX_BODY = 60_000
"""Characters of an issue body that enter a prompt; GitHub allows 65,536."""
CUT = "\n(cut here by pdev)"
_PASSES = 5
"""How often hidden text is looked for in what is left without it; each takes time that every agent beside it waits."""
_COMMENT = re.compile(r"<!--(?:.*?(?:--!?>|\Z))", re.S)
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]*\]:[ \t]*(?:#|<>)(?:[ \t].*)?$", re.M)


def visible(text: str, limit: int = MAX_BODY) -> str:
    """The text without what its readers cannot see, cut to `limit` characters."""
    shown, is_cut = _without_comments(visible_text(text))
    return shown if len(shown) <= limit and not is_cut else shown[:limit] + CUT


def one_line(text: str, limit: int = MAX_BODY) -> str:
    return " ".join(visible(text, limit).split())


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, and a word about it where there were more."""
    return text if len(text) <= limit else text[:limit] + CUT


def fence(texts: Iterable[str]) -> str:
    """A fence that none of the texts can close: longer than any run of its character in them."""
    longest = max((len(run) for text in texts for run in re.findall(r"~+", text)), default=0)
    return "~" * max(8, longest + 1)


def _without_comments(text: str) -> tuple[str, bool]:
    """The text without its HTML comments, and whether more than those was cut off.

    What is left of one may make a new one, and so on: a body of 64 KiB can be nested thousands deep. Nobody writes that
    to be read, so after `_PASSES` the rest goes.
    """
    for _ in range(_PASSES):
        without = _DEFINITION.sub("", _COMMENT.sub("", text))
        if without == text:
            return text, False
        text = without
    before, mark, _ = text.partition("<!--")
    return before, bool(mark)
