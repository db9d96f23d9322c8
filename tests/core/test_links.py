"""Links that open one task's page for some days, and nothing else ever."""

import pytest

from core.clock import ShiftedClock
from core.links import Expired, Forged, Links
from core.secret import Secret

DAY_MS = 86_400_000
NOON = 1_800_000_000_000 // DAY_MS * DAY_MS + DAY_MS // 2
LINKS = Links("https://pdev.example/below", Secret("s" * 32))
PREFIX = "https://pdev.example/below/t/"


def token(task_id: str = "1-7", now_ms: int = NOON) -> str:
    link = LINKS.to(task_id, now_ms)
    assert link.startswith(PREFIX)
    return link.removeprefix(PREFIX)


def test_a_link_opens_its_page_for_seven_days_at_least() -> None:
    for later in (0, 7 * DAY_MS, 7 * DAY_MS + DAY_MS // 2 - 1):
        assert LINKS.task_of(token(), NOON + later) == "1-7"
    for later in (7 * DAY_MS + DAY_MS // 2, 400 * DAY_MS):
        with pytest.raises(Expired):
            LINKS.task_of(token(), NOON + later)
    assert LINKS.until_ms(NOON) == NOON + 7 * DAY_MS + DAY_MS // 2


def test_it_is_the_same_all_day_and_another_tomorrow() -> None:
    start = NOON - DAY_MS // 2
    assert token(now_ms=start) == token(now_ms=start + DAY_MS - 1)
    assert token(now_ms=start) != token(now_ms=start + DAY_MS)


def changed(text: str, at: int) -> str:
    return text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]


def test_no_character_of_it_may_be_another() -> None:
    real = token()
    for at in range(len(real)):
        with pytest.raises(Forged):
            LINKS.task_of(changed(real, at), NOON)


@pytest.mark.parametrize(
    "text",
    [
        "", "1-7", "1-7.20000", "1-7.20000.", "x", "..", "1-7.20000." + "A" * 43, "1-7.020000." + "A" * 43,
        "1-7.99999999999999." + "A" * 43, "１-7.20000." + "A" * 43, "1-7.20000." + "A" * 43 + "\n", "a" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_link_of_ours(text: str) -> None:
    with pytest.raises(Forged):
        LINKS.task_of(text, NOON)


def test_zeros_before_a_number_and_another_tail_are_no_link() -> None:
    task, day, mac = token().split(".")
    for text in (f"{task}.0{day}.{mac}", f"0{task}.{day}.{mac}", f"{task}.{day}.{mac}x", f" {task}.{day}.{mac}"):
        with pytest.raises(Forged):
            LINKS.task_of(text, NOON)


def test_a_link_of_another_deployment_opens_nothing() -> None:
    with pytest.raises(Forged):
        Links("https://pdev.example", Secret("t" * 32)).task_of(token(), NOON)


def test_a_link_to_one_task_opens_no_other() -> None:
    _, day, mac = token("1-7").split(".")
    with pytest.raises(Forged):
        LINKS.task_of(f"1-8.{day}.{mac}", NOON)


def test_without_an_address_or_a_secret_there_is_none(clock: ShiftedClock) -> None:
    for links in (Links(), Links("https://pdev.example"), Links("", Secret("s" * 32))):
        assert not links.are_made
        assert links.to("1-7", clock.now_ms()) == ""
    with pytest.raises(Forged):
        Links("https://pdev.example").task_of(Links("x", Secret("")).to("1-7", NOON) or token(), NOON)
