"""The world's records as GitHub's JSON: every required field of its published description, in one place per thing.

REST answers and webhook payloads are rendered by the same functions, so they cannot drift apart.
"""

from demo.hub.render.installed import app_json, embedded_app_json, hook_config_json, installation_json
from demo.hub.render.issues import comment_json, issue_json, label_json, reaction_json, reactions_json, timeline_json
from demo.hub.render.people import account_json, association, permissions_json, profile_json
from demo.hub.render.repos import repository_json

__all__ = [
    "account_json",
    "app_json",
    "association",
    "comment_json",
    "embedded_app_json",
    "hook_config_json",
    "installation_json",
    "issue_json",
    "label_json",
    "permissions_json",
    "profile_json",
    "reaction_json",
    "reactions_json",
    "repository_json",
    "timeline_json",
]
