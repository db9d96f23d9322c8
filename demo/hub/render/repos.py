"""Repositories. The many `…_url` templates are required fields: strict clients refuse a repository without them."""

from typing import Any

from demo.hub.render.people import account_json, permissions_json
from demo.hub.state import Repository, Role, node_id, stamp
from demo.hub.urls import Urls

Json = dict[str, Any]

_TEMPLATES = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


def repository_json(at: Urls, repo: Repository, *, full: bool = False, role: Role | None = None) -> Json:
    """GitHub's `repository`; `full=True` is its `full-repository`. `role`: the caller's, shown as `permissions`."""
    api, page = at.repo(repo), at.page(repo)
    open_issues = sum(issue.state == "open" for issue in repo.issues.values())
    answer: Json = {
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
        "owner": account_json(at, repo.owner),
        "html_url": page,
        "description": repo.description,
        "fork": False,
        "url": api,
        **{name: api + path for name, path in _TEMPLATES.items()},
        "created_at": stamp(repo.created_at),
        "updated_at": stamp(repo.updated_at),
        "pushed_at": stamp(repo.pushed_at or repo.created_at),
        "git_url": f"{page}.git",
        "ssh_url": f"{page}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "mirror_url": None,
        "homepage": None,
        "size": 0,
        "stargazers_count": 0,
        "watchers_count": 0,
        "watchers": 0,
        "language": None,
        "has_issues": True,
        "has_projects": False,
        "has_downloads": False,
        "has_wiki": False,
        "has_pages": False,
        "has_discussions": False,
        "forks_count": 0,
        "forks": 0,
        "archived": repo.archived,
        "disabled": False,
        "open_issues_count": open_issues,
        "open_issues": open_issues,
        "license": None,
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": [],
        "visibility": "private" if repo.private else "public",
        "default_branch": repo.default_branch,
    }
    if role is not None:
        answer["permissions"] = permissions_json(role)
    return answer | _only_full(at, repo) if full else answer


def merge_settings(repo: Repository) -> Json:
    """How the repository lets pull requests be merged."""
    return {
        "allow_rebase_merge": True,
        "allow_squash_merge": True,
        "allow_merge_commit": True,
        "allow_auto_merge": repo.allow_auto_merge,
        "allow_update_branch": True,
        "delete_branch_on_merge": repo.delete_branch_on_merge,
    }


def _only_full(at: Urls, repo: Repository) -> Json:
    more: Json = {
        "network_count": 0,
        "subscribers_count": 0,
        "temp_clone_token": None,
        **merge_settings(repo),
    }
    if repo.owner.type == "Organization":
        more["organization"] = account_json(at, repo.owner)
    return more
