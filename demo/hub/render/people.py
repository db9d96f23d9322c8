"""Accounts and what they are to a repository."""

from typing import Any

from demo.hub.state import Account, Repository, Role, Team, node_id, role_rank, stamp
from demo.hub.urls import Urls

Json = dict[str, Any]


def account_json(at: Urls, account: Account) -> Json:
    """GitHub's `simple-user`."""
    api = at.user(account)
    return {
        "login": account.login,
        "id": account.id,
        "node_id": account.node,
        "avatar_url": f"{at.html}/avatars/{account.id}",
        "gravatar_id": "",
        "url": api,
        "html_url": at.profile(account),
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": account.type,
        "user_view_type": "public",
        "site_admin": account.site_admin,
    }


def profile_json(at: Urls, account: Account) -> Json:
    """GitHub's `public-user`: what `GET /users/{login}` answers."""
    return account_json(at, account) | {
        "name": account.name,
        "company": None,
        "blog": "",
        "location": None,
        "email": account.email,
        "hireable": None,
        "bio": None,
        "twitter_username": None,
        "public_repos": 0,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": stamp(account.created_at),
        "updated_at": stamp(account.created_at),
    }


def organization_json(at: Urls, account: Account) -> Json:
    """The `organization` of webhook payloads (GitHub's `organization-simple`)."""
    api = f"{at.api}/orgs/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": account.node,
        "url": api,
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events",
        "hooks_url": f"{api}/hooks",
        "issues_url": f"{api}/issues",
        "members_url": f"{api}/members{{/member}}",
        "public_members_url": f"{api}/public_members{{/member}}",
        "avatar_url": f"{at.html}/avatars/{account.id}",
        "description": account.name,
    }


def team_json(at: Urls, team: Team) -> Json:
    """GitHub's `team`."""
    api = f"{at.api}/organizations/{team.organization.id}/team/{team.id}"
    return {
        "id": team.id,
        "node_id": node_id("T", team.id),
        "name": team.slug,
        "slug": team.slug,
        "description": None,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "push",
        "url": api,
        "html_url": f"{at.html}/orgs/{team.organization.login}/teams/{team.slug}",
        "members_url": f"{api}/members{{/member}}",
        "repositories_url": f"{api}/repos",
        "type": "organization",
        "organization_id": team.organization.id,
        "parent": None,
    }


def permissions_json(role: Role | None) -> dict[str, bool]:
    """`{"admin": …, "maintain": …, "push": …, "triage": …, "pull": …}`."""
    rank = role_rank(role)
    names: tuple[tuple[str, Role], ...] = (
        ("admin", "admin"),
        ("maintain", "maintain"),
        ("push", "write"),
        ("triage", "triage"),
        ("pull", "read"),
    )
    return {name: rank >= role_rank(needed) for name, needed in names}


def association(repo: Repository, account: Account) -> str:
    """GitHub's `author_association`: what the author is to the repository, never what he may do."""
    if account is repo.owner:
        return "OWNER"
    if account.login in repo.owner.members:
        return "MEMBER"
    if account.login.lower() in repo.collaborators:
        return "COLLABORATOR"
    merged = any(pull.merged and pull.issue.user is account for pull in repo.pulls())
    return "CONTRIBUTOR" if merged else "NONE"
