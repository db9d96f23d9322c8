"""REST: labels of a repository and labels on an issue."""

import re
from typing import Any

import msgspec

from demo.hub.changes import add_label, remove_label, set_labels, wanted_label
from demo.hub.context import Context
from demo.hub.errors import GitHubError, not_found, unprocessable, validation
from demo.hub.issues import READ, WRITE, LabelName, labels_named, living
from demo.hub.render import label_json
from demo.hub.routing import Answer, Body, route
from demo.hub.state import Label

ON_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}/labels"


class NewLabel(Body):
    name: str
    color: str | None = None
    description: str | None = None


class LabelChanges(Body):
    new_name: str | None = None
    color: str | None = None
    description: str | None = None


class LabelList(Body):
    labels: list[str | LabelName] = msgspec.field(default_factory=list)


Labels = LabelList | list[str]
"""GitHub takes the bare list too."""


def _names(body: Labels) -> list[str | LabelName]:
    return list(body) if isinstance(body, list) else body.labels


def _label(ctx: Context) -> Label:
    label = ctx.repo.labels.get(ctx.params["name"].lower())
    if label is None:
        raise not_found()
    return label


def _color(given: str | None) -> str:
    if given is not None and not re.fullmatch(r"[0-9A-Fa-f]{6}", given):
        raise validation("Label", "color", "invalid")
    return (given or "ededed").lower()


def _announce(ctx: Context, action: str, label: Label, **more: Any) -> None:
    payload = {"action": action, "label": label_json(ctx.urls, ctx.repo, label), **more}
    ctx.hub.courier.announce("label", payload, repo=ctx.repo, sender=ctx.actor)


@route("GET", "/repos/{owner}/{repo}/labels", needs=READ)
async def list_labels(ctx: Context) -> Answer:
    return ctx.page(list(ctx.repo.labels.values()), lambda one: label_json(ctx.urls, ctx.repo, one))


@route("POST", "/repos/{owner}/{repo}/labels", needs=WRITE, role="write", body=NewLabel)
async def create_label(ctx: Context, body: NewLabel) -> Answer:
    if body.name.lower() in ctx.repo.labels:
        raise validation("Label", "name", "already_exists")
    color = _color(body.color)
    if len(body.description or "") > 100:
        raise validation("Label", "description", "custom", "description is too long (maximum is 100 characters)")
    label = wanted_label(ctx.hub, ctx.repo, body.name)
    label.color, label.description = color, body.description
    _announce(ctx, "created", label)
    return Answer(201, label_json(ctx.urls, ctx.repo, label))


@route("GET", "/repos/{owner}/{repo}/labels/{name}", needs=READ)
async def get_label(ctx: Context) -> Answer:
    return Answer(200, label_json(ctx.urls, ctx.repo, _label(ctx)))


@route("PATCH", "/repos/{owner}/{repo}/labels/{name}", needs=WRITE, role="write", body=LabelChanges)
async def update_label(ctx: Context, body: LabelChanges) -> Answer:
    label, changes = _label(ctx), {}
    if body.color is not None:
        label.color = _color(body.color)
    if body.description is not None:
        label.description = body.description
    if body.new_name is not None and body.new_name != label.name:
        taken = ctx.repo.labels.get(body.new_name.lower())
        if taken is not None and taken is not label:
            raise validation("Label", "name", "already_exists")
        changes["name"] = {"from": label.name}
        del ctx.repo.labels[label.name.lower()]
        label.name = body.new_name
        ctx.repo.labels[label.name.lower()] = label
    _announce(ctx, "edited", label, changes=changes)
    return Answer(200, label_json(ctx.urls, ctx.repo, label))


@route("DELETE", "/repos/{owner}/{repo}/labels/{name}", needs=WRITE, role="write")
async def delete_label(ctx: Context) -> Answer:
    """Takes it off every issue, each with its own event."""
    label = _label(ctx)
    for issue in list(ctx.repo.issues.values()):
        await remove_label(ctx.hub, issue, ctx.caller, label)
    del ctx.repo.labels[label.name.lower()]
    _announce(ctx, "deleted", label)
    return Answer(204)


def _on_issue(ctx: Context) -> Answer:
    return ctx.page(living(ctx).labels, lambda one: label_json(ctx.urls, ctx.repo, one))


@route("GET", ON_ISSUE, needs=READ)
async def list_on_issue(ctx: Context) -> Answer:
    return _on_issue(ctx)


@route("POST", ON_ISSUE, needs=WRITE, role="triage", body=Labels)
async def add_to_issue(ctx: Context, body: Labels) -> Answer:
    issue = living(ctx)
    if not (names := _names(body)):
        raise unprocessable("Validation Failed")
    for label in labels_named(ctx, names):
        await add_label(ctx.hub, issue, ctx.caller, label)
    return _on_issue(ctx)


@route("PUT", ON_ISSUE, needs=WRITE, role="triage", body=Labels)
async def set_on_issue(ctx: Context, body: Labels) -> Answer:
    await set_labels(ctx.hub, living(ctx), ctx.caller, labels_named(ctx, _names(body)))
    return _on_issue(ctx)


@route("DELETE", ON_ISSUE, needs=WRITE, role="triage")
async def clear_issue(ctx: Context) -> Answer:
    await set_labels(ctx.hub, living(ctx), ctx.caller, [])
    return Answer(204)


@route("DELETE", ON_ISSUE + "/{name}", needs=WRITE, role="triage")
async def remove_from_issue(ctx: Context) -> Answer:
    """Answers the labels that are left; 404 where it was not set, which a retry meets."""
    issue, name = living(ctx), ctx.params["name"]
    if not issue.has_label(name):
        raise GitHubError(404, "Label does not exist")
    await remove_label(ctx.hub, issue, ctx.caller, ctx.repo.labels[name.lower()])
    return _on_issue(ctx)
