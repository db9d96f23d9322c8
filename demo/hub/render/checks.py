"""Check runs, check suites and commit statuses."""

from collections.abc import Iterable, Sequence
from typing import Any

from demo.hub.gitstore import Commit
from demo.hub.render.commits import simple_commit_json
from demo.hub.render.installed import embedded_app_json
from demo.hub.render.people import account_json
from demo.hub.render.pulls import pull_minimal_json
from demo.hub.render.repos import repository_json
from demo.hub.state import Annotation, CheckRun, CheckSuite, Pull, Repository, Status, node_id, stamp
from demo.hub.urls import Urls

Json = dict[str, Any]


def pulls_with_head(repo: Repository, sha: str) -> list[Pull]:
    """Open pull requests of the repository whose head is this commit."""
    return [pull for pull in repo.pulls() if pull.open and pull.head_sha == sha]


def check_run_json(at: Urls, repo: Repository, run: CheckRun) -> Json:
    """GitHub's `check-run`."""
    url = at.repo(repo, f"/check-runs/{run.id}")
    page = at.page(repo, f"/runs/{run.id}")
    return {
        "id": run.id,
        "node_id": node_id("CR", run.id),
        "name": run.name,
        "head_sha": run.head_sha,
        "external_id": run.external_id,
        "url": url,
        "html_url": page,
        "details_url": run.details_url or page,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": stamp(run.started_at),
        "completed_at": stamp(run.completed_at) if run.completed_at else None,
        "output": {
            "title": run.output.title,
            "summary": run.output.summary,
            "text": run.output.text,
            "annotations_count": len(run.output.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": run.suite.id},
        "app": embedded_app_json(at, run.suite.app),
        "pull_requests": [pull_minimal_json(at, pull) for pull in pulls_with_head(repo, run.head_sha)],
    }


def annotation_json(at: Urls, repo: Repository, sha: str, note: Annotation) -> Json:
    return {
        "path": note.path,
        "blob_href": at.repo(repo, f"/contents/{note.path}?ref={sha}"),
        "start_line": note.start_line,
        "start_column": note.start_column,
        "end_line": note.end_line,
        "end_column": note.end_column,
        "annotation_level": note.annotation_level,
        "title": note.title,
        "message": note.message,
        "raw_details": note.raw_details,
    }


def check_suite_json(at: Urls, repo: Repository, suite: CheckSuite, head: Commit, *, webhook: bool = False) -> Json:
    """GitHub's `check-suite`; webhooks leave the repository out (it stands beside)."""
    url = at.repo(repo, f"/check-suites/{suite.id}")
    runs = sum(run.suite is suite for run in repo.check_runs.values())
    answer: Json = {
        "id": suite.id,
        "node_id": node_id("CS", suite.id),
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "status": suite.status,
        "conclusion": suite.conclusion,
        "url": url,
        "before": suite.before,
        "after": suite.head_sha,
        "pull_requests": [pull_minimal_json(at, pull) for pull in pulls_with_head(repo, suite.head_sha)],
        "app": embedded_app_json(at, suite.app),
        "created_at": stamp(suite.created_at),
        "updated_at": stamp(suite.updated_at),
        "rerequestable": suite.rerequestable,
        "runs_rerequestable": suite.rerequestable,
        "latest_check_runs_count": runs,
        "check_runs_url": f"{url}/check-runs",
        "head_commit": simple_commit_json(head),
    }
    if not webhook:
        answer["repository"] = repository_json(at, repo)
    return answer


def status_json(at: Urls, repo: Repository, status: Status) -> Json:
    """GitHub's `status`."""
    return {
        "url": at.repo(repo, f"/statuses/{status.sha}"),
        "avatar_url": f"{at.html}/avatars/{status.creator.id}",
        "id": status.id,
        "node_id": node_id("SC", status.id),
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": stamp(status.created_at),
        "updated_at": stamp(status.updated_at),
        "creator": account_json(at, status.creator),
    }


def combined_state(latest: Iterable[Status]) -> str:
    """`failure` if any context failed, `pending` if any waits or there is none, else `success`."""
    states = {status.state for status in latest}
    if states & {"failure", "error"}:
        return "failure"
    return "success" if states == {"success"} else "pending"


def combined_status_json(at: Urls, repo: Repository, sha: str, latest: Sequence[Status]) -> Json:
    """GitHub's `combined-commit-status`: the newest status of each context."""
    simple = [{key: value for key, value in status_json(at, repo, one).items() if key != "creator"} for one in latest]
    return {
        "state": combined_state(latest),
        "statuses": [row | {"required": False} for row in simple],
        "sha": sha,
        "total_count": len(latest),
        "repository": repository_json(at, repo),
        "commit_url": at.repo(repo, f"/commits/{sha}"),
        "url": at.repo(repo, f"/commits/{sha}/status"),
    }
