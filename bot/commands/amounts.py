"""Amounts of money and tokens as people write them. Pure.

Nobody looks up how a bot wants its numbers: `+5usd`, `$5`, `5 usd`, `+200ktokens` and `200000 tokens` all mean what
they say. What could mean two things (`200k`), takes away, or is beyond all measure is a mistake and no guess.
"""

import re
from decimal import Decimal

from core.repoconfig.model import MOST_TOKENS, MOST_USD

_NUMBER = r"(?P<number>\d{1,12}(?:\.\d{1,6})?)"
_DOLLARS = r"usd|\$|us\$|dollars?"
_TOKENS = r"(?P<scale>[km]?)[-_]?(?:tokens?|tok)"
_USD = re.compile(rf"\+?(?:(?:\$|us\$|usd){_NUMBER}|{_NUMBER.replace('number', 'bare')}(?:{_DOLLARS})?)", re.I | re.A)
_TOK = re.compile(rf"\+?{_NUMBER}{_TOKENS}", re.I | re.A)
_UNIT = re.compile(rf"{_DOLLARS}|{_TOKENS}", re.I | re.A)
_LOOKS = re.compile(r"[+-]?(?:\$|us\$|usd)?\.?\d", re.I | re.A)
_SCALE = {"": 1, "k": 1_000, "m": 1_000_000}


def is_amount(word: str) -> bool:
    """Whether somebody means this word as an amount, be it well written or not."""
    return bool(_LOOKS.match(word))


def is_unit(word: str) -> bool:
    """Whether it only names what is counted, and belongs to the number before."""
    return bool(_UNIT.fullmatch(word))


def amount(word: str) -> tuple[str, str] | None:
    """`("usd", "5.00")` or `("tokens", "200000")`; None for what is not understood or may not be granted."""
    if match := _USD.fullmatch(word):
        usd = Decimal(match["number"] or match["bare"])
        cents = usd.quantize(Decimal("0.01"))
        return ("usd", str(cents)) if usd == cents and 0 < usd <= MOST_USD else None
    if match := _TOK.fullmatch(word):
        tokens = Decimal(match["number"]) * _SCALE[match["scale"].lower()]
        return ("tokens", str(int(tokens))) if tokens == int(tokens) and 0 < tokens <= MOST_TOKENS else None
    return None
