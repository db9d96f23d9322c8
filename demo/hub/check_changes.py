"""What happens to check suites and check runs: state and webhook together.

A run belongs to a sha and to the App that made it, never to a branch; the suite of (sha, App) gathers them and closes
when the last run does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from demo.hub import gitstore
from demo.hub.callers import Caller
from demo.hub.gitstore import ZERO_SHA
from demo.hub.pull_facts import git_of, latest_runs
from demo.hub.render.checks import check_run_json, check_suite_json
from demo.hub.state import App, CheckAction, CheckOutput, CheckRun, CheckSuite, Repository

if TYPE_CHECKING:
    from demo.hub.hub import Hub

_WORST_FIRST = ("failure", "timed_out", "cancelled", "action_required", "stale", "success", "neutral", "skipped")


@dataclass(frozen=True, slots=True)
class RunChanges:
    """What one create or update says; None leaves a value alone."""

    name: str | None = None
    details_url: str | None = None
    external_id: str | None = None
    status: str | None = None
    conclusion: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    output: CheckOutput | None = None
    actions: list[CheckAction] | None = None


def suite_of(hub: "Hub", repo: Repository, app: App, sha: str, branch: str | None, before: str | None) -> CheckSuite:
    """The App's suite on this commit; made where there is none yet."""
    for suite in repo.check_suites.values():
        if suite.head_sha == sha and suite.app is app:
            return suite
    now = hub.now()
    suite = CheckSuite(hub.world.new_id(), app, sha, now, now, head_branch=branch, before=before)
    repo.check_suites[suite.id] = suite
    return suite


async def request_suites(hub: "Hub", repo: Repository, branch: str, old: str, new: str, by: Caller) -> None:
    """After a push: each App that may write checks gets a suite on the new head, and `check_suite.requested`."""
    for installation in list(hub.world.installations_on(repo)):
        if installation.suspended_at is not None or installation.permissions.get("checks") != "write":
            continue
        known = len(repo.check_suites)
        before = old if old != ZERO_SHA else None
        suite = suite_of(hub, repo, installation.app, new, branch, before)
        if len(repo.check_suites) > known:
            await announce_suite(hub, repo, suite, "requested", by, only=installation.app)


async def branch_with(repo: Repository, sha: str) -> str | None:
    """A branch whose tip this commit is, or None."""
    refs = await gitstore.list_refs(git_of(repo), "refs/heads/")
    return next((name.removeprefix("refs/heads/") for name, tip in refs.items() if tip == sha), None)


async def announce_suite(
    hub: "Hub", repo: Repository, suite: CheckSuite, action: str, by: Caller, only: App | None = None
) -> None:
    head = await gitstore.read_commit(git_of(repo), suite.head_sha)
    rendered = check_suite_json(hub.urls, repo, suite, head, webhook=True)
    payload = {"action": action, "check_suite": rendered}
    hub.courier.announce("check_suite", payload, repo=repo, sender=by.actor, only=only)


async def announce_run(
    hub: "Hub",
    repo: Repository,
    run: CheckRun,
    action: str,
    by: Caller,
    only: App | None = None,
    more: Mapping[str, Any] | None = None,
) -> None:
    head = await gitstore.read_commit(git_of(repo), run.head_sha)
    suite = check_suite_json(hub.urls, repo, run.suite, head, webhook=True)
    rendered = check_run_json(hub.urls, repo, run) | {"check_suite": suite}
    payload = {"action": action, "check_run": rendered, **(more or {})}
    hub.courier.announce("check_run", payload, repo=repo, sender=by.actor, only=only)


async def create_run(hub: "Hub", repo: Repository, app: App, sha: str, by: Caller, said: RunChanges) -> CheckRun:
    """A new run: `created`, and `completed` where it was born so."""
    branch = await branch_with(repo, sha)
    suite = suite_of(hub, repo, app, sha, branch, None)
    run = CheckRun(hub.world.new_id(), suite, said.name or "", sha, "queued", said.started_at or hub.now())
    repo.check_runs[run.id] = run
    finished = _apply(hub, run, said)
    suite_finished = _roll_up(hub, repo, suite)
    await announce_run(hub, repo, run, "created", by)
    await _announce_ends(hub, repo, run, by, finished=finished, suite_finished=suite_finished)
    return run


async def update_run(hub: "Hub", repo: Repository, run: CheckRun, by: Caller, said: RunChanges) -> None:
    """Annotations are added to those of earlier updates; the rest of the output is replaced."""
    finished = _apply(hub, run, said)
    suite_finished = _roll_up(hub, repo, run.suite)
    await _announce_ends(hub, repo, run, by, finished=finished, suite_finished=suite_finished)


async def _announce_ends(
    hub: "Hub", repo: Repository, run: CheckRun, by: Caller, *, finished: bool, suite_finished: bool
) -> None:
    if finished:
        await announce_run(hub, repo, run, "completed", by)
    if suite_finished:
        await announce_suite(hub, repo, run.suite, "completed", by)


def _apply(hub: "Hub", run: CheckRun, said: RunChanges) -> bool:
    """Take over what was said; answers whether the run ended by it."""
    was_completed = run.status == "completed"
    run.name = said.name or run.name
    run.details_url = said.details_url or run.details_url
    run.external_id = said.external_id if said.external_id is not None else run.external_id
    run.started_at = said.started_at or run.started_at
    if said.actions is not None:
        run.actions = list(said.actions)
    if said.output is not None:
        kept = run.output.annotations + said.output.annotations
        run.output = CheckOutput(said.output.title or run.output.title, said.output.summary, said.output.text, kept)
    if said.conclusion is not None:
        run.status, run.conclusion = "completed", said.conclusion
        run.completed_at = said.completed_at or hub.now()
    elif said.status is not None and said.status != "completed":
        run.status, run.conclusion, run.completed_at = said.status, None, None
    return run.status == "completed" and not was_completed


def rolled_up(runs: Iterable[CheckRun]) -> tuple[str, str | None]:
    """(status, conclusion) of a suite with these runs: the worst conclusion counts, once all have ended."""
    known = list(runs)
    if not known or all(run.status == "queued" for run in known):
        return "queued", None
    if any(run.status != "completed" for run in known):
        return "in_progress", None
    ends = {run.conclusion for run in known}
    return "completed", next((one for one in _WORST_FIRST if one in ends), "neutral")


def _roll_up(hub: "Hub", repo: Repository, suite: CheckSuite) -> bool:
    """Bring the suite up to date; answers whether it ended by that."""
    before = suite.status
    runs = [run for run in latest_runs(repo, suite.head_sha) if run.suite is suite]
    suite.status, suite.conclusion = rolled_up(runs)
    suite.updated_at = hub.now()
    return suite.status == "completed" and before != "completed"


async def rerequest_run(hub: "Hub", repo: Repository, run: CheckRun, by: Caller) -> None:
    """Somebody pressed "Re-run": the suite is open again, the run itself stays as it is until its App acts."""
    run.suite.status, run.suite.conclusion, run.suite.updated_at = "queued", None, hub.now()
    await announce_run(hub, repo, run, "rerequested", by, only=run.suite.app)


async def rerequest_suite(hub: "Hub", repo: Repository, suite: CheckSuite, by: Caller) -> None:
    """Somebody pressed "Re-run all checks"."""
    suite.status, suite.conclusion, suite.updated_at = "queued", None, hub.now()
    await announce_suite(hub, repo, suite, "rerequested", by, only=suite.app)


async def press(hub: "Hub", repo: Repository, run: CheckRun, identifier: str, by: Caller) -> None:
    """Somebody pressed one of the App's own buttons."""
    more = {"requested_action": {"identifier": identifier}}
    await announce_run(hub, repo, run, "requested_action", by, only=run.suite.app, more=more)
