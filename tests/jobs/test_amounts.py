"""What agents report to have used is added up, whatever they call a number."""

from math import inf, nan

import pytest

from jobs.agents import Usage, amounts
from jobs.agents.scripted import translate

ODD: list[tuple[object, float]] = [
    (1.5, 1.5), (3, 3), (0, 0), (-1, 0), (-inf, 0), (nan, 0), (inf, amounts.MOST_USD), (10**400, amounts.MOST_USD),
    (-(10**400), 0), (True, 0), (None, 0), ("7", 0), ([], 0),
]  # fmt: skip


@pytest.mark.parametrize(("said", "counts"), ODD)
def test_dollars(said: object, counts: float) -> None:
    assert amounts.dollars(said) == counts


@pytest.mark.parametrize(
    ("said", "counts"), [*ODD[3:6], (inf, amounts.MOST), (10**400, amounts.MOST), (2.9, 2), (True, 0)]
)
def test_tokens_and_turns(said: object, counts: int) -> None:
    assert amounts.many(said) == counts


def test_usage() -> None:
    odd = Usage(input=nan, output=-5, cache_read=10**400, cache_write=7)  # type: ignore[arg-type]
    assert amounts.used(odd).total == amounts.MOST + 7


@pytest.mark.parametrize(
    "odd", ["NaN", "Infinity", "-Infinity", "1e400", "-1", "true", "null", '"7"', "[]", "1" * 400, "1" * 5_000, "1e9e9"]
)
@pytest.mark.parametrize("field", ["usd", "tokens_in", "tokens_out", "turns"])
def test_a_line_with_an_odd_amount_is_only_words(odd: str, field: str) -> None:
    heard = translate(f'{{"type": "usage", "{field}": {odd}}}')
    assert (heard.kind, heard.usage.total, heard.usd, heard.turns) == ("text", 0, 0.0, 0)


@pytest.mark.parametrize("line", ['{"type":"text","data":' + "[" * 100_000, '{"type":"plan","data":' + '{"a":' * 5_000])
def test_a_line_too_deep_to_read_is_only_words(line: str) -> None:
    assert translate(line).kind == "text"
