"""What pdev tells a running agent: that its answer does not fit, or that a limit is near.

The same few things reach every agent, each in its own way: a line on its stdin, a turn of the conversation that it
resumes, a second prompt. `wire` and `words` are the two forms.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

Bound = Literal["usd", "tokens", "turns", "wall"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not fit: where (`findings[3].line`), what is there, what should be there.

    It quotes nothing of the answer, so it may be shown to people as well.
    """

    path: str
    what: str
    expected: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}, expected {self.expected}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer fits."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """The answer does not fit. `left`: how many more may follow; none: the run ends."""

    problems: tuple[Problem, ...]
    left: int


@dataclass(frozen=True, slots=True)
class NearLimit:
    """A bound is nearly used up; `left` in dollars, tokens, turns or seconds."""

    what: Bound
    left: float


Notice = Accepted | Invalid | NearLimit
Notify = Callable[[Notice], None]

_LEFT = {"usd": "{:.2f} US dollars", "tokens": "{:.0f} tokens", "turns": "{:.0f} turns", "wall": "{:.0f} seconds"}


def wire(notice: Notice) -> bytes:
    """For an agent that reads lines of JSON on its stdin: `accepted`, `invalid` or `near_limit`."""
    match notice:
        case Accepted():
            said: dict[str, object] = {"type": "accepted"}
        case Invalid(problems, left):
            said = {"type": "invalid", "errors": [asdict(one) for one in problems], "left": left}
        case NearLimit(what, left):
            said = {"type": "near_limit", "what": what, "left": left}
    return json.dumps(said).encode() + b"\n"


def words(notice: Notice) -> str:
    """For an agent that is spoken to: the text of its next turn; empty where there is nothing to do."""
    match notice:
        case Invalid(problems):
            listed = "\n".join(f"- {one}" for one in problems)
            return f"Your answer does not fit its schema:\n\n{listed}\n\nHand in the whole answer again, mended."
        case NearLimit(what, left):
            rest = _LEFT[what].format(left)
            return f"You have {rest} left. Bring the work into a state that can be kept and hand in your answer."
        case _:
            return ""
