"""Read the commands out of a comment, and every mistake in them.

A command with a mistake does nothing, so nobody's typing error becomes a guess; the others of the same comment count.
"""

import difflib
import re
from dataclasses import dataclass, field
from enum import StrEnum

from bot.commands.amounts import amount, is_amount, is_unit
from bot.commands.spoken import spoken
from bot.commands.table import BY_NAME, MEANT, REQUIRED, WORDS, Option, Spec, Takes, usage

MAX_COMMANDS = 10
"""Commands that one comment may hold; more is a mistake or mischief."""

_START = re.compile(r"^ {0,3}/pdev(?=\s|$)(?P<rest>.*)$", re.IGNORECASE)
_ISSUE = re.compile(r"#?([1-9]\d{0,8})", re.ASCII)


class Mistake(StrEnum):
    """What is wrong with a command; `core/messages` words each."""

    UNKNOWN_COMMAND = "unknown_command"
    UNKNOWN_OPTION = "unknown_option"
    MISSING_VALUE = "missing_value"
    BAD_VALUE = "bad_value"
    BAD_AMOUNT = "bad_amount"
    MISSING = "missing"
    NOT_AN_ISSUE = "not_an_issue"
    UNEXPECTED = "unexpected"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Command:
    """One understood command. `line` counts from 1; `text` is what a command that takes free words was given."""

    name: str
    line: int = 1
    issues: tuple[int, ...] = ()
    everything: bool = False
    word: str = ""
    text: str = ""
    options: dict[str, str] = field(default_factory=dict)
    """Option name to value; "" for an option without one."""

    @property
    def spec(self) -> Spec:
        return BY_NAME[self.name]


@dataclass(frozen=True, slots=True)
class CommandError:
    """One mistake: the word it is about, what was probably meant, and how the command is written."""

    mistake: Mistake
    line: int
    word: str = ""
    near: str = ""
    usage: str = ""


def parse(text: str) -> list[Command | CommandError]:
    """All commands and mistakes of a comment, in its order; several mistakes of one command stand side by side."""
    lines = spoken(text)
    starts = [(n, m["rest"]) for n, (line, said) in enumerate(lines) if said and (m := _START.match(line))]
    found: list[Command | CommandError] = []
    for index, (number, rest) in enumerate(starts[:MAX_COMMANDS]):
        end = starts[index + 1][0] if index + 1 < len(starts) else len(lines)
        following = "\n".join(line for line, _ in lines[number + 1 : end])
        found += _Reading(number + 1).command(rest, following)
    if len(starts) > MAX_COMMANDS:
        found.append(CommandError(Mistake.TOO_MANY, starts[MAX_COMMANDS][0] + 1, str(len(starts))))
    return found


class _Reading:
    """One command being read: what was understood so far, and what was not."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.errors: list[CommandError] = []
        self.usage = ""
        self.issues: list[int] = []
        self.everything = False
        self.word = ""
        self.text = ""
        self.options: dict[str, str] = {}

    def command(self, rest: str, following: str) -> list[Command | CommandError]:
        head, tail = (*rest.split(maxsplit=1), "", "")[:2]
        name = head.lower().rstrip(".,:;!") or "help"
        spec = BY_NAME.get(name)
        if spec is None:
            self._wrong(Mistake.UNKNOWN_COMMAND, head, near=MEANT.get(name) or _near(name, tuple(BY_NAME)))
            return list(self.errors)
        self.usage = usage(spec)
        if spec.takes is Takes.TEXT:
            self.text = f"{tail}\n{following}".strip()
        else:
            self._arguments(spec, tail)
        if spec.takes in REQUIRED and not (self.issues or self.word or self.text or self.errors):
            self._wrong(Mistake.MISSING, spec.takes.value)
        if self.errors:
            return list(self.errors)
        issues = tuple(dict.fromkeys(self.issues))
        return [Command(spec.name, self.line, issues, self.everything, self.word, self.text, self.options)]

    def _arguments(self, spec: Spec, tail: str) -> None:
        # Phones turn two hyphens into a dash, and people write lists with commas.
        words = tail.replace("—", "--").replace(",", " ").split()
        while words:
            word = words.pop(0)
            if spec.takes is Takes.MONEY and is_amount(word):
                self._money(word, words)
            elif word.startswith("-") and len(word) > 1:
                self._option(spec, word, words)
            else:
                self._argument(spec, word)

    def _option(self, spec: Spec, word: str, words: list[str]) -> None:
        flag, equals, value = word.partition("=")
        option = next((o for o in spec.options if flag.lower() in (o.flag, o.short)), None)
        if option is None:
            self._wrong(Mistake.UNKNOWN_OPTION, flag, near=_near(flag.lower(), tuple(o.flag for o in spec.options)))
            return
        if option.value and not equals:
            if not words or words[0].startswith("-"):
                self._wrong(Mistake.MISSING_VALUE, option.flag)
                return
            value = words.pop(0)
        if not _fits(option, value):
            self._wrong(Mistake.BAD_VALUE, f"{flag} {value}".strip(), near=_near(value.lower(), option.choices))
            return
        self.options[option.name] = value.lower() if option.choices else value

    def _argument(self, spec: Spec, word: str) -> None:
        match spec.takes:
            case Takes.ISSUES_OR_ALL if word.lower() == "all":
                self.everything = True
            case Takes.ISSUES | Takes.ISSUES_OR_ALL | Takes.ISSUE:
                self._issue(word)
            case Takes.MONEY:
                self._wrong(Mistake.BAD_AMOUNT, word)
            case Takes.STAGE | Takes.MODE | Takes.PRIORITY if not self.word:
                self._one_of(word, WORDS[spec.takes])
            case _:
                self._wrong(Mistake.UNEXPECTED, word)

    def _issue(self, word: str) -> None:
        match = _ISSUE.fullmatch(word)
        if match:
            self.issues.append(int(match[1]))
        else:
            self._wrong(Mistake.NOT_AN_ISSUE, word)

    def _money(self, word: str, words: list[str]) -> None:
        if words and is_unit(words[0]):  # `+5 usd`
            word += words.pop(0)
        read = amount(word)
        if read is None or read[0] in self.options:
            self._wrong(Mistake.BAD_AMOUNT, word)
            return
        self.options[read[0]] = read[1]
        self.word = f"{self.word} {word}".strip()

    def _one_of(self, word: str, choices: tuple[str, ...]) -> None:
        if word.lower() in choices:
            self.word = word.lower()
        else:
            self._wrong(Mistake.BAD_VALUE, word, near=_near(word.lower(), choices))

    def _wrong(self, mistake: Mistake, word: str, near: str = "") -> None:
        self.errors.append(CommandError(mistake, self.line, word, near, self.usage))


def _fits(option: Option, value: str) -> bool:
    if not option.value:
        return not value
    if option.number:
        return value.isascii() and value.isdecimal() and len(value) <= 3 and int(value) > 0
    return bool(value) and (not option.choices or value.lower() in option.choices)


def _near(word: str, known: tuple[str, ...]) -> str:
    """What was probably meant; "" when nothing comes close."""
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.6)), "")
