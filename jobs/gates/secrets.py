"""Shapes of secrets. What has one of them never leaves the machine in a commit.

The lists of secret scanners are long and noisy; these are the shapes that are certain enough to act on without asking
anybody, above all the tokens that are near an agent's work.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

# Line ends, also those of a quoted string, and the headers of an encrypted key. Everything is bounded: what is looked
# at may be written so that each beginning is followed to the end of the file.
_PEM_BEGIN = rb"-----BEGIN (?:[A-Z0-9]{1,20} ){0,5}PRIVATE KEY(?: BLOCK)?-----"
_PEM_SPACE = rb"(?:\\[nr]|[\s\"'+,]){0,100}"
_PEM_GAP = _PEM_SPACE + rb"(?:[A-Za-z-]{1,40}: [^\n]{0,200}\n" + _PEM_SPACE + rb"){0,8}"
_B = rb"(?<![A-Za-z0-9_-])"

# GitHub installation tokens are about 520 characters since 2026-04, with dots and underscores.
_SHAPES: tuple[tuple[str, bytes], ...] = (
    ("GitHub token", _B + rb"gh[opsur]_[A-Za-z0-9_.\-]{20,}"),
    ("GitHub token", _B + rb"github_pat_[A-Za-z0-9_]{22,}"),
    ("model key", _B + rb"sk-[A-Za-z0-9_\-]{20,}"),
    ("AWS key", _B + rb"(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Za-z])"),
    ("Google key", _B + rb"AIza[0-9A-Za-z_\-]{35}"),
    ("Slack token", _B + rb"xox[abeoprs]-[A-Za-z0-9-]{12,}"),
    ("Stripe key", _B + rb"[rs]k_live_[0-9A-Za-z]{20,}"),
    ("GitLab token", _B + rb"glpat-[A-Za-z0-9_\-]{20,}"),
    ("npm token", _B + rb"npm_[A-Za-z0-9]{36}"),
    ("PyPI token", _B + rb"pypi-[A-Za-z0-9_\-]{50,}"),
    (
        "private key",
        rb"-----BEGIN (?:[A-Z0-9]{1,20} ){0,5}PRIVATE KEY(?: BLOCK)?-----" + _PEM_GAP + rb"[A-Za-z0-9+/=]{40,}",
    ),
)
_COMPILED = tuple((name, re.compile(shape)) for name, shape in _SHAPES)
_PLACEHOLDER_VARIETY = 8  # `ghp_xxxxxxxxxxxxxxxx` in a README is no secret
_PART = 12  # characters of a known secret that count as it: one attack dropped seven to pass a scanner


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret's shape at a line (from 1); `text` stays in here, never in a report."""

    what: str
    line: int
    text: bytes


def leaks(data: bytes, known: Iterable[str] = ()) -> tuple[Leak, ...]:
    """The secrets in `data`, in the order of their lines; `known` are secrets of this run, in any common disguise."""
    plain = data.replace(b"\0", b"")  # also UTF-16
    found = [
        (match.start(), what, match.group())
        for what, shape in _COMPILED
        for match in shape.finditer(plain)
        if len(set(match.group())) >= _PLACEHOLDER_VARIETY and _is_random(what, match.group())
    ]
    found += [
        (at, "secret of this run", form)
        for secret in known
        for form in _disguises(secret)
        if (at := plain.find(form)) >= 0
    ]
    return tuple(_at_lines(plain, found))


def _at_lines(data: bytes, found: Iterable[tuple[int, str, bytes]]) -> Iterator[Leak]:
    """In their order; line ends are counted once, however much was found."""
    line, seen = 1, 0
    for at, what, text in sorted(found, key=lambda one: one[0]):
        line += data.count(b"\n", seen, at)
        seen = at
        yield Leak(what, line, text)


def _is_random(what: str, text: bytes) -> bool:
    """`sk-` also begins ordinary words of style sheets: a key has digits and capitals too."""
    return what != "model key" or bool(re.search(rb"[0-9]", text) and re.search(rb"[A-Z]", text))


def _disguises(secret: str) -> set[bytes]:
    """The secret's parts as they are, reversed, in hexadecimal, quoted, and in all three alignments of base64."""
    raw = secret.encode()
    if len(raw) < _PART:
        return set()
    forms = {raw[at : at + _PART] for at in range(0, len(raw) - _PART + 1)}
    forms |= {form[::-1] for form in set(forms)} | {raw.hex().encode(), quote(secret, safe="").encode()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        forms.add(encoded[4 if shift else 0 : -4])
    return {form for form in forms if len(form) >= _PART}
