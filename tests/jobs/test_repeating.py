"""Which failures are tried again, how often, and what a spent budget does to a task. Pure."""

import pytest
from msgspec.structs import replace

from core.repoconfig import Config
from core.tasks import RETRIED, Exhausted, PausedBy, Reason, Scope, Stage, StageRun, State, Task, enter_stage, resumed
from jobs.pipeline import may_repeat, out_of_budget, repeat
from tests.core.test_budget import a_task

NOW = 1_000


def working(*retried: str) -> Task:
    run = StageRun(stage=Stage.DEVELOP, round=1, started_ms=1, retried=retried)
    return a_task(stages=(run,))


@pytest.mark.parametrize("reason", list(Reason))
def test_what_another_attempt_may_not_meet_is_tried_again(reason: Reason) -> None:
    wanted = {Reason.TIMEOUT, Reason.IDLE, Reason.AGENT_FAILED, Reason.BAD_OUTPUT}
    assert may_repeat(working(), reason, 1) is (reason in wanted)
    assert wanted == RETRIED


def test_as_often_as_its_stage_allows() -> None:
    task, tried = working(), 0
    while may_repeat(task, Reason.IDLE, 2):
        task, tried = enter_stage(repeat(task, Reason.IDLE, NOW), NOW), tried + 1
    assert (tried, task.stages[0].retried, task.stages[0].attempts) == (2, ("idle", "idle"), 3)
    assert not may_repeat(working(), Reason.IDLE, 0)
    assert not may_repeat(a_task(), Reason.IDLE, 9), "nothing has begun that could be repeated"


def test_the_seed_s_retries_and_clocks() -> None:
    limits = Config().limits
    found = {s.value: (getattr(limits, s.value).minutes, getattr(limits, s.value).retries) for s in Stage}
    assert found == {"develop": (40, 2), "review": (15, 1), "correct": (20, 3), "finalize": (10, 1)}
    assert limits.idle_minutes == 5


@pytest.mark.parametrize("scope", list(Scope))
def test_a_spent_budget_pauses_and_only_a_stage_gets_as_much_again(scope: Scope) -> None:
    gone = Exhausted(scope=scope, kind="usd", spent=2, cap=2)
    task = out_of_budget(working("idle"), gone, NOW)
    assert (task.state, task.paused_by, task.reason) == (State.PAUSED, PausedBy.BUDGET, Reason.BUDGET)
    assert (task.exhausted, task.stages[-1].outcome) == (gone, "paused")
    again = enter_stage(replace(resumed(task, NOW), state=State.RUNNING), NOW)
    assert again.stages[-1].allowed == (2 if scope is Scope.STAGE else 1)
    assert again.stages[-1].retried == ("idle",), "a pause is no new beginning"


def test_where_nothing_bounds_it() -> None:
    task = out_of_budget(working(), None, NOW)
    assert (task.state, task.paused_by, task.reason) == (State.PAUSED, PausedBy.BUDGET, Reason.NO_PRICE)
