"""Page and schema are printed from the model, and no key exists that nobody reads."""

import ast
import json
import os
import re
from pathlib import Path

import pytest

from core.messages.inforce import keys_table, profiles_table
from core.repoconfig import KEYS, PROFILES, SECTIONS, Effective, Ok, in_force, json_schema, read
from core.repoconfig.keys import flat, nested
from core.repoconfig.layers import DEFAULTS
from core.repoconfig.model import Config
from core.schedule import MOST_AGENTS

ROOT = Path(__file__).parents[2]
PAGE, SCHEMA = ROOT / "docs" / "configuration.md", ROOT / "docs" / "pdev.schema.json"

PENDING: frozenset[str] = frozenset()
"""Keys whose consumer is not here yet. The list only ever gets shorter: one that is read must not stand here."""

READ_AS: dict[str, str] = {
    "profile": r"config\.profile\b",
    "review.max_rounds": r"review\.rounds\b",
    "review.coverage": r"\.least_coverage\b",
    "ci": r"\.ci_of\b",
    "transcripts": r"\.shows_transcripts\b",
    "pull_request.labels": r"pull_request\.labels\b",
    "pull_request.reviewers": r"pull_request\.reviewers\b",
    "limits.idle_minutes": r"\.idle_minutes\b",
    "merge": r"core/repoconfig alone: there is nothing to do for `never`",
}
"""How a key is read where that is not `config.<key>`; the last part of stage limits and budgets is read by itself."""


def update(path: Path, text: str) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, f"{path.name} is out of date: UPDATE_GOLDEN=1"


def test_the_page_is_printed_from_the_model() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, table in (("profiles", profiles_table()), ("keys", keys_table())):
        text, found = re.subn(
            rf"(<!-- {name} -->\n)(?:\n\|.*?\n(?=\n))?",
            lambda m, t=table: f"{m[1]}\n{t}",
            text,
            count=1,
            flags=re.DOTALL,
        )
        assert found == 1
    update(PAGE, text)


def test_the_schema_is_printed_from_the_model() -> None:
    update(SCHEMA, json.dumps(json_schema(), indent=2) + "\n")


def test_the_example_of_the_page_is_right() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert isinstance(in_force(read(example)), Effective)


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_right_and_says_only_what_it_changes(name: str) -> None:
    said = flat(PROFILES[name])  # type: ignore[index]
    assert set(said) <= set(KEYS)
    assert isinstance(in_force(Ok(said, {})), Effective)
    assert {key: value for key, value in said.items() if DEFAULTS[key] == value} == {}
    assert in_force(Ok({"profile": name}, {})).config.merge == "never"  # type: ignore[union-attr]


def test_the_keys_are_those_of_the_model() -> None:
    assert Config.model_validate(nested(DEFAULTS)) == Config()
    assert set(KEYS) == set(DEFAULTS)
    assert not set(KEYS) & set(SECTIONS)
    assert all(key.description for key in KEYS.values())


def test_the_scheduler_can_do_what_the_model_allows() -> None:
    assert KEYS["max_agents"].schema["maximum"] == MOST_AGENTS


def chains() -> str:
    """Every attribute that is read outside of core/repoconfig, one chain a line."""
    found = set()
    for floor in ("bot", "cli", "core", "jobs"):
        for path in (ROOT / floor).rglob("*.py"):
            if "repoconfig" not in path.parts:
                tree = ast.parse(path.read_text(encoding="utf-8"))
                found |= {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return "\n".join(sorted(found))


def pattern(key: str) -> str:
    if key in READ_AS:
        return READ_AS[key]
    first, _, rest = key.partition(".")
    if first in {"limits", "budget"}:
        return {"limits": r"limits\b", "budget": rf"budget\.{rest.split('.')[0]}\b"}[first]
    return rf"config\.{re.escape(key)}\b"


def test_every_key_has_a_consumer() -> None:
    text = chains()
    unread = {key for key in KEYS if key != "merge" and not re.search(pattern(key), text)}
    assert unread - PENDING == set(), "nobody reads these: find them a consumer or take them out of the model"
    assert PENDING - unread == set(), "these have a consumer now: take them off the list"
    assert set(KEYS) >= PENDING


@pytest.mark.parametrize("name", ["minutes", "retries", "turns", "usd", "tokens"])
def test_every_limit_of_a_stage_is_read(name: str) -> None:
    """A stage's limits are looked up by the stage's name, so only their own names can be found."""
    assert re.search(rf"(?:limits|bounds|stage|allowed|config)\S*\.{name}\b", chains())
