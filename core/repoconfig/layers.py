"""What is in force: the layers laid over each other, key by key, and where each value came from.

An option of a command beats the repository's file, that the owner's, that the chosen profile, that the defaults. If
any file is broken nothing is in force: a guess at what it meant would be work that nobody ordered.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.repoconfig.conflicts import conflicts
from core.repoconfig.keys import KEYS, flat, nested
from core.repoconfig.model import Config, ProfileName
from core.repoconfig.nearness import near_key, near_word
from core.repoconfig.problems import Layer, Mistake, Place, Problem
from core.repoconfig.profiles import PROFILES
from core.repoconfig.reading import Absent, Invalid, Ok, Reading, Unreadable
from core.repoconfig.validity import mistakes_of

DEFAULTS: Mapping[str, Any] = flat(Config().model_dump(mode="json"))


@dataclass(frozen=True, slots=True)
class Effective:
    """The configuration in force. `sources`: dotted name → the layer that decided; `places`: where it stands there."""

    config: Config = field(default_factory=Config)
    sources: Mapping[str, Layer] = field(default_factory=lambda: dict.fromkeys(KEYS, Layer.DEFAULT))
    places: Mapping[str, Place] = field(default_factory=dict)

    @property
    def values(self) -> Mapping[str, Any]:
        """Dotted name → value, for every key."""
        return flat(self.config.model_dump(mode="json"))

    @property
    def digest(self) -> str:
        """The same for the same configuration, wherever its values came from."""
        return hashlib.sha256(self.config.model_dump_json().encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Broken:
    """Nothing is in force until these are mended."""

    problems: tuple[Problem, ...]


def in_force(
    repository: Reading, owner: Reading | None = None, given: Mapping[str, Any] | None = None
) -> Effective | Broken:
    """Merge the layers. `owner`: the file of the owner's `.github` repository; `given`: dotted options of a command."""
    given = given or {}
    readings = {Layer.REPOSITORY: repository, Layer.OWNER: owner or Absent()}
    problems = [replace(problem, layer=layer) for layer, one in readings.items() for problem in _wrong(one)]
    problems += _wrongly_given(given)
    if problems:
        return Broken(tuple(problems))
    said = {Layer.OPTION: given} | {layer: one.said for layer, one in readings.items() if isinstance(one, Ok)}
    profile: ProfileName = next((one["profile"] for one in said.values() if "profile" in one), DEFAULTS["profile"])
    said |= {Layer.PROFILE: flat(PROFILES[profile]), Layer.DEFAULT: DEFAULTS}
    sources = {key: next(layer for layer, one in said.items() if key in one) for key in KEYS}
    values = {key: said[layer][key] for key, layer in sources.items()}
    places = {key: one.places[key] for key, layer in sources.items()
              if isinstance(one := readings.get(layer), Ok) and key in one.places}  # fmt: skip
    effective = Effective(Config.model_validate(nested(values)), sources, places)
    if clashes := tuple(conflicts(effective.config, sources, places)):
        return Broken(clashes)
    return effective


def _wrong(reading: Reading) -> tuple[Problem, ...]:
    return reading.problems if isinstance(reading, Invalid | Unreadable) else ()


def _wrongly_given(given: Mapping[str, Any]) -> list[Problem]:
    unknown = [key for key in given if key not in KEYS]
    found = [Problem(Mistake.UNKNOWN_KEY, key, got=key, near=near_key(key, "")) for key in unknown]
    known = {key: value for key, value in given.items() if key in KEYS}
    for key, _ in mistakes_of(known):
        text = str(known[key])
        found.append(Problem(Mistake.BAD_VALUE, key, got=text, near=near_word(text, KEYS[key].choices)))
    return [replace(problem, layer=Layer.OPTION) for problem in found]
