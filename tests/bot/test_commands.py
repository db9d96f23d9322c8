"""The parser: what is a command, what is only shown, and what every mistake is called."""

import random
import string

import pytest

from bot.commands import TABLE, Command, CommandError, Mistake, Right, help_rows, parse, usage
from bot.commands.table import MEANT
from core.messages import commands_page
from tests.test_architecture import ROOT


def names(text: str) -> list[str]:
    return [found.name if isinstance(found, Command) else found.mistake.value for found in parse(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/pdev cancel", ["cancel"]),
        ("   /pdev cancel  ", ["cancel"]),
        ("/PDEV Cancel", ["cancel"]),
        ("/pdev\tcancel", ["cancel"]),
        ("/pdev cancel.", ["cancel"]),
        ("/pdev", ["help"]),
        ("/pdev help", ["help"]),
        ("Please\n/pdev pause\nand then\n/pdev resume", ["pause", "resume"]),
        ("/pdev pause\r\n/pdev resume\r\n", ["pause", "resume"]),
        ("", []),
        ("please /pdev cancel", []),
        ("- /pdev cancel", []),
        ("/pdevelop", []),
        ("/pdev/cancel", []),
        ("> /pdev cancel", []),
        ("  > /pdev cancel", []),
        ("> quoted\n\n/pdev cancel", ["cancel"]),
        ("    /pdev cancel", []),
        ("\t/pdev cancel", []),
        ("`/pdev cancel`", []),
        ("`start\n/pdev cancel\nend`", []),
        ("it`s\n\n/pdev cancel\n\nit`s", ["cancel"]),
        ("``a ` b\n/pdev cancel\nc``", []),
        ("```\n/pdev cancel\n```", []),
        ("```sh\n/pdev cancel\n```\n/pdev pause", ["pause"]),
        ("~~~\n/pdev cancel\n```\n/pdev pause\n~~~", []),
        ("````\n```\n/pdev cancel\n````", []),
        ("```\n/pdev cancel", []),
        ("- ```\n  /pdev cancel\n  ```\n/pdev pause", ["pause"]),
        ("```not a fence```\n/pdev cancel", ["cancel"]),
        ("<!-- /pdev cancel -->", []),
        ("<!--\n/pdev cancel\n-->\n/pdev pause", ["pause"]),
        ("text <!-- a\n/pdev cancel\nb --> c\n/pdev pause", ["pause"]),
    ],
)
def test_what_is_said_and_what_is_only_shown(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/pdev cancel #7 8,9, #7", Command("cancel", issues=(7, 8, 9))),
        ("/pdev cancel all", Command("cancel", everything=True)),
        ("/pdev cancel ALL", Command("cancel", everything=True)),
        ("/pdev resume 7", Command("resume", issues=(7,))),
        ("/pdev run 8 9,14 -m 3", Command("run", issues=(8, 9, 14), options={"max_agents": "3"})),
        ("/pdev run -r Strict", Command("run", options={"review": "strict"})),
        ("/pdev run all --dry-run", Command("run", everything=True, options={"dry_run": ""})),
        ("/pdev run all —dry-run", Command("run", everything=True, options={"dry_run": ""})),
        ("/pdev run --base=main -b fix/{id}", Command("run", options={"base": "main", "branch": "fix/{id}"})),
        ("/pdev run -p CI", Command("run", options={"profile": "ci"})),
        ("/pdev retry review", Command("retry", word="review")),
        ("/pdev retry", Command("retry")),
        ("/pdev review Lenient", Command("review", word="lenient")),
        ("/pdev priority high", Command("priority", word="high")),
        ("/pdev budget +5usd", Command("budget", word="+5usd", options={"usd": "5.00"})),
        ("/pdev budget $2.50", Command("budget", word="$2.50", options={"usd": "2.50"})),
        ("/pdev budget 5 usd", Command("budget", word="5usd", options={"usd": "5.00"})),
        ("/pdev depends #7 --drop", Command("depends", issues=(7,), options={"drop": ""})),
        ("/pdev cleanup --force", Command("cleanup", options={"force": ""})),
        ("/pdev fix use `a` here", Command("fix", text="use `a` here")),
        ("/pdev answer yes\n\n```\n/pdev cancel\n```", Command("answer", text="yes\n\n```\n/pdev cancel\n```")),
    ],
)  # fmt: skip
def test_what_commands_take(text: str, expected: Command) -> None:
    assert parse(text) == [expected]


def test_free_words_end_at_the_next_command() -> None:
    assert parse("/pdev fix this\nand that\n/pdev pause") == [
        Command("fix", text="this\nand that"),
        Command("pause", line=3),
    ]


@pytest.mark.parametrize(
    ("text", "mistake", "word", "near"),
    [
        ("/pdev cancle", Mistake.UNKNOWN_COMMAND, "cancle", "cancel"),
        ("/pdev stop", Mistake.UNKNOWN_COMMAND, "stop", "cancel"),
        ("/pdev xyzzy", Mistake.UNKNOWN_COMMAND, "xyzzy", ""),
        ("/pdev run --dry-rum", Mistake.UNKNOWN_OPTION, "--dry-rum", "--dry-run"),
        ("/pdev pause -x", Mistake.UNKNOWN_OPTION, "-x", ""),
        ("/pdev run -m", Mistake.MISSING_VALUE, "--max-agents", ""),
        ("/pdev run -m --dry-run", Mistake.MISSING_VALUE, "--max-agents", ""),
        ("/pdev run -m many", Mistake.BAD_VALUE, "-m many", ""),
        ("/pdev run -m 0", Mistake.BAD_VALUE, "-m 0", ""),
        (f"/pdev run -m {'9' * 5000}", Mistake.BAD_VALUE, f"-m {'9' * 5000}", ""),
        ("/pdev run -r strickt", Mistake.BAD_VALUE, "-r strickt", "strict"),
        ("/pdev run --dry-run=yes", Mistake.BAD_VALUE, "--dry-run yes", ""),
        ("/pdev cancel please", Mistake.NOT_AN_ISSUE, "please", ""),
        ("/pdev cancel other/repo#7", Mistake.NOT_AN_ISSUE, "other/repo#7", ""),
        ("/pdev cancel #0", Mistake.NOT_AN_ISSUE, "#0", ""),
        ("/pdev resume all", Mistake.NOT_AN_ISSUE, "all", ""),
        ("/pdev pause now", Mistake.UNEXPECTED, "now", ""),
        ("/pdev retry develop review", Mistake.UNEXPECTED, "review", ""),
        ("/pdev retry devlop", Mistake.BAD_VALUE, "devlop", "develop"),
        ("/pdev priority", Mistake.MISSING, "low | normal | high | urgent", ""),
        ("/pdev answer", Mistake.MISSING, "…", ""),
        ("/pdev depends --drop", Mistake.MISSING, "#…", ""),
        ("/pdev budget lots", Mistake.BAD_AMOUNT, "lots", ""),
    ],
)
def test_mistakes_are_named(text: str, mistake: Mistake, word: str, near: str) -> None:
    (found,) = parse(text)
    assert isinstance(found, CommandError)
    assert (found.mistake, found.word, found.near, found.line) == (mistake, word, near, 1)


def test_every_mistake_is_reported_and_the_good_ones_count() -> None:
    assert names("/pdev cancel x y -z\n/pdev pause\n/pdev nope") == [
        "not_an_issue", "not_an_issue", "unknown_option", "pause", "unknown_command",
    ]  # fmt: skip


def test_a_comment_full_of_commands_is_mostly_not_read() -> None:
    found = parse("/pdev pause\n" * 50)
    assert len(found) == 11
    assert found[-1] == CommandError(Mistake.TOO_MANY, 11, "50")


def test_the_table_is_what_the_parser_reads() -> None:
    assert len({spec.name for spec in TABLE}) == len(TABLE)
    assert set(MEANT.values()) <= {spec.name for spec in TABLE}
    assert [spec.name for spec in TABLE if spec.works] == [
        "help", "status", "resume", "pause", "cancel", "answer", "budget", "approve", "logs", "config",
    ]  # fmt: skip
    assert usage(TABLE[1]).startswith("/pdev run [#… | all] [-m N] [-r strict|balanced|lenient]")
    assert all(
        spec.right is Right.PUSH for spec in TABLE if spec.name in {"run", "cancel", "pause", "resume", "approve"}
    )


def test_the_page_is_printed_from_the_table() -> None:
    page = ROOT / "docs" / "commands.md"
    assert page.read_text(encoding="utf-8") == commands_page(help_rows())


def test_no_text_makes_the_parser_fall_or_crawl() -> None:
    """Comments are written by strangers: any text ends in commands and mistakes, and long ones in little time."""
    rng = random.Random(7)
    alphabet = string.printable + "/pdev `~>#-—\u2028\u3000é"
    for _ in range(300):
        text = "".join(rng.choice(alphabet) for _ in range(rng.randrange(200)))
        parse("/pdev " + text)
        parse(text.replace("x", "\n/pdev cancel "))
    for unit in ("`", "`` ` ", "<!--", "```\n", "/pdev cancel \n", "> ", "-", "a\n`\n"):
        parse(unit * (65_536 // len(unit)))
    parse("/pdev cancel " + "x" * 65_000)
    parse("/pdev " + "c" * 65_000)
