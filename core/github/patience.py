"""Whether a call is tried again, when, and when to stop.

A call that may have had its effect is not repeated because no answer came; what GitHub refused for a limit had none.
The wait is what GitHub asks for, else it grows; and a handler that people wait for gives up sooner than a worker.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tenacity import RetryCallState

from core.errors import BudgetSpent, GitHubAway, PdevError, RateLimited, SecondaryLimited, Transient
from core.github.budget import Kind
from core.github.calls import Call
from core.github.wire import NeverSent

_TRIES = 8
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_LAG_WAIT_S = 0.5


class TokenLag(Transient):
    """A 403 or 404 for a token so young that GitHub may not know it everywhere."""

    code = "TOKEN_LAG"

    def __init__(self, refusal: PdevError) -> None:
        super().__init__("GitHub may not know the new token yet.", retry_after=_LAG_WAIT_S)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one call may wait in all (`total_s`); `random` gives the jitter, from 0 to 1."""

    total_s: float
    random: Callable[[], float]

    def wait(self, state: RetryCallState) -> float:
        """Seconds until the next try: what GitHub asks for, else 0.5 to 2 s, doubled each time up to 30 s."""
        error = _error_of(state)
        jitter = self.random()
        if isinstance(error, Transient) and error.retry_after is not None:
            return error.retry_after + jitter / 2
        growing: float = _FIRST_WAIT_S * (1 + 3 * jitter) * 2 ** (state.attempt_number - 1)
        return min(growing, _LONGEST_WAIT_S)

    def is_over(self, state: RetryCallState) -> bool:
        waited = max(state.idle_for, state.seconds_since_start or 0)
        return state.attempt_number >= _TRIES or waited + state.upcoming_sleep > self.total_s


def may_try_again(state: RetryCallState, call: Call, budget: Kind) -> bool:
    """Whether the failed try had no effect, or one that may be repeated."""
    match _error_of(state):
        case TokenLag() | NeverSent() | RateLimited() | SecondaryLimited():
            return True
        case BudgetSpent():
            return budget != "progress"  # dropped: the next progress says more
        case GitHubAway():
            return call.repeatable
        case _:
            return False


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
