"""What a route's handler is given: who calls, what about, and the hub behind it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from demo.hub.callers import Caller
from demo.hub.errors import not_found, validation
from demo.hub.routing import Answer
from demo.hub.state import Account, App, Issue, Pull, Repository, World

if TYPE_CHECKING:
    from demo.hub.hub import Hub
    from demo.hub.urls import Urls

Item = TypeVar("Item")


@dataclass(slots=True)
class Context:
    hub: "Hub"
    caller: Caller
    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    found: Repository | None = None

    @property
    def world(self) -> World:
        return self.hub.world

    @property
    def urls(self) -> "Urls":
        return self.hub.urls

    @property
    def actor(self) -> Account:
        """Whom the change is attributed to."""
        return self.caller.actor

    @property
    def app(self) -> App | None:
        """The App behind the change: what GitHub shows as `performed_via_github_app`."""
        return self.caller.app

    @property
    def repo(self) -> Repository:
        """The repository of the path, already known to be visible to the caller."""
        assert self.found is not None, "the path names no repository"
        return self.found

    def number(self, name: str) -> int:
        """A digits-only parameter of the path."""
        return int(self.params[name])

    def issue(self) -> Issue:
        """The issue (or pull request) that `{issue_number}` names."""
        issue = self.repo.issues.get(self.number("issue_number"))
        if issue is None:
            raise not_found()
        return issue

    def pull(self) -> Pull:
        """The pull request that `{pull_number}` names."""
        pull = self.repo.pull(self.number("pull_number"))
        if pull is None:
            raise not_found()
        return pull

    def page(self, items: Sequence[Item], render: Callable[[Item], Any], *, under: str | None = None) -> Answer:
        """One page of `items` with GitHub's Link header. `under="check_runs"` wraps it with a `total_count`."""
        size, number = self.per_page(), max(1, self._whole("page", 1))
        rows = [render(item) for item in items[(number - 1) * size : number * size]]
        data: Any = rows if under is None else {"total_count": len(items), under: rows}
        return Answer(200, data, self._links(number, max(1, -(-len(items) // size))))

    def per_page(self) -> int:
        """30 unless asked; never above 100."""
        return min(100, max(1, self._whole("per_page", 30)))

    def _whole(self, name: str, default: int) -> int:
        text = self.query.get(name, "")
        if text and not text.isdigit():
            raise validation("Pagination", name, "invalid")
        return int(text) if text else default

    def _links(self, number: int, last: int) -> dict[str, str]:
        wanted: dict[str, int] = {}
        if number > 1:
            wanted |= {"prev": number - 1}
        if number < last:
            wanted |= {"next": number + 1, "last": last}
        if number > 1:
            wanted |= {"first": 1}
        links = [f'<{self.link(page=str(page))}>; rel="{name}"' for name, page in wanted.items()]
        return {"Link": ", ".join(links)} if links else {}

    def link(self, **changed: str) -> str:
        """This very call with some query parameters changed."""
        return f"{self.urls.api}{self.path}?{urlencode({**self.query, **changed})}"
