"""Words around transcripts: the pages that show them, the links that lead there, and what a check run shows of them."""

from collections.abc import Iterable
from datetime import UTC, datetime

from core.messages import budget, words
from core.tasks import Task

SHOWN = 60 << 10
"""Bytes of a transcript in a check run's text; GitHub allows 65,535 characters."""
NAMES = {
    "prompt": "Prompt",
    "started": "Started",
    "text": "Agent",
    "tool_call": "Tool",
    "tool_result": "Result",
    "file_change": "File",
    "permission": "Permission",
    "usage": "Usage",
    "retry": "Retry",
    "error": "Error",
    "ended": "Answered",
    "progress": "Progress",
    "plan": "Plan",
    "end": "End",
    "lost": "Lost",
    "command": "Command",
    "output": "Output",
}
"""What a line of a transcript is called, by its kind."""
FOLDED = frozenset({"prompt", "tool_call", "tool_result", "usage", "end", "output"})
KINDS = {"agent": "agent", "gates": "gates", "setup": "set-up"}


def kind_name(kind: str) -> str:
    return NAMES.get(kind, kind.replace("_", " ").capitalize())


def prompt_title(prompt: str, digest: str) -> str:
    """What the agent was told, in one line."""
    return f"{len(prompt):,} characters, sha256 {digest[:12]}"


def end_title(status: str, *, turns: int, tokens: int, usd: float, seconds: float) -> str:
    """How a run ended and what it used."""
    facts = [status.replace("_", " ")]
    facts += [words.count(turns, "turn")] if turns else []
    facts += [f"{tokens:,} tokens"] if tokens else []
    facts += [budget.money(usd)] if usd else []
    return " · ".join([*facts, words.duration(round(seconds * 1000))])


def broken_off(why: str) -> str:
    """A run that did not end by itself; `why` is the name of what ended it."""
    known = {"OutOfBudget": "its budget is spent", "CancelledError": "its worker stopped it"}
    return f"ended from outside: {known.get(why, why)}"


def usage_title(into: int, out: int, total: int, usd: float, turns: int) -> str:
    """What was used since the line of this kind before."""
    facts = [f"{into:,} tokens in, {out:,} out" if total == into + out else f"{total:,} tokens"] if total else []
    facts += [words.count(turns, "turn")] if turns else []
    facts += [budget.money(usd)] if usd else []
    return " · ".join(facts)


def line(t: float, kind: str, title: str, body: str) -> str:
    """An entry as a line of plain text, its body indented below."""
    if kind == "lost":
        title = lost(title)
    head = " ".join(part for part in (f"{clock(t):>8}  {kind_name(kind)}:", title) if part)
    if not body:
        return head
    if not title and "\n" not in body:
        return f"{head} {body}"
    return "\n".join([head, *(f"          {one}" for one in body.splitlines())])


def clock(seconds: float) -> str:
    """`2:03`, `1:02:03`."""
    minutes, rest = divmod(int(max(0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(entries: int, raw: int) -> str:
    """`120 entries, 14 KB`."""
    shown = f"{raw / 1024:,.0f} KB" if raw < 1 << 20 else f"{raw / (1 << 20):,.1f} MB"
    return f"{_entries(entries)}, {shown}"


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{number:,} entries"


def lost(count: str) -> str:
    return f"{count} entries are missing: the store did not answer for a while, or they came too fast."


def gap(entries: int) -> str:
    were = "was" if entries == 1 else "were"
    return f"{_entries(entries)} in the middle {were} not kept: it grew too long."


def damaged(pieces: int) -> str:
    return f"{words.count(pieces, 'piece')} of this page cannot be read any more."


STOPPED = {
    "memory": "Recording stopped here: the store's memory was nearly used up. The agent went on.",
    "full": "Recording stopped here: all transcripts together had reached their cap. The agent went on; the operator "
    "can raise PDEV_TRANSCRIPTS_MB.",
}
AT_WORK = "It is being written. Load the page again to see more."
BROKEN_OFF = "It breaks off here: its worker was stopped or died. The next attempt has a transcript of its own."
NONE_YET = "No transcript yet. It begins with the first agent; load this page again then."
NONE_LEFT = "No transcript of it is kept now: they go some days after their task has settled."
OFF = "Transcripts are off here now, so nothing is shown. `/pdev logs` on the issue says how to switch them on."
EXPIRED_TITLE = "This link has run out"
EXPIRED = "Links to transcripts open for seven days. Write `/pdev logs` in a comment on the issue to get a new one."
NO_PAGE = "There is no such page. Write `/pdev logs` in a comment on the issue to get a link to its transcripts.\n"
HIDDEN_NOTE = "What looked like a secret reads [hidden]."


def made_room(count: int) -> str:
    return f"{words.count(count, 'earlier transcript')} made room for these."


def fact(link: str) -> str:
    """In the issue's comment."""
    return f"[Transcripts of its agents]({link})"


def check_text(lines: Iterable[str], link: str) -> str:
    """The end of a transcript as a check run's text: whole lines, at most `SHOWN` bytes, and nothing but text.

    Inside the fence nothing is formatted and nobody is mentioned; it is longer than any row of backticks within.
    """
    text = words.tame("\n".join(lines))
    fence = words.fence(text)
    whole = f" [The whole of it]({link}), for some days." if link else ""
    frame = f"The end of the agent's transcript.{whole}\n\n{fence}text\n%s\n{fence}\n"
    kept = _end(text, SHOWN - len(frame.encode()) - len(_CUT.encode()))
    return frame.replace("%s", kept, 1) if text else ""


_CUT = "…\n"


def _end(text: str, limit: int) -> str:
    """The last whole lines that fit into `limit` bytes; of one line that is too long, its end."""
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    tail = encoded[-limit:].decode(errors="ignore")
    _, newline, rest = tail.partition("\n")
    return _CUT + (rest if newline else tail)


def logs(task: Task, link: str, runs: int, until_ms: int) -> str:
    """The answer to `/pdev logs`."""
    if not runs:
        told = NONE_LEFT if task.stages else "Nothing is recorded yet: its first agent has not begun."
        return f"[Transcripts of #{task.issue}]({link}): {told[0].lower() + told[1:]}"
    day = datetime.fromtimestamp(until_ms / 1000, UTC)
    number = words.count(runs, "transcript")
    return (
        f"[Transcripts of #{task.issue}]({link}): {number} of its agents. Whoever has the link can read them until "
        f"{day:%d %B %Y}; `/pdev logs` gives a new one."
    )


def logs_off(task: Task) -> str:
    """Why there is no link: the configuration, or its default in public repositories."""
    why = "they are off in public repositories unless the repository asks for them"
    if task.options.transcripts is False:
        why = "the repository's configuration says `transcripts: false`"
    return (
        f"No transcripts of #{task.issue} are recorded: {why}. To have them from the next attempt on, write "
        f"`transcripts: true` into {words.CONFIG} on the default branch. Everybody who can read this repository "
        "can then read what agents say and do."
    )


def logs_no_address(task: Task) -> str:
    """pdev does not know where people reach it."""
    return (
        f"There is no link to the transcripts of #{task.issue}: pdev does not know how people reach its "
        "web process. Its operator can set PDEV_BASE_URL; the end of each transcript stands in the stage's check run."
    )
