"""From YAML's nodes to values: what each scalar says, what YAML made of it, and where it stands."""

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from core.repoconfig.keys import KEYS, SECTIONS
from core.repoconfig.nearness import near_key, near_word
from core.repoconfig.problems import Mistake, Place, Problem

MAX_NODES = 5_000
"""Values that a file may hold once its aliases are written out; a full one has about 150."""
MOST_PROBLEMS = 200
"""That are listed; nobody mends more at once."""
_TAG = "tag:yaml.org,2002:"
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_HALF = re.compile("[\ud800-\udfff]")
_TOO_GREAT, _LONG = 10**18, 100
"""A number from there on, or of more characters, is nothing that somebody meant, and ever slower to make."""
_CONSTRUCTOR = yaml.constructor.SafeConstructor()


@dataclass(frozen=True, slots=True)
class Said:
    """A value and where it stands. `text` is what was written; `made` what YAML made of it, where that differs."""

    value: Any
    at: Place
    text: str
    made: str = ""
    entries: tuple["Said", ...] = ()

    def problem(self, key: str) -> Problem:
        """That this is no value for `key`."""
        spec = KEYS[key.partition("[")[0]]
        if key == "merge":
            return Problem(Mistake.MERGE, key, self.at, self.text)
        if self.value is None:
            return Problem(Mistake.EMPTY, key, self.at)
        made = self.made or ("text" if isinstance(self.value, str) and not spec.takes_text else "")
        near = near_word(self.text, spec.choices) if isinstance(self.value, str | bool) else ""
        return Problem(Mistake.BAD_VALUE, key, self.at, self.text, made, near)


@dataclass(slots=True)
class Walk:
    """Goes through one file once and notes everything that is wrong."""

    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0

    def file(self, node: yaml.Node | None) -> dict[str, Said]:
        """Dotted name → what is said, for every known key."""
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag == f"{_TAG}null"):
            return {}
        if not isinstance(node, yaml.MappingNode):
            self._wrong(Mistake.ROOT, "", node)
            return {}
        found: dict[str, Said] = {}
        self._section("", node, found)
        return found

    def _section(self, section: str, node: yaml.MappingNode, found: dict[str, Said]) -> None:
        seen: dict[str, int] = {}
        for key_node, value in node.value:
            name = self._name(section, key_node)
            if name is None:
                continue
            dotted = f"{section}.{name}" if section else name
            if name in seen:
                self._wrong(Mistake.DUPLICATE, dotted, key_node, detail=str(seen[name]))
                continue
            seen[name] = place(key_node).line
            if name not in SECTIONS[section]:
                self._unknown(dotted, name, section, key_node)
            elif dotted in SECTIONS:
                self._below(dotted, value, found)
            elif (said := self._value(dotted, value, ())) is not None:
                found[dotted] = said

    def _name(self, section: str, node: yaml.Node) -> str | None:
        if node.tag == f"{_TAG}merge":
            self._wrong(Mistake.MERGE_KEY, section, node)
        elif not isinstance(node, yaml.ScalarNode) or node.tag != f"{_TAG}str":
            made = self._scalar(node)[1] if isinstance(node, yaml.ScalarNode) else "a list or keys"
            self._wrong(Mistake.ODD_KEY, section, node, made=made)
        elif half := _HALF.search(node.value):
            self._wrong(Mistake.CHARACTER, section, node, got=f"U+{ord(half[0]):04X}")
        else:
            return str(node.value)
        return None

    def _unknown(self, dotted: str, name: str, section: str, node: yaml.Node) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            return
        if "." in name and dotted in KEYS:
            self._wrong(Mistake.DOTTED, dotted, node)
        else:
            self._wrong(Mistake.UNKNOWN_KEY, dotted, node, near=near_key(name, section))

    def _below(self, section: str, node: yaml.Node, found: dict[str, Said]) -> None:
        if isinstance(node, yaml.MappingNode):
            self._section(section, node, found)
        elif node.tag != f"{_TAG}null":  # a section whose lines are all comments says nothing
            self._wrong(Mistake.NOT_A_SECTION, section, node)

    def _value(self, key: str, node: yaml.Node, above: tuple[yaml.Node, ...]) -> Said | None:
        """None for what has no end. What is reported here is returned all the same: the rest of a list is looked at."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            if self.nodes == MAX_NODES + 1:
                self._wrong(Mistake.TOO_MANY, key.partition("[")[0], node)
            return None
        if node in above:
            self._wrong(Mistake.LOOP, key, node)
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._checked(key, node)
        if node.tag not in {f"{_TAG}seq", f"{_TAG}map"}:
            self._wrong(Mistake.TAG, key, node, detail=node.tag.removeprefix(_TAG))
        if isinstance(node, yaml.MappingNode):
            return Said({}, place(node), "", "keys")
        return self._list(key, node, (*above, node))

    def _list(self, key: str, node: yaml.Node, above: tuple[yaml.Node, ...]) -> Said | None:
        entries = []
        for number, one in enumerate(node.value, 1):
            said = self._value(f"{key}[{number}]", one, above)
            if said is None:
                return None
            entries.append(said)
        return Said([one.value for one in entries], place(node), "", "a list", tuple(entries))

    def _checked(self, key: str, node: yaml.ScalarNode) -> Said:
        if not node.tag.startswith(_TAG) or node.tag.removeprefix(_TAG) not in _KINDS:
            self._wrong(Mistake.TAG, key, node, detail=node.tag.removeprefix(_TAG))
        if half := _HALF.search(node.value):
            self._wrong(Mistake.CHARACTER, key, node, got=f"U+{ord(half[0]):04X}")
            return Said("", place(node), _short(node.value))
        value, made, is_trap = self._scalar(node)
        if is_trap:
            self._wrong(Mistake.TRAP, key, node, made=made)
        return Said(node.value if is_trap else value, place(node), _short(node.value), made)

    def _scalar(self, node: yaml.ScalarNode) -> tuple[Any, str, bool]:
        """The value, what YAML made of the text in words, and whether nobody can have meant that."""
        text = node.value
        match node.tag.removeprefix(_TAG):
            case "bool":
                if (value := _truth(node)) is None:
                    return None, "neither true nor false", True
                return value, str(value).lower() if text.lower() not in {"true", "false"} else "", False
            case "null":
                return None, "nothing", False
            case "int":
                made = _whole(node)
                if made is None:
                    return None, "", True
                return made, "" if text == str(made) else str(made), not _DECIMAL.fullmatch(text)
            case "float":
                number = _fraction(node)
                odd = ":" in text or not math.isfinite(number)
                return number, f"{number:g}" if odd else "", odd
            case "timestamp":
                return text, "a date", True
            case _:
                return text, "", False

    def _wrong(
        self,
        mistake: Mistake,
        key: str,
        node: yaml.Node,
        *,
        got: str = "",
        made: str = "",
        near: str = "",
        detail: str = "",
    ) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            got = got or (_short(node.value) if isinstance(node, yaml.ScalarNode) else "")
            self.problems.append(Problem(mistake, key, place(node), got, made, near, detail))


_KINDS = frozenset({"str", "bool", "null", "int", "float", "timestamp"})


def place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def _short(text: str) -> str:
    """What was written, in a form that every message can hold: YAML can spell halves of characters."""
    whole = _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text[:100])
    return whole if len(whole) <= 80 else whole[:79] + "…"


def _truth(node: yaml.ScalarNode) -> bool | None:
    """None for what is called one by its tag only."""
    word = node.value.lower()
    return bool(_CONSTRUCTOR.construct_yaml_bool(node)) if word in _CONSTRUCTOR.bool_values else None


def _whole(node: yaml.ScalarNode) -> int | None:
    """None for what no number can be made of (`0x_`), and for one that no setting can mean."""
    try:
        made = int(_CONSTRUCTOR.construct_yaml_int(node)) if len(node.value) <= _LONG else _TOO_GREAT
    except (ValueError, IndexError):
        return None
    return made if abs(made) < _TOO_GREAT else None


def _fraction(node: yaml.ScalarNode) -> float:
    try:
        return float(_CONSTRUCTOR.construct_yaml_float(node)) if len(node.value) <= _LONG else math.nan
    except (ValueError, OverflowError, IndexError):
        return math.nan
