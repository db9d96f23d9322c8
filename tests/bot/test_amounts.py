"""Amounts as people write them: read as they are meant, or named as a mistake."""

import pytest

from bot.commands import Command, CommandError, Mistake, parse


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("+5usd", {"usd": "5.00"}), ("5", {"usd": "5.00"}), ("$5", {"usd": "5.00"}), ("+$5", {"usd": "5.00"}),
        ("5$", {"usd": "5.00"}), ("+5 USD", {"usd": "5.00"}), ("5 dollars", {"usd": "5.00"}),
        ("+2.5usd", {"usd": "2.50"}), ("+10000usd", {"usd": "10000.00"}), ("+200ktokens", {"tokens": "200000"}),
        ("200000 tokens", {"tokens": "200000"}), ("+2Mtokens", {"tokens": "2000000"}),
        ("+1.5ktokens", {"tokens": "1500"}), ("1 token", {"tokens": "1"}),
        ("+5usd +200ktokens", {"usd": "5.00", "tokens": "200000"}), ("+5usd, 10k tokens", {"usd": "5.00",
                                                                                          "tokens": "10000"}),
    ],
)  # fmt: skip
def test_what_is_meant(written: str, meant: dict[str, str]) -> None:
    (command,) = parse(f"/pdev budget {written}")
    assert isinstance(command, Command)
    assert command.options == meant


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("+0usd", "+0usd"), ("-5usd", "-5usd"), ("-5", "-5"), ("+1e9usd", "+1e9usd"), ("+5eur", "+5eur"),
        ("200k", "200k"), ("five", "five"), ("+0.001usd", "+0.001usd"), ("+10001usd", "+10001usd"),
        ("+20000000000tokens", "+20000000000tokens"), ("+0.5tokens", "+0.5tokens"), ("+5usd +6usd", "+6usd"),
        ("+5,000usd", "000usd"), ("+5usd please", "please"), ("+٥usd", "+٥usd"), ("99999999999999999999", "9" * 20),
        ("usd", "usd"), ("+$5tokens", "+$5tokens"),
    ],
)  # fmt: skip
def test_what_is_a_mistake(written: str, word: str) -> None:
    found = parse(f"/pdev budget {written}")
    assert all(isinstance(one, CommandError) for one in found)
    assert [(one.mistake, one.word) for one in found if isinstance(one, CommandError)] == [(Mistake.BAD_AMOUNT, word)]


def test_nothing_is_a_mistake_too() -> None:
    (found,) = parse("/pdev budget")
    assert isinstance(found, CommandError)
    assert found.mistake is Mistake.MISSING
