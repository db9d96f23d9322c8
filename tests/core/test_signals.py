"""A signal is something to wait for, and only for as long as somebody does."""

import asyncio
import os
import signal

import pytest

from core.signals import told_to_end


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_is_told_and_ends_nothing(signum: signal.Signals) -> None:
    with told_to_end() as told:
        assert not told.is_set()
        os.kill(os.getpid(), signum)
        await asyncio.wait_for(told.wait(), 10)


async def test_afterwards_signals_do_what_they_did_before() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with told_to_end():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
