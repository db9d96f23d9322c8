"""What the repository's default branch tells the agents: guidance for everybody, and role texts of its own.

Both are read from the cache as the default branch has them, never from the task's branch or its worktree: there an
agent, or whoever pushed to that branch, could have written new orders.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.messages.prompts import broken_override
from core.tasks import ROLES, Reason
from jobs.prompts import FILES, OVERRIDES, BadTemplate, Guidance, Mistake, Override, guidance
from jobs.prompts.template import MAX_SOURCE
from jobs.stops import GaveUp

if TYPE_CHECKING:
    from jobs.bench import Bench

_MAX_FILE = 1 << 20
"""Bytes of a file that are read at all."""


@dataclass(slots=True)
class Guide:
    """What an attempt has read, so that it is read once."""

    branch: str = ""
    verify: tuple[str, ...] = ()
    """The commands that pdev will verify the work with, as they are known before there is any."""
    guidance: tuple[Guidance, ...] = ()
    overrides: dict[str, bytes] = field(default_factory=dict)


async def read_guide(bench: Bench) -> Guide:
    """Read the default branch, as it was fetched for this attempt; guidance as it was when the task began."""
    guide = bench.guide
    if guide.branch:
        return guide
    default = bench.default_branch
    tip = await bench.mirror.fetched(f"refs/heads/{default}")
    if tip is None:
        return guide
    begun = bench.task.base_sha if bench.task.base == default else tip
    texts = await bench.mirror.files(begun or tip, [path for path, _ in FILES], cap=_MAX_FILE)
    names = [f"{OVERRIDES}/{role}.{end}" for role in ROLES.values() for end in ("j2", "md")]
    guide.guidance = guidance({path: data.decode("utf-8", "replace") for path, data in texts.items()})
    guide.overrides = dict(await bench.mirror.files(tip, names, cap=_MAX_FILE))
    guide.branch = default
    return guide


def override(guide: Guide, role: str) -> Override | None:
    """The repository's own text for this role, if it has one. Raises BadTemplate when it cannot be used."""
    found = [path for end in ("j2", "md") if (path := f"{OVERRIDES}/{role}.{end}") in guide.overrides]
    if not found:
        return None
    path = found[0]
    if len(found) > 1:
        raise BadTemplate(path, (Mistake(1, f"{role}.md is there as well; keep one of the two"),))
    try:
        text = guide.overrides[path].decode("utf-8")
    except UnicodeDecodeError as error:
        line = guide.overrides[path][: error.start].count(b"\n") + 1
        raise BadTemplate(path, (Mistake(line, "it is not UTF-8"),)) from error
    if len(text) > MAX_SOURCE:
        raise BadTemplate(path, (Mistake(1, f"it has more than {MAX_SOURCE:,} characters"),))
    if not text.strip():
        raise BadTemplate(path, (Mistake(1, "it is empty"),))
    return Override(path, text)


def refused(guide: Guide, bad: BadTemplate) -> GaveUp:
    """The stop that says what is wrong with a role's text, and where to mend it."""
    mistakes = [(one.line, one.what) for one in bad.mistakes]
    return GaveUp(Reason.SETUP, broken_override(bad.path, guide.branch, mistakes))
