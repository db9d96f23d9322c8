"""Every call that pdev makes to GitHub, with the permission it needs.

The App's manifest must ask for exactly these permissions: more frightens owners, less fails in the middle of a task.
So there is one table; a test holds `app.yml` equal to it, and tokens are minted with no more than it needs.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """One operation.

    `path` is a URI template (RFC 6570). `permission` is `name:level`; empty for calls of the App itself, which carry
    its JWT. `content` calls count against GitHub's limit on content creation. `repeatable` calls have the same effect
    when they are made twice, so they may be tried again when no answer came.
    """

    method: str
    path: str
    permission: str = ""
    content: bool = False
    repeatable: bool = True


_REPO = "/repos/{owner}/{repo}"
_PAGED = "per_page"

# The App itself, by JWT.
GET_APP = Call("GET", "/app")
LIST_INSTALLATIONS = Call("GET", f"/app/installations{{?{_PAGED}}}")
GET_INSTALLATION = Call("GET", "/app/installations/{installation_id}")
GET_REPO_INSTALLATION = Call("GET", f"{_REPO}/installation")
MINT_TOKEN = Call("POST", "/app/installations/{installation_id}/access_tokens")
LIST_DELIVERIES = Call("GET", f"/app/hook/deliveries{{?{_PAGED},cursor}}")
GET_DELIVERY = Call("GET", "/app/hook/deliveries/{delivery_id}")
REDELIVER = Call("POST", "/app/hook/deliveries/{delivery_id}/attempts", repeatable=False)

# An installation.
LIST_REPOSITORIES = Call("GET", f"/installation/repositories{{?{_PAGED}}}", "metadata:read")

# A repository.
GET_REPOSITORY = Call("GET", _REPO, "metadata:read")
GET_PERMISSION = Call("GET", f"{_REPO}/collaborators/{{login}}/permission", "metadata:read")
GET_BRANCH = Call("GET", f"{_REPO}/git/ref/heads{{/branch*}}", "contents:read")
DELETE_BRANCH = Call("DELETE", f"{_REPO}/git/refs/heads{{/branch*}}", "contents:write")
GET_FILE = Call("GET", f"{_REPO}/contents{{/path*}}{{?ref}}", "contents:read")
# Not called over REST: what git does with the token when it pushes.
PUSH = Call("GIT", f"{_REPO}.git", "contents:write")

# Issues.
LIST_ISSUES = Call("GET", f"{_REPO}/issues{{?labels,state,since,{_PAGED}}}", "issues:read")
GET_ISSUE = Call("GET", f"{_REPO}/issues/{{number}}", "issues:read")
LIST_ISSUE_LABELS = Call("GET", f"{_REPO}/issues/{{number}}/labels{{?{_PAGED}}}", "issues:read")
ADD_LABELS = Call("POST", f"{_REPO}/issues/{{number}}/labels", "issues:write")
REMOVE_LABEL = Call("DELETE", f"{_REPO}/issues/{{number}}/labels/{{name}}", "issues:write")
CREATE_LABEL = Call("POST", f"{_REPO}/labels", "issues:write")
LIST_COMMENTS = Call("GET", f"{_REPO}/issues/{{number}}/comments{{?{_PAGED},since}}", "issues:read")
GET_COMMENT = Call("GET", f"{_REPO}/issues/comments/{{comment_id}}", "issues:read")
CREATE_COMMENT = Call("POST", f"{_REPO}/issues/{{number}}/comments", "issues:write", content=True, repeatable=False)
EDIT_COMMENT = Call("PATCH", f"{_REPO}/issues/comments/{{comment_id}}", "issues:write", content=True)
REACT_TO_ISSUE = Call("POST", f"{_REPO}/issues/{{number}}/reactions", "issues:write", content=True)
REACT_TO_COMMENT = Call("POST", f"{_REPO}/issues/comments/{{comment_id}}/reactions", "issues:write", content=True)
LIST_TIMELINE = Call("GET", f"{_REPO}/issues/{{number}}/timeline{{?{_PAGED}}}", "issues:read")
LIST_BLOCKED_BY = Call("GET", f"{_REPO}/issues/{{number}}/dependencies/blocked_by{{?{_PAGED}}}", "issues:read")
LIST_BLOCKING = Call("GET", f"{_REPO}/issues/{{number}}/dependencies/blocking{{?{_PAGED}}}", "issues:read")
LIST_SUB_ISSUES = Call("GET", f"{_REPO}/issues/{{number}}/sub_issues{{?{_PAGED}}}", "issues:read")

# Pull requests.
LIST_PULLS = Call("GET", f"{_REPO}/pulls{{?head,base,state,{_PAGED}}}", "pull_requests:read")
GET_PULL = Call("GET", f"{_REPO}/pulls/{{number}}", "pull_requests:read")
CREATE_PULL = Call("POST", f"{_REPO}/pulls", "pull_requests:write", content=True, repeatable=False)
EDIT_PULL = Call("PATCH", f"{_REPO}/pulls/{{number}}", "pull_requests:write", content=True)
LIST_PULL_FILES = Call("GET", f"{_REPO}/pulls/{{number}}/files{{?{_PAGED}}}", "pull_requests:read")
MARK_READY = Call("GRAPHQL", "markPullRequestReadyForReview", "pull_requests:write", content=True)
LIST_REVIEWS = Call("GET", f"{_REPO}/pulls/{{number}}/reviews{{?{_PAGED}}}", "pull_requests:read")
CREATE_REVIEW = Call("POST", f"{_REPO}/pulls/{{number}}/reviews", "pull_requests:write", content=True, repeatable=False)
LIST_REVIEW_THREADS = Call("GRAPHQL", "pullRequest.reviewThreads", "pull_requests:read")
RESOLVE_THREAD = Call("GRAPHQL", "resolveReviewThread", "pull_requests:write", content=True)
UNRESOLVE_THREAD = Call("GRAPHQL", "unresolveReviewThread", "pull_requests:write", content=True)
ANSWER_THREAD = Call(
    "GRAPHQL", "addPullRequestReviewThreadReply", "pull_requests:write", content=True, repeatable=False
)  # fmt: skip
LIST_REQUESTED = Call("GET", f"{_REPO}/pulls/{{number}}/requested_reviewers", "pull_requests:read")
REQUEST_REVIEWERS = Call("POST", f"{_REPO}/pulls/{{number}}/requested_reviewers", "pull_requests:write", content=True)

# Check runs.
CREATE_CHECK_RUN = Call("POST", f"{_REPO}/check-runs", "checks:write", content=True, repeatable=False)
UPDATE_CHECK_RUN = Call("PATCH", f"{_REPO}/check-runs/{{check_run_id}}", "checks:write", content=True)
LIST_CHECK_RUNS = Call("GET", f"{_REPO}/commits/{{sha}}/check-runs{{?check_name,filter,{_PAGED}}}", "checks:read")

CALLS: tuple[Call, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Call))

_LEVELS = ("read", "write", "admin")


def needed_permissions(calls: Iterable[Call] = CALLS) -> dict[str, str]:
    """The least permissions with which these calls work: name -> the highest level any of them needs."""
    needed: dict[str, str] = {}
    for call in calls:
        name, _, level = call.permission.partition(":")
        if name and _LEVELS.index(level) >= _LEVELS.index(needed.get(name, "read")):
            needed[name] = level
    return dict(sorted(needed.items()))
