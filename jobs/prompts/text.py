"""Other people's text on its way into a prompt: without what nobody can see, cut, and between fences it cannot close.

What a reader on GitHub does not see (HTML comments, instructions and declarations, link definitions that no link uses,
links' titles, zero-width, bidirectional and control characters) is removed: nobody has judged it, so no agent obeys it.
Hidden comments have steered coding agents before ("Comment and Control", 2026).
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
_NO_ENDS = re.compile("[\\u0085\\u2028\\u2029\\x0b\\x0c]")
"""What ends no line in Markdown: taken for an end, it would make code of what a browser hides."""
_HELD = r"^[ \t>*+\-\d.)]*"
"""The beginning of a line, within lists and quotations too."""
_CODE = (
    r"(?P<code>(?:\A|(?<=\n\n))(?P<run>`{3,}|~{3,})(?:[^`\n]|(?<=~)`)*\n(?:.*?\n)?? {0,3}(?:(?P=run)[`~]*[ \t]*$|\Z))"
)
_OPENS = (
    rf"(?P<block>{_HELD})<(?:\?|![A-Za-z]|!\[CDATA\[)[^>]*(?:>|\Z)"
    rf"|<(?:\?|![A-Za-z]|!\[CDATA\[)(?:[^>\n]|\n(?![ \t]*$|{_HELD[1:]}<[?!]))*(?P<end>>?)"
)
_MARK = re.compile(_OPENS, re.M | re.S)
_CODE_OR_MARK = re.compile(f"{_CODE}|{_OPENS}", re.M | re.S)
"""HTML's instructions and declarations: nobody sees what stands in them. At a line's start they need no end. In a code
block everybody sees them, and PHP and XML begin with one."""
_RAW = re.compile(r"<(?:pre|script|style|textarea)\b", re.I)
"""Behind one of these what looks like a code block may be none."""
_DEFINITION = re.compile(
    rf"(?P<held>{_HELD})\[(?!\^)(?P<label>(?:\\.|[^\[\]\\]){{1,999}})\]:[ \t]*\n?[ \t]*(?P<to><[^<>\n]*>|[^\s<]\S*)"
    r"(?:(?:[ \t]+|[ \t]*\n[ \t]*)(?:\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\((?:\\.|[^()\\])*\)))?[ \t]*$",
    re.M | re.S,
)
_USE = re.compile(r"\[((?:\\.|[^\[\]\\]){1,999})\](?!:)", re.S)
_TITLE = re.compile(r"(\]\([^\s()]{1,2000})[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*')[ \t]*\)")


def visible(text: str, limit: int = MAX_BODY) -> str:
    """The text without what its readers cannot see, cut to `limit` characters."""
    shown, is_cut = _without_comments(visible_text(_NO_ENDS.sub(" ", text)))
    return shown if len(shown) <= limit and not is_cut else shown[:limit] + CUT


def legible(text: str, limit: int = MAX_BODY) -> str:
    """Code, which is shown as it is: only what no editor shows is gone."""
    return cut(visible_text(text), limit)


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
        without = _without_definitions(_without_marks(_COMMENT.sub("", text)))
        if without == text:
            return text, False
        text = without
    before, mark, _ = text.partition("<!--")
    return before, bool(mark)


def _without_marks(text: str) -> str:
    def seen(match: re.Match[str]) -> str:
        found = match.groupdict()
        if found["block"] is not None:
            return match["block"]
        return "" if found["end"] else match[0]

    return (_MARK if _RAW.search(text) else _CODE_OR_MARK).sub(seen, text)


def _without_definitions(text: str) -> str:
    """The text with the definitions of those links only that it uses, and no link's title: that shows at the mouse."""
    used = {" ".join(found[1].casefold().split()) for found in _USE.finditer(text)}

    def seen(match: re.Match[str]) -> str:
        is_used = " ".join(match["label"].casefold().split()) in used and match["to"] != "#" and match["to"][0] != "<"
        return f"{match['held']}[{match['label']}]: {match['to']}" if is_used else match["held"].rstrip(" \t")

    return _TITLE.sub(r"\1)", _DEFINITION.sub(seen, text))
