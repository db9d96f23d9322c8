"""Words around transcripts, read as people read them, and the limits of a check run's text."""

import re

import pytest
from msgspec.structs import replace

from core.messages import transcripts as words
from core.tasks import Options, Task
from tests.golden import golden
from tests.messages.conftest import NOW

LINK = "https://pdev.example/t/1-7.20840.abc"


def test_what_logs_answers(at_work: Task) -> None:
    fresh = replace(at_work, stages=())
    public = replace(at_work, private=False)
    said = [
        words.logs(at_work, LINK, 3, NOW),
        words.logs(at_work, LINK, 1, NOW),
        words.logs(fresh, LINK, 0, NOW),
        words.logs(at_work, LINK, 0, NOW),
        words.logs_off(public),
        words.logs_off(replace(at_work, options=Options(transcripts=False))),
        words.logs_no_address(at_work),
        words.fact(LINK),
        words.EXPIRED,
        words.OFF,
        words.NO_PAGE.strip(),
        *words.STOPPED.values(),
        words.AT_WORK,
        words.BROKEN_OFF,
        words.NONE_YET,
        words.NONE_LEFT,
        words.gap(1),
        words.gap(1_234),
        words.lost("17"),
        words.damaged(2),
        words.made_room(1),
        words.made_room(2),
        words.size(1, 300),
        words.size(12_345, 3 << 20),
    ]
    golden("messages/transcripts", "\n\n".join(said) + "\n")


def test_lines_of_a_log() -> None:
    lines = [
        words.line(0, "prompt", words.prompt_title("Mend it.", "ab" * 32), "Mend it.\nSoon."),
        words.line(3, "text", "", "I look at the parser."),
        words.line(65, "tool_call", "run: pytest -q", ""),
        words.line(66, "tool_result", "exit 1", "E   assert 1 == 2\nfailed"),
        words.line(70, "something_new", "title", ""),
        words.line(71, "lost", "4", ""),
        words.line(3_725, "end", words.end_title("limit_usd", turns=1, tokens=12_345, usd=0.42, seconds=3_725), ""),
    ]
    golden("messages/transcript-text", words.check_text(lines, LINK))


@pytest.mark.parametrize(
    "line",
    ["x" * 200, "ü€🎉" * 40, "`" * 500, "```", "x" * 100_000, "@everyone <!-- #7 </details>", "a\n```\n# Heading"],
    ids=["plain", "wide", "ticks", "fence", "one long line", "loud", "breaks out"],
)
def test_a_check_runs_text_fits_and_stays_text(line: str) -> None:
    text = words.check_text([f"first {line}", *(line for _ in range(2 + 2_000_000 // len(line))), f"{line} last"], LINK)
    assert 50_000 < len(text.encode()) <= words.SHOWN
    fence = re.search(r"^(`{3,})text$", text, re.MULTILINE)
    assert fence is not None
    inside, closing, after = text.partition(fence[0])[2].rpartition(f"\n{fence[1]}\n")
    assert fence[1] not in inside
    assert (closing, after) == (f"\n{fence[1]}\n", "")
    assert inside.endswith(" last")
    assert "first" not in inside


def test_it_is_cut_between_lines() -> None:
    text = words.check_text([f"line {n:06}" for n in range(20_000)], "")
    shown = text.splitlines()[3:-1]
    assert shown[0] == "…"
    assert all(re.fullmatch(r"line \d{6}", one) for one in shown[1:])
    assert shown[-1] == "line 019999"


def test_nothing_recorded_is_no_text() -> None:
    assert words.check_text([], LINK) == ""
