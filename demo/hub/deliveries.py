"""REST: the App's webhook settings and the log of deliveries, with redelivery."""

from typing import Any, Literal

from demo.hub.auth import app_of
from demo.hub.context import Context
from demo.hub.errors import GitHubError, not_found
from demo.hub.render import hook_config_json
from demo.hub.routing import APP_ONLY, Answer, Body, route
from demo.hub.state import stamp
from demo.hub.webhooks import Delivery


class HookChanges(Body):
    url: str | None = None
    content_type: Literal["json", "form"] | None = None
    secret: str | None = None
    insecure_ssl: str | float | None = None


def _item(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": stamp(delivery.delivered_at) if delivery.delivered_at else None,
        "redelivery": delivery.redelivery,
        "duration": round(delivery.ack_ms / 1000, 2),
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": delivery.installation_id,
        "repository_id": delivery.repository_id,
        "throttled_at": None,
    }


def _log(ctx: Context) -> list[Delivery]:
    """Newest first; only what has been tried, as GitHub lists it."""
    app = app_of(ctx.caller)
    return [one for one in reversed(ctx.hub.courier.log) if one.app is app and one.status != "pending"]


def _one(ctx: Context) -> Delivery:
    found = next((one for one in _log(ctx) if one.id == ctx.number("delivery_id")), None)
    if found is None:
        raise not_found()
    return found


@route("GET", "/app/hook/config", callers=APP_ONLY)
async def get_config(ctx: Context) -> Answer:
    return Answer(200, hook_config_json(app_of(ctx.caller).hook))


@route("PATCH", "/app/hook/config", callers=APP_ONLY, body=HookChanges)
async def update_config(ctx: Context, body: HookChanges) -> Answer:
    hook = app_of(ctx.caller).hook
    hook.url = body.url or hook.url
    hook.secret = body.secret or hook.secret
    hook.content_type = body.content_type or hook.content_type
    return Answer(200, hook_config_json(hook))


@route("GET", "/app/hook/deliveries", callers=APP_ONLY)
async def list_deliveries(ctx: Context) -> Answer:
    """Paged by cursor, not by number. `status=failure` means answers from 400 to 599 only: unreachable is not in it."""
    log, wanted = _log(ctx), ctx.query.get("status")
    if wanted is not None:
        log = [one for one in log if (one.status == "OK" if wanted == "success" else 400 <= one.status_code <= 599)]
    cursor = ctx.query.get("cursor", "")
    if cursor and not cursor.removeprefix("v1_").isdigit():
        raise GitHubError(400, "Invalid cursor")
    if cursor:
        log = [one for one in log if one.id < int(cursor.removeprefix("v1_"))]
    size = ctx.per_page()
    page, rest = log[:size], log[size:]
    headers = {"Link": f'<{ctx.link(cursor=f"v1_{page[-1].id}")}>; rel="next"'} if rest else None
    return Answer(200, [_item(one) for one in page], headers)


@route("GET", "/app/hook/deliveries/{delivery_id}", callers=APP_ONLY)
async def get_delivery(ctx: Context) -> Answer:
    one = _one(ctx)
    answer = _item(one) | {
        "url": one.app.hook.url or "",
        "request": {"headers": one.request_headers, "payload": one.payload},
        "response": {"headers": one.response_headers, "payload": one.response_body},
    }
    return Answer(200, answer)


@route("POST", "/app/hook/deliveries/{delivery_id}/attempts", callers=APP_ONLY)
async def redeliver(ctx: Context) -> Answer:
    ctx.hub.courier.redeliver(_one(ctx))
    return Answer(202, {})
