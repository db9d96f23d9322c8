"""REST: check runs and check suites. Thin over `check_changes`."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from demo.hub import gitstore
from demo.hub.check_changes import RunChanges, create_run, rerequest_run, rerequest_suite, update_run
from demo.hub.context import Context
from demo.hub.errors import forbidden, not_found, unprocessable
from demo.hub.gitstore import Commit
from demo.hub.pull_facts import git_of, known_commit, latest_runs
from demo.hub.render.checks import annotation_json, check_run_json, check_suite_json
from demo.hub.routing import Answer, Body, route
from demo.hub.state import Annotation, App, CheckAction, CheckOutput, CheckRun, CheckSuite

LONGEST_TEXT = 65_535
MOST_ANNOTATIONS = 50
MOST_ACTIONS = 3

READ = {"checks": "read"}
WRITE = {"checks": "write"}

Status = Literal["queued", "in_progress", "completed", "waiting", "requested", "pending"]
Conclusion = Literal["action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out"]
Text = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
Short = Annotated[str, msgspec.Meta(max_length=20)]


class NewAnnotation(Body):
    path: str
    start_line: int
    end_line: int
    annotation_level: Literal["notice", "warning", "failure"]
    message: str
    start_column: int | None = None
    end_column: int | None = None
    title: str | None = None
    raw_details: str | None = None


class NewImage(Body):
    alt: str
    image_url: str
    caption: str | None = None


class NewAction(Body):
    label: Short
    description: Annotated[str, msgspec.Meta(max_length=40)]
    identifier: Short


class ChangedOutput(Body):
    summary: Text
    title: str | None = None
    text: Text | None = None
    annotations: list[NewAnnotation] = msgspec.field(default_factory=list)
    images: list[NewImage] = msgspec.field(default_factory=list)


class NewOutput(ChangedOutput, kw_only=True):
    title: str


class ChangedRun(Body):
    name: str | None = None
    details_url: str | None = None
    external_id: str | None = None
    status: Status | None = None
    started_at: datetime | None = None
    conclusion: Conclusion | None = None
    completed_at: datetime | None = None
    output: ChangedOutput | None = None
    actions: list[NewAction] | None = None


class NewRun(ChangedRun, kw_only=True):
    name: str
    head_sha: str
    output: NewOutput | None = None


class SuitePreferences(Body):
    head_sha: str


def _acting_app(ctx: Context) -> App:
    if ctx.caller.kind != "installation" or ctx.app is None:
        raise forbidden("You must authenticate via a GitHub App.")
    return ctx.app


def _changes(body: ChangedRun) -> RunChanges:
    """The request as changes. Raises the 422s that no type can say."""
    notes = body.output.annotations if body.output else []
    _at_most(MOST_ANNOTATIONS, len(notes))
    _at_most(MOST_ACTIONS, len(body.actions or []))
    if body.status == "completed" and body.conclusion is None:
        raise unprocessable('Invalid request.\n\n"conclusion" wasn\'t supplied.')
    if body.conclusion == "stale":
        raise unprocessable("Invalid request.\n\nstale is not a member of the conclusions an App may set.")
    if any(note.start_column is not None and note.start_line != note.end_line for note in notes):
        raise unprocessable("Invalid request.\n\nColumns are only allowed where start_line and end_line are the same.")
    output = None
    if body.output:
        annotations = [Annotation(**msgspec.structs.asdict(note)) for note in notes]
        output = CheckOutput(body.output.title, body.output.summary, body.output.text, annotations)
    return RunChanges(
        name=body.name,
        details_url=body.details_url,
        external_id=body.external_id,
        status=body.status,
        conclusion=body.conclusion,
        started_at=body.started_at,
        completed_at=body.completed_at,
        output=output,
        actions=None
        if body.actions is None
        else [CheckAction(one.label, one.description, one.identifier) for one in body.actions],
    )


def _at_most(limit: int, count: int) -> None:
    if count > limit:
        raise unprocessable(f"Invalid request.\n\nNo more than {limit} items are allowed; {count} were supplied.")


def _run(ctx: Context) -> CheckRun:
    run = ctx.repo.check_runs.get(ctx.number("check_run_id"))
    if run is None:
        raise not_found()
    return run


def _suite(ctx: Context) -> CheckSuite:
    suite = ctx.repo.check_suites.get(ctx.number("check_suite_id"))
    if suite is None:
        raise not_found()
    return suite


async def _commit_at(ctx: Context) -> Commit:
    name = ctx.params["ref"]
    commit = await known_commit(ctx.repo, name)
    if commit is None:
        raise unprocessable(f"No commit found for SHA: {name}")
    return commit


@route("POST", "/repos/{owner}/{repo}/check-runs", needs=WRITE, body=NewRun)
async def create(ctx: Context, body: NewRun) -> Answer:
    """A run on a commit. 403 for people, 422 for a sha that the repository does not have."""
    app, said = _acting_app(ctx), _changes(body)
    known = gitstore.is_sha(body.head_sha)
    if not known or await gitstore.object_kind(git_of(ctx.repo), body.head_sha) != "commit":
        raise unprocessable(f"No commit found for SHA: {body.head_sha}")
    run = await create_run(ctx.hub, ctx.repo, app, body.head_sha, ctx.caller, said)
    return Answer(
        201, check_run_json(ctx.urls, ctx.repo, run), {"Location": ctx.urls.repo(ctx.repo, f"/check-runs/{run.id}")}
    )


@route("PATCH", "/repos/{owner}/{repo}/check-runs/{check_run_id}", needs=WRITE, body=ChangedRun)
async def update(ctx: Context, body: ChangedRun) -> Answer:
    app, run = _acting_app(ctx), _run(ctx)
    if run.suite.app is not app:
        raise forbidden(
            f"Invalid app_id `{app.id}` - check run can only be modified by the GitHub App that created it."
        )
    await update_run(ctx.hub, ctx.repo, run, ctx.caller, _changes(body))
    return Answer(200, check_run_json(ctx.urls, ctx.repo, run))


@route("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}", needs=READ)
async def get(ctx: Context) -> Answer:
    return Answer(200, check_run_json(ctx.urls, ctx.repo, _run(ctx)))


@route("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations", needs=READ)
async def annotations(ctx: Context) -> Answer:
    run = _run(ctx)
    return ctx.page(run.output.annotations, lambda note: annotation_json(ctx.urls, ctx.repo, run.head_sha, note))


@route("POST", "/repos/{owner}/{repo}/check-runs/{check_run_id}/rerequest", needs=WRITE, role="write")
async def rerequest(ctx: Context) -> Answer:
    run = _run(ctx)
    if not run.suite.rerequestable:
        raise unprocessable("This check run is not rerequestable")
    await rerequest_run(ctx.hub, ctx.repo, run, ctx.caller)
    return Answer(201, {})


@route("GET", "/repos/{owner}/{repo}/commits/{ref+}/check-runs", needs=READ)
async def list_for_ref(ctx: Context) -> Answer:
    """Newest first; `filter=latest` (the default) shows one run per App and name."""
    commit = await _commit_at(ctx)
    return _listed(ctx, [run for run in ctx.repo.check_runs.values() if run.head_sha == commit.sha])


@route("GET", "/repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs", needs=READ)
async def list_for_suite(ctx: Context) -> Answer:
    suite = _suite(ctx)
    return _listed(ctx, [run for run in ctx.repo.check_runs.values() if run.suite is suite])


def _listed(ctx: Context, runs: list[CheckRun]) -> Answer:
    query = ctx.query
    if query.get("filter", "latest") == "latest":
        newest = {run.id for sha in {run.head_sha for run in runs} for run in latest_runs(ctx.repo, sha)}
        runs = [run for run in runs if run.id in newest]
    chosen = [
        run
        for run in sorted(runs, key=lambda one: -one.id)
        if query.get("check_name", run.name) == run.name
        and query.get("status", run.status) == run.status
        and query.get("app_id", str(run.suite.app.id)) == str(run.suite.app.id)
    ]
    return ctx.page(chosen, lambda run: check_run_json(ctx.urls, ctx.repo, run), under="check_runs")


@route("GET", "/repos/{owner}/{repo}/check-suites/{check_suite_id}", needs=READ)
async def get_suite(ctx: Context) -> Answer:
    suite = _suite(ctx)
    head = await gitstore.read_commit(git_of(ctx.repo), suite.head_sha)
    return Answer(200, check_suite_json(ctx.urls, ctx.repo, suite, head))


@route("POST", "/repos/{owner}/{repo}/check-suites/{check_suite_id}/rerequest", needs=WRITE, role="write")
async def rerequest_all(ctx: Context) -> Answer:
    await rerequest_suite(ctx.hub, ctx.repo, _suite(ctx), ctx.caller)
    return Answer(201, {})


@route("GET", "/repos/{owner}/{repo}/commits/{ref+}/check-suites", needs=READ)
async def suites_for_ref(ctx: Context) -> Answer:
    commit = await _commit_at(ctx)
    found = [
        suite
        for suite in ctx.repo.check_suites.values()
        if suite.head_sha == commit.sha and ctx.query.get("app_id", str(suite.app.id)) == str(suite.app.id)
    ]
    return ctx.page(found, lambda suite: check_suite_json(ctx.urls, ctx.repo, suite, commit), under="check_suites")
