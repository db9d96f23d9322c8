"""`POST /graphql`: what GitHub offers nowhere else (drafts made ready, review threads resolved), and reading around it.

Errors come with status 200 in a list beside the data, as on GitHub: a client that looks at the status only is mistaken.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from demo.hub.callers import Caller, may_use
from demo.hub.changes import LONGEST_BODY
from demo.hub.context import Context
from demo.hub.errors import GitHubError
from demo.hub.graphql_syntax import Field, SyntaxProblem, read
from demo.hub.graphql_views import (
    Refusal,
    View,
    actor_view,
    comment_view,
    issue_view,
    pull_view,
    repository_view,
    thread_view,
)
from demo.hub.pull_changes import set_draft
from demo.hub.review_changes import reply, resolve
from demo.hub.routing import Answer, Body, route
from demo.hub.state import Pull, Repository, ReviewThread, Role, parse_node_id, stamp


class Document(Body):
    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None


@route("POST", "/graphql", body=Document)
async def answer(ctx: Context, body: Document) -> Answer:
    """Always 200 for who may ask; what is wrong with a document stands under `errors`."""
    _ = ctx.actor
    try:
        operation = read(body.query, body.variables or {})
    except SyntaxProblem as wrong:
        ctx.hub.problem(f"POST /graphql: {wrong}")
        return Answer(200, {"errors": [{"message": str(wrong)}]})
    errors: list[dict[str, Any]] = []
    roots = _QUERIES if operation.kind == "query" else _MUTATIONS
    data: dict[str, Any] = {}
    for field in operation.fields:
        data[field.alias] = await _root(ctx, roots, field, errors)
    if any("extensions" in error for error in errors):
        return Answer(200, {"errors": errors})
    return Answer(200, {"data": data, **({"errors": errors} if errors else {})})


async def _root(ctx: Context, roots: Mapping[str, Any], field: Field, errors: list[dict[str, Any]]) -> Any:
    maker = roots.get(field.name)
    path = [field.alias]
    if maker is None:
        errors.append(_unknown(ctx, field, "Query" if roots is _QUERIES else "Mutation", path))
        return None
    try:
        value = await maker(ctx, **field.arguments)
    except (Refusal, GitHubError) as refused:
        errors.append(_entry(refused, path))
        return None
    return await _select(ctx, value, field.fields, path, errors)


def _entry(refused: Refusal | GitHubError, path: list[str]) -> dict[str, Any]:
    if isinstance(refused, GitHubError):
        kind = {401: "UNAUTHENTICATED", 403: "FORBIDDEN", 404: "NOT_FOUND"}.get(refused.status, "UNPROCESSABLE")
        return {"type": kind, "path": path, "message": refused.message}
    return {**({"type": refused.kind} if refused.kind else {}), "path": path, "message": refused.message}


def _unknown(ctx: Context, field: Field, kind: str, path: list[str]) -> dict[str, Any]:
    """A field that GitHub may well have: the hub does not, and says so where the story's author looks."""
    ctx.hub.problem(f"POST /graphql: the hub knows no field {field.name!r} on {kind}")
    return {
        "path": path,
        "extensions": {"code": "undefinedField", "typeName": kind, "fieldName": field.name},
        "message": f"Field '{field.name}' doesn't exist on type '{kind}'",
    }


async def _select(
    ctx: Context, value: Any, fields: tuple[Field, ...], path: list[str], errors: list[dict[str, Any]]
) -> Any:
    """Cut a view down to what was asked for, calling and waiting where the view says so."""
    if isinstance(value, list):
        return [await _select(ctx, one, fields, path, errors) for one in value]
    if not isinstance(value, Mapping) or not fields:
        return value
    kind, chosen = value.get("__typename", "Object"), {}
    for field in fields:
        here = [*path, field.alias]
        if field.on not in (None, kind, "Node"):
            continue
        if field.name not in value:
            errors.append(_unknown(ctx, field, kind, here))
            continue
        try:
            found = await _called(value[field.name], field.arguments)
        except Refusal as refused:
            errors.append(_entry(refused, here))
            found = None
        chosen[field.alias] = await _select(ctx, found, field.fields, here, errors)
    return chosen


async def _called(value: Any, arguments: Mapping[str, Any]) -> Any:
    found = value(**arguments) if callable(value) else value
    return await found if inspect.isawaitable(found) else found


# ── queries ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _viewer(ctx: Context) -> View:
    return actor_view(ctx.hub, ctx.actor)


async def _repository(ctx: Context, owner: str, name: str, **_: Any) -> View:
    repo = ctx.world.repo(owner, name)
    if repo is None or not ctx.caller.may_see(repo):
        raise Refusal("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
    return repository_view(ctx.hub, repo)


async def _node(ctx: Context, id: str) -> View:
    kind, number = parse_node_id(id) or ("", 0)
    for repo in ctx.world.repos.values():
        if not ctx.caller.may_see(repo):
            continue
        if kind == "R" and repo.id == number:
            return repository_view(ctx.hub, repo)
        for issue in repo.issues.values():
            if kind == "I" and issue.id == number:
                return issue_view(ctx.hub, issue)
        for pull in repo.pulls():
            if kind == "PR" and pull.id == number:
                return pull_view(ctx.hub, pull)
            thread = next((one for one in pull.threads if kind == "PRRT" and one.id == number), None)
            if thread is not None:
                return thread_view(ctx.hub, pull, thread)
    raise _no_node(id)


def _no_node(id: str) -> Refusal:
    return Refusal("NOT_FOUND", f"Could not resolve to a node with the global id of '{id}'")


async def _rate_limit(ctx: Context, **_: Any) -> View:
    return {"cost": 1, "limit": 5000, "remaining": 5000, "used": 0, "nodeCount": 0, "resetAt": stamp(ctx.hub.now())}


# ── mutations ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _pull_to_change(ctx: Context, id: str) -> Pull:
    kind, number = parse_node_id(id) or ("", 0)
    for repo in ctx.world.repos.values():
        for pull in repo.pulls():
            if kind == "PR" and pull.id == number and ctx.caller.may_see(repo):
                _may_write(ctx.caller, repo, pull)
                return pull
    raise _no_node(id)


def _thread_to_change(ctx: Context, id: str, more: Mapping[str, str] | None = None) -> tuple[Pull, ReviewThread]:
    """The thread of this id. Raises what GitHub answers to who may not write there; `more` permissions are needed."""
    kind, number = parse_node_id(id) or ("", 0)
    for repo in ctx.world.repos.values():
        for pull in repo.pulls():
            for thread in pull.threads:
                if kind == "PRRT" and thread.id == number and ctx.caller.may_see(repo):
                    _may_write(ctx.caller, repo, pull, more)
                    return pull, thread
    raise _no_node(id)


def _may_write(caller: Caller, repo: Repository, pull: Pull, more: Mapping[str, str] | None = None) -> None:
    role: Role | None = None if pull.issue.user is caller.account else "write"
    may_use(caller, repo, ({"pull_requests": "write", **(more or {})},), role, writes=True)


async def _draft(ctx: Context, input: Mapping[str, Any], *, draft: bool) -> View:
    pull = _pull_to_change(ctx, str(input.get("pullRequestId", "")))
    if not pull.open:
        raise Refusal("UNPROCESSABLE", "Pull request is closed")
    if draft and not pull.issue.repo.drafts_available:
        raise Refusal("UNPROCESSABLE", "Draft pull requests are not supported in this repository.")
    await set_draft(ctx.hub, pull, ctx.caller, draft=draft)
    return {"clientMutationId": input.get("clientMutationId"), "pullRequest": pull_view(ctx.hub, pull)}


async def _ready(ctx: Context, input: Mapping[str, Any]) -> View:
    return await _draft(ctx, input, draft=False)


async def _to_draft(ctx: Context, input: Mapping[str, Any]) -> View:
    return await _draft(ctx, input, draft=True)


async def _resolved(ctx: Context, input: Mapping[str, Any], *, resolved: bool) -> View:
    # GitHub wants `contents: write` of an App here, though nothing of the code changes.
    pull, thread = _thread_to_change(ctx, str(input.get("threadId", "")), {"contents": "write"})
    resolve(ctx.hub, pull, thread, ctx.caller, resolved=resolved)
    return {"clientMutationId": input.get("clientMutationId"), "thread": thread_view(ctx.hub, pull, thread)}


async def _resolve(ctx: Context, input: Mapping[str, Any]) -> View:
    return await _resolved(ctx, input, resolved=True)


async def _reply(ctx: Context, input: Mapping[str, Any]) -> View:
    pull, thread = _thread_to_change(ctx, str(input.get("pullRequestReviewThreadId", "")))
    text = str(input.get("body", ""))
    if not text.strip() or len(text) > LONGEST_BODY:
        wrong = "is too long" if text.strip() else "can't be blank"
        raise Refusal("UNPROCESSABLE", f"Body {wrong}")
    made = reply(ctx.hub, pull, ctx.caller, thread.comments[0], text)
    return {"clientMutationId": input.get("clientMutationId"), "comment": comment_view(ctx.hub, pull, made)}


async def _unresolve(ctx: Context, input: Mapping[str, Any]) -> View:
    return await _resolved(ctx, input, resolved=False)


Root = Callable[..., Awaitable[View]]

_QUERIES: dict[str, Root] = {
    "viewer": _viewer,
    "repository": _repository,
    "node": _node,
    "rateLimit": _rate_limit,
}
_MUTATIONS: dict[str, Root] = {
    "markPullRequestReadyForReview": _ready,
    "convertPullRequestToDraft": _to_draft,
    "resolveReviewThread": _resolve,
    "unresolveReviewThread": _unresolve,
    "addPullRequestReviewThreadReply": _reply,
}
