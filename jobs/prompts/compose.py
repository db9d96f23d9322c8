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
from core.tasks import ROLES, Finding, Gate, Stage, Task, gravity
from jobs.prompts.guidance import Guidance
from jobs.prompts.template import Facts, render
from jobs.prompts.text import cut, fence, one_line, visible

MAX_SAID = 60_000
"""Characters of all comments together; the newest come first to count."""
_LEAST_SAID = 200
"""Less of a comment tells nobody what it is about."""
MAX_DIFF = 200_000
"""Characters of a diff that enter a prompt."""
MAX_FINDINGS = 60_000
"""Characters of all findings together."""
_SHORT = 90
"""Characters of a finding's text for which there is room in any case: the 600 of a full ledger are all named."""
MAX_GATES = 30_000
"""Characters of what all gates said together."""
_MAX_TITLE, _MAX_QUESTION, _MAX_NOTE, _MAX_GATE = 300, 4_000, 1_000, 6_000
_MOST_QUESTIONS = 10
_MAX_WORD, _MOST_WORDS = 2_000, 6
_MAX_COMMAND = 2_000

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
    said, gates, findings = _newest(of.comments), _checked(task.gates), _listed(task)
    title, body = visible(task.trigger.title, _MAX_TITLE), visible(task.trigger.body)
    diff, questions, told = cut(of.diff, MAX_DIFF), _questions(task), _told(task)
    fenced = [title, body, diff, *questions, *(c.body for c in said), *(g.text for g in of.guidance)]
    fenced += [text for f in findings for text in (f.type, f.file, f.text, f.note, f.replacement or "")]
    fenced += [text for gate in gates for text in (gate.name, gate.text)]
    fenced += [one.text for one in told]
    return _FRAME.get_template("_frame.j2").render(
        task=task, role_text=_role_text(task, of).strip(), title=title, body=body, comments=said, questions=questions,
        older=len(of.comments) - len(said),
        guidance=of.guidance, gates=gates, findings=findings, open_only=task.stage is Stage.CORRECT,
        diff=diff, told=told,
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


@dataclass(frozen=True, slots=True)
class _Told:
    """What an agent has said of its own work, under a title of ours."""

    title: str
    text: str


def _told(task: Task) -> list[_Told]:
    """What those who changed something say that they tested and noticed, for those who judge it; the newest rounds."""
    if task.stage not in {Stage.REVIEW, Stage.FINALIZE}:
        return []
    told = [
        _Told(f"{ROLES[run.stage]}, round {run.round}: {what}", visible(text, _MAX_WORD))
        for run in task.stages
        for what, text in (("what was tested", run.tested), ("notes", run.notes))
        if text and run.stage in {Stage.DEVELOP, Stage.CORRECT}
    ]
    return told[-_MOST_WORDS:]


def _newest(comments: Sequence[Said]) -> list[Said]:
    """As many of the newest comments as fit, in their order; the oldest of them is cut to what room is left."""
    kept: list[Said] = []
    left = MAX_SAID
    for comment in reversed(comments):
        if left < _LEAST_SAID:
            break
        body = visible(comment.body, left)
        left -= len(body)
        kept.append(Said(comment.author, body))
    return kept[::-1]


def _wanted(task: Task) -> list[Finding]:
    """The findings that matter to the stage's role; open ones first, they are what is left to do, the gravest first."""
    if task.stage is Stage.FINALIZE:
        return []
    wanted = [f for f in task.findings if f.is_open or task.stage is not Stage.CORRECT]
    return sorted(wanted, key=lambda f: (not f.is_open, gravity(f)))


def _listed(task: Task) -> list[Finding]:
    """Them in words that are safe to show: whole as long as there is room, then in short, so that none is missing."""
    wanted = _wanted(task)
    left = MAX_FINDINGS
    shown: list[Finding] = []
    for after, found in zip(range(len(wanted) - 1, -1, -1), wanted, strict=True):
        room = max(_SHORT, left - after * _SHORT)
        text, note = visible(found.text, room), visible(found.note, _MAX_NOTE)
        code = None if found.replacement is None else visible(found.replacement)
        if len(text) + len(note) + len(code or "") > room:
            note, code = "", None
        left -= len(text) + len(note) + len(code or "")
        shown.append(
            replace(found, text=text, note=note, replacement=code, file=one_line(found.file), type=one_line(found.type))
        )
    return shown


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
