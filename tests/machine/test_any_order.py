"""Whatever people, GitHub, agents and dying workers do to a task, in whatever order: what must hold, holds.

Everything that decides is the real thing: policy, moves, the pipeline's ends, the store on a real Valkey, the texts.
`python -m pytest tests/machine --hypothesis-profile=deep` looks for hours' worth of orders.
"""

from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.machine.loop import Loop
from tests.machine.purses import Spenders


class Anything(Spenders, Loop):
    """All of it."""


@pytest.mark.timeout(14_400)
def test_any_order_of_events(valkey_url: str) -> None:
    anything: Any = partial(Anything, valkey_url)
    run_state_machine_as_test(anything, settings=settings())
