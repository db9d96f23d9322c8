"""How far a task is, as comment and check run show it; and what of that is not worth a write at once."""

from msgspec.structs import replace

from core.messages.checks import checks
from core.messages.sticky import account, sticky
from core.tasks import Milestone, State, Task
from tests.golden import golden
from tests.messages.conftest import NOW

PLAN = (Milestone("find the cause", True), Milestone("mend it"), Milestone("thank @alice <!-- x -->\n### Done"))


def busy(task: Task) -> Task:
    return replace(task, milestones=PLAN, gates=())


def test_the_plan_is_a_checklist(at_work: Task) -> None:
    task = busy(at_work)
    summary = next(view.summary for view in checks(task) if view.name == "pdev / develop")
    golden("messages/progress", f"{sticky(task, NOW)}\n---\n\n{summary}\n")


def test_nothing_of_it_outlives_its_stage(at_work: Task) -> None:
    ended = replace(
        busy(at_work), state=State.PAUSED, stages=(replace(at_work.stages[0], outcome="paused", ended_ms=NOW),)
    )
    assert "mend it" not in sticky(ended, NOW)
    assert all("mend it" not in view.summary for view in checks(ended))


def test_progress_is_no_news(at_work: Task) -> None:
    """What the pace of a write is chosen by must not change while an agent works."""
    before = busy(at_work)
    after = replace(before, progress=77, activity="else", milestones=(*PLAN, Milestone("more")))
    assert account(before) == account(after)
    assert [v.digest() for v in checks(before, live=False)] == [v.digest() for v in checks(after, live=False)]
    assert [v.digest() for v in checks(before)] != [v.digest() for v in checks(after)]
