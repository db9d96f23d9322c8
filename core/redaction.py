"""Taking secrets out of text that leaves the process: log lines, transcripts, error reports.

Wrapping our own secrets is not enough: a library's exception repeats a header, an agent prints its environment, a
person pastes a key into an issue. So everything of the known shapes goes, and every value we know to be secret.
"""

import json
import re
from collections.abc import Iterable

HIDDEN = "[hidden]"
# Shorter values would take ordinary words out of the text.
_SHORTEST = 6
_SHAPES = re.compile(
    "|".join(
        (
            # GitHub's tokens; since 2026 those of installations hold a JWT: some 520 characters with dots.
            r"\bgh[opsur]_[A-Za-z0-9._-]{16,}",
            r"\bgithub_pat_[A-Za-z0-9_]{16,}",
            r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}",
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
            # Model providers and other usual guests of a repository's environment.
            r"\bsk-[A-Za-z0-9_-]{16,}",
            r"\bglpat-[A-Za-z0-9_-]{16,}",
            r"\bxox[abeprs]-[A-Za-z0-9-]{10,}",
            r"\bAKIA[0-9A-Z]{16}\b",
        )
    ),
    re.DOTALL,
)
_HEADER = re.compile(
    r"""(?P<name>authorization['"\\]*\s*(?:[:=]\s*(?:b?['"\\]+)?|,\s*b?['"\\]+))"""
    r"""(?P<scheme>(?:bearer|token|basic)\s+)?[^\s'"\\,)}]+""",
    re.IGNORECASE,
)
_PASSWORD_IN_URL = re.compile(
    r"(?P<scheme>\b[a-z][a-z0-9+.-]{0,20}://)[^\s/@'\"]{0,256}:[^\s/@'\"]{1,256}@", re.IGNORECASE
)


class Redactor:
    """Replaces what is secret by `[hidden]`. Safe to call on any text, any number of times."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """`secrets`: values that are known to be secret, whatever their shape; those under 6 characters are ignored."""
        forms = {form for value in secrets for form in (value, value.strip())}
        # A value also stands in JSON and in a repr, even in one inside the other, with quotes and line ends escaped.
        for _ in range(2):
            forms |= {escaped for form in forms for escaped in (json.dumps(form)[1:-1], repr(form)[1:-1])}
        longest_first = sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        text = _SHAPES.sub(HIDDEN, text)
        text = _HEADER.sub(lambda found: f"{found['name']}{found['scheme'] or ''}{HIDDEN}", text)
        return _PASSWORD_IN_URL.sub(rf"\g<scheme>{HIDDEN}@", text)
