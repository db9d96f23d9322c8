"""What is said about mistakes in `pdev.yml`: in the comment of a task that waits, on a pull request, in a terminal."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.messages.words import code, count, fitting, line
from core.repoconfig import KEYS, OWNER_REPOSITORY, PATH, SECTIONS, Key, Layer, Mistake, Problem

CHECK = "pdev / config"
"""The check run on a pull request that changes the file."""
MOST_TOLD = 50
"""Problems in one message; whoever mends these sees the rest."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the files stand, for links. `server_url`: where GitHub's pages are; "" gives names without links."""

    owner: str
    repo: str
    server_url: str = ""
    commit: str = "HEAD"

    def file(self, layer: Layer, at: int = 0) -> str:
        """A layer's file, as a link to the line where there is one."""
        name = f"`{PATH}`" if layer is Layer.REPOSITORY else f"`{PATH}` of {self.owner}/{OWNER_REPOSITORY}"
        if not self.server_url:
            return name
        repo, commit = (self.repo, self.commit) if layer is Layer.REPOSITORY else (OWNER_REPOSITORY, "HEAD")
        where = f"{self.server_url}/{self.owner}/{repo}/blob/{commit}/{PATH}" + (f"#L{at}" if at else "")
        return f"[{name}]({where})"


NOT_A_FILE = "it is a link or a folder."
NOT_UTF8 = "it is not UTF-8 text."


def too_large(limit: int) -> str:
    return f"it has more than {limit:,} characters."


_FEW = 12

_SENTENCES: dict[Mistake, str] = {
    Mistake.NOT_YAML: "This is no YAML ({detail}). Often a colon, a quote or a bracket is missing just before.",
    Mistake.TAB: "A tab stands where YAML wants spaces. Indent with spaces.",
    Mistake.TOO_LARGE: "The file has {got} characters; at most {detail} are read. Make it shorter.",
    Mistake.TOO_DEEP: "It is nested too deeply to be read. Nothing here needs more than three levels.",
    Mistake.TOO_MANY: "Written out, this file holds too many values. Use fewer entries and aliases.",
    Mistake.DOCUMENTS: "A second document begins here (`---`). Keep one.",
    Mistake.CHARACTER: "The character {got} cannot stand in YAML. Delete it.",
    Mistake.ROOT: "The file must hold keys with values, such as `max_agents: 3`. Write it so.",
    Mistake.UNKNOWN_KEY: "{key} is no key.{near} {known}",
    Mistake.DOTTED: "Write {key} over two lines: `{first}:`, and below it, indented, `{last}: …`.",
    Mistake.DUPLICATE: "{key} stands twice; it was set in line {detail} already. Keep one.",
    Mistake.ODD_KEY: "{got} is no key: YAML reads it as {made}. {known}",
    Mistake.MERGE_KEY: "Merge keys (`<<`) are not read here. Write the keys out.",
    Mistake.LOOP: "{key} contains itself. Remove that alias.",
    Mistake.TAG: "{key} has the YAML tag {detail}, which means nothing here. Remove it.",
    Mistake.NOT_A_SECTION: "{key} holds further keys, indented below it: {below}. Write those.",
    Mistake.EMPTY: "{key} has no value. It takes {takes}; delete the line to leave it to the other layers.",
    Mistake.TRAP: "{key} is {got}, which YAML reads as {made}. Write what you mean as a plain decimal number, or in "
    "quotes if it is a word.",
    Mistake.BAD_VALUE: "{key} takes {takes}, and this is {value}.{near}",
    Mistake.MERGE: "{key} can only be `never`: pdev merges nothing by itself, people and merge queues do. Write "
    "`never` or delete the line.",
    Mistake.UNREADABLE: "The file cannot be read: {why} Put a plain text file there.",
    Mistake.BRANCH: "{key} gives branch names such as {detail}, which git or pdev does not accept. Use letters, "
    "digits, `.`, `_`, `-` and `/`, and at most 100 characters.",
    Mistake.BRANCH_WORD: "{key} contains {detail}. Only `{{id}}` and `{{slug}}` are filled in; use those.",
    Mistake.BRANCH_SHARED: "{key} is {got}: two issues could get the same branch. Put something between `{{id}}` and "
    "`{{slug}}`, such as `-`.",
    Mistake.MORE_THAN: "{key} is {amount}, more than {wider} allows ({limit}), so it could never be spent. Lower the "
    "one or raise the other.",
    Mistake.TRIGGER_LABEL: "{key} holds {got}, the label that starts pdev. Choose another one.",
}


def sentence(problem: Problem) -> str:
    """One mistake, what it should be, and what was probably meant."""
    key = _key(problem.key)[0]
    section = key.rpartition(".")[0]
    facts = {
        "key": _named(problem.key),
        "got": (code(problem.got) if problem.got else "This") if problem.mistake not in _BARE else problem.got,
        "made": code(problem.made) if problem.made not in _WORDS else problem.made or "no number",
        "near": f" Did you mean {code(problem.near)}?" if problem.near else "",
        "detail": code(problem.detail, 200) if problem.mistake in _QUOTED else line(problem.detail, 300),
        "first": section,
        "last": key.rpartition(".")[2],
        "known": "" if problem.near else _known(section),
        "below": _listed(SECTIONS.get(key, ())),
        "takes": takes(KEYS[key], entry=key != problem.key) if key in KEYS else "",
        "value": _value(problem),
        "why": _ended(line(problem.detail, 300)),
        "amount": problem.got, "limit": problem.made, "wider": code(problem.detail),
    }  # fmt: skip
    return " ".join(_SENTENCES[problem.mistake].format_map(facts).split())


_ENTRY = re.compile(r"([a-z_.]+)\[([0-9]+)\]")
_WORDS = frozenset({"", "a date", "nothing", "a list or keys"})
_BARE = frozenset({Mistake.TOO_LARGE, Mistake.CHARACTER})
_QUOTED = frozenset({Mistake.NOT_YAML, Mistake.TAG, Mistake.BRANCH, Mistake.BRANCH_WORD})


def _key(name: str) -> tuple[str, str]:
    """The key, and which entry of it. Only of a key that there is: a stranger's may look like anything."""
    found = _ENTRY.fullmatch(name)
    return (found[1], found[2]) if found and found[1] in KEYS else (name, "")


def _named(name: str) -> str:
    key, entry = _key(name)
    return f"Entry {entry} of {code(key, 100)}" if entry else code(key, 100)


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _known(section: str) -> str:
    if section not in SECTIONS:
        return "Delete it."
    where = f"{code(section)} has" if section else "There are"
    return f"{where} {_listed(SECTIONS[section], _FEW * 2)}."


def _listed(names: Sequence[str], most: int = _FEW) -> str:
    shown = [f"`{name}`" for name in names[:most]] + (["…"] if len(names) > most else [])
    return ", ".join(shown)


def _value(problem: Problem) -> str:
    kinds = {"a list": "a list", "keys": "keys with values"}
    if problem.made in kinds and not problem.got:
        return kinds[problem.made]
    shown = code(problem.got) if problem.got else "empty"
    if problem.made == "text":
        return f"the text {shown}"
    return f"{shown}, which YAML reads as {code(problem.made)} (quote it to mean the word)" if problem.made else shown


def takes(key: Key, *, entry: bool = False) -> str:
    """What a key may be set to: from the model, so that it is never out of date."""
    if key.name == "branch":
        return "text with `{id}` in it, such as `feature/task-{id}`"
    shapes = [shape for shape in key.alternatives if shape.get("type") != "null"]
    if entry:
        return _shape(next(shape for shape in shapes if shape.get("type") == "array")["items"])
    return " or ".join(_shape(shape) for shape in shapes)


def _shape(shape: Mapping[str, Any]) -> str:
    if "description" in shape and "default" not in shape:  # an entry that is described itself
        return str(shape["description"])
    words = tuple(shape.get("enum", ())) or ((shape["const"],) if "const" in shape else ())
    if words:
        return ", ".join(f"`{word}`" for word in words[:-1]) + (" or " if words[1:] else "") + f"`{words[-1]}`"
    match shape.get("type"):
        case "boolean":
            return "`true` or `false`"
        case "integer":
            return f"a whole number {_bounds(shape)}"
        case "number":
            return f"a number {_bounds(shape)}"
        case "array":
            most = f" of at most {shape['maxItems']}" if "maxItems" in shape else ""
            return f"a list{most}, each entry {_shape(shape['items'])}"
        case _:
            return f"text of {shape.get('minLength', 0)} to {shape['maxLength']:,} characters"


def _bounds(shape: Mapping[str, Any]) -> str:
    top = f"{shape['maximum']:,}"
    return f"above 0, up to {top}" if "exclusiveMinimum" in shape else f"from {shape['minimum']} to {top}"


def located(problem: Problem) -> str:
    """`Line 3: …`; with its column where that helps to find it."""
    if problem.at is None:
        return sentence(problem)
    column = f", column {problem.at.column}" if problem.at.column > 1 else ""
    return f"Line {problem.at.line}{column}: {sentence(problem)}"


CHECKED = "Fine. This is in force with it, where neither a command nor the owner's file says otherwise:"


def at_place(name: str, problem: Problem) -> str:
    """For a terminal, in the form that editors can follow: `pdev.yml:3:9: …`."""
    at = f":{problem.at.line}:{problem.at.column}" if problem.at else ""
    return f"{name}{at}: {sentence(problem)}"


def not_readable(name: str, why: str) -> tuple[str, str]:
    """Sentence and next step."""
    return f"{name} cannot be read: {_ended(why)}", "Give the path of a text file, such as .github/pdev.yml."


def problems(found: Iterable[Problem], source: Source) -> str:
    """All of them, by file."""
    by_layer: dict[Layer, list[Problem]] = defaultdict(list)
    for problem in found:
        by_layer[problem.layer].append(problem)
    return "\n\n".join(_of_layer(layer, ones, source) for layer, ones in by_layer.items())


def _of_layer(layer: Layer, found: Sequence[Problem], source: Source) -> str:
    shown = found[:MOST_TOLD]
    lines = [f"- {_linked(problem, source)}" for problem in shown]
    if hidden := len(found) - len(shown):
        lines.append(f"- … and {hidden} more")
    where = source.file(layer) if layer in {Layer.REPOSITORY, Layer.OWNER} else "The options of the command"
    return f"{where}, {count(len(found), 'problem')}:\n\n" + "\n".join(lines)


def _linked(problem: Problem, source: Source) -> str:
    if problem.at is None or not source.server_url:
        return located(problem)
    name, told = located(problem).split(": ", 1)
    address = source.file(problem.layer, problem.at.line).rpartition("](")[2]
    return f"[{name}]({address}: {told}"


def waits(found: Iterable[Problem], source: Source) -> str:
    """What is wrong, for the comment of a task that must not go on before it is mended; at most 20,000 characters."""
    return fitting([problems(found, source)], 20_000)


# ── the check run ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check run on a pull request says."""

    conclusion: str
    title: str
    summary: str
    annotations: tuple[Mapping[str, Any], ...] = ()


GOOD = Verdict(
    "success", "It can be read", f"`{PATH}` of this change is well formed. It counts once it is on the default branch."
)


def verdict(found: Sequence[Problem], source: Source) -> Verdict:
    """A failed check, each problem at its line; `found` are those of the changed file."""
    title = f"{count(len(found), 'problem')} in {PATH}"
    told = fitting(
        [problems(found, source), "Mend these before merging: on the default branch they stop every task."], 60_000
    )
    return Verdict("failure", title, told, tuple(_annotation(problem) for problem in found[:MOST_TOLD]))


def _annotation(problem: Problem) -> Mapping[str, Any]:
    at = problem.at.line if problem.at and problem.layer is Layer.REPOSITORY else 1
    return {
        "path": PATH, "start_line": at, "end_line": at, "annotation_level": "failure", "message": sentence(problem),
        "title": (problem.key or "pdev.yml")[:255],
    }  # fmt: skip
