"""What a refusal of GitHub means for us.

gidgethub raises one class for 401, 403, 404, 409 and 429, sees a limit only where the hour is used up, and fails with
a bare ValueError on a status it does not know (520). Whether to wait, whom to tell or to go on depends on telling
these apart, so it is decided here: pure, from status, headers and body.
"""

import json
from collections.abc import Mapping
from typing import Any

from core.errors import (
    BadCredentials,
    Forbidden,
    GitHubAway,
    InstallationSuspended,
    NotFound,
    PdevError,
    RateLimited,
    Refused,
    SecondaryLimited,
)

# GitHub's documentation: without retry-after, wait at least one minute.
SECONDARY_WAIT_S = 60.0
_LONGEST_WORDS = 300


def problem_of(status: int, headers: Mapping[str, str], body: bytes, *, what: str, now_s: float) -> PdevError:
    """The error for an answer that is none of 200, 201, 202, 204 and 304.

    `what` names the call, `now_s` is the time in Unix seconds, header names are in lower case.
    """
    answer = _answer(body)
    words = _words(answer)
    said = f" GitHub said: {words}" if words else ""
    if status in (403, 429):
        return _limit(status, headers, words, now_s) or _forbidden(what, words)
    if status == 401:
        return BadCredentials(f"GitHub does not accept our credentials for {what}.{said}")
    if status in (404, 410):
        return NotFound(f"{what} was not found on GitHub.")
    if status == 408 or status >= 500:
        retry_after = _seconds(headers.get("retry-after"))
        return GitHubAway(f"GitHub answered {status} to {what}.", retry_after=retry_after)
    return Refused(f"GitHub refused {what} ({status}).{said}", status=status, messages=_messages(answer))


def query_problem(errors: list[dict[str, Any]], *, what: str) -> PdevError:
    """The error for a GraphQL answer with status 200 that holds `errors`."""
    kinds = {str(error.get("type", "")) for error in errors}
    messages = [str(error.get("message", "")) for error in errors]
    if "RATE_LIMITED" in kinds:
        return SecondaryLimited(f"GitHub limits {what}.", retry_after=SECONDARY_WAIT_S)
    if "NOT_FOUND" in kinds:
        return NotFound(f"{what} was not found on GitHub.")
    if kinds & {"FORBIDDEN", "INSUFFICIENT_SCOPES"}:
        return Forbidden(f"The App may not do this on GitHub: {what}. GitHub said: {_short('; '.join(messages))}")
    return Refused(f"GitHub refused {what}. GitHub said: {_short('; '.join(messages))}", status=200, messages=messages)


def _limit(status: int, headers: Mapping[str, str], words: str, now_s: float) -> PdevError | None:
    lower = words.lower()
    retry_after = _seconds(headers.get("retry-after"))
    is_secondary = "secondary rate limit" in lower or "abuse detection" in lower
    if headers.get("x-ratelimit-remaining") == "0" and not is_secondary:
        reset = _seconds(headers.get("x-ratelimit-reset")) or now_s + SECONDARY_WAIT_S
        wait = max(reset - now_s, retry_after or 0, 1)
        return RateLimited("GitHub's hourly limit is used up.", retry_at=now_s + wait, retry_after=wait)
    if is_secondary or retry_after is not None or status == 429 or "rate limit" in lower:
        wait = SECONDARY_WAIT_S if retry_after is None else retry_after
        return SecondaryLimited("GitHub asks us to slow down.", retry_after=wait)
    return None


def _forbidden(what: str, words: str) -> PdevError:
    if "suspended" in words.lower():
        return InstallationSuspended("The App's installation is suspended.")
    return Forbidden(f"The App may not do this on GitHub: {what}. GitHub said: {words or 'nothing'}")


def _answer(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _words(answer: Mapping[str, Any]) -> str:
    return _short("; ".join(_messages(answer)))


def _messages(answer: Mapping[str, Any]) -> list[str]:
    """GitHub's `message`, then one text per entry of `errors`, which may be texts, objects or one text."""
    messages = [str(answer["message"])] if answer.get("message") else []
    errors = answer.get("errors") or []
    for error in [errors] if isinstance(errors, str) else errors:
        if isinstance(error, dict):
            parts = (error.get("message"), error.get("resource"), error.get("field"), error.get("code"))
            messages.append(" ".join(str(part) for part in parts if part))
        else:
            messages.append(str(error))
    return messages


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_WORDS else text[: _LONGEST_WORDS - 1] + "…"


def _seconds(value: str | None) -> float | None:
    try:
        return None if value is None else max(float(value), 0.0)
    except ValueError:
        return None
