"""What a `pdev.yml` says, or everything that is wrong with it; and what is in force once the layers are merged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.repoconfig import (
    KEYS,
    MAX_CHARACTERS,
    Absent,
    Broken,
    Effective,
    Invalid,
    Layer,
    Mistake,
    Ok,
    Unreadable,
    in_force,
    read,
)
from core.repoconfig.keys import SECTIONS
from core.repoconfig.nearness import MEANT
from core.repoconfig.nodes import MOST_PROBLEMS

Seen = tuple[str, str, int, int, str]


def found(text: str) -> list[Seen]:
    """Each problem: mistake, key, line, column, what was probably meant."""
    reading = read(text)
    problems = reading.problems if isinstance(reading, Invalid) else ()
    return [(p.mistake, p.key, p.at.line if p.at else 0, p.at.column if p.at else 0, p.near) for p in problems]


def effective(repository: str = "", owner: str = "", **given: str | float) -> Effective:
    held = in_force(read(repository), read(owner), {name.replace("__", "."): value for name, value in given.items()})
    assert isinstance(held, Effective), held
    return held


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# words\n", "---\n", "\ufeff# words\n", "limits:\n  # nothing yet\n", "~\n"]
)
def test_what_says_nothing_is_fine(text: str) -> None:
    assert read(text) == Ok({}, {})


def test_values_and_where_they_stand() -> None:
    reading = read("max_agents: 3\nreview:\n  mode: strict\nverify: [make, 'make lint']\ndraft: no\n")
    assert isinstance(reading, Ok)
    assert reading.said == {"max_agents": 3, "review.mode": "strict", "verify": ["make", "make lint"], "draft": False}
    assert {key: (at.line, at.column) for key, at in reading.places.items()} == {
        "max_agents": (1, 13), "review.mode": (3, 9), "verify": (4, 9), "draft": (5, 8),
    }  # fmt: skip


ONE_MISTAKE: dict[str, tuple[str, Seen]] = {
    "unknown": ("nonsense: 1\n", (Mistake.UNKNOWN_KEY, "nonsense", 1, 1, "")),
    "misspelt": ("max_agnts: 1\n", (Mistake.UNKNOWN_KEY, "max_agnts", 1, 1, "max_agents")),
    "hyphens": ("review:\n  max-rounds: 1\n", (Mistake.UNKNOWN_KEY, "review.max-rounds", 2, 3, "review.max_rounds")),
    "capitals": ("Review: {}\n", (Mistake.UNKNOWN_KEY, "Review", 1, 1, "review")),
    "wrong section": ("max_rounds: 1\n", (Mistake.UNKNOWN_KEY, "max_rounds", 1, 1, "review.max_rounds")),
    "other tools' word": ("max_parallel: 1\n", (Mistake.UNKNOWN_KEY, "max_parallel", 1, 1, "max_agents")),
    "dotted": ("review.mode: strict\n", (Mistake.DOTTED, "review.mode", 1, 1, "")),
    "near value": ("ci: every-push\n", (Mistake.BAD_VALUE, "ci", 1, 5, "every_push")),
    "no value near": ("ci: tomorrow\n", (Mistake.BAD_VALUE, "ci", 1, 5, "")),
    "number as text": ("max_agents: '3'\n", (Mistake.BAD_VALUE, "max_agents", 1, 13, "")),
    "text as boolean": ("draft: 'yes'\n", (Mistake.BAD_VALUE, "draft", 1, 8, "")),
    "too many": ("max_agents: 21\n", (Mistake.BAD_VALUE, "max_agents", 1, 13, "")),
    "fraction": ("max_agents: 2.5\n", (Mistake.BAD_VALUE, "max_agents", 1, 13, "")),
    "boolean as number": ("max_agents: on\n", (Mistake.BAD_VALUE, "max_agents", 1, 13, "")),
    "boolean as word": ("setup: off\n", (Mistake.BAD_VALUE, "setup", 1, 8, "")),
    "one instead of a list": ("network: a.org\n", (Mistake.BAD_VALUE, "network", 1, 10, "")),
    "list instead of one": ("branch: [a, b]\n", (Mistake.BAD_VALUE, "branch", 1, 9, "")),
    "keys instead of a value": ("draft: {a: 1}\n", (Mistake.BAD_VALUE, "draft", 1, 8, "")),
    "entry": ("verify: [make, 5]\n", (Mistake.BAD_VALUE, "verify[2]", 1, 16, "")),
    "list in a list": ("verify: [[make]]\n", (Mistake.BAD_VALUE, "verify[1]", 1, 10, "")),
    "too many commands": (f"verify: [{', '.join(['make'] * 21)}]\n", (Mistake.BAD_VALUE, "verify", 1, 9, "")),
    "too many to set up": (f"setup: [{', '.join(['make'] * 21)}]\n", (Mistake.BAD_VALUE, "setup", 1, 8, "")),
    "no id": ("branch: task\n", (Mistake.BAD_VALUE, "branch", 1, 9, "")),
    "octal": ("max_agents: 010\n", (Mistake.TRAP, "max_agents", 1, 13, "")),
    "hexadecimal": ("max_agents: 0x3\n", (Mistake.TRAP, "max_agents", 1, 13, "")),
    "base 60": ("max_agents: 1:3\n", (Mistake.TRAP, "max_agents", 1, 13, "")),
    "infinite": ("limits: {idle_minutes: .inf}\n", (Mistake.TRAP, "limits.idle_minutes", 1, 24, "")),
    "date": ("branch: 2026-11-22\n", (Mistake.TRAP, "branch", 1, 9, "")),
    "no number at all": ("max_agents: 0x_\n", (Mistake.TRAP, "max_agents", 1, 13, "")),
    "huge number": (f"max_agents: {'9' * 5000}\n", (Mistake.TRAP, "max_agents", 1, 13, "")),
    "empty": ("max_agents:\n", (Mistake.EMPTY, "max_agents", 1, 12, "")),
    "no section": ("budget: 5\n", (Mistake.NOT_A_SECTION, "budget", 1, 9, "")),
    "twice": ("draft: true\nci: ready\ndraft: true\n", (Mistake.DUPLICATE, "draft", 3, 1, "")),
    "key on": ("on: true\n", (Mistake.ODD_KEY, "", 1, 1, "")),
    "key list": ("? [a]\n: b\n", (Mistake.ODD_KEY, "", 1, 3, "")),
    "merge key": ("<<: {draft: true}\n", (Mistake.MERGE_KEY, "", 1, 1, "")),
    "tag": ("branch: !!python/name:os.system x\n", (Mistake.TAG, "branch", 1, 9, "")),
    "merge": ("merge: always\n", (Mistake.MERGE, "merge", 1, 8, "")),
    "a list": ("- draft\n", (Mistake.ROOT, "", 1, 1, "")),
    "a word": ("draft\n", (Mistake.ROOT, "", 1, 1, "")),
    "tab": ("review:\n\tmode: strict\n", (Mistake.TAB, "", 2, 1, "")),
    "tab below spaces": ("review:\n  mode: strict\n \tcoverage: 1\n", (Mistake.TAB, "", 3, 2, "")),
    "no YAML": ("draft: [\n", (Mistake.NOT_YAML, "", 2, 1, "")),
    "unknown alias": ("draft: *x\n", (Mistake.NOT_YAML, "", 1, 8, "")),
    "two documents": ("draft: true\n---\ndraft: true\n", (Mistake.DOCUMENTS, "", 2, 1, "")),
    "control character": ("draft: tr\x07ue\n", (Mistake.CHARACTER, "", 1, 10, "")),
    "loop": ("verify: &a [*a]\n", (Mistake.LOOP, "verify[1]", 1, 9, "")),
    "deep": ("[" * 5_000, (Mistake.TOO_DEEP, "", 0, 0, "")),
    "large": ("#" * (MAX_CHARACTERS + 1), (Mistake.TOO_LARGE, "", 0, 0, "")),
}


@pytest.mark.parametrize("name", ONE_MISTAKE)
def test_one_mistake(name: str) -> None:
    text, expected = ONE_MISTAKE[name]
    assert found(text) == [expected]


def test_every_kind_of_mistake_is_in_a_table() -> None:
    here = {seen[0] for _, seen in ONE_MISTAKE.values()} | {mistake for _, mistake, _ in CLASHES.values()}
    assert here | {Mistake.UNREADABLE, Mistake.TOO_MANY} == set(Mistake)


def test_all_are_reported_at_once_in_the_order_of_the_lines() -> None:
    text = (
        "draft: maybe\nreview:\n  mode: stric\n  foo: 1\nnetwork: [on, a.org, 012, {x: 1}]\nmax_agents: 0\ndraft: no\n"
    )
    assert [(key, line) for _, key, line, _, _ in found(text)] == [
        ("draft", 1), ("review.mode", 3), ("review.foo", 4), ("network[1]", 5), ("network[3]", 5), ("network[4]", 5),
        ("max_agents", 6), ("draft", 7),
    ]  # fmt: skip


def test_aliases_that_grow_are_not_written_out() -> None:
    lines = ["draft: true", "verify: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"k{n}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]" for n in range(20)]
    problems = found("\n".join([*lines, "setup: [*t, *u]", ""]))
    assert (Mistake.TOO_MANY, "setup") in [(mistake, key) for mistake, key, *_ in problems]


def test_a_file_of_nothing_but_mistakes_tells_the_first() -> None:
    assert len(found("".join(f"k{n}: 1\n" for n in range(5_000)))) == MOST_PROBLEMS


def test_aliases_as_people_use_them_are_fine() -> None:
    held = effective("limits:\n  develop: &slow {minutes: 90, retries: 0}\n  correct: *slow\n")
    assert held.config.limits.correct.minutes == 90


PIECES = st.sampled_from(
    ["review", "mode", "draft", "limits", "develop", ":", ": ", "\n", "\n  ", "- ", "[", "]", "{", "}", ",", "&a ",
     "*a", "!!int ", "'", '"', "|", ">", "#", "\t", "on", "010", "1e9", "~", "<<", "? ", "---", "%", "@", "é", "0x",
     "\u2028", "\x85", "\ufeff", "1:2", "2026-01-01", "true", "strict"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=30).map("".join)))
def test_no_text_makes_the_reader_fall(text: str) -> None:
    reading = read(text)
    assert isinstance(reading, Ok) or reading.problems
    in_force(reading)


def test_what_is_meant_by_others_words_exists() -> None:
    assert {meant for meant in MEANT.values() if meant not in KEYS and meant not in SECTIONS} == set()


# ── layers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_any_file_everything_has_its_default() -> None:
    held = in_force(Absent())
    assert held == Effective()
    assert isinstance(held, Effective)
    assert set(held.sources.values()) == {Layer.DEFAULT}


def test_each_layer_beats_those_below_it_key_by_key() -> None:
    held = effective(
        "profile: ci\nreview: {mode: lenient}\n", "profile: conservative\nmax_agents: 4\nreview: {max_rounds: 7}\n",
        budget__task__usd=3,
    )  # fmt: skip
    assert {key: (source, held.values[key]) for key, source in held.sources.items() if source is not Layer.DEFAULT} == {
        "profile": (Layer.REPOSITORY, "ci"),
        "max_agents": (Layer.OWNER, 4),
        "review.mode": (Layer.REPOSITORY, "lenient"),
        "review.max_rounds": (Layer.OWNER, 7),
        "review.coverage": (Layer.PROFILE, 85),
        "branch": (Layer.PROFILE, "ci/task-{id}"),
        "limits.develop.minutes": (Layer.PROFILE, 30),
        "limits.review.minutes": (Layer.PROFILE, 10),
        "limits.correct.minutes": (Layer.PROFILE, 15),
        "budget.task.usd": (Layer.OPTION, 3),
    }
    assert held.config.limits.develop.retries == 2, "what is not said of a section keeps its default"


def test_the_first_layer_that_names_a_profile_names_it() -> None:
    assert effective("", "profile: conservative\n").config.max_agents == 2
    assert effective("profile: balanced\n", "profile: conservative\n").config.max_agents == 5
    assert effective("profile: ci\n", profile="aggressive").config.max_agents == 10


def test_rounds_and_coverage_follow_the_mode_unless_they_are_said() -> None:
    modes = ("strict", "balanced", "lenient")
    assert [effective(f"review: {{mode: {mode}}}").config.review.rounds for mode in modes] == [3, 5, 10]
    assert effective("review: {mode: lenient}").config.review.least_coverage == 60
    assert effective("profile: conservative\nreview: {max_rounds: }").config.review.rounds == 3, "taken back"


def test_a_broken_layer_breaks_everything_and_says_which() -> None:
    held = in_force(read("draft: maybe\n"), Unreadable("gone"), {"ci": "never", "nope": 1})
    assert isinstance(held, Broken)
    assert [(p.layer, p.mistake, p.key) for p in held.problems] == [
        (Layer.REPOSITORY, Mistake.BAD_VALUE, "draft"), (Layer.OWNER, Mistake.UNREADABLE, ""),
        (Layer.OPTION, Mistake.UNKNOWN_KEY, "nope"), (Layer.OPTION, Mistake.BAD_VALUE, "ci"),
    ]  # fmt: skip


CLASHES: dict[str, tuple[str, Mistake, str]] = {
    "stage above task": ("limits: {develop: {usd: 11}}", Mistake.MORE_THAN, "limits.develop.usd"),
    "tokens": (
        "{limits: {review: {tokens: 2}}, budget: {task: {tokens: 1}}}",
        Mistake.MORE_THAN,
        "limits.review.tokens",
    ),
    "task above session": ("budget: {session: {usd: 9}}", Mistake.MORE_THAN, "budget.task.usd"),
    "no branch name": ("branch: 'a b/{id}'", Mistake.BRANCH, "branch"),
    "ends in a dot": ("branch: '{id}.'", Mistake.BRANCH, "branch"),
    "lock": ("branch: '{id}.lock'", Mistake.BRANCH, "branch"),
    "too long with a title": (f"branch: '{'x' * 60}-{{id}}-{{slug}}'", Mistake.BRANCH, "branch"),
    "unknown word": ("branch: '{id}-{title}'", Mistake.BRANCH_WORD, "branch"),
    "shared": ("branch: '{slug}{id}'", Mistake.BRANCH_SHARED, "branch"),
    "trigger label": ("pull_request: {labels: [Parallel-Dev]}", Mistake.TRIGGER_LABEL, "pull_request.labels"),
}


@pytest.mark.parametrize("name", CLASHES)
def test_values_that_make_no_sense_together(name: str) -> None:
    text, mistake, key = CLASHES[name]
    held = in_force(read(text))
    assert isinstance(held, Broken)
    assert [(p.mistake, p.key, p.layer) for p in held.problems] == [(mistake, key, Layer.REPOSITORY)]
    assert held.problems[0].at is not None


def test_the_digest_tells_values_and_not_sources() -> None:
    assert effective("max_agents: 5\n").digest == Effective().digest == effective("", "draft: true\n").digest
    assert effective("max_agents: 6\n").digest != Effective().digest
