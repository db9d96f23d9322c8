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
            r"\beyJ[A-Za-z0-9_-]{6,1000}\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}",
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
            # Model providers and other usual guests of a repository's environment.
            r"\bsk-[A-Za-z0-9_-]{16,}",
            r"\bglpat-[A-Za-z0-9_-]{16,}",
            r"\bxox[abeprs]-[A-Za-z0-9-]{10,}",
            r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
            r"\bAIza[A-Za-z0-9_-]{35}",
            r"\b[rs]k_live_[A-Za-z0-9]{20,}",
            r"\bnpm_[A-Za-z0-9]{36}",
            r"\bpypi-[A-Za-z0-9_-]{50,}",
        )
    ),
    re.DOTALL,
)
_HEADER = re.compile(
    r"""(?P<name>authorization['"\\]*\s*(?:[:=]\s*(?:b?['"\\]+)?|,\s*b?['"\\]+))"""
    r"""(?P<scheme>(?:bearer|token|basic)\s+)?[^\s'"\\,)}]+""",
    re.IGNORECASE,
)
_OPEN = re.compile(
    "|".join(
        (
            r"gh[opsur]_[A-Za-z0-9._-]*",
            r"github_pat_[A-Za-z0-9_]*",
            r"eyJ[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){0,2}",
            r"-----BEGIN [A-Z ]*-{0,5}",
            r"(?:sk|glpat|xox[abeprs])-[A-Za-z0-9_-]*",
            r"(?:AKIA|ASIA)[0-9A-Z]*",
            r"AIza[A-Za-z0-9_-]*",
            r"[rs]k_live_[A-Za-z0-9]*",
            r"(?:npm_|pypi-)[A-Za-z0-9_-]*",
            r"authorization['\"\\]*\s*(?:[:=,]\s*)?(?:b?['\"\\]+)?(?:[a-z]+\s*)?",
            r"[a-z][a-z0-9+.-]{0,20}://[^\s/@'\"]{0,256}(?::[^\s/@'\"]{0,256})?",
        )
    ).join(("(?:", r")\Z")),
    re.IGNORECASE,
)
"""Beginnings of the shapes above at the end of a text: what follows may make them whole."""
_MARKS = (
    "ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_", "eyJ", "-----BEGIN", "sk-", "glpat-", "xox", "AKIA",
    "ASIA", "AIza", "k_live_", "npm_", "pypi-",
)  # fmt: skip
"""One of these is in every text that holds one of the shapes; looking for them first is ten times as fast."""
_WINDOW = 4_096
_LEAST = 4
"""Fewer characters of a known secret give nothing away."""
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
        self._forms = tuple(longest_first)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        text = _SHAPES.sub(HIDDEN, text)
        text = _HEADER.sub(lambda found: f"{found['name']}{found['scheme'] or ''}{HIDDEN}", text)
        return _PASSWORD_IN_URL.sub(rf"\g<scheme>{HIDDEN}@", text)

    def spans(self, text: str, starts: Iterable[int] = ()) -> list[tuple[int, int]]:
        """Where secrets stand in the text, in order, none touching another.

        `starts`: where a piece of its own begins, although the text before it has no end there.
        """
        has_shapes = any(mark in text for mark in _MARKS)
        found = [match.span() for match in _SHAPES.finditer(text)] if has_shapes else []
        if self._known is not None:
            found += [match.span() for match in self._known.finditer(text)]
        for header in _HEADER.finditer(text):
            found.append((header.end("name" if header["scheme"] is None else "scheme"), header.end()))
        if "://" in text:
            found += [(url.end("scheme"), url.end() - 1) for url in _PASSWORD_IN_URL.finditer(text)]
        for start in starts if has_shapes else ():
            if match := _SHAPES.match(text[start : start + _WINDOW]):
                found.append((start, start + match.end()))
        return merged(found)

    def unfinished(self, text: str) -> int:
        """From where on a secret may go on behind the end of the text; its length where none does."""
        tail_at = max(0, len(text) - _WINDOW)
        tail = text[tail_at:]
        found = _OPEN.search(tail)
        begins = [found.start()] if found else []
        begins += [at for form in self._forms if (at := _beginning_at_end(form, tail)) is not None]
        return tail_at + min(begins, default=len(tail))


def _beginning_at_end(form: str, text: str) -> int | None:
    at = text.find(form[:_LEAST], max(0, len(text) - len(form) + 1))
    while at >= 0 and not form.startswith(text[at:]):
        at = text.find(form[:_LEAST], at + 1)
    return at if at >= 0 else None


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same places in order, those that touch as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
