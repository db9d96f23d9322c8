"""What may be wrong with a configuration, as facts: `core/messages/config` makes sentences of them."""

from dataclasses import dataclass
from enum import StrEnum


class Mistake(StrEnum):
    """One kind of thing that is wrong."""

    NOT_YAML = "not_yaml"
    TAB = "tab"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    TOO_MANY = "too_many"
    """Written out, its aliases are far more than the text."""
    DOCUMENTS = "documents"
    CHARACTER = "character"
    ROOT = "root"
    UNKNOWN_KEY = "unknown_key"
    DOTTED = "dotted"
    """`review.mode: …` in one line."""
    DUPLICATE = "duplicate"
    ODD_KEY = "odd_key"
    """YAML made something else of it than a word."""
    MERGE_KEY = "merge_key"
    LOOP = "loop"
    TAG = "tag"
    NOT_A_SECTION = "not_a_section"
    EMPTY = "empty"
    TRAP = "trap"
    """YAML made another number of it than what stands there, or a date."""
    BAD_VALUE = "bad_value"
    MERGE = "merge"
    UNREADABLE = "unreadable"

    BRANCH = "branch"
    BRANCH_WORD = "branch_word"
    BRANCH_SHARED = "branch_shared"
    MORE_THAN = "more_than"
    """One budget can never be spent, because a wider one ends first."""
    TRIGGER_LABEL = "trigger_label"


class Layer(StrEnum):
    """Where a value comes from, strongest first."""

    OPTION = "option"
    REPOSITORY = "repository"
    OWNER = "owner"
    PROFILE = "profile"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Place:
    """Counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. Texts are as somebody wrote them: not safe to show."""

    mistake: Mistake
    key: str = ""
    """Dotted; an entry of a list is `network[2]`, counted from 1."""
    at: Place | None = None
    got: str = ""
    """What stands there."""
    made: str = ""
    """What YAML makes of that, where it is not what stands there."""
    near: str = ""
    """What was probably meant."""
    detail: str = ""
    layer: Layer = Layer.REPOSITORY
