"""The four profiles: what each sets, key by key. Everything else has the same default in all of them."""

from collections.abc import Mapping
from typing import Any

from core.repoconfig.model import ProfileName

PROFILES: Mapping[ProfileName, Mapping[str, Any]] = {
    "conservative": {
        "max_agents": 2,
        "review": {"mode": "strict", "max_rounds": 2},
        "branch": "feature/task-{id}-safe",
        "ci": "approved",
        "budget": {"task": {"usd": 5}, "repository_day": {"usd": 50}},
    },
    "balanced": {},
    "aggressive": {
        "max_agents": 10,
        "review": {"mode": "lenient"},
        "branch": "feat/{id}",
        "budget": {"task": {"usd": 25}, "repository_day": {"usd": 250}},
    },
    "ci": {
        "max_agents": 3,
        "review": {"mode": "strict", "coverage": 85},
        "branch": "ci/task-{id}",
        "limits": {"develop": {"minutes": 30}, "review": {"minutes": 10}, "correct": {"minutes": 15}},
    },
}
"""From the seed's profiles, without the keys that nothing would read."""
