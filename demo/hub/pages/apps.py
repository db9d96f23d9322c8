"""The page of an App: what it may do, what it listens to, and the log of its deliveries with a button to send again."""

from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from demo.hub.errors import not_found, unauthorized
from demo.hub.pages.site import Visit, page
from demo.hub.state import App
from demo.hub.webhooks import Delivery

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class _Shown:
    """A delivery with its body laid out for reading."""

    delivery: Delivery
    pretty: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.delivery, name)


def app_of(visit: Visit) -> App:
    """The App of the path. Raises 404."""
    found = next((one for one in visit.hub.world.apps.values() if one.slug == visit.params["slug"]), None)
    if found is None:
        raise not_found()
    return found


@page("GET", "/apps/{slug}")
async def show_app(visit: Visit) -> web.Response:
    """An App and its newest deliveries."""
    app = app_of(visit)
    newest = [one for one in reversed(visit.hub.deliveries) if one.app is app][:_SHOWN]
    shown = [_Shown(one, msgspec.json.format(one.body, indent=2).decode()) for one in newest]
    return visit.show("app.html", app=app, deliveries=shown)


@page("POST", "/apps/{slug}/deliveries/{delivery_id}/redeliver")
async def redeliver(visit: Visit) -> web.Response:
    """Send a delivery once more, under its GUID."""
    app, wanted = app_of(visit), visit.number("delivery_id")
    if visit.me is None:
        raise unauthorized("Sign in to send a delivery again")
    found = next((one for one in visit.hub.deliveries if one.id == wanted and one.app is app), None)
    if found is None:
        raise not_found()
    visit.hub.courier.redeliver(found)
    return visit.go(f"/apps/{app.slug}")
