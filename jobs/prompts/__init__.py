"""What each role is told: one template per role, strict about what it may name.

Text that people wrote stands between fences that no text can close, because the fence is longer than any run of the
fence's character inside it. Hidden text (HTML comments, zero-width and bidirectional characters) is removed first: a
reader of the issue never saw it, so no agent obeys it. Hidden comments have steered coding agents before ("Comment and
Control", 2026).
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2

from core.tasks import Stage, Task

MAX_BODY = 60_000
"""Characters of an issue body that enter a prompt; GitHub allows 65,536."""
MAX_DIFF = 200_000
"""Characters of a diff that enter a prompt."""

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("jobs", "prompts"),
    undefined=jinja2.StrictUndefined,
    autoescape=False,  # noqa: S701 - prompts are plain text, not HTML
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_HIDDEN = re.compile(
    r"<!--.*?(?:-->|\Z)|[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]", re.S
)


@dataclass(frozen=True, slots=True)
class Said:
    """A comment by a person with push rights."""

    author: str
    body: str


def visible(text: str, limit: int = MAX_BODY) -> str:
    """The text without what its readers cannot see, cut to `limit` characters."""
    shown = _HIDDEN.sub("", text)
    return shown if len(shown) <= limit else shown[:limit] + "\n(cut here by pdev)"


def prompt(task: Task, *, schema: dict[str, Any], diff: str = "", comments: Sequence[Said] = ()) -> str:
    """The prompt for the task's current stage."""
    diff = diff if len(diff) <= MAX_DIFF else diff[:MAX_DIFF] + "\n(cut here by pdev)"
    said = [Said(c.author, visible(c.body)) for c in comments]
    title, body = visible(task.trigger.title, 300), visible(task.trigger.body)
    # What `finalize` asks for is approval, of a person and not with words.
    asked = [visible(r.summary) for r in task.stages if r.outcome == "asked" and r.stage is not Stage.FINALIZE]
    return _TEMPLATES.get_template(f"{task.stage.value}.j2").render(
        task=task,
        title=title,
        body=body,
        comments=said,
        questions=asked,
        diff=diff,
        findings=task.findings,
        schema=json.dumps(schema, indent=2, sort_keys=True),
        fence=_fence([title, body, diff, *asked, *(c.body for c in said)]),
    )


def _fence(texts: Iterable[str]) -> str:
    longest = max((len(run) for text in texts for run in re.findall(r"~+", text)), default=0)
    return "~" * max(8, longest + 1)
