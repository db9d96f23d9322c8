"""What the bot answers, read as people read it."""

from collections.abc import Callable

import pytest

from bot.commands import CommandError, Mistake, help_rows, parse
from bot.handlers.comments import told
from bot.policy import Refuse, Why
from core import messages
from core.messages import Outcome, deliveries
from core.tasks import Needs, PausedBy, Stage, State, Task, Wish
from tests.golden import golden

NewTask = Callable[..., Task]


def test_help() -> None:
    golden("answers/help", messages.reply("comment:1", [messages.help_table(help_rows())]))


def test_mistakes() -> None:
    text = (
        "/pdev cancle\n/pdev run --dry-rum -m\n/pdev resume all `x` <!-- @everyone -->\n/pdev priority\n"
        "/pdev pause now\n/pdev budget -5usd\n/pdev run -r strickt\n" + "/pdev pause\n" * 9
    )
    errors = [error for error in parse(text) if isinstance(error, CommandError)]
    assert {error.mistake for error in errors} == set(Mistake)
    lines = [messages.mistake(e.mistake.value, e.line, e.word, e.near, e.usage) for e in errors]
    golden("answers/mistakes", messages.mistakes(lines))


def test_outcomes() -> None:
    details = {"blocked": "#3 and #4 are", "resumed": "review, round 2", "already": "cancelled", "done": "paused"}
    details |= {"approved": "`1a2b3c4`", "nothing_waits": "running", "no_question": "running"}
    codes = (
        "cancelled", "cancelling", "paused", "pausing", "resumed", "kept", "blocked", "done", "already", "overtaken",
        "no_task", "nothing", "closed", "no_access", "approved", "nothing_waits", "newer_waits", "needs_approval",
        "no_question",
    )  # fmt: skip
    golden("answers/outcomes", "\n".join(messages.outcome(Outcome(code, 7, details.get(code, ""))) for code in codes))


def test_refusals() -> None:
    said = [
        messages.refusal("no_push_right", person="triager", role="triage"),
        messages.refusal("no_push_right", person="stranger", role="none", what="do `/pdev cancel`"),
        messages.refusal("no_triage_right", person="reader", role="read"),
        messages.refusal("closed"),
        messages.refusal("is_pull"),
        messages.refusal("no_access"),
    ]
    golden("answers/refusals", "\n\n".join(said))


@pytest.mark.parametrize("why", [why for why in Why if why.name == why.value.upper()])
def test_every_refusal_has_words(why: Why, new_task: NewTask) -> None:
    of_a_command = {
        Why.NOTHING_WAITS, Why.NEWER_WAITS, Why.NEEDS_APPROVAL, Why.NO_QUESTION, Why.NO_FINDING, Why.BUDGET,
    }  # fmt: skip
    if why not in of_a_command:
        assert messages.refusal(why.value, person="alice", role="read")
    if why in {Why.CLOSED, Why.NO_ACCESS} | of_a_command:
        assert messages.outcome(told(Refuse(why), new_task()))


def test_status(new_task: NewTask) -> None:
    tasks = [
        new_task(issue=3, state=State.BLOCKED, blockers=(1, 2)),
        new_task(issue=4, state=State.QUEUED),
        new_task(issue=5, state=State.RUNNING, stage=Stage.REVIEW, round=2, progress=50, pr=12),
        new_task(issue=6, state=State.WAITING_INPUT, needs=Needs.ANSWER, stage=Stage.CORRECT),
        new_task(issue=8, state=State.PAUSED, paused_by=PausedBy.INSTALLATION),
        new_task(issue=9, state=State.READY, stage=Stage.FINALIZE, pr=13),
    ]
    golden("answers/status", messages.status(tasks) + "\n\n---\n\n" + messages.status([]))


def test_state_names(new_task: NewTask) -> None:
    assert messages.state_name(new_task(state=State.RUNNING, wish=Wish.CANCEL)) == "being cancelled"
    assert messages.state_name(new_task(state=State.RUNNING, wish=Wish.PAUSE)) == "being paused"
    assert all(messages.state_name(new_task(state=state)) for state in State)


def test_the_rest() -> None:
    said = [
        messages.not_yet("/pdev explain"),
        messages.asks_about_pull([(12, "alice")]),
        messages.asks_about_pull([(12, "alice"), (14, "bob")]),
        messages.text_was_fixed("maintainer"),
        messages.gave_up("72d3162e-cc78-11e3-81ab-4c9367dc0958"),
    ]
    golden("answers/rest", "\n\n".join(said))


def test_answers_to_deliveries() -> None:
    said = [
        deliveries.PONG, deliveries.ACCEPTED, deliveries.DUPLICATE, deliveries.TOO_LARGE, deliveries.TOO_SLOW,
        deliveries.NO_SIGNATURE, deliveries.BAD_SIGNATURE, deliveries.FORM, deliveries.NOT_JSON, deliveries.BROKEN,
        deliveries.FULL, deliveries.UNWRITTEN, deliveries.bad_header("X-GitHub-Event"),
        deliveries.unexpected_shape("issues", "Object missing required field `installation`"),
        deliveries.unowned("star", "created"), deliveries.unowned("push", "", "the branch belongs to no task"),
        deliveries.READY, deliveries.NOT_READY,
    ]  # fmt: skip
    golden("answers/deliveries", "\n\n".join(said))


def test_nobody_can_speak_through_us() -> None:
    """A person's word in an answer mentions nobody, opens no code block and hides nothing."""
    line = messages.mistake("unknown_command", 1, "`@org/team` <!-- pdev:reply:x --> \n# big " + "x" * 500, "", "")
    assert "\n" not in line
    assert line.count("`") == 2
    assert len(line) < 120
