"""What was probably meant: a key spelt wrong, a key in the wrong section, a value that is nearly one of a list."""

import difflib

from core.repoconfig.keys import KEYS, SECTIONS

MEANT = {
    "agents": "max_agents", "max_parallel": "max_agents", "parallel": "max_agents", "concurrency": "max_agents",
    "rounds": "review.max_rounds", "max_iterations": "review.max_rounds", "review_mode": "review.mode",
    "branch_pattern": "branch", "branch_prefix": "branch", "coverage_threshold": "review.coverage",
    "timeout": "limits.develop.minutes", "test": "verify", "tests": "verify", "lint": "verify", "install": "setup",
    "reviewers": "pull_request.reviewers", "labels": "pull_request.labels", "pr": "pull_request",
    "protected_paths": "protected", "allowed_hosts": "network", "egress": "network", "auto_merge": "merge",
    "cost": "budget.task.usd", "max_usd": "budget.task.usd", "developer": "limits.develop", "logs": "transcripts",
}  # fmt: skip
"""What other tools, and our own seed, call it."""


def near_word(word: str, known: tuple[str, ...]) -> str:
    """The one of `known` that `word` is nearly, or ""."""
    return next(iter(difflib.get_close_matches(_plain(word), known, n=1, cutoff=0.6)), "")


def near_key(name: str, section: str) -> str:
    """The dotted name of the key that was probably meant by `name` in `section`, or ""."""
    plain = _plain(name)
    beside = near_word(plain, SECTIONS[section])
    here = f"{section}.{beside}" if section and beside else beside
    if here and difflib.SequenceMatcher(None, plain, beside).ratio() > 0.8:
        return here
    if plain in MEANT:
        return MEANT[plain]
    elsewhere = [dotted for dotted in (*KEYS, *SECTIONS) if dotted.rpartition(".")[2] == plain]
    return elsewhere[0] if elsewhere else here or _anywhere(plain)


def _anywhere(plain: str) -> str:
    last = {dotted.rpartition(".")[2]: dotted for dotted in reversed((*KEYS, *SECTIONS))}
    near = next(iter(difflib.get_close_matches(plain, last, n=1, cutoff=0.8)), "")
    return last.get(near, "")


def _plain(word: str) -> str:
    return word[:100].strip().lower().replace("-", "_").replace(" ", "_")
