"""What all pages share: the look, by day and by night, and the headers that let a page do nothing but be read.

Much of what stands on them was written by strangers and by agents. It is escaped, and a browser that would believe it
all the same is told to load and run nothing: the one style is known by its digest.
"""

import base64
import hashlib
from importlib import resources
from typing import Any

from aiohttp import web
from jinja2 import Environment, FunctionLoader

STYLE = (resources.files(__package__) / "style.css").read_text(encoding="utf-8")
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
CLOSED = HEADERS | {"Cache-Control": "no-store"}
"""For pages that only the holder of a link may see."""


def _source(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


_jinja = Environment(autoescape=True, loader=FunctionLoader(_source), trim_blocks=True, lstrip_blocks=True)


def page(name: str, *, status: int = 200, headers: dict[str, str] = HEADERS, **facts: Any) -> web.Response:
    """A template of this room with these facts."""
    text = _jinja.get_template(f"{name}.html.j2").render(style=STYLE, **facts)
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)
