"""Attach the yardstick to a running hub: everything it is asked, answers and delivers is judged as it happens."""

import json
from typing import Any
from urllib.parse import urlsplit

from demo.hub.observers import Exchange
from demo.hub.webhooks import Delivery
from tests.yardstick import check_graphql_answer, check_request, check_response, check_webhook


class Judge:
    """An observer of one hub. `problems` collects what GitHub's description does not allow.

    A refused request (4xx) is not held against the hub: refusing what is wrong is its work, and stories ask for it.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.seen: list[str] = []

    def __call__(self, seen: Exchange | Delivery) -> None:
        if isinstance(seen, Delivery):
            self.seen.append(f"{seen.event}.{seen.action}" if seen.action else seen.event)
            self.problems += check_webhook(seen.event, seen.action, json.loads(seen.body))
        else:
            self.seen.append(f"{seen.method} {urlsplit(seen.path).path} {seen.status}")
            self._exchange(seen)

    def _exchange(self, seen: Exchange) -> None:
        if seen.status < 400:
            self.problems += check_request(seen.method, seen.path, _decoded(seen.request_body))
        if seen.method == "HEAD" or (seen.response_body and "json" not in seen.content_type):
            return
        answer = _decoded(seen.response_body)
        self.problems += check_response(seen.method, seen.path, seen.status, answer)
        asked = _decoded(seen.request_body)
        if seen.path == "/graphql" and seen.status == 200 and isinstance(asked, dict):
            self.problems += check_graphql_answer(answer, asked.get("query"), asked.get("variables"))


def _decoded(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw.strip() else None
    except ValueError:
        return {"not": "JSON"}
