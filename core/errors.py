"""The errors of pdev, sorted by who must act.

Whoever catches one has to know three things at once: whether to try again, whom to tell, and what that person should
do next. The class answers the first two, the sentence and the next step the third; nobody parses texts.

    PdevError
    ├── UserError                 the repository's people can mend it
    │   ├── BadReference          a text that names no repository or issue
    │   ├── NotFound              404, 410: it is gone, or the App cannot see it
    │   ├── Forbidden             403: the App lacks a permission
    │   ├── Refused               409, 422 …: GitHub understood and said no; `messages` holds its words
    │   └── InstallationSuspended somebody switched the installation off; nothing is tried until it is back
    ├── OperatorError             whoever runs pdev can mend it
    │   ├── BadSettings           the environment; every mistake at once
    │   ├── BadCredentials        401 for the App itself: wrong id, wrong key, or a clock that is off
    │   └── StrangeHost           an answer pointed our token at another host; it was not followed
    └── Transient                 nobody: try again after `retry_after` seconds
        ├── RateLimited           GitHub's hourly limit; `retry_at` says when it is over
        ├── SecondaryLimited      GitHub's limit on bursts and content
        ├── GitHubAway            5xx, no connection, or an answer that came too late
        ├── BudgetSpent           our own limit, kept below GitHub's
        └── StoreAway             Redis does not answer
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar


class Category(StrEnum):
    """Where the trouble sits: the seed's eight words, and two for the parts it did not have."""

    SYSTEM = "system"
    AGENT = "agent"
    GIT = "git"
    NETWORK = "network"
    STATE = "state"
    DEPENDENCY = "dependency"
    RESOURCE = "resource"
    VALIDATION = "validation"
    MODEL = "model"
    SANDBOX = "sandbox"


class Severity(StrEnum):
    """How bad it is: critical stops the system, high fails the task, medium is tried again, low is a warning."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class PdevError(Exception):
    """One thing that went wrong: a sentence, the next step, and the words that machines sort by."""

    code: str = "UNKNOWN"
    category: Category = Category.SYSTEM
    severity: Severity = Severity.MEDIUM
    usual_next_step: ClassVar[str] = ""

    def __init__(
        self,
        sentence: str,
        next_step: str = "",
        *,
        code: str | None = None,
        category: Category | None = None,
        severity: Severity | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.next_step = next_step or self.usual_next_step
        self.code = code or self.code
        self.category = category or self.category
        self.severity = severity or self.severity

    def __str__(self) -> str:
        return f"{self.sentence} {self.next_step}".rstrip()


class UserError(PdevError):
    """The people of the repository can mend it."""

    code = "USER"
    category = Category.VALIDATION
    severity = Severity.HIGH


class OperatorError(PdevError):
    """Whoever runs pdev can mend it."""

    code = "OPERATOR"
    category = Category.DEPENDENCY
    severity = Severity.CRITICAL


class Transient(PdevError):
    """Nobody has to act: it goes away by itself."""

    code = "TRANSIENT"
    category = Category.NETWORK
    severity = Severity.MEDIUM
    usual_next_step = "pdev tries again by itself."

    def __init__(
        self,
        sentence: str,
        next_step: str = "",
        *,
        retry_after: float | None = None,
        code: str | None = None,
        category: Category | None = None,
        severity: Severity | None = None,
    ) -> None:
        """`retry_after`: seconds before another try makes sense; None when nobody knows."""
        super().__init__(sentence, next_step, code=code, category=category, severity=severity)
        self.retry_after = retry_after


class BadReference(UserError):
    """A text that names no repository or issue."""

    code = "BAD_REFERENCE"


class NotFound(UserError):
    """GitHub answered 404 or 410: it is gone, or the App cannot see it."""

    code = "NOT_FOUND"
    category = Category.DEPENDENCY
    usual_next_step = "Check that it still exists and that the App is installed on this repository."


class Forbidden(UserError):
    """GitHub answered 403 and it is no limit: the App lacks a permission."""

    code = "FORBIDDEN"
    category = Category.DEPENDENCY
    usual_next_step = "Accept the App's permissions on the installation's page, or see `pdev doctor`."


class Refused(UserError):
    """GitHub understood the request and said no.

    `status`: the HTTP status (usually 422); `messages`: GitHub's own words, one per problem.
    """

    code = "REFUSED"
    category = Category.DEPENDENCY

    def __init__(self, sentence: str, next_step: str = "", *, status: int = 422, messages: Sequence[str] = ()) -> None:
        super().__init__(sentence, next_step)
        self.status = status
        self.messages = tuple(messages)

    def says(self, words: str) -> bool:
        """Whether GitHub used these words (case does not matter)."""
        return any(words.lower() in message.lower() for message in self.messages)


class InstallationSuspended(UserError):
    """Somebody suspended the installation; its tasks wait until it is back."""

    code = "INSTALLATION_SUSPENDED"
    category = Category.DEPENDENCY
    usual_next_step = "Unsuspend the App on the installation's page; its tasks then go on by themselves."


class BadSettings(OperatorError):
    """The environment holds mistakes; `problems` holds all of them, one sentence with its next step each."""

    code = "BAD_SETTINGS"
    category = Category.VALIDATION

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = "One setting is" if len(self.problems) == 1 else f"{len(self.problems)} settings are"
        listed = "".join(f"\n  - {problem}" for problem in self.problems)
        super().__init__(f"{count} wrong:{listed}\n", "All settings are described in docs/settings.md.")


class BadCredentials(OperatorError):
    """GitHub does not accept the App's own credentials."""

    code = "BAD_CREDENTIALS"
    usual_next_step = "Check APP_ID, PRIVATE_KEY and the machine's clock; `pdev doctor` shows what GitHub said."


class StrangeHost(OperatorError):
    """An answer pointed to another host than the API's; our token was not sent there."""

    code = "STRANGE_HOST"
    category = Category.NETWORK
    usual_next_step = "Check GITHUB_API_URL."


class RateLimited(Transient):
    """GitHub's hourly limit is used up; `retry_at` is the end of it in Unix seconds."""

    code = "RATE_LIMITED"
    category = Category.RESOURCE

    def __init__(self, sentence: str, *, retry_at: float, retry_after: float) -> None:
        super().__init__(sentence, retry_after=retry_after)
        self.retry_at = retry_at


class SecondaryLimited(Transient):
    """GitHub's limit on bursts, concurrency or content creation."""

    code = "SECONDARY_LIMITED"
    category = Category.RESOURCE


class GitHubAway(Transient):
    """GitHub answered 5xx, did not answer in time, or could not be reached."""

    code = "GITHUB_AWAY"


class BudgetSpent(Transient):
    """Our own write budget of an installation, which stays below GitHub's limit, is used up."""

    code = "BUDGET_SPENT"
    category = Category.RESOURCE
    severity = Severity.LOW


class StoreAway(Transient):
    """Redis does not answer."""

    code = "STORE_AWAY"
    category = Category.STATE
    severity = Severity.HIGH
