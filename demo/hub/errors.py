"""How GitHub says no. Raised anywhere below a route; the server turns them into GitHub's JSON, once."""

from collections.abc import Mapping, Sequence
from typing import Any

DOCUMENTATION = "https://docs.github.com/rest"


class GitHubError(Exception):
    """An answer that is a refusal: HTTP status, GitHub's words, and the list under `errors` where GitHub sends one."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: Sequence[Mapping[str, Any] | str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {message}" + (f" {list(errors)}" if errors else ""))
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "message": self.message,
            "documentation_url": DOCUMENTATION,
            "status": str(self.status),
        }
        if self.errors is not None:
            answer["errors"] = list(self.errors)
        return answer


def not_found() -> GitHubError:
    """Also what GitHub says where saying 403 would tell that something private exists."""
    return GitHubError(404, "Not Found")


def gone(message: str = "This issue was deleted") -> GitHubError:
    return GitHubError(410, message)


def unauthorized(message: str = "Bad credentials") -> GitHubError:
    return GitHubError(401, message)


def forbidden(message: str = "Must have admin rights to Repository.") -> GitHubError:
    return GitHubError(403, message)


def not_for_integrations(accepted: str = "") -> GitHubError:
    """A permission the App was not granted (or the token was narrowed below)."""
    headers = {"X-Accepted-GitHub-Permissions": accepted} if accepted else None
    return GitHubError(403, "Resource not accessible by integration", headers=headers)


def conflict(message: str) -> GitHubError:
    return GitHubError(409, message)


def unprocessable(message: str) -> GitHubError:
    """422 with words only."""
    return GitHubError(422, message)


def validation(resource: str, field: str, code: str, message: str | None = None) -> GitHubError:
    """422 "Validation Failed" about one field; `code`: missing, missing_field, invalid, already_exists, custom."""
    problem = {"resource": resource, "field": field, "code": code}
    return GitHubError(422, "Validation Failed", [problem | ({"message": message} if message else {})])


def too_long(resource: str, field: str, limit: int) -> GitHubError:
    """422 for a text above `limit` characters ("Body is too long (maximum is 65536 characters)")."""
    words = f"{field} is too long (maximum is {limit} characters)"
    return validation(resource, field, "custom", words)
