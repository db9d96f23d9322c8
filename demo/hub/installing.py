"""What owners do with an App: install, suspend, remove, choose repositories; and with repositories and issues: rename,
transfer, delete. Each changes the world and tells the App, and can happen in the middle of any task."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from demo.hub.changes import announce_issue
from demo.hub.render import installation_json, issue_json, repository_json
from demo.hub.seed import add_app, add_installation, new_key, public_half
from demo.hub.state import Account, App, Installation, Issue, Repository, node_id, stamp

if TYPE_CHECKING:
    from demo.hub.hub import Hub


@dataclass(slots=True)
class Manifest:
    """What a person agreed to on the manifest page, waiting for its code to be converted."""

    name: str
    owner: Account
    url: str = "https://example.com"
    hook_url: str | None = None
    permissions: dict[str, str] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)


def _brief(repo: Repository) -> dict[str, Any]:
    """How installation events name a repository."""
    return {
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
    }


def _covered(hub: "Hub", installation: Installation) -> list[Repository]:
    return [repo for repo in hub.world.repos.values() if installation in hub.world.installations_on(repo)]


def _announce(hub: "Hub", installation: Installation, action: str, by: Account, **more: Any) -> None:
    payload = {"action": action, "installation": installation_json(hub.urls, installation), **more}
    hub.courier.announce("installation", payload, sender=by, installation=installation)


def install(hub: "Hub", app: App, account: Account, by: Account, repos: list[Repository] | None = None) -> Installation:
    """On these repositories, or (None) on all of the account."""
    installation = add_installation(hub.world, hub.now(), app=app, account=account, repos=repos)
    covered = [_brief(repo) for repo in _covered(hub, installation)]
    _announce(hub, installation, "created", by, repositories=covered, requester=None)
    return installation


def uninstall(hub: "Hub", installation: Installation, by: Account) -> None:
    """Its tokens die with it."""
    covered = [_brief(repo) for repo in _covered(hub, installation)]
    _announce(hub, installation, "deleted", by, repositories=covered, requester=None)
    _drop_tokens(hub, installation)
    hub.world.installations.pop(installation.id, None)


def suspend_installation(hub: "Hub", installation: Installation, by: Account) -> None:
    installation.suspended_at, installation.suspended_by = hub.now(), by
    _announce(hub, installation, "suspend", by)


def resume_installation(hub: "Hub", installation: Installation, by: Account) -> None:
    installation.suspended_at = installation.suspended_by = None
    _announce(hub, installation, "unsuspend", by)


def _drop_tokens(hub: "Hub", installation: Installation) -> None:
    for value in [one.value for one in hub.world.tokens.values() if one.installation is installation]:
        del hub.world.tokens[value]


def grant(hub: "Hub", installation: Installation, permissions: dict[str, str], by: Account) -> None:
    """An owner accepts what the App newly asks for (or GitHub takes something away)."""
    installation.permissions = dict(permissions)
    _announce(hub, installation, "new_permissions_accepted", by)


def choose_repositories(
    hub: "Hub",
    installation: Installation,
    by: Account,
    add: Iterable[Repository] = (),
    remove: Iterable[Repository] = (),
) -> None:
    """One `installation_repositories` event for what came and one for what went."""
    for action, repos in (("added", list(add)), ("removed", list(remove))):
        if not repos:
            continue
        ids = {repo.id for repo in repos}
        installation.repository_ids = (
            installation.repository_ids | ids if action == "added" else installation.repository_ids - ids
        )
        payload = {
            "action": action,
            "installation": installation_json(hub.urls, installation),
            "repository_selection": installation.repository_selection,
            "repositories_added": [_brief(repo) for repo in repos] if action == "added" else [],
            "repositories_removed": [_brief(repo) for repo in repos] if action == "removed" else [],
            "requester": None,
        }
        hub.courier.announce("installation_repositories", payload, sender=by, installation=installation)


def register_from_manifest(hub: "Hub", manifest: Manifest) -> tuple[App, str]:
    """The new App and its private key."""
    key = new_key()
    slug = manifest.name.lower().replace(" ", "-")
    app = add_app(
        hub.world,
        hub.now(),
        slug=slug,
        owner=manifest.owner,
        public_key_pem=public_half(key),
        permissions=manifest.permissions,
        events=manifest.events,
    )
    app.name, app.external_url = manifest.name, manifest.url
    app.hook.url, app.hook.secret = manifest.hook_url, secrets.token_hex(20)
    app.client_secret = secrets.token_hex(20)
    return app, key


def ping(hub: "Hub", app: App) -> None:
    """What GitHub sends first when an App's webhook is set up."""
    hook = {
        "type": "App",
        "id": app.id,
        "name": "web",
        "active": app.hook.active,
        "events": list(app.events),
        "config": {"content_type": "json", "insecure_ssl": "0", "url": app.hook.url, "secret": "********"},
        "app_id": app.id,
        "deliveries_url": f"{hub.urls.api}/app/hook/deliveries",
        "created_at": stamp(app.created_at),
        "updated_at": stamp(app.updated_at),
    }
    hub.courier.post(
        app, "ping", {"zen": "Half measures are as bad as nothing at all.", "hook_id": app.id, "hook": hook}
    )


def rename_repository(hub: "Hub", repo: Repository, name: str, by: Account) -> None:
    """The old name redirects from now on: 301 for reads, 307 for writes."""
    former = repo.name
    hub.world.former_names[repo.full_name.lower()] = repo.id
    repo.name, repo.updated_at = name, hub.now()
    payload = {"action": "renamed", "changes": {"repository": {"name": {"from": former}}}}
    hub.courier.announce("repository", payload, repo=repo, sender=by)


async def delete_issue(hub: "Hub", issue: Issue, by: Account) -> None:
    """From now on 410."""
    await announce_issue(hub, issue, "deleted", by)
    issue.deleted = True
    for blocked in issue.blocking:
        blocked.blocked_by.remove(issue)
    for blocking in issue.blocked_by:
        blocking.blocking.remove(issue)
    issue.blocking, issue.blocked_by = [], []


async def transfer_issue(hub: "Hub", issue: Issue, to: Repository, by: Account) -> Issue:
    """A new issue in the other repository with the same text and talk; the old address redirects there."""
    now = hub.now()
    moved = Issue(
        hub.world.new_id(),
        to.next_number(),
        to,
        issue.title,
        issue.body,
        issue.user,
        issue.created_at,
        now,
        app=issue.app,
    )
    moved.comments, issue.comments = issue.comments, []
    for comment in moved.comments:
        comment.number = moved.number
        to.comments[comment.id] = comment
        issue.repo.comments.pop(comment.id, None)
    to.issues[moved.number] = moved
    issue.moved_to = moved
    changes = {
        "new_issue": issue_json(hub.urls, moved, webhook=True),
        "new_repository": repository_json(hub.urls, to),
    }
    await announce_issue(hub, issue, "transferred", by, {"changes": changes})
    transfer = {
        "changes": {"old_issue": issue_json(hub.urls, issue), "old_repository": repository_json(hub.urls, issue.repo)}
    }
    await announce_issue(hub, moved, "opened", by, transfer)
    return moved
