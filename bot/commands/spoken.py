"""Which lines of a comment its author says, and which it only shows.

People paste logs, quote each other and document commands. A `/pdev cancel` in a code block, a quotation or a hidden
HTML comment is shown, not said, and must do nothing.
"""

import re

_FENCE = re.compile(r"^ {0,3}(?:(?:[-*+]|\d{1,9}[.)]) {1,4})?(?P<mark>`{3,}|~{3,})(?P<info>.*)$")
_NEWLINE = re.compile(r"\r\n|\n|\r")
_TICKS = re.compile(r"`+")


def spoken(text: str) -> list[tuple[str, bool]]:
    """Each line of a Markdown text, and whether its first character is said rather than shown."""
    lines = _NEWLINE.split(text)
    said = _outside_blocks(lines)
    for start, end in _paragraphs(lines, said):
        for shown in _inside_code_spans(lines[start:end]):
            said[start + shown] = False
    return list(zip(lines, said, strict=True))


def _outside_blocks(lines: list[str]) -> list[bool]:
    """False for fenced and indented code, quotations, and what an HTML comment hides."""
    said: list[bool] = []
    fence, hidden = "", False
    for line in lines:
        if fence:
            said.append(False)
            bare = line.strip()
            if bare.startswith(fence) and not bare.strip(fence[0]):
                fence = ""
        elif hidden:
            said.append(False)
            hidden = "-->" not in line
        elif (match := _FENCE.match(line)) and not (match["mark"][0] == "`" and "`" in match["info"]):
            said.append(False)
            fence = match["mark"]
        else:
            said.append(not line.startswith(("    ", "\t")) and not line.lstrip(" ").startswith((">", "<!--")))
            hidden = "-->" not in line.rpartition("<!--")[2] if "<!--" in line else False
    return said


def _paragraphs(lines: list[str], said: list[bool]) -> list[tuple[int, int]]:
    """Runs of said lines without a blank one between them: as far as a code span can reach."""
    found: list[tuple[int, int]] = []
    start: int | None = None
    for number, line in enumerate([*lines, ""]):
        inside = number < len(said) and said[number] and bool(line.strip())
        if inside and start is None:
            start = number
        elif not inside and start is not None:
            found.append((start, number))
            start = None
    return found


def _inside_code_spans(lines: list[str]) -> set[int]:
    """Lines whose beginning lies between backticks that an earlier line opened and that are closed again.

    Each run of backticks is closed by the next run of the same length; looking that up keeps a comment full of
    backticks from costing quadratic time.
    """
    runs = [(number, len(match[0])) for number, line in enumerate(lines) for match in _TICKS.finditer(line)]
    later: dict[int, list[int]] = {}
    for index in range(len(runs) - 1, -1, -1):
        later.setdefault(runs[index][1], []).append(index)
    shown: set[int] = set()
    index = 0
    while index < len(runs):
        line, length = runs[index]
        same = later[length]
        while same and same[-1] <= index:
            same.pop()
        if same:
            index = same[-1]
            shown.update(range(line + 1, runs[index][0] + 1))
        index += 1
    return shown
