"""Apps and installations."""

from typing import Any

from demo.hub.render.people import account_json
from demo.hub.state import App, HookConfig, Installation, node_id, stamp
from demo.hub.urls import Urls

Json = dict[str, Any]


def app_json(at: Urls, app: App) -> Json:
    """GitHub's `integration`."""
    return {
        "id": app.id,
        "client_id": app.client_id,
        "slug": app.slug,
        "node_id": node_id("A", app.id),
        "owner": account_json(at, app.owner),
        "name": app.name,
        "description": app.description,
        "external_url": app.external_url,
        "html_url": f"{at.html}/apps/{app.slug}",
        "created_at": stamp(app.created_at),
        "updated_at": stamp(app.updated_at),
        "permissions": dict(app.permissions),
        "events": list(app.events),
    }


def embedded_app_json(at: Urls, app: App) -> Json:
    """The App inside a check suite or behind an issue.

    GitHub's description of payloads lists the events that an App may have there, and the two left out are not on it.
    """
    answer = app_json(at, app)
    return answer | {"events": [one for one in answer["events"] if one not in ("issue_dependencies", "sub_issues")]}


def installation_json(at: Urls, installation: Installation) -> Json:
    account = installation.account
    settings = f"organizations/{account.login}/settings" if account.type == "Organization" else "settings"
    by = installation.suspended_by
    return {
        "id": installation.id,
        "client_id": installation.app.client_id,
        "account": account_json(at, account),
        "repository_selection": installation.repository_selection,
        "access_tokens_url": f"{at.api}/app/installations/{installation.id}/access_tokens",
        "repositories_url": f"{at.api}/installation/repositories",
        "html_url": f"{at.html}/{settings}/installations/{installation.id}",
        "app_id": installation.app.id,
        "app_slug": installation.app.slug,
        "target_id": account.id,
        "target_type": account.type,
        "permissions": dict(installation.permissions),
        "events": list(installation.events),
        "created_at": stamp(installation.created_at),
        "updated_at": stamp(installation.updated_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": account_json(at, by) if by else None,
        "suspended_at": stamp(installation.suspended_at) if installation.suspended_at else None,
    }


def hook_config_json(hook: HookConfig) -> Json:
    """The secret is never shown, only that there is one."""
    answer: Json = {"content_type": hook.content_type, "insecure_ssl": hook.insecure_ssl, "url": hook.url or ""}
    return answer | ({"secret": "********"} if hook.secret else {})
