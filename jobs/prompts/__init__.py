"""What each role is told: one template per role, strict about what it may name.

Text that people or agents wrote stands between fences that no text can close, because the fence is longer than any run
of the fence's character inside it. What a reader on GitHub does not see (HTML comments, link definitions used as
comments, zero-width, bidirectional and control characters) is removed first: nobody has judged it, so no agent obeys
it. Hidden comments have steered coding agents before ("Comment and Control", 2026).
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
from msgspec.structs import replace

from core.tasks import Finding, Stage, Task

MAX_BODY = 60_000
"""Characters of an issue body that enter a prompt; GitHub allows 65,536."""
MAX_SAID = 60_000
"""Characters of all comments together; the newest come first to count."""
MAX_DIFF = 200_000
"""Characters of a diff that enter a prompt."""
MAX_FINDINGS = 60_000
"""Characters of all findings together."""
_MAX_TITLE, _MAX_QUESTION = 300, 4_000
_CUT = "\n(cut here by pdev)"

_PASSES = 5
"""How often hidden text is looked for in what is left without it; each takes time that every agent beside it waits."""

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("jobs", "prompts"),
    undefined=jinja2.StrictUndefined,
    autoescape=False,  # noqa: S701 - prompts are plain text, not HTML
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_COMMENT = re.compile(r"<!--(?:.*?(?:--!?>|\Z))", re.S)
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]*\]:[ \t]*(?:#|<>)(?:[ \t].*)?$", re.M)
_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters; a terminal obeys some of them
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # tags and variation selectors, which spell whole texts unseen
    "]"
)


@dataclass(frozen=True, slots=True)
class Said:
    """A comment by a person with push rights."""

    author: str
    body: str


def visible(text: str, limit: int = MAX_BODY) -> str:
    """The text without what its readers cannot see, cut to `limit` characters."""
    shown = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    shown, cut = _without_comments(shown)
    return shown if len(shown) <= limit and not cut else shown[:limit] + _CUT


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


def prompt(task: Task, *, schema: dict[str, Any], diff: str = "", comments: Sequence[Said] = ()) -> str:
    """The prompt for the task's current stage."""
    diff = diff if len(diff) <= MAX_DIFF else diff[:MAX_DIFF] + _CUT
    said, findings = _newest(comments), _listed(task.findings)
    title, body = visible(task.trigger.title, _MAX_TITLE), visible(task.trigger.body)
    # What `finalize` asks for is approval, of a person and not with words.
    asked = [r.summary for r in task.stages if r.outcome == "asked" and r.stage is not Stage.FINALIZE]
    questions = [visible(question, _MAX_QUESTION) for question in asked]
    fenced = [title, body, diff, *questions, *(c.body for c in said), *(f.text for f in findings)]
    return _TEMPLATES.get_template(f"{task.stage.value}.j2").render(
        task=task,
        title=title,
        body=body,
        comments=said,
        questions=questions,
        diff=diff,
        findings=findings,
        schema=json.dumps(schema, indent=2, sort_keys=True),
        fence=_fence(fenced),
    )


def _newest(comments: Sequence[Said]) -> list[Said]:
    """As many of the newest comments as fit, in their order."""
    kept: list[Said] = []
    left = MAX_SAID
    for comment in reversed(comments):
        body = visible(comment.body)
        left -= len(body)
        if left < 0:
            break
        kept.append(Said(comment.author, body))
    return kept[::-1]


def _listed(findings: Sequence[Finding]) -> list[Finding]:
    """The findings in words that are safe to show, as many as fit; open ones first, they are what is left to do."""
    kept: list[Finding] = []
    left = MAX_FINDINGS
    for found in sorted(findings, key=lambda f: not f.is_open):
        text = visible(found.text)
        left -= len(text)
        if left < 0:
            break
        kept.append(replace(found, text=text, file=_one_line(found.file), type=_one_line(found.type)))
    return kept


def _one_line(text: str) -> str:
    return " ".join(visible(text).split())


def _fence(texts: Iterable[str]) -> str:
    longest = max((len(run) for text in texts for run in re.findall(r"~+", text)), default=0)
    return "~" * max(8, longest + 1)
