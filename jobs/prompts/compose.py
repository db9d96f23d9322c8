"""A prompt, put together: the role's words, then everything else that pdev adds whatever those words are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from msgspec.structs import replace

from core.repoconfig import Config
from core.tasks import Finding, Gate, Stage, Task
from jobs.prompts.guidance import Guidance
from jobs.prompts.template import Facts, render
from jobs.prompts.text import cut, fence, one_line, visible

MAX_SAID = 60_000
"""Characters of all comments together; the newest come first to count."""
MAX_DIFF = 200_000
"""Characters of a diff that enter a prompt."""
MAX_FINDINGS = 60_000
"""Characters of all findings together."""
MAX_GATES = 30_000
"""Characters of what all gates said together."""
_MAX_TITLE, _MAX_QUESTION, _MAX_NOTE, _MAX_GATE = 300, 4_000, 1_000, 6_000
_MOST_QUESTIONS = 10
_MAX_COMMAND = 2_000

ROLES: Mapping[Stage, str] = {
    Stage.DEVELOP: "developer",
    Stage.REVIEW: "reviewer",
    Stage.CORRECT: "corrector",
    Stage.FINALIZE: "finalizer",
}
OVERRIDES = ".github/pdev/prompts"
"""Where a repository keeps role texts of its own: `developer.j2` is a template, `developer.md` is taken as it is."""

_FRAME = jinja2.Environment(
    loader=jinja2.PackageLoader("jobs", "prompts"),
    undefined=jinja2.StrictUndefined,
    autoescape=False,  # noqa: S701 - prompts are plain text, not HTML
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True, slots=True)
class Said:
    """A comment by a person with push rights."""

    author: str
    body: str


@dataclass(frozen=True, slots=True)
class Override:
    """A role's text that the repository has written itself."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Material:
    """What a prompt is made of besides the record. `verify`: the commands that pdev will run, as they are known."""

    schema: Mapping[str, Any]
    config: Config = field(default_factory=Config)
    diff: str = ""
    comments: Sequence[Said] = ()
    guidance: Sequence[Guidance] = ()
    verify: Sequence[str] = ()
    override: Override | None = None


@dataclass(frozen=True, slots=True)
class _Shown:
    """A gate's result as it is shown."""

    name: str
    outcome: str
    text: str


def prompt(task: Task, of: Material) -> str:
    """The prompt for the task's current stage. Raises BadTemplate for an override that cannot be used."""
    said, gates = _newest(of.comments), _checked(task.gates)
    findings = _listed(task)
    title, body = visible(task.trigger.title, _MAX_TITLE), visible(task.trigger.body)
    diff, questions = cut(of.diff, MAX_DIFF), _questions(task)
    fenced = [title, body, diff, *questions, *(c.body for c in said), *(g.text for g in of.guidance)]
    fenced += [text for f in findings for text in (f.type, f.file, f.text, f.note, f.replacement or "")]
    fenced += [text for gate in gates for text in (gate.name, gate.text)]
    return _FRAME.get_template("_frame.j2").render(
        task=task, role_text=_role_text(task, of).strip(), title=title, body=body, comments=said, questions=questions,
        guidance=of.guidance, gates=gates, findings=findings, open_only=task.stage is Stage.CORRECT,
        unlisted=len(_wanted(task)) - len(findings), diff=diff,
        schema=json.dumps(of.schema, indent=2, sort_keys=True), fence=fence(fenced),
    )  # fmt: skip


def _role_text(task: Task, of: Material) -> str:
    role = ROLES[task.stage]
    if of.override and of.override.path.endswith(".md"):
        return of.override.text
    path, source = (of.override.path, of.override.text) if of.override else (f"{role}.j2", _own(role))
    return render(path, source, facts(task, of), SHAPES)


@cache
def _own(role: str) -> str:
    return files("jobs.prompts").joinpath(f"{role}.j2").read_text(encoding="utf-8")


SHAPES: Mapping[str, frozenset[str]] = {
    "findings": frozenset({"id", "severity", "state", "round"}),
    "verify": frozenset(),
}
"""The lists that a template may go through, and the parts of their entries."""


def facts(task: Task, of: Material) -> Facts:
    """What a role's text may name. No stranger and no agent wrote any of it: it stands outside the fences."""
    last = task.last_run
    return {
        "role": ROLES[task.stage],
        "issue": task.issue,
        "repository": f"{task.owner_login}/{task.repo}",
        "branch": task.branch,
        "base": task.base,
        "round": task.round,
        "attempt": last.attempts if last else 1,
        "resumed": task.stage is Stage.DEVELOP and task.checkpoint_sha not in ("", task.start_sha),
        "mode": of.config.review.mode,
        "coverage": of.config.review.least_coverage,
        "verify": [one_line(command, _MAX_COMMAND) for command in of.verify],
        "findings": [{"id": f.id, "severity": f.severity, "state": f.state, "round": f.round} for f in task.findings],
    }


def _questions(task: Task) -> list[str]:
    # What `finalize` asks for is approval, of a person and not with words.
    asked = [run.summary for run in task.stages if run.outcome == "asked" and run.stage is not Stage.FINALIZE]
    return [visible(question, _MAX_QUESTION) for question in asked[-_MOST_QUESTIONS:]]


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


def _wanted(task: Task) -> list[Finding]:
    """The findings that matter to the stage's role; open ones first, they are what is left to do."""
    if task.stage is Stage.FINALIZE:
        return []
    wanted = [f for f in task.findings if f.is_open or task.stage is not Stage.CORRECT]
    return sorted(wanted, key=lambda f: not f.is_open)


def _listed(task: Task) -> list[Finding]:
    """Them in words that are safe to show, as many as fit."""
    kept: list[Finding] = []
    left = MAX_FINDINGS
    for found in _wanted(task):
        text, note = visible(found.text), visible(found.note, _MAX_NOTE)
        code = None if found.replacement is None else visible(found.replacement)
        left -= len(text) + len(note) + len(code or "")
        if left < 0:
            break
        kept.append(
            replace(found, text=text, note=note, replacement=code, file=one_line(found.file), type=one_line(found.type))
        )
    return kept


def _checked(gates: Sequence[Gate]) -> list[_Shown]:
    """What the gates said; of those that failed the most."""
    shown: list[_Shown] = []
    left = MAX_GATES
    for gate in sorted(gates, key=lambda gate: gate.outcome != "failed"):
        lines = [gate.summary, *(f"{n.path}:{n.line}: {n.text}" if n.line else f"{n.path} {n.text}".strip()
                                 for n in gate.notes)]  # fmt: skip
        more = f"… and {gate.more} more" if gate.more else ""
        text = visible("\n".join(line for line in (*lines, more) if line), min(_MAX_GATE, max(0, left)))
        left -= len(text)
        shown.append(_Shown(one_line(gate.name, 200), gate.outcome, text))
    return shown
