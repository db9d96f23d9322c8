"""Amounts as agents report them, on the way into sums that bound, stop and charge: numbers, and of a sensible size.

A report is a stranger's text. What is no number, or no amount (NaN, infinity, less than nothing), counts as nothing,
and what is beyond any price counts as the most: the sum still tells that far too much was used.
"""

from math import isnan

from jobs.agents.contract import Usage

MOST_USD = 10_000.0
MOST = 10**9
"""What one report may say; as many as a run's output has room for still add up to what a record can hold."""


def dollars(value: object) -> float:
    """US dollars from 0 to `MOST_USD`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or isnan(_small(value)):
        return 0.0
    return float(min(MOST_USD, max(0.0, _small(value))))


def many(value: object) -> int:
    """Tokens or turns, from 0 to `MOST`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or isnan(_small(value)):
        return 0
    return int(min(MOST, max(0, _small(value))))


def used(usage: Usage) -> Usage:
    """The same with amounts that can be added up."""
    return Usage(many(usage.input), many(usage.output), many(usage.cache_read), many(usage.cache_write))


def _small(value: float) -> float:
    """An integer of a thousand digits is no float, but can be compared with one."""
    return value if isinstance(value, float) else float(min(2 * MOST, max(-1, value)))
