"""A repository's own say: `.github/pdev.yml`, the profiles behind it, and what is in force once they are merged.

`read` makes of a text what it says or everything that is wrong with it; `in_force` lays the layers over each other.
Pure: whoever loads the files (`core/configured`, the worker) hands them in.
"""

from core.repoconfig.keys import KEYS, SECTIONS, Key, json_schema
from core.repoconfig.layers import Broken, Effective, in_force
from core.repoconfig.model import Config
from core.repoconfig.problems import Layer, Mistake, Place, Problem
from core.repoconfig.profiles import PROFILES
from core.repoconfig.reading import MAX_CHARACTERS, Absent, Invalid, Ok, Reading, Unreadable, read

PATH = ".github/pdev.yml"
"""Where the file stands, in a repository and in its owner's `.github` repository alike."""
OWNER_REPOSITORY = ".github"

__all__ = [
    "KEYS", "MAX_CHARACTERS", "OWNER_REPOSITORY", "PATH", "PROFILES", "SECTIONS", "Absent", "Broken", "Config",
    "Effective", "Invalid", "Key", "Layer", "Mistake", "Ok", "Place", "Problem", "Reading", "Unreadable", "in_force",
    "json_schema", "read",
]  # fmt: skip
