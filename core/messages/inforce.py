"""What is said about the configuration in force: each key, its value and who decided it; and the page of all keys."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.messages.config import Source, problems, takes
from core.messages.words import code, count
from core.repoconfig import KEYS, PATH, PROFILES, Effective, Layer, Ok, Problem, in_force

_FEW = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One line of what is in force."""

    key: str
    value: str
    source: str
    is_default: bool


def rows(effective: Effective, source: Source, *, private: bool | None = None) -> list[Row]:
    """Every key, its value and where that comes from. `private` None: it is not known which the repository is."""
    return [_row(effective, name, value, source, private) for name, value in effective.values.items()]


def _row(effective: Effective, name: str, value: Any, source: Source, private: bool | None) -> Row:
    layer = effective.sources[name]
    followed = _followed(effective, name, private) if value is None else None
    if followed:
        return Row(name, *followed, is_default=layer in {Layer.DEFAULT, Layer.PROFILE})
    where = {
        Layer.OPTION: "option of the command",
        Layer.PROFILE: f"profile `{effective.config.profile}`",
        Layer.DEFAULT: "default",
    }.get(layer) or source.file(layer, place.line if (place := effective.places.get(name)) else 0)
    return Row(name, shown(value), where, is_default=layer is Layer.DEFAULT)


def _followed(effective: Effective, name: str, private: bool | None) -> tuple[str, str] | None:
    """Value and source of a key that is not set and depends on something else."""
    config = effective.config
    mode = f"`review.mode` is `{config.review.mode}`"
    if name == "review.max_rounds":
        return shown(config.review.rounds), mode
    if name == "review.coverage":
        return shown(config.review.least_coverage), mode
    if name not in {"ci", "transcripts"}:
        return None
    if private is None:
        return "by visibility", "whether the repository is private"
    value = config.ci_of(private=private) if name == "ci" else config.shows_transcripts(private=private)
    return shown(value), "the repository is private" if private else "the repository is public"


def shown(value: Any) -> str:
    """A value as it would be written in the file."""
    if value is None or value in ([], ()):
        return "none"
    if isinstance(value, list | tuple):
        return ", ".join(code(str(one)) for one in value[:_FEW]) + (", …" if len(value) > _FEW else "")
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else code(str(value), 200)


def effective_answer(effective: Effective, source: Source, *, private: bool) -> str:
    """The answer to `/pdev config` when all is well."""
    found = rows(effective, source, private=private)
    said, others = [row for row in found if not row.is_default], [row for row in found if row.is_default]
    intro = "This is in force here, and there is no problem."
    if not said:
        intro += f" Everything has its default; write `{PATH}` to change it."
    default = f"<details><summary>{count(len(others), 'default')}</summary>\n\n{_table(others)}\n\n</details>"
    return "\n\n".join([intro, *([_table(said)] if said else []), default])


def broken_answer(found: Iterable[Problem], source: Source) -> str:
    """The answer to `/pdev config` when nothing is in force."""
    return (
        f"{problems(found, source)}\n\nUntil this is mended on the default branch no task starts or goes on here. "
        "Tasks that wait for it then go on by themselves."
    )


def _table(found: Sequence[Row]) -> str:
    lines = [f"| `{row.key}` | {_cell(row.value)} | {row.source} |" for row in found]
    return "\n".join(["| key | value | from |", "|---|---|---|", *lines])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# ── docs/configuration.md ───────────────────────────────────────────────────────────────────────────────────────────


def keys_table() -> str:
    """Every key with what it does, what it takes and its default."""
    lines = ["| key | takes | default | meaning |", "|---|---|---|---|"]
    for key in KEYS.values():
        may_be_empty = "; may be empty" if key.may_be_empty else ""
        lines.append(f"| `{key.name}` | {takes(key)}{may_be_empty} | {shown(key.default)} | {key.description} |")
    return "\n".join(lines) + "\n"


def profiles_table() -> str:
    """Each key that differs between profiles, as it is in each where nothing else is said."""
    found = {name: in_force(Ok({"profile": name}, {})) for name in PROFILES}
    columns = [
        {row.key: row.value for row in rows(one, Source("", ""))}
        for one in found.values()
        if isinstance(one, Effective)
    ]
    lines = [f"| key | {' | '.join(f'`{name}`' for name in PROFILES)} |", "|---" * (len(columns) + 1) + "|"]
    for key in KEYS:
        values = [column[key] for column in columns]
        if key == "merge" or (key != "profile" and len(set(values)) > 1):
            lines.append(f"| `{key}` | {' | '.join(values)} |")
    return "\n".join(lines) + "\n"
