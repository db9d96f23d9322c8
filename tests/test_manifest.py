"""`app.yml` asks GitHub for exactly what is used: more frightens owners, less fails in the middle of a task."""

from typing import Any

import yaml

from bot.handlers import BY_THEMSELVES, ROUTES
from core.github import needed_permissions
from tests.test_architecture import ROOT

MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "app.yml").read_text(encoding="utf-8"))


def test_the_permissions_are_those_of_the_calls() -> None:
    assert MANIFEST["default_permissions"] == needed_permissions()


def test_the_events_are_those_with_a_handler() -> None:
    handled = {event for event, _ in ROUTES}
    assert MANIFEST["default_events"] == sorted(handled - BY_THEMSELVES)


def test_the_manifest_holds_what_github_takes() -> None:
    """Keys of GitHub's documentation; nothing there takes a secret or a key."""
    assert set(MANIFEST) <= {
        "name", "url", "hook_attributes", "redirect_url", "callback_urls", "setup_url", "description", "public",
        "default_events", "default_permissions", "request_oauth_on_install", "setup_on_update",
    }  # fmt: skip
    assert len(MANIFEST["description"]) <= 500


def test_agents_may_not_change_what_ci_runs() -> None:
    assert "workflows" not in MANIFEST["default_permissions"]
