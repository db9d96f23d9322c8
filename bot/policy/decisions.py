"""What may be decided, why nothing is, and the person whose right it is: the words that every judgement shares."""

from dataclasses import dataclass
from enum import StrEnum

from core.tasks import Cost, PausedBy, Scope, State, Wish

PUSH_ROLES = frozenset({"write", "maintain", "admin"})
TRIAGE_ROLES = PUSH_ROLES | {"triage"}


class Why(StrEnum):
    """Why nothing is done; refusals among them are worded by `core/messages`, the others go to the log."""

    NO_PUSH_RIGHT = "no_push_right"
    NO_TRIAGE_RIGHT = "no_triage_right"
    CLOSED = "closed"
    IS_PULL = "is_pull"
    NO_ACCESS = "no_access"
    NOTHING_WAITS = "nothing_waits"
    NEWER_WAITS = "newer_waits"
    NEEDS_APPROVAL = "needs_approval"
    NO_QUESTION = "no_question"
    BUDGET = "budget"
    NO_FINDING = "no_finding"

    BOT = "a bot does not start work"
    LABEL_GONE = "the label was removed again"
    LABEL_BACK = "the label was set again"
    AT_WORK = "the task is already on its way"
    NO_TASK = "no task of pdev"
    SEEN = "this label was already found by the sweep"
    OVER = "the task has already ended"
    OWN = "pdev did it itself"
    OPEN_AGAIN = "the issue is open"
    STAYS = "the task stays as it is"


@dataclass(frozen=True, slots=True)
class Start:
    """Create the task; `ask` when a person should first say whether to."""

    ask: bool = False


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on with the task that there is; `afresh` from the beginning, because its last result is merged."""

    afresh: bool = False


@dataclass(frozen=True, slots=True)
class Approve:
    """Let the commit that waits reach the branch, and go on."""

    by: str


@dataclass(frozen=True, slots=True)
class Unwish:
    """Withdraw the request to stop that the worker has not obeyed yet."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Tell the worker that runs the task to stop."""

    wish: Wish
    reason: str


@dataclass(frozen=True, slots=True)
class Move:
    """Put the task into a state."""

    to: State
    reason: str = ""
    paused_by: PausedBy | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep a task paused that would have gone on by itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class Grant:
    """Let the task spend so much more, once for each `cause`; `resume` when that is enough to go on."""

    amount: Cost
    cause: str
    resume: bool
    still: Scope | None = None
    """Whose budget stops it all the same."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Do nothing and say why, once."""

    why: Why


@dataclass(frozen=True, slots=True)
class Ignore:
    """Do nothing."""

    why: Why


Decision = Start | Resume | Approve | Unwish | Ask | Move | Hold | Grant | Refuse | Ignore


@dataclass(frozen=True, slots=True)
class Person:
    """Who did something. `role`: GitHub's role, or the role a custom one is based on; "" when it was not read."""

    login: str
    is_bot: bool = False
    role: str = ""

    @property
    def may_push(self) -> bool:
        return not self.is_bot and self.role in PUSH_ROLES

    @property
    def may_triage(self) -> bool:
        return not self.is_bot and self.role in TRIAGE_ROLES
