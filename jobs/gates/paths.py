"""Which paths an agent's commit may not touch, whatever the issue says.

Workflow files run with the repository's secrets, CODEOWNERS decides who must review, pdev's own configuration decides
what pdev checks, and a name that a case-folding
file system reads as `.git` makes a checkout execute code. Names are compared the way the most forgiving file system
would read them.
"""

import re
import unicodedata
from collections.abc import Sequence
from fnmatch import fnmatchcase
from posixpath import normpath

from jobs.patterns import protecting

_PROTECTED = (
    ".github/workflows",
    ".github/actions",
    ".github/pdev.yml",
    ".github/pdev.yaml",
    ".github/pdev",
    ".gitmodules",
    "codeowners",
    ".github/codeowners",
    "docs/codeowners",
    ".gitlab/codeowners",
)
# Notes and settings that agents leave for themselves: they steer the next agent, and nobody asked for them.
_AGENTS_OWN = (
    ".pdev", ".parallel-dev", ".claude", ".codex", ".mcp.json", ".claude.json", "claude.local.md", ".aider*",
)  # fmt: skip
_HFS_IGNORES = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_NTFS_SHORT = re.compile(r"git~\d+|gitmod~\d+|gi7eba~\d+")
_EXECUTES = re.compile(rb"(?:^|[\s])-?!?(filter|diff|merge)(?:=|\s|$)")
# Written by git itself or harmless: built-in behaviour, no program of anybody's.
_BUILT_IN = re.compile(
    rb"(?:^|\s)(?:-(?:filter|diff|merge)|diff=[a-z]+|merge=(?:union|binary|text)|filter=lfs)(?=\s|$)"
)


def folded(name: str) -> str:
    """`name` as the most forgiving file system reads it."""
    visible = _HFS_IGNORES.sub("", unicodedata.normalize("NFKC", name)).casefold()
    return visible.split(":", 1)[0].rstrip(". ")


def is_git_name(path: str) -> bool:
    """Whether any part of `path` can be read as `.git` or one of git's own files in disguise."""
    for part in re.split(r"[/\\]", path):
        plain = folded(part)
        if plain == ".git" or _NTFS_SHORT.fullmatch(plain):
            return True
        if plain in {".gitmodules", ".gitattributes", ".gitignore", ".mailmap"} and part != plain:
            return True
    return False


def is_strange(path: str) -> bool:
    """Whether `path` has characters that hide or reorder text, or cannot be shown at all."""
    return any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in path) or "\\" in path


def folded_path(path: str) -> str:
    """`path` as the most forgiving file system reads it."""
    return "/".join(folded(part) for part in path.split("/"))


def protected(path: str, patterns: Sequence[str] = ()) -> str | None:
    """Which rule protects `path`, or None; `patterns` are the repository's own."""
    plain = folded_path(path)
    for rule in _PROTECTED:
        # The rule itself, anything below it, and a file where one of its folders should be.
        if plain == rule or plain.startswith(f"{rule}/") or rule.startswith(f"{plain}/"):
            return rule
    first = plain.split("/", 1)[0]
    own = next((rule for rule in _AGENTS_OWN if fnmatchcase(first, rule)), None)
    return own or protecting(plain, patterns)


def new_attributes(old: bytes, new: bytes) -> bool:
    """Whether `new` attributes name a program (filter, diff or merge driver) that `old` did not."""
    before = {_BUILT_IN.sub(b"", line).strip() for line in old.splitlines()}
    return any(
        _EXECUTES.search(rest)
        for line in new.splitlines()
        if not line.lstrip().startswith(b"#") and (rest := _BUILT_IN.sub(b"", line).strip()) not in before
    )


def leaves_the_tree(path: str, target: str) -> bool:
    """Whether a symbolic link at `path` can lead outside the tree, or into a `.git`.

    A `..` after a name is refused as well: behind a second link it would count from another folder.
    """
    if target.startswith("/") or is_git_name(target) or "\\" in target or re.match(r"[A-Za-z]:", target):
        return True
    parts = [part for part in target.split("/") if part not in {"", "."}]
    ups = 0
    while ups < len(parts) and parts[ups] == "..":
        ups += 1
    if ".." in parts[ups:] or ups > path.count("/"):
        return True
    where = normpath("/".join([*path.split("/")[:-1], *parts]) or ".")
    return where == ".." or where.startswith("../")
