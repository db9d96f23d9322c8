"""Other people's Markdown whose blocks end where the text ends.

A code block, a fold or a piece of HTML that is left open swallows all that follows it, our own words and markers too.
What closes it must be right in GitHub's eyes: a closing line where nothing is open opens a block itself. So only what
is beyond doubt stays a block: code between fences at the line's start with an empty line before it.
"""

import re

_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})(.*)")
_HELD = re.compile(r"([ \t>*+\-\d.)]*)(`{3,}|~{3,})(.*)")
"""A line that begins a code block in a list or a quotation, or at the line's start."""
_INFO = re.compile(r"[\w+#.][\w+#. -]{0,39}", re.ASCII)
_RAW = re.compile(r"<(?=[!?]|(?:pre|script|style|textarea)\b)", re.IGNORECASE)
"""What begins a piece of HTML that an empty line does not end, or that nobody sees."""
_FOLD = re.compile(r"<(/?)details\b", re.IGNORECASE)
_APART = "\u200b"


def closed(text: str) -> str:
    """The text with its code blocks and folds closed, no other HTML left open, and nothing to apply at a click."""
    lines: list[str] = []
    fence, indent, folds = "", 0, 0
    text = _RAW.sub(f"<{_APART}", text.replace("\r\n", "\n").replace("\r", "\n").replace("<!--", "&lt;!--"))
    for line in text.split("\n"):
        match = _FENCE.fullmatch(line)
        if fence:
            is_end = match and match[2].startswith(fence) and not match[3].strip(" \t")
            lines.append(match[2] if match and is_end else line[min(indent, len(line) - len(line.lstrip(" "))) :])
            fence = "" if is_end else fence
        elif match and not ("`" in match[3] and match[2][0] == "`"):
            is_apart = bool(lines) and not lines[-1].strip(" \t")  # the first line may stand behind words of ours
            lines += [*([] if is_apart else [""]), match[2] + _info(match[3])]
            fence, indent = match[2], len(match[1])
        else:
            held = _HELD.fullmatch(line)
            lines.append(held[1] + held[2] + _info(held[3]) if held and "`" not in held[3] else line)
            folds = max(0, folds + sum(-1 if fold[1] else 1 for fold in _FOLD.finditer(line)))
    return "\n".join([*lines, *([fence] if fence else []), *["\n</details>"] * folds])


def inline(text: str) -> str:
    """One line that begins no block, wherever it is put, and holds no HTML that stays open."""
    apart = _FOLD.sub(f"<{_APART}\\1details", _RAW.sub(f"<{_APART}", text.replace("<!--", "&lt;!--")))
    return f"{_APART}{apart}" if _FENCE.match(apart) else apart


def _info(said: str) -> str:
    """The language named behind a fence; `suggestion` is no language but an offer to change the file at a click."""
    info = said.strip(" \t")
    return info if _INFO.fullmatch(info) and not info.lower().startswith("suggestion") else ""
