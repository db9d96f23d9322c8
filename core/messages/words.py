"""Small turns of phrase that several messages share: durations, money, progress, and other people's words made safe."""

import re
from collections.abc import Iterable, Sequence

from core.repoconfig import PATH
from core.tasks import Finding, State, Task

_LOUD = re.compile(r"(@(?=\w)|#(?=\d)|\bGH-(?=\d)|/issues/(?=\d)|/pull/(?=\d))", re.IGNORECASE)
"""What GitHub turns into a mention or a reference."""
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")

_TICKS = re.compile("`+")
_MOST_TICKS = 30
CONFIG = f"`{PATH}`"

ICONS: dict[State, str] = {
    State.BLOCKED: "⛔",
    State.QUEUED: "⏳",
    State.RUNNING: "🚀",
    State.WAITING_INPUT: "✋",
    State.WAITING_CHECKS: "🔎",
    State.PAUSED: "⏸️",
    State.READY: "✅",
    State.MERGED: "🎉",
    State.COMPLETED: "☑️",
    State.FAILED: "❌",
    State.CANCELLED: "🚫",
}
_MARKS = {"open": "🔴", "reopened": "🔴", "fixed": "🟢"}
_ENDS = {"fixed": "fixed", "waived": "left as it is"}
_CLAIMED = "said to be fixed, to be run again"


def duration(ms: int) -> str:
    """`1h 2m 3s`; never less than `1s`, so that something that happened is never said to have taken no time."""
    seconds = max(1, round(ms / 1000))
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else "", f"{seconds}s" if seconds else ""]
    return " ".join(p for p in parts if p)


def worked(task: Task, now_ms: int) -> int:
    """Milliseconds that stages of the task have taken; waiting for people and for slots is none of them."""
    return sum((run.ended_ms or now_ms) - run.started_ms for run in task.stages)


def bar(percent: int) -> str:
    """Ten boxes and the number."""
    filled = percent // 10
    return f"`{'█' * filled}{'░' * (10 - filled)}` {percent} %"


def count(number: int, thing: str) -> str:
    """`1 finding`, `2 findings`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def issues(numbers: tuple[int, ...]) -> str:
    """`#3, #4 and #5`."""
    return listed([f"#{n}" for n in numbers])


def stage_name(task: Task) -> str:
    """`develop`; `review, round 2`."""
    return task.stage.value + (f", round {task.round}" if task.round > 1 else "")


def quote(text: str) -> str:
    """Somebody's words as a Markdown quotation."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines()) or ">"


def fence(text: str) -> str:
    """Backticks around a block of code: more than any row of them in the text, so nothing in it ends the block."""
    return "`" * max(3, 1 + max((len(ticks) for ticks in _TICKS.findall(text)), default=0))


def tame(text: str) -> str:
    """No row of backticks is longer than anybody writes, so that no fence takes the room of what it holds."""
    return _TICKS.sub(lambda found: found[0][:_MOST_TICKS], text)


def fenced(text: str) -> str:
    """Somebody's text as a block of code."""
    shown = tame(text.strip("\n"))
    return f"{fence(shown)}text\n{shown}\n{fence(shown)}"


def listed(names: Sequence[str], most: int = 0) -> str:
    """`a`, `a and b`, `a, b and c`; of more than `most` the first ones, and how many others there are."""
    shown = [*names[:most], f"{len(names) - most} more"] if 0 < most < len(names) else names
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)


def code(text: str, limit: int = 60) -> str:
    """Somebody's word, shown as code: it can neither format, mention nor hide anything."""
    short = " ".join(text.replace("`", "'").split())
    return f"`{short if len(short) <= limit else short[: limit - 1] + '…'}`"


def plain(text: str, limit: int = 2_000) -> str:
    """An agent's words, made safe to show: they mention nobody, close nothing, hide nothing, and end where they end.

    A mention notifies strangers, a closing keyword in a PR closes issues, an HTML comment could imitate our markers,
    and a code block or a fold left open would swallow what follows.
    """
    safe = _LOUD.sub("\\1\u200b", text.replace("<!--", "&lt;!--"))
    return _closed(safe if len(safe) <= limit else safe[: limit - 1] + "…")


def line(text: str, limit: int = 120) -> str:
    """As `plain`, on one line."""
    return plain(" ".join(text.split()), limit)


def _closed(text: str) -> str:
    fence = ""
    for one in text.split("\n"):
        if not (match := _FENCE.match(one)):
            continue
        if not fence:
            fence = match[1]
        elif match[1].startswith(fence) and not match[2].strip():
            fence = ""
    text = f"{text}\n{fence}" if fence else text
    return text + "\n\n</details>" * max(0, text.count("<details") - text.count("</details>"))


def finding(f: Finding, *, text_limit: int = 2_000, place: bool = True) -> str:
    """One finding as a paragraph; without its `place` where it stands at its line anyway."""
    lines = f"{f.line}-{f.end_line}" if f.end_line > f.line else f"{f.line}"
    where = f" in {code(f'{f.file}:{lines}' if f.line else f.file, 200)}" if f.file and place else ""
    text, note = plain(f.text, text_limit), ""
    if f.note:  # behind a code block it must not stand on the same line
        between = "\n\n" if "\n" in text else " — "
        note = f"{between}{_CLAIMED if f.is_claimed else _ENDS.get(f.state, 'not fixed')}: "
        note += plain(f.note, 500)
    again = ", reopened" if f.state == "reopened" else ""
    return f"{_MARKS.get(f.state, '⚪')} **{f.id}** ({f.severity}, {line(f.type, 64)}{again}){where}: {text}{note}"


def fitting(paragraphs: Iterable[str], limit: int, *, between: str = "\n\n") -> str:
    """As many whole paragraphs as `limit` characters hold, and how many are missing."""
    texts = list(paragraphs)
    kept: list[str] = []
    left = limit - 100
    for text in texts:
        left -= len(text) + 2
        if left < 0:
            kept.append(f"… and {len(texts) - len(kept)} more, too long to show here.")
            break
        kept.append(text)
    return between.join(kept)
